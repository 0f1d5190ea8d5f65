import assert from "node:assert/strict";
import { test } from "node:test";
import { after, apply, invert } from "../geometry/affine.js";
import {
  frameFromVoxel,
  frameFromWorld,
  scanFrame,
  sliceAt,
  snapped,
  voxelFromFraction,
  voxelFromFrame,
  worldFromFrame,
} from "../geometry/frame.js";
import { boxOf, fromScreen, layout, PLANES, tileAt, toScreen } from "../geometry/planes.js";

/** @import {ImageAbout} from "../types/interface.d.ts" */

/** @param {number[]} a @param {number[]} b */
const near = (a, b, within = 1e-9) => {
  assert.equal(a.length, b.length);
  a.forEach((value, n) => assert.ok(Math.abs(value - b[n]) <= within, `${a} is not ${b}`));
};

/** Voxel axes run superior, left and posterior; turned by 12° about the left-right axis. @returns {ImageAbout} */
function tilted() {
  const [c, s] = [Math.cos(0.2), Math.sin(0.2)];
  return {
    shape: [20, 30, 40],
    spacing_mm: [2, 0.5, 1],
    world_from_voxel: [
      [0, -0.5, 0, 7],
      [-2 * s, 0, -c, 30],
      [2 * c, 0, -s, -5],
      [0, 0, 0, 1],
    ],
    window: { black: 0, white: 1, lowest: 0, highest: 1 },
    slice_axis: 0,
  };
}

test("a map and its inverse cancel", () => {
  const map = tilted().world_from_voxel;
  near(after(map, invert(map)).flat(), [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], 1e-12);
  near(apply(invert(map), apply(map, [3, 4, 5])), [3, 4, 5], 1e-12);
});

test("a flat map is refused", () => {
  assert.throws(
    () =>
      invert([
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 1],
      ]),
    /determinant is 0/,
  );
});

test("the frame runs right, anterior, superior whatever the voxel axes do", () => {
  const frame = scanFrame(tilted());
  assert.deepEqual(frame.axis, [1, 2, 0]);
  assert.deepEqual(frame.isFlipped, [true, true, false]);
  assert.deepEqual(frame.size, [30, 40, 20]);
  assert.deepEqual(frame.extent, [15, 40, 40]);
  assert.equal(frame.sliceAxis, 2);
  // Voxel 0 of the flipped axes is the last: (29.5 · 0.5, 39.5 · 1, 0.5 · 2).
  near(frameFromVoxel(frame, [0, 0, 0]), [14.75, 39.5, 1]);
});

test("voxels, frame and world lead to each other", () => {
  const frame = scanFrame(tilted());
  const voxel = [3.25, 17, 8.5];
  near(voxelFromFrame(frame, frameFromVoxel(frame, voxel)), voxel, 1e-12);
  const world = apply(frame.worldFromVoxel, voxel);
  near(frameFromWorld(frame, world), frameFromVoxel(frame, voxel), 1e-9);
  near(worldFromFrame(frame, frameFromWorld(frame, world)), world, 1e-9);
});

test("fractions of the extent are the shader's way to voxels", () => {
  const frame = scanFrame(tilted());
  const point = [3, 11, 29];
  const fraction = point.map((value, a) => value / frame.extent[a]);
  near(apply(voxelFromFraction(frame), fraction), voxelFromFrame(frame, point), 1e-9);
});

test("a place is on one slice, and stays in the scan", () => {
  const frame = scanFrame(tilted());
  assert.equal(sliceAt(frame, 2, [0, 0, 3.9]), 1);
  assert.equal(sliceAt(frame, 2, [0, 0, 400]), 19);
  near(snapped(frame, [-1, 0.1, 100]), [0.25, 0.5, 39]);
});

test("right is left on the screen, and both ways agree", () => {
  const tile = { plane: PLANES.axial, isPartner: false, x: 10, y: 20, width: 200, height: 100 };
  const box = boxOf(tile, [100, 80, 60], [50, 40, 30], 1);
  // 80 mm on 100 pixels: 0.8 mm a pixel, so the 200 pixels show 160 mm about the middle, 50.
  assert.deepEqual(box, { left: 130, right: -30, bottom: 0, top: 80 });
  assert.deepEqual(toScreen(tile, box, 130, 80), [10, 20]);
  assert.deepEqual(toScreen(tile, box, -30, 0), [210, 120]);
  const point = fromScreen(tile, box, 60, 45, [1, 2, 3]);
  near(point, [90, 60, 3]);
  near(toScreen(tile, box, point[0], point[1]), [60, 45]);
});

test("zooming keeps the middle", () => {
  const tile = { plane: PLANES.sagittal, isPartner: false, x: 0, y: 0, width: 100, height: 100 };
  const box = boxOf(tile, [100, 100, 100], [0, 30, 70], 4);
  assert.deepEqual(box, { left: 42.5, right: 17.5, bottom: 57.5, top: 82.5 });
});

test("the slices as acquired are large, and tiles do not overlap", () => {
  for (const { width, height, isSplit } of [
    { width: 760, height: 640, isSplit: false },
    { width: 760, height: 640, isSplit: true },
    { width: 300, height: 700, isSplit: false },
  ]) {
    const tiles = layout(width, height, isSplit, 0);
    assert.equal(tiles.length, isSplit ? 6 : 3);
    assert.equal(tiles[0].plane.name, "sagittal");
    for (const tile of tiles) {
      assert.ok(tile.x >= 0 && tile.y >= 0 && tile.x + tile.width <= width && tile.y + tile.height <= height);
      assert.equal(tileAt(tiles, tile.x + 1, tile.y + 1), tile);
    }
  }
});
