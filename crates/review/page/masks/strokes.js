/** Voxels under the pointer: a line for seeds, a disc for the brush. Both stay on the slice that is drawn on. */

import { voxelFromFrame } from "../geometry/frame.js";
import { offsetOf } from "./runs.js";

/** @import {Vec3} from "../types/interface.d.ts" */
/** @import {ScanFrame} from "../geometry/frame.js" */
/** @import {Plane} from "../geometry/planes.js" */

/** @param {ScanFrame} frame @param {ArrayLike<number>} voxel */
const isInside = (frame, voxel) => frame.shape.every((n, axis) => (voxel[axis] ?? -1) >= 0 && (voxel[axis] ?? n) < n);

/** @param {ScanFrame} frame @param {Vec3} point @returns {Vec3} */
export const voxelAt = (frame, point) =>
  /** @type {Vec3} */ (voxelFromFrame(frame, point).map((value) => Math.round(value)));

/**
 * Voxels from one point to another without a gap.
 * @param {ScanFrame} frame @param {Vec3} from @param {Vec3} to @returns {Vec3[]}
 */
export function lineVoxels(frame, from, to) {
  const a = voxelFromFrame(frame, from);
  const b = voxelFromFrame(frame, to);
  const steps = Math.max(1, Math.ceil(2 * Math.max(...a.map((value, n) => Math.abs((b[n] ?? 0) - value)))));
  /** @type {Map<number, Vec3>} */
  const voxels = new Map();
  for (let step = 0; step <= steps; step++) {
    const voxel = /** @type {Vec3} */ (a.map((value, n) => Math.round(value + (((b[n] ?? 0) - value) * step) / steps)));
    if (isInside(frame, voxel)) {
      voxels.set(offsetOf(frame.shape, voxel), voxel);
    }
  }
  return [...voxels.values()];
}

/**
 * Offsets of the voxels whose middle lies in a disc on the slice; at least the one under the pointer.
 * @param {ScanFrame} frame @param {Plane} plane @param {Vec3} point @param {number} diameterMm @returns {number[]}
 */
export function discOffsets(frame, plane, point, diameterMm) {
  const middle = voxelAt(frame, point);
  const radius = diameterMm / 2;
  const [first = 0, second = 1] = [plane.across, plane.up].map((a) => frame.axis[a] ?? 0);
  const reach = [plane.across, plane.up].map((a) => Math.ceil(radius / (frame.spacing[a] ?? 1)));
  const exact = voxelFromFrame(frame, point);
  const offsets = [];
  for (let v = -(reach[1] ?? 0); v <= (reach[1] ?? 0); v++) {
    for (let u = -(reach[0] ?? 0); u <= (reach[0] ?? 0); u++) {
      /** @type {Vec3} */
      const voxel = [...middle];
      voxel[first] = (middle[first] ?? 0) + u;
      voxel[second] = (middle[second] ?? 0) + v;
      const distance = Math.hypot(
        ((voxel[first] ?? 0) - (exact[first] ?? 0)) * (frame.spacing[plane.across] ?? 1),
        ((voxel[second] ?? 0) - (exact[second] ?? 0)) * (frame.spacing[plane.up] ?? 1),
      );
      if ((distance <= radius || (u === 0 && v === 0)) && isInside(frame, voxel)) {
        offsets.push(offsetOf(frame.shape, voxel));
      }
    }
  }
  return offsets;
}

/**
 * Discs along a line, close enough to leave no gap.
 * @param {ScanFrame} frame @param {Plane} plane @param {Vec3} from @param {Vec3} to @param {number} diameterMm
 */
export function brushOffsets(frame, plane, from, to, diameterMm) {
  const length = Math.hypot(...from.map((value, n) => (to[n] ?? 0) - value));
  const step = Math.max(0.2, Math.min(diameterMm / 3, frame.spacing[plane.across] ?? 1));
  const count = Math.max(1, Math.ceil(length / step));
  /** @type {Set<number>} */
  const offsets = new Set();
  for (let n = 0; n <= count; n++) {
    const point = /** @type {Vec3} */ (from.map((value, a) => value + (((to[a] ?? 0) - value) * n) / count));
    for (const offset of discOffsets(frame, plane, point, diameterMm)) offsets.add(offset);
  }
  return offsets;
}
