/** A NIfTI-1 file of two voxels along each axis that fill a box from 0 to its extent. */

/** @import {Vec3} from "../types/interface.d.ts" */

/** @param {Vec3} extent in millimetres @returns {ArrayBuffer} */
export function stubFile(extent) {
  const bytes = new ArrayBuffer(352 + 8);
  const view = new DataView(bytes);
  view.setInt32(0, 348, true);
  [3, 2, 2, 2, 1, 1, 1, 1].forEach((value, n) => view.setInt16(40 + 2 * n, value, true));
  view.setInt16(70, 2, true);
  view.setInt16(72, 8, true);
  view.setFloat32(76, 1, true);
  view.setFloat32(108, 352, true);
  view.setFloat32(112, 1, true);
  view.setInt16(254, 1, true);
  extent.forEach((value, n) => {
    view.setFloat32(80 + 4 * n, value / 2, true);
    view.setFloat32(280 + 20 * n, value / 2, true);
    view.setFloat32(292 + 16 * n, value / 4, true);
  });
  new Uint8Array(bytes).set([0x6e, 0x2b, 0x31, 0], 344);
  // Not all the same, or NiiVue looks for a range of values that is none.
  new Uint8Array(bytes).set([0, 255], 352);
  return bytes;
}
