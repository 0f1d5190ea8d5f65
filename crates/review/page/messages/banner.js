/** Says that decisions are not saved yet, for as long as they are not. */

import { byId, element } from "../dom/element.js";

/** @import {DecisionQueue} from "../client/decisions.js" */

let shownWords = "";

/** @param {DecisionQueue} queue */
export function showBanner(queue) {
  const banner = byId("banner", HTMLElement);
  const count = queue.waiting.length;
  const isShown = count > 0 && (queue.state === "unanswered" || queue.state === "locked");
  banner.hidden = !isShown;
  if (!isShown) {
    shownWords = "";
    return banner.replaceChildren();
  }
  const decisions = `${count} ${count === 1 ? "decision" : "decisions"}`;
  const why =
    queue.state === "locked"
      ? "This address is no longer valid: siderin was started anew. Open the address that it printed"
      : "The server does not answer";
  const kept = queue.isKept
    ? queue.state === "locked"
      ? "; they are kept here and sent then."
      : "; they are kept here and sent when it is back."
    : ". This browser cannot keep them: leave the page open.";
  const title = `Not saved yet: ${decisions}.`;
  const words = ` ${why}${kept} `;
  // Shown once, not at every try.
  if (title + words === shownWords) return;
  shownWords = title + words;
  banner.replaceChildren(
    element("b", {}, title),
    words,
    element("button", { type: "button", onclick: () => queue.retry() }, "Try now"),
  );
}
