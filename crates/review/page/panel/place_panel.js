/** A place that several readers saw, and what they decide together. */

import { element } from "../dom/element.js";
import { decideTogether } from "../reading/decide.js";
import { changed, VERDICT_WORDS, verdictOf } from "../reading/marks.js";
import { inOrder } from "../list/places_list.js";
import { nextOpen } from "../reading/order.js";
import { Choice } from "./choice.js";

/** @import {Mark, Place, Verdict} from "../types/interface.d.ts" */
/** @import {Session} from "../reading/session.js" */

/** @param {Session} session @param {Place} place @returns {Mark | null} */
function decisionOf(session, place) {
  const pending = session.pending(place.id, "consensus");
  return pending ? /** @type {Mark | null} */ (pending.value) : place.decision;
}

/** @param {Session} session */
export const placeShown = (session) => session.consensus?.places.find((place) => place.id === session.selected) ?? null;

/**
 * @param {Session} session @param {Verdict} verdict @param {string | null} [mimic]
 */
export function judgeTogether(session, verdict, mimic = null) {
  const place = placeShown(session);
  if (!place) return;
  const mark = verdict === "open" ? null : changed(decisionOf(session, place), { verdict, mimic });
  decideTogether(session, place, mark, VERDICT_WORDS[verdict]);
  if (verdict === "open") return;
  const places = inOrder(session.consensus?.places ?? []);
  const isOpen = (/** @type {string} */ id) => {
    const other = places.find((one) => one.id === id);
    return other !== undefined && verdictOf(decisionOf(session, other)) === "open";
  };
  const next = nextOpen(
    places.map((one) => one.id),
    place.id,
    isOpen,
  );
  if (next) session.select(next);
}

export class PlacePanel {
  /** @param {Session} session @param {HTMLElement} page @param {() => void} onClose */
  constructor(session, page, onClose) {
    this.session = session;
    this.rows = element("tbody", {});
    this.title = element("h2", {});
    const options = [
      { id: "accepted", label: "✓ Accept" },
      { id: "rejected", label: "✕ Reject" },
      { id: "open", label: "○ Open" },
    ];
    this.verdict = new Choice("consensus", "Together", options, (id) => {
      if (id) judgeTogether(session, /** @type {Verdict} */ (id));
    });
    this.verdict.root.classList.add("verdicts");
    this.root = element(
      "div",
      { class: "together" },
      this.title,
      element(
        "table",
        { class: "plain" },
        element("thead", {}, element("tr", {}, element("th", {}, "Reader"), element("th", {}, "Verdict"))),
        this.rows,
      ),
      this.verdict.root,
      element(
        "button",
        { type: "button", "data-testid": "consensus-close", onclick: onClose },
        "Back to my own reading",
      ),
    );
    page.append(this.root);
    session.on(["scan", "selection", "queue", "consensus"], () => this.update());
    this.update();
  }

  update() {
    const place = placeShown(this.session);
    for (const other of this.root.parentElement?.children ?? []) {
      other.toggleAttribute("data-aside", other !== this.root && this.session.consensus !== null);
    }
    this.root.hidden = !this.session.consensus;
    this.verdict.root.hidden = !place;
    this.title.textContent = place ? `Together · ${place.agreed ? "agreed" : "disagreed"}` : "Readers together";
    this.rows.replaceChildren(
      ...Object.entries(place?.verdicts ?? {}).map(([reader, said]) =>
        element("tr", {}, element("td", {}, reader), element("td", { class: `said ${said}` }, said)),
      ),
    );
    if (place) this.verdict.show(verdictOf(decisionOf(this.session, place)), null);
  }
}
