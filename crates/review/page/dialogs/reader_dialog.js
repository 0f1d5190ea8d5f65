/** Who reads. The name is asked once and remembered in this browser. */

import { element } from "../dom/element.js";
import { openDialog } from "./dialog.js";

const REMEMBERED = "siderin:reader";

/** @returns {string} */
export function rememberedReader() {
  try {
    return localStorage.getItem(REMEMBERED) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} name */
function remember(name) {
  try {
    localStorage.setItem(REMEMBERED, name);
  } catch {
    // Asked again next time.
  }
}

/**
 * @param {string[]} known @param {string} current none at the first time, when a name is needed to go on
 * @returns {Promise<string | null>} null where nothing was chosen
 */
export function askReader(known, current) {
  return new Promise((resolve) => {
    /** @type {string | null} */
    let chosen = null;
    const names = element(
      "datalist",
      { id: "known-readers" },
      known.map((name) => element("option", { value: name })),
    );
    const field = element("input", {
      type: "text",
      id: "reader-field",
      "data-testid": "reader-field",
      list: "known-readers",
      value: current || rememberedReader(),
      maxlength: 60,
      autocomplete: "off",
      required: true,
    });
    const form = element(
      "form",
      {
        method: "dialog",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          const name = field.value.trim();
          if (!name) return;
          chosen = name;
          remember(name);
          dialog.close();
        },
      },
      element("label", { class: "label", for: "reader-field" }, "Your name or initials"),
      field,
      names,
      element(
        "p",
        { class: "quiet" },
        "Decisions are kept under this name. You do not see what others decided until you have finished a scan.",
      ),
      element("div", { class: "actions" }, element("button", { class: "primary", "data-testid": "reader-ok" }, "Read")),
    );
    const dialog = openDialog(
      { id: "reader-dialog", title: "Who reads?", canClose: current !== "", onClose: () => resolve(chosen) },
      form,
    );
    field.focus();
    field.select();
  });
}
