/** A row of buttons of which one holds. What the program measured holds until the reader says otherwise. */

import { element } from "../dom/element.js";

/** @typedef {{ id: string, label: string }} Option */

export class Choice {
  /** @type {string | null} */
  #said = null;
  #print = "";

  /**
   * @param {string} name for tests @param {string} label @param {Option[]} options
   * @param {(id: string | null) => void} onChange null for as measured
   */
  constructor(name, label, options, onChange) {
    const id = `choice-${name}`;
    this.buttons = options.map((option) => ({
      id: option.id,
      button: element(
        "button",
        {
          type: "button",
          "data-testid": `${name}-${option.id}`,
          onclick: () => onChange(this.#said === option.id ? null : option.id),
        },
        option.label,
      ),
    }));
    this.note = element("span", { class: "measured" });
    this.root = element(
      "div",
      { class: "field" },
      element("span", { class: "label", id }, label, this.note),
      element(
        "div",
        { class: "segments", role: "group", "aria-labelledby": id },
        this.buttons.map(({ button }) => button),
      ),
    );
  }

  /** @param {string | null} said @param {string | null} measured */
  show(said, measured) {
    this.#said = said;
    // What stays as it is is not touched: drawing it again costs more than finding that out.
    const print = `${said}/${measured}`;
    if (print === this.#print) return;
    this.#print = print;
    for (const { id, button } of this.buttons) {
      button.setAttribute("aria-pressed", String((said ?? measured) === id));
      button.toggleAttribute("data-measured", said === null && measured === id);
      button.title = measured === id ? "as the program measured" : "";
    }
    this.note.textContent = said === null && measured !== null ? "as measured" : "";
  }

  /** @param {boolean} isDisabled */
  disable(isDisabled) {
    for (const { button } of this.buttons) button.disabled = isDisabled;
  }
}
