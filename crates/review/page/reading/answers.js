/** What the page does with the server's answers to decisions. */

import { announce, complain } from "../messages/announce.js";
import { VERDICT_WORDS, verdictOf } from "./marks.js";

/** @import {Consensus, Reading} from "../types/interface.d.ts" */
/** @import {Decision} from "../client/decisions.js" */
/** @import {Session} from "./session.js" */

/** @param {Session} session @param {Decision} decision @param {unknown} answer */
export function takeAnswer(session, decision, answer) {
  const isHere = decision.scan === session.scan?.id && decision.reader === session.reader;
  if (!session.scan || !isHere) return;
  if (decision.kind === "consensus") {
    if (session.consensus) {
      session.consensus = { ...session.consensus, .../** @type {Consensus} */ (answer) };
      session.notify("consensus");
    }
    announce(`saved: ${decision.words}`);
    return;
  }
  const { item, reading } = /** @type {{ item: string, reading: Reading }} */ (answer);
  session.scan.reading = reading;
  session.notify("reading");
  const isNew = decision.item === null && decision.kind === "change" && decision.value?.kind === "finding";
  const isStep = decision.kind === "undo" || decision.kind === "redo";
  if ((isNew || isStep) && session.finding(item)) session.select(item);
  else if (session.selected && !session.finding(session.selected)) session.select(null);
  announce(savedWords(session, decision, item));
}

/** @param {Session} session @param {Decision} decision @param {string} item */
function savedWords(session, decision, item) {
  const counts = session.reading?.counts;
  const open = counts ? ` ${counts.open} open.` : "";
  if (decision.kind !== "change") {
    const finding = session.finding(item);
    return `${decision.words}: ${item}${finding ? ` is ${VERDICT_WORDS[verdictOf(finding.mark)]}` : ""}.${open}`;
  }
  return `Saved: ${decision.words}.${open}`;
}

/** @param {Decision} decision @param {Error} error */
export function takeRefusal(decision, error) {
  complain(`Not saved (${decision.words}): ${error.message}`);
  announce(`Not saved: ${decision.words}`);
}
