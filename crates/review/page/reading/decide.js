/** What a reader does, as decisions for the queue. */

import { changed, markOfMask, VERDICT_WORDS } from "./marks.js";
import { nextOpen } from "./order.js";

/** @import {Entry, Finding, Mark, Place, Runs, Vec3} from "../types/interface.d.ts" */
/** @import {Decision} from "../client/decisions.js" */
/** @import {Session} from "./session.js" */

/**
 * @param {Session} session @param {Decision["kind"]} kind @param {string | null} item @param {Entry | null} value
 * @param {string} words
 */
function enqueue(session, kind, item, value, words) {
  if (!session.scan || !session.queue) return;
  const { id: scan } = session.scan;
  const key = crypto.randomUUID();
  session.queue.add({ key, kind, scan, reader: session.reader, item, value, words, time: Date.now() });
}

/** @param {Session} session @param {Finding} finding @param {Partial<Mark>} change @param {string} words */
export function changeFinding(session, finding, change, words) {
  enqueue(session, "change", finding.item, changed(session.mark(finding), change), `${finding.item}: ${words}`);
}

/**
 * Accepts or rejects the selected finding and goes on to the next open one.
 * @param {Session} session @param {"accepted" | "rejected"} verdict @param {string | null} [mimic]
 */
export function judge(session, verdict, mimic = null) {
  const finding = session.finding(session.selected);
  if (!finding) return null;
  const items = session.reading?.findings.map((other) => other.item) ?? [];
  changeFinding(session, finding, { verdict, mimic }, VERDICT_WORDS[verdict]);
  const next = nextOpen(items, finding.item, (item) => session.verdict(item) === "open");
  if (next) session.select(next);
  return next;
}

/** @param {Session} session @param {Finding} finding the reader's own goes, the program's is open again */
export const takeBack = (session, finding) =>
  enqueue(session, "change", finding.item, null, `${finding.item}: taken back`);

/** @param {Session} session @param {Runs} mask @param {boolean} isGroup */
export const addFinding = (session, mask, isGroup) =>
  enqueue(session, "change", null, markOfMask(mask, isGroup), isGroup ? "group added" : "lesion added");

/** @param {Session} session @param {string} type @param {Vec3} world */
export const addLandmark = (session, type, world) =>
  enqueue(session, "change", null, { kind: "landmark", type, world, note: "" }, "landmark added");

/** @param {Session} session @param {string} item */
export const removeLandmark = (session, item) => enqueue(session, "change", item, null, "landmark removed");

/** @param {Session} session @param {Entry & { kind: "quality" }} quality */
export const rateImage = (session, quality) => enqueue(session, "change", "quality", quality, "image quality");

/** @param {Session} session @param {boolean} isFinished */
export const signOff = (session, isFinished) =>
  enqueue(
    session,
    "change",
    "finished",
    { kind: "finished", is_finished: isFinished },
    isFinished ? "scan finished" : "scan opened again",
  );

/** @param {Session} session @param {"undo" | "redo"} kind */
export const step = (session, kind) => enqueue(session, kind, null, null, kind);

/** @param {Session} session @param {Place} place @param {Mark | null} mark @param {string} words */
export const decideTogether = (session, place, mark, words) =>
  enqueue(session, "consensus", place.id, mark, `${place.id}: ${words}`);
