/**
 * The scan's frame: millimetres along its voxel axes, ordered and directed right, anterior, superior.
 *
 * Slices are shown along voxel axes, as they were acquired: so an outline of voxels is exact on every slice, however
 * oblique the scan. World coordinates come in and go out here.
 */

import { apply, invert } from "./affine.js";

/** @import {ImageAbout, Vec3} from "../types/interface.d.ts" */
/** @import {Affine} from "./affine.js" */

/**
 * @typedef {object} ScanFrame
 * @property {Vec3} shape voxels along the voxel axes
 * @property {Vec3} size voxels along right, anterior, superior
 * @property {Vec3} spacing millimetres along right, anterior, superior
 * @property {Vec3} extent size times spacing
 * @property {Vec3} axis the voxel axis that runs along right, anterior, superior
 * @property {[boolean, boolean, boolean]} isFlipped whether that axis runs the other way
 * @property {number} sliceAxis which of right, anterior, superior goes through the slices
 * @property {Affine} worldFromVoxel
 * @property {Affine} voxelFromWorld
 */

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

/** @param {ImageAbout} image @returns {ScanFrame} */
export function scanFrame(image) {
  const map = image.world_from_voxel;
  /** @param {number} world @param {number} voxel */
  const along = (world, voxel) => (map[world]?.[voxel] ?? 0) / (image.spacing_mm[voxel] ?? 1);
  /** @param {number[]} order */
  const fit = (order) => order.reduce((sum, voxel, world) => sum + Math.abs(along(world, voxel)), 0);
  const axis = /** @type {Vec3} */ (ORDERS.reduce((best, order) => (fit(order) > fit(best) ? order : best)));
  const pick = (/** @type {ArrayLike<number>} */ values) =>
    /** @type {Vec3} */ (axis.map((voxel) => values[voxel] ?? 1));
  const size = pick(image.shape);
  const spacing = pick(image.spacing_mm);
  return {
    shape: image.shape,
    size,
    spacing,
    extent: /** @type {Vec3} */ (size.map((n, a) => n * (spacing[a] ?? 1))),
    axis,
    isFlipped: /** @type {[boolean, boolean, boolean]} */ (axis.map((voxel, world) => along(world, voxel) < 0)),
    sliceAxis: axis.indexOf(image.slice_axis),
    worldFromVoxel: map,
    voxelFromWorld: invert(map),
  };
}

/** @param {ScanFrame} frame @param {ArrayLike<number>} voxel @returns {Vec3} */
export function frameFromVoxel(frame, voxel) {
  return /** @type {Vec3} */ (
    frame.axis.map((axis, a) => {
      const index = voxel[axis] ?? 0;
      const onward = frame.isFlipped[a] ? (frame.size[a] ?? 0) - 1 - index : index;
      return (onward + 0.5) * (frame.spacing[a] ?? 1);
    })
  );
}

/** @param {ScanFrame} frame @param {ArrayLike<number>} point @returns {Vec3} not rounded */
export function voxelFromFrame(frame, point) {
  /** @type {Vec3} */
  const voxel = [0, 0, 0];
  frame.axis.forEach((axis, a) => {
    const onward = (point[a] ?? 0) / (frame.spacing[a] ?? 1) - 0.5;
    voxel[axis] = frame.isFlipped[a] ? (frame.size[a] ?? 0) - 1 - onward : onward;
  });
  return voxel;
}

/** @param {ScanFrame} frame @param {ArrayLike<number>} world */
export const frameFromWorld = (frame, world) => frameFromVoxel(frame, apply(frame.voxelFromWorld, world));

/** @param {ScanFrame} frame @param {ArrayLike<number>} point */
export const worldFromFrame = (frame, point) => apply(frame.worldFromVoxel, voxelFromFrame(frame, point));

/**
 * The slice that shows a point, counted along right, anterior, superior.
 * @param {ScanFrame} frame @param {number} a @param {ArrayLike<number>} point
 */
export function sliceAt(frame, a, point) {
  const slice = Math.floor((point[a] ?? 0) / (frame.spacing[a] ?? 1));
  return Math.min(Math.max(slice, 0), (frame.size[a] ?? 1) - 1);
}

/**
 * The nearest point in the scan, in the middle of a voxel.
 * @param {ScanFrame} frame @param {ArrayLike<number>} point @returns {Vec3}
 */
export const snapped = (frame, point) =>
  /** @type {Vec3} */ ([0, 1, 2].map((a) => (sliceAt(frame, a, point) + 0.5) * (frame.spacing[a] ?? 1)));

/**
 * For the shader: voxel indices from fractions of the extent.
 * @param {ScanFrame} frame @returns {Affine}
 */
export function voxelFromFraction(frame) {
  const rows = [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 1],
  ];
  frame.axis.forEach((axis, a) => {
    const row = /** @type {number[]} */ (rows[axis]);
    const n = frame.size[a] ?? 1;
    row[a] = frame.isFlipped[a] ? -n : n;
    row[3] = frame.isFlipped[a] ? n - 0.5 : -0.5;
  });
  return rows;
}
