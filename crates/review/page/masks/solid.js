/** A mask as a small block of the frame, so that a slice through it is quick to look up. */

import { voxelOf } from "./runs.js";

/** @import {Runs, Vec3} from "../types/interface.d.ts" */
/** @import {ScanFrame} from "../geometry/frame.js" */

/**
 * @typedef {object} Solid
 * @property {Vec3} low first voxel along right, anterior, superior
 * @property {Vec3} size
 * @property {Uint8Array} bits
 */

/** @param {ScanFrame} frame @param {Runs} runs @returns {Solid} */
export function solidOf(frame, runs) {
  const voxels = [];
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let n = 0; n + 1 < runs.length; n += 2) {
    for (let step = 0; step < (runs[n + 1] ?? 0); step++) {
      const voxel = voxelOf(frame.shape, (runs[n] ?? 0) + step);
      const onward = frame.axis.map((axis, a) =>
        frame.isFlipped[a] ? (frame.size[a] ?? 0) - 1 - (voxel[axis] ?? 0) : (voxel[axis] ?? 0),
      );
      voxels.push(onward);
      onward.forEach((index, a) => {
        low[a] = Math.min(low[a] ?? index, index);
        high[a] = Math.max(high[a] ?? index, index);
      });
    }
  }
  const size = /** @type {Vec3} */ (high.map((value, a) => Math.max(0, value - (low[a] ?? 0) + 1)));
  const bits = new Uint8Array(size[0] * size[1] * size[2]);
  for (const [x = 0, y = 0, z = 0] of voxels) {
    bits[x - (low[0] ?? 0) + size[0] * (y - (low[1] ?? 0) + size[1] * (z - (low[2] ?? 0)))] = 1;
  }
  return { low: /** @type {Vec3} */ (low), size, bits };
}

/** @param {Solid} solid @param {number} x @param {number} y @param {number} z within the block or beside it */
export function isIn(solid, x, y, z) {
  const { size, bits } = solid;
  const isBeside = x < 0 || y < 0 || z < 0 || x >= size[0] || y >= size[1] || z >= size[2];
  return !isBeside && bits[x + size[0] * (y + size[1] * z)] === 1;
}

/** @param {Solid} solid @param {number} through axis of the frame @param {number} slice */
export const isCrossed = (solid, through, slice) =>
  slice >= (solid.low[through] ?? 0) && slice < (solid.low[through] ?? 0) + (solid.size[through] ?? 0);
