/** Decisions as a page would make them. */

/** @import {Decision} from "../../client/decisions.js" */

/** On finding f1 of scan 1. @param {string} key `k1` is older than `k2` @param {Partial<Decision>} [change] @returns {Decision} */
export const decision = (key, change = {}) => ({
  key,
  kind: "change",
  scan: 1,
  reader: "anna",
  item: "f1",
  value: null,
  words: key,
  time: Number(key.slice(1)),
  ...change,
});
