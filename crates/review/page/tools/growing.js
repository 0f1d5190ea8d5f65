/** Marking a lesion: a click or a scribble is sent to be grown, and what comes back is kept or dropped. */

import { RequestError } from "../client/http.js";
import { grow } from "../client/calls.js";
import { addFinding } from "../reading/decide.js";
import { OutlineCache } from "../masks/outline_cache.js";
import { lineVoxels } from "../masks/strokes.js";
import { toScreen } from "../geometry/planes.js";
import { frameFromVoxel, sliceAt } from "../geometry/frame.js";
import { color } from "../view/color.js";
import { traceLoops } from "../view/overlay.js";

/** @import {Grown, Reference, Vec3} from "../types/interface.d.ts" */
/** @import {Session} from "../reading/session.js" */
/** @import {Sheet} from "../view/overlay.js" */
/** @import {Stroke} from "../view/pointer.js" */
/** @import {Tool} from "./toolbox.js" */

/** @type {{ id: Reference, label: string }[]} what voxels are compared with while the mask grows */
export const REFERENCES = [
  { id: "parent", label: "neighbour" },
  { id: "seed_average", label: "scribble" },
  { id: "running_average", label: "whole lesion" },
];

/** @implements {Tool} */
export class Growing {
  /** @type {Vec3[][]} voxels of each stroke */
  strokes = [];
  /** @type {Grown | null} */
  proposal = null;
  /** @type {Reference} */
  reference = "parent";
  /** @type {string | null} */
  error = null;
  #asked = 0;
  /** @type {OutlineCache | null} */
  #cache = null;
  /** @type {Vec3 | null} */
  #last = null;

  /** @param {Session} session @param {boolean} isGroup @param {() => void} onChange */
  constructor(session, isGroup, onChange) {
    this.session = session;
    this.isGroup = isGroup;
    this.onChange = onChange;
  }

  get isPending() {
    return this.strokes.length > 0;
  }

  get hint() {
    if (this.error) return this.error;
    if (!this.proposal) {
      return this.isGroup
        ? "Mark a group: scribble over each lesion; every stroke is one."
        : "Add a lesion: click on it, or scribble over it.";
    }
    const { diameter_mm, volume_mm3, count } = this.proposal;
    const size = `${diameter_mm.toFixed(1)} mm, ${volume_mm3.toFixed(0)} mm³`;
    return this.isGroup ? `${count} ${count === 1 ? "lesion" : "lesions"}, ${size}` : size;
  }

  /** @param {Stroke} stroke */
  stroke({ point, isFirst, isLast, hasShift }) {
    const { frame } = this.session;
    if (!frame) return;
    if (isFirst) {
      // A new click replaces the last; with Shift, and in a group, it adds to it.
      if (!this.isGroup && !hasShift) this.strokes = [];
      this.strokes.push([]);
      this.#last = point;
    }
    const current = this.strokes[this.strokes.length - 1];
    current.push(...lineVoxels(frame, this.#last ?? point, point));
    this.#last = point;
    if (isLast) void this.ask();
    this.onChange();
  }

  async ask() {
    const { session } = this;
    const seeds = this.strokes.flat();
    if (!session.scan || seeds.length === 0) return;
    const asked = ++this.#asked;
    try {
      const body = { seeds, reference: this.reference, each_stroke: this.isGroup };
      const grown = await grow(session.scan.id, session.reader, body);
      // Only the answer to the last stroke counts.
      if (asked !== this.#asked) return;
      this.proposal = grown;
      this.error = null;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.proposal = null;
      this.error = error instanceof RequestError ? error.message : String(error);
    }
    this.onChange();
  }

  /** @param {number} n @returns {boolean} */
  choose(n) {
    const reference = REFERENCES[n];
    if (!reference) return false;
    this.reference = reference.id;
    void this.ask();
    this.onChange();
    return true;
  }

  keep() {
    if (!this.proposal) return false;
    addFinding(this.session, this.proposal.mask, this.isGroup);
    this.drop();
    return true;
  }

  drop() {
    this.#asked++;
    this.strokes = [];
    this.proposal = null;
    this.error = null;
    this.onChange();
  }

  /** @param {Sheet} sheet */
  draw(sheet) {
    const { context, tile, slice, scale, frame } = sheet;
    if (this.#cache?.frame !== frame) this.#cache = new OutlineCache(frame);
    if (this.proposal) {
      traceLoops(sheet, this.#cache.loops("proposal", this.proposal.mask, tile.plane, slice));
      context.lineWidth = 2 * scale;
      context.strokeStyle = color("--own");
      context.setLineDash([4 * scale, 2 * scale]);
      context.stroke();
      context.setLineDash([]);
    }
    context.fillStyle = color("--own-seed");
    for (const voxel of this.strokes.flat()) {
      const point = frameFromVoxel(frame, voxel);
      if (sliceAt(frame, tile.plane.through, point) !== slice) continue;
      const [x, y] = toScreen(tile, sheet.box, point[tile.plane.across], point[tile.plane.up]);
      context.fillRect(x - scale, y - scale, 2 * scale, 2 * scale);
    }
  }
}
