/** The server's NIfTI-1 files: 16 bit whole numbers with a slope, uncompressed, little-endian. */

/** @import {Vec3} from "../types/interface.d.ts" */
/** @import {Affine} from "../geometry/affine.js" */

/**
 * @typedef {object} ImageVolume
 * @property {Vec3} shape
 * @property {Int16Array} steps stored numbers
 * @property {number} slope value of a step
 * @property {number} intercept value of step 0
 * @property {Affine} worldFromVoxel
 */

const INT16 = 4;

/** @param {ArrayBuffer} bytes @returns {ImageVolume} */
export function readVolume(bytes) {
  const view = new DataView(bytes);
  if (bytes.byteLength < 352 || (view.getInt32(0, true) !== 348 && view.getInt16(70, true) !== INT16)) {
    throw new Error(
      `reading the image: ${bytes.byteLength} bytes that are no NIfTI-1 file of 16 bit numbers; reload the page`,
    );
  }
  const shape = /** @type {Vec3} */ ([1, 2, 3].map((n) => Math.max(1, view.getInt16(40 + 2 * n, true))));
  const start = view.getFloat32(108, true);
  const count = shape[0] * shape[1] * shape[2];
  if (bytes.byteLength < start + 2 * count) {
    throw new Error(`reading the image: ${bytes.byteLength} bytes, expected ${start + 2 * count}; reload the page`);
  }
  const slope = view.getFloat32(112, true);
  const hasSlope = Number.isFinite(slope) && slope !== 0;
  const row = (/** @type {number} */ n) => [0, 1, 2, 3].map((m) => view.getFloat32(280 + 16 * n + 4 * m, true));
  return {
    shape,
    steps: new Int16Array(bytes, start, count),
    slope: hasSlope ? slope : 1,
    intercept: hasSlope ? view.getFloat32(116, true) : 0,
    worldFromVoxel: [row(0), row(1), row(2), [0, 0, 0, 1]],
  };
}

/** @param {ImageVolume} volume @param {ArrayLike<number>} voxel @returns {number | null} null outside */
export function valueAt(volume, voxel) {
  const [i, j, k] = [0, 1, 2].map((axis) => Math.round(voxel[axis]));
  const [nx, ny, nz] = volume.shape;
  if (i < 0 || j < 0 || k < 0 || i >= nx || j >= ny || k >= nz) return null;
  return volume.steps[i + nx * (j + ny * k)] * volume.slope + volume.intercept;
}
