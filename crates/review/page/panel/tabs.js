/** Tabs on the right. */

import { byId, element } from "../dom/element.js";

/** @typedef {"finding" | "forms" | "report" | "scan"} TabName */

const TITLES = /** @type {[TabName, string][]} */ ([
  ["finding", "Finding"],
  ["forms", "Forms"],
  ["report", "Report text"],
  ["scan", "Scan"],
]);

/** Tells `change` when another tab is shown. */
export class Tabs extends EventTarget {
  /** @type {TabName} */
  shown = "finding";

  constructor() {
    super();
    this.entries = TITLES.map(([name, title]) => ({
      name,
      tab: element(
        "button",
        {
          type: "button",
          role: "tab",
          id: `tab-${name}`,
          "data-testid": `tab-${name}`,
          "aria-controls": `page-${name}`,
          onclick: () => this.show(name),
        },
        title,
      ),
      page: element("div", {
        role: "tabpanel",
        id: `page-${name}`,
        class: "page",
        tabindex: "0",
        "aria-labelledby": `tab-${name}`,
      }),
    }));
    const bar = byId("tabs", HTMLElement);
    bar.append(...this.entries.map(({ tab }) => tab));
    bar.addEventListener("keydown", (event) => this.#move(event));
    byId("tab-pages", HTMLElement).append(...this.entries.map(({ page }) => page));
    this.show("finding");
  }

  /** @param {TabName} name */
  page(name) {
    return /** @type {HTMLElement} */ (this.entries.find((entry) => entry.name === name)?.page);
  }

  /** @param {TabName} name */
  show(name) {
    this.shown = name;
    for (const entry of this.entries) {
      const isShown = entry.name === name;
      entry.tab.setAttribute("aria-selected", String(isShown));
      entry.tab.tabIndex = isShown ? 0 : -1;
      entry.page.hidden = !isShown;
    }
    this.dispatchEvent(new Event("change"));
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = this.entries.findIndex((entry) => entry.name === this.shown);
    const next = this.entries[(at + step + this.entries.length) % this.entries.length];
    this.show(next.name);
    next.tab.focus();
  }
}
