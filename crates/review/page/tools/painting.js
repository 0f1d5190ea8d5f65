/** Brush and eraser on the selected finding: each stroke is one change. */

import { changeFinding } from "../reading/decide.js";
import { maskShown } from "../reading/marks.js";
import { withoutVoxels, withVoxels } from "../masks/runs.js";
import { brushOffsets } from "../masks/strokes.js";
import { OutlineCache } from "../masks/outline_cache.js";
import { toScreen } from "../geometry/planes.js";
import { color } from "../view/color.js";
import { traceLoops } from "../view/overlay.js";

/** @import {Runs, Vec3} from "../types/interface.d.ts" */
/** @import {Session} from "../reading/session.js" */
/** @import {Sheet} from "../view/overlay.js" */
/** @import {Stroke} from "../view/pointer.js" */
/** @import {Tile} from "../geometry/planes.js" */
/** @import {Tool} from "./toolbox.js" */

const SIZES_MM = [0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10];

/** One size for both. */
export const brush = {
  at: 3,
  get mm() {
    return SIZES_MM[this.at];
  },
};

/** @param {1 | -1} by */
export function resizeBrush(by) {
  brush.at = Math.min(Math.max(brush.at + by, 0), SIZES_MM.length - 1);
}

/** @implements {Tool} */
export class Painting {
  /** @type {Set<number>} voxels of this stroke */
  #offsets = new Set();
  /** @type {Runs | null} the mask as it will be */
  #draft = null;
  /** @type {Vec3 | null} */
  #last = null;
  /** @type {OutlineCache | null} */
  #cache = null;
  /** @type {{ tile: Tile, point: Vec3 } | null} */
  hover = null;
  /** @type {string | null} */
  error = null;
  isPending = false;

  /** @param {Session} session @param {boolean} isErasing @param {() => void} onChange */
  constructor(session, isErasing, onChange) {
    this.session = session;
    this.isErasing = isErasing;
    this.onChange = onChange;
  }

  get #finding() {
    return this.session.finding(this.session.selected);
  }

  get hint() {
    if (this.error) return this.error;
    const finding = this.#finding;
    if (!finding) return "Select a finding first; its mask is what you paint on.";
    return `${this.isErasing ? "Erase from" : "Paint on"} ${finding.item} with ${brush.mm} mm. [ and ] change the size.`;
  }

  /** @param {Stroke} stroke */
  stroke({ tile, point, isFirst, isLast }) {
    const { frame } = this.session;
    const finding = this.#finding;
    if (!frame || !finding) return;
    if (isFirst) {
      this.#offsets = new Set();
      this.#last = point;
      this.error = null;
    }
    for (const offset of brushOffsets(frame, tile.plane, this.#last ?? point, point, brush.mm)) {
      this.#offsets.add(offset);
    }
    this.#last = point;
    this.hover = { tile, point };
    const before = maskShown(finding, this.session.mark(finding));
    this.#draft = this.isErasing ? withoutVoxels(before, this.#offsets) : withVoxels(before, this.#offsets);
    if (isLast) this.#finish(finding.item, before);
    this.onChange();
  }

  /** @param {string} item @param {Runs} before */
  #finish(item, before) {
    const mask = this.#draft;
    const finding = this.session.finding(item);
    this.#draft = null;
    if (!mask || !finding || String(mask) === String(before)) return;
    if (mask.length === 0) {
      this.error = "Nothing would be left of the mask. Reject the finding instead.";
      return;
    }
    changeFinding(this.session, finding, { mask }, this.isErasing ? "mask erased" : "mask painted");
  }

  keep() {
    return false;
  }

  drop() {
    this.#draft = null;
    this.error = null;
  }

  /** @param {Sheet} sheet */
  draw(sheet) {
    const { context, tile, box, slice, scale, frame } = sheet;
    if (this.#draft) {
      if (this.#cache?.frame !== frame) this.#cache = new OutlineCache(frame);
      traceLoops(sheet, this.#cache.loops("draft", this.#draft, tile.plane, slice));
      context.fillStyle = color("--own-fill");
      context.fill();
      context.strokeStyle = color("--white");
      context.lineWidth = 1.5 * scale;
      context.stroke();
    }
    if (this.hover?.tile.plane === tile.plane && !tile.isPartner) {
      const { across, up } = tile.plane;
      const [x, y] = toScreen(tile, box, this.hover.point[across], this.hover.point[up]);
      const radius = ((brush.mm / 2) * tile.width) / (box.left - box.right);
      context.beginPath();
      context.arc(x, y, Math.max(radius, 1), 0, 2 * Math.PI);
      context.strokeStyle = color(this.isErasing ? "--rejected-outline" : "--white");
      context.lineWidth = scale;
      context.stroke();
    }
  }
}
