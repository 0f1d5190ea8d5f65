/** Outlines are traced once per mask, plane and slice, and only where a slice crosses the mask. */

import { contours } from "./contours.js";
import { fingerprint } from "./runs.js";
import { isCrossed, solidOf } from "./solid.js";

/** @import {Runs} from "../types/interface.d.ts" */
/** @import {Plane} from "../geometry/planes.js" */
/** @import {ScanFrame} from "../geometry/frame.js" */
/** @import {Loop} from "./contours.js" */
/** @import {Solid} from "./solid.js" */

export class OutlineCache {
  /** @param {ScanFrame} frame */
  constructor(frame) {
    this.frame = frame;
    /** @type {Map<string, { print: number, runs: Runs, solid: Solid, slices: Map<string, Loop[]> }>} */
    this.known = new Map();
  }

  /**
   * @param {string} item @param {Runs} runs @param {Plane} plane @param {number} slice
   * @returns {Loop[]}
   */
  loops(item, runs, plane, slice) {
    const entry = this.#entry(item, runs);
    if (!isCrossed(entry.solid, plane.through, slice)) {
      return [];
    }
    const key = `${plane.through}/${slice}`;
    let loops = entry.slices.get(key);
    if (!loops) {
      loops = contours(this.frame, entry.solid, plane, slice);
      entry.slices.set(key, loops);
    }
    return loops;
  }

  /** @param {string} item @param {Runs} runs */
  #entry(item, runs) {
    const known = this.known.get(item);
    // The server sends all masks with every answer; the same array needs no second look.
    if (known && known.runs === runs) {
      return known;
    }
    const print = fingerprint(runs);
    if (known && known.print === print) {
      known.runs = runs;
      return known;
    }
    const entry = { print, runs, solid: solidOf(this.frame, runs), slices: new Map() };
    this.known.set(item, entry);
    return entry;
  }
}
