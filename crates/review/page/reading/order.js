/** Which findings are listed, and which comes next. */

/** @import {Finding, Verdict} from "../types/interface.d.ts" */
/** @typedef {"all" | Verdict | "added"} Filter */

/** @type {Filter[]} */
export const FILTERS = ["all", "open", "accepted", "rejected", "added"];

/** @param {Finding} finding @param {Verdict} verdict @param {Filter} filter */
export function isListed(finding, verdict, filter) {
  switch (filter) {
    case "all":
      return true;
    case "added":
      return finding.origin === "reader";
    default:
      return verdict === filter;
  }
}

/**
 * The item before or after one; at the ends it stays. Without one it is the first or last.
 * @param {string[]} items @param {string | null} from @param {1 | -1} step
 */
export function neighbour(items, from, step) {
  const at = from === null ? -1 : items.indexOf(from);
  if (at < 0) {
    return (step > 0 ? items[0] : items.at(-1)) ?? null;
  }
  return items[Math.min(Math.max(at + step, 0), items.length - 1)] ?? null;
}

/**
 * The first open item after one, from the top again where none follows.
 * @param {string[]} items @param {string | null} from @param {(item: string) => boolean} isOpen
 */
export function nextOpen(items, from, isOpen) {
  const at = from === null ? -1 : items.indexOf(from);
  const onward = [...items.slice(at + 1), ...items.slice(0, Math.max(at, 0))];
  return onward.find(isOpen) ?? null;
}

/** @param {number} done @param {number} all */
export const progress = (done, all) => `${done} of ${all} · ${all - done} open`;
