/** What is said of a finding. */

/** @import {Finding, Mark, Runs, Verdict} from "../types/interface.d.ts" */

/** @param {Verdict} verdict @returns {Mark} */
export const markOf = (verdict) => ({
  kind: "finding",
  verdict,
  mimic: null,
  certainty: null,
  region: null,
  side: null,
  location: null,
  size: null,
  cause: null,
  is_group: false,
  note: "",
  mask: null,
});

/**
 * A mark with something changed. A mimic belongs to a rejected finding, so it goes with the verdict.
 * @param {Mark | null} mark @param {Partial<Mark>} change @returns {Mark}
 */
export function changed(mark, change) {
  const next = { ...(mark ?? markOf("open")), ...change };
  return next.verdict === "rejected" ? next : { ...next, mimic: null };
}

/** @param {Runs} mask @param {boolean} isGroup @returns {Mark} a finding of the reader's own */
export const markOfMask = (mask, isGroup) => ({ ...markOf("accepted"), mask, is_group: isGroup });

/** @param {Finding} finding @param {Mark | null} mark */
export const maskShown = (finding, mark) => mark?.mask ?? finding.mask;

/** @param {Mark | null} mark @returns {Verdict} */
export const verdictOf = (mark) => mark?.verdict ?? "open";

/** @type {Record<Verdict, string>} */
export const VERDICT_WORDS = { open: "open", accepted: "accepted", rejected: "rejected" };

/** Read by the eye where colour is not. @type {Record<Verdict, string>} */
export const VERDICT_SIGNS = { open: "○", accepted: "✓", rejected: "✕" };
