/** Where several readers have finished: the places that any of them saw, disagreements first. */

import { byId, element } from "../dom/element.js";
import { VERDICT_SIGNS, VERDICT_WORDS, verdictOf } from "../reading/marks.js";

/** @import {Mark, Place} from "../types/interface.d.ts" */
/** @import {Session} from "../reading/session.js" */

const SIGNS = { ...VERDICT_SIGNS, absent: "–" };

/** @param {Place[]} places */
export const inOrder = (places) => [...places].sort((a, b) => Number(a.agreed) - Number(b.agreed));

/** @param {Session} session */
export function showPlaces(session) {
  const list = byId("finding-list", HTMLUListElement);
  const update = () => {
    if (!session.consensus) return;
    byId("list-empty", HTMLElement).hidden = true;
    list.replaceChildren(...inOrder(session.consensus.places).map((place, n) => row(session, place, n + 1)));
    select();
  };
  const select = () => {
    if (!session.consensus) return;
    for (const one of list.children) {
      const isSelected = /** @type {HTMLElement} */ (one).dataset.item === session.selected;
      one.setAttribute("aria-selected", String(isSelected));
      if (isSelected) {
        one.scrollIntoView({ block: "nearest" });
        list.setAttribute("aria-activedescendant", one.id);
      }
    }
  };
  session.on(["consensus", "queue"], update);
  session.on(["selection"], select);
}

/** @param {Session} session @param {Place} place @param {number} number */
function row(session, place, number) {
  const pending = session.pending(place.id, "consensus");
  const decision = pending ? /** @type {Mark | null} */ (pending.value) : place.decision;
  const verdict = verdictOf(decision);
  // What all say alike needs no decision, and counts as they say.
  const agreed =
    place.agreed && !decision ? (Object.values(place.verdicts).includes("accepted") ? "accepted" : "rejected") : null;
  const readers = Object.entries(place.verdicts).map(([reader, said]) =>
    element("span", { class: `said ${said}`, title: `${reader}: ${said}` }, `${SIGNS[said]} ${reader}`),
  );
  return element(
    "li",
    {
      role: "option",
      class: "place",
      id: `row-${place.id}`,
      "data-item": place.id,
      "data-testid": `place-${place.id}`,
      "data-verdict": agreed ?? verdict,
      "aria-selected": "false",
      onclick: () => session.select(place.id),
    },
    element("span", { class: "title" }, `${number} · ${place.agreed ? "agreed" : "disagreed"}`),
    element("span", { class: "about" }, readers),
    element(
      "span",
      { class: "verdict" },
      agreed
        ? `${VERDICT_SIGNS[agreed]} agreed`
        : `${VERDICT_SIGNS[verdict]} ${pending ? "saving" : VERDICT_WORDS[verdict]}`,
    ),
  );
}
