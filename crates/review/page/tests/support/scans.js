/** Small scans for the tests: what the server says of their image. */

import { scanFrame } from "../../geometry/frame.js";

/**
 * @param {[number, number, number]} shape @param {number[][]} map @param {[number, number, number]} spacing
 */
export const frameOf = (shape, map, spacing = [1, 1, 1], slice = 2) =>
  scanFrame({
    shape,
    spacing_mm: spacing,
    world_from_voxel: map,
    window: { black: 0, white: 1, lowest: 0, highest: 1 },
    slice_axis: /** @type {0 | 1 | 2} */ (slice),
  });

/** Voxels of 1 mm along right, anterior, superior. @param {[number, number, number]} shape */
export const plainFrame = (shape) =>
  frameOf(shape, [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ]);

/** Stored left to right, head to foot, back to front, with slices along the second axis: as few scanners do. */
export const turnedFrame = () =>
  frameOf(
    [10, 6, 8],
    [
      [-0.5, 0, 0, 3],
      [0, 0, 2, -7],
      [0, -3, 0, 9],
      [0, 0, 0, 1],
    ],
    [0.5, 3, 2],
    1,
  );
