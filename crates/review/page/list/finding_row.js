/** A finding in the list. */

import { element } from "../dom/element.js";
import { VERDICT_SIGNS, VERDICT_WORDS } from "../reading/marks.js";

/** @import {Finding, Verdict} from "../types/interface.d.ts" */

/** @typedef {{ verdict: Verdict, isSaving: boolean, mimic: string | null, picture: string }} Shown */

export class FindingRow {
  #shown = "";

  /** @param {Finding} finding @param {(item: string) => void} onChoose */
  constructor(finding, onChoose) {
    this.item = finding.item;
    this.picture = element("img", { width: 44, height: 44, alt: "", loading: "lazy", decoding: "async" });
    this.title = element("span", { class: "title" });
    this.about = element("span", { class: "about" });
    this.verdict = element("span", { class: "verdict" });
    this.root = element(
      "li",
      {
        role: "option",
        id: `row-${finding.item}`,
        "data-item": finding.item,
        "data-testid": `row-${finding.item}`,
        "aria-selected": "false",
        onclick: () => onChoose(this.item),
      },
      this.picture,
      this.title,
      this.about,
      this.verdict,
    );
  }

  /** Touches the page only where something has changed. @param {Finding} finding @param {Shown} shown */
  update(finding, shown) {
    const { confidence, diameter_mm, count, measured } = finding;
    const title = `${finding.item.replace("f", "")} · ${measured.in_words?.trim() || "place not known"}`;
    const likely = confidence === null ? "own" : `${Math.round(100 * confidence)} %`;
    const about = [likely, `${diameter_mm.toFixed(1)} mm`, count > 1 ? `${count} lesions` : null, shown.mimic]
      .filter((part) => part)
      .join(" · ");
    const print = JSON.stringify([title, about, shown]);
    if (print === this.#shown) return;
    this.#shown = print;
    this.title.textContent = title;
    this.about.textContent = about;
    this.verdict.textContent = `${VERDICT_SIGNS[shown.verdict]} ${shown.isSaving ? "saving" : VERDICT_WORDS[shown.verdict]}`;
    this.root.dataset.verdict = shown.verdict;
    this.root.dataset.origin = finding.origin;
    this.root.toggleAttribute("data-saving", shown.isSaving);
    if (this.picture.getAttribute("src") !== shown.picture) this.picture.src = shown.picture;
  }

  /** @param {boolean} isSelected */
  select(isSelected) {
    this.root.setAttribute("aria-selected", String(isSelected));
    if (isSelected) this.root.scrollIntoView({ block: "nearest" });
  }
}
