/** Who reads: a name, remembered in this browser, and its password, asked once while the server runs. */

import { enter } from "../client/calls.js";
import { RequestError } from "../client/http.js";
import { element, setText } from "../dom/element.js";
import { errorLine, openDialog } from "./dialog.js";

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
 * @param {object} how
 * @param {string[]} how.known readers who have a password
 * @param {string} how.current none at the first time, when a name is needed to go on
 * @param {string} [how.proposed] the name that stands in the field
 * @returns {Promise<string | null>} who entered, null where nobody did
 */
export function askReader({ known, current, proposed }) {
  return new Promise((resolve) => {
    /** @type {string | null} */
    let entered = null;
    const names = element(
      "datalist",
      { id: "known-readers" },
      known.map((name) => element("option", { value: name })),
    );
    const name = element("input", {
      type: "text",
      id: "reader-field",
      "data-testid": "reader-field",
      list: "known-readers",
      value: current || proposed || rememberedReader(),
      maxlength: 60,
      autocomplete: "username",
      required: true,
    });
    const password = element("input", {
      type: "password",
      id: "password-field",
      "data-testid": "password-field",
      maxlength: 200,
      required: true,
    });
    const asked = element("label", { class: "label", for: "password-field" });
    const wrong = errorLine();
    // A reader of an older review has a name and no password.
    const withPassword = new Set(known);
    const isNew = () => !withPassword.has(name.value.trim());
    const show = () => {
      setText(asked, isNew() ? "Choose a password, 6 characters or more" : "Your password");
      password.setAttribute("autocomplete", isNew() ? "new-password" : "current-password");
    };
    name.addEventListener("input", show);
    show();
    const submit = async () => {
      const reader = name.value.trim();
      if (!reader) return;
      try {
        await enter(reader, password.value, isNew());
      } catch (error) {
        if (error instanceof RequestError && error.status === 404) withPassword.delete(reader);
        if (error instanceof RequestError && error.status === 401) withPassword.add(reader);
        show();
        setText(wrong, error instanceof Error ? error.message : String(error));
        password.select();
        return;
      }
      entered = reader;
      remember(reader);
      dialog.close();
    };
    const form = element(
      "form",
      {
        method: "dialog",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          void submit();
        },
      },
      element("label", { class: "label", for: "reader-field" }, "Your name or initials"),
      name,
      names,
      asked,
      password,
      wrong,
      element(
        "p",
        { class: "quiet" },
        "Decisions are kept under this name, and nobody reads or decides under it without the password. You do not see what others decided until you have finished a scan.",
      ),
      element("div", { class: "actions" }, element("button", { class: "primary", "data-testid": "reader-ok" }, "Read")),
    );
    const dialog = openDialog(
      { id: "reader-dialog", title: "Who reads?", canClose: current !== "", onClose: () => resolve(entered) },
      form,
    );
    if (name.value && !current) {
      password.focus();
    } else {
      name.focus();
      name.select();
    }
  });
}
