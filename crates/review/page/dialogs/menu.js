/** A small menu of which one key chooses. */

import { element } from "../dom/element.js";
import { menuKey } from "../keys/keymap.js";
import { openDialog } from "./dialog.js";

/** @import {Term} from "../types/interface.d.ts" */

/**
 * @param {{ id: string, title: string, terms: Term[], none?: string }} about `none` is what Enter chooses
 * @returns {Promise<{ id: string | null } | null>} null where the menu was left
 */
export function askTerm({ id, title, terms, none }) {
  return new Promise((resolve) => {
    // Not only once the browser tells of the closing: what was chosen shows at once.
    const choose = (/** @type {string | null} */ term) => {
      dialog.close();
      resolve({ id: term });
    };
    const entries = terms.map((term, n) => ({ key: menuKey(n), term }));
    const buttons = entries.map(({ key, term }) =>
      element(
        "button",
        { type: "button", "data-testid": `${id}-${term.id}`, onclick: () => choose(term.id) },
        element("kbd", {}, key),
        term.label,
      ),
    );
    const plain =
      none &&
      element(
        "button",
        { type: "button", class: "primary", "data-testid": `${id}-none`, onclick: () => choose(null) },
        element("kbd", {}, "Enter"),
        none,
      );
    const dialog = openDialog(
      { id, title, onClose: () => resolve(null) },
      element("div", { class: "menu" }, plain || null, buttons),
    );
    dialog.classList.add("small");
    if (plain) plain.focus();
    dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const entry = entries.find(({ key }) => key === event.key.toLowerCase());
      if (!entry) return;
      event.preventDefault();
      choose(entry.term.id);
    });
  });
}
