/** Above and below the list: how far the reading is, what is listed, undo. */

import { byId, element } from "../dom/element.js";
import { step } from "../reading/decide.js";
import { verdictOf } from "../reading/marks.js";
import { FILTERS, isListed, progress } from "../reading/order.js";

/** @import {Session} from "../reading/session.js" */

/** @param {Session} session */
export function showListHead(session) {
  const words = byId("progress", HTMLElement);
  const bar = byId("progress-bar", HTMLProgressElement);
  const undo = byId("undo-button", HTMLButtonElement);
  const redo = byId("redo-button", HTMLButtonElement);
  const saving = byId("saving", HTMLElement);
  const chips = FILTERS.map((filter) => {
    const count = element("span", { class: "count" });
    const chip = element(
      "button",
      {
        type: "button",
        "data-testid": `filter-${filter}`,
        onclick: () => {
          session.filter = filter;
          session.notify("filter");
        },
      },
      filter,
      count,
    );
    return { filter, chip, count };
  });
  byId("filters", HTMLElement).replaceChildren(...chips.map(({ chip }) => chip));
  undo.addEventListener("click", () => step(session, "undo"));
  redo.addEventListener("click", () => step(session, "redo"));

  const update = () => {
    showFor(session.consensus !== null);
    const findings = session.reading?.findings ?? [];
    const shown = findings.map((finding) => ({ finding, verdict: verdictOf(session.mark(finding)) }));
    const open = shown.filter(({ verdict }) => verdict === "open").length;
    words.textContent = progress(findings.length - open, findings.length);
    bar.max = Math.max(1, findings.length);
    bar.value = findings.length - open;
    for (const { filter, chip, count } of chips) {
      count.textContent = String(shown.filter(({ finding, verdict }) => isListed(finding, verdict, filter)).length);
      chip.setAttribute("aria-pressed", String(session.filter === filter));
    }
    const { reading, unanswered } = session;
    const isOwn = session.consensus === null;
    undo.disabled = !isOwn || (!reading?.can_undo && unanswered.length === 0);
    redo.disabled = !isOwn || !reading?.can_redo;
    undo.title = `Undo${reading?.undo_label ? `: ${reading.undo_label}` : ""} (z)`;
    redo.title = `Redo${reading?.redo_label ? `: ${reading.redo_label}` : ""} (y)`;
    saving.toggleAttribute("data-saving", unanswered.length > 0);
    saving.textContent = unanswered.length > 0 ? `saving ${unanswered.length}…` : reading ? "saved" : "";
  };
  session.on(["scan", "reading", "queue", "filter", "consensus"], update);
  update();
}

/** @param {boolean} isTogether what is listed then are places, and not the reader's own findings */
function showFor(isTogether) {
  byId("findings-title", HTMLElement).textContent = isTogether ? "Readers together" : "Findings";
  for (const id of ["progress", "progress-bar", "filters"]) byId(id, HTMLElement).hidden = isTogether;
}
