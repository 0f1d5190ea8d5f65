/** Masks as runs `[start, length, ...]` over voxel offsets, ascending. */

/** @import {Runs, Vec3} from "../types/interface.d.ts" */

/** @param {Runs} runs @returns {number[]} */
export function offsetsOf(runs) {
  const offsets = [];
  for (let n = 0; n + 1 < runs.length; n += 2) {
    const start = runs[n] ?? 0;
    for (let offset = start; offset < start + (runs[n + 1] ?? 0); offset++) {
      offsets.push(offset);
    }
  }
  return offsets;
}

/** @param {Iterable<number>} offsets in any order @returns {Runs} */
export function runsOf(offsets) {
  const sorted = [...new Set(offsets)].sort((a, b) => a - b);
  /** @type {Runs} */
  const runs = [];
  let last = Number.NaN;
  for (const offset of sorted) {
    if (offset === last + 1) {
      runs[runs.length - 1] = (runs[runs.length - 1] ?? 0) + 1;
    } else {
      runs.push(offset, 1);
    }
    last = offset;
  }
  return runs;
}

/** @param {Runs} runs @param {Iterable<number>} offsets */
export const withVoxels = (runs, offsets) => runsOf([...offsetsOf(runs), ...offsets]);

/** @param {Runs} runs @param {Iterable<number>} offsets */
export function withoutVoxels(runs, offsets) {
  const gone = new Set(offsets);
  return runsOf(offsetsOf(runs).filter((offset) => !gone.has(offset)));
}

/** @param {Runs} runs */
export const voxelCount = (runs) => runs.reduce((sum, value, n) => (n % 2 ? sum + value : sum), 0);

/** @param {Vec3} shape @param {ArrayLike<number>} voxel of whole indices */
export const offsetOf = (shape, voxel) => (voxel[0] ?? 0) + shape[0] * ((voxel[1] ?? 0) + shape[1] * (voxel[2] ?? 0));

/** @param {Vec3} shape @param {number} offset @returns {Vec3} */
export function voxelOf(shape, offset) {
  const row = Math.floor(offset / shape[0]);
  return [offset - row * shape[0], row % shape[1], Math.floor(row / shape[1])];
}

/**
 * Tells two masks apart without comparing them, for caches and for the addresses of thumbnails.
 * @param {Runs} runs
 */
export function fingerprint(runs) {
  let hash = 2166136261;
  for (const value of runs) {
    hash = Math.imul(hash ^ value, 16777619);
  }
  return hash >>> 0;
}
