/** A note. It is said when the field is left, so that typing makes one decision and not hundred. */

import { element } from "../dom/element.js";

export class NoteField {
  /** @type {string | null} */
  #item = null;
  #known = "";

  /** @param {string} id @param {string} label @param {(note: string, item: string) => void} onSaid */
  constructor(id, label, onSaid) {
    this.onSaid = onSaid;
    this.area = element("textarea", {
      id,
      "data-testid": id,
      rows: 2,
      maxlength: 4000,
      onblur: () => this.#say(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) this.area.blur();
      },
    });
    this.root = element("div", { class: "field" }, element("label", { class: "label", for: id }, label), this.area);
    // Closing the page leaves no field.
    window.addEventListener("pagehide", () => this.#say());
  }

  #say() {
    const note = this.area.value.trim();
    if (this.#item === null || note === this.#known) return;
    this.#known = note;
    this.onSaid(note, this.#item);
  }

  /** @param {string} item @param {string} note */
  show(item, note) {
    if (item !== this.#item) this.#say();
    const isTyping = item === this.#item && document.activeElement === this.area;
    this.#item = item;
    this.#known = note;
    if (!isTyping && this.area.value.trim() !== note) this.area.value = note;
  }
}
