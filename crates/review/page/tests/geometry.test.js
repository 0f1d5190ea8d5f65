import assert from "node:assert/strict";
import { test } from "node:test";
import { after, apply, invert } from "../geometry/affine.js";
import { frameFromVoxel, frameFromWorld, sliceAt, snapped, voxelFromFraction, voxelFromFrame, worldFromFrame } from "../geometry/frame.js";
import { boxOf, fromScreen, layout, PLANES, tileAt, toScreen } from "../geometry/planes.js";
import { frameOf, plainFrame, turnedFrame } from "./scans.js";

/** @param {ArrayLike<number>} found @param {number[]} expected */
function near(found, expected) {
  assert.equal(found.length, expected.length);
  expected.forEach((value, n) => assert.ok(Math.abs(found[n] - value) < 1e-6, `${[...Array.from(found)]} is not ${expected}`));
}

/** Slices tilted by 20 degrees about the axis from right to left. */
const tilt = Math.PI / 9;
const OBLIQUE = [
  [-0.9, 0, 0, 80],
  [0, -0.9 * Math.cos(tilt), -2 * Math.sin(tilt), 100],
  [0, -0.9 * Math.sin(tilt), 2 * Math.cos(tilt), -40],
  [0, 0, 0, 1],
];

test("a map and its inverse cancel", () => {
  const both = after(invert(OBLIQUE), OBLIQUE);
  both.forEach((row, n) => near(row, [0, 1, 2, 3].map((m) => Number(m === n))));
  near(apply(invert(OBLIQUE), apply(OBLIQUE, [3, 4, 5])), [3, 4, 5]);
});

test("a map that cannot be inverted is refused in words", () => {
  assert.throws(() => invert([[0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), /determinant is 0/);
});

test("axes are ordered and directed right, anterior, superior", () => {
  const frame = turnedFrame();
  assert.deepEqual(frame.axis, [0, 2, 1]);
  assert.deepEqual(frame.isFlipped, [true, false, true]);
  assert.deepEqual(frame.size, [10, 8, 6]);
  assert.deepEqual(frame.spacing, [0.5, 2, 3]);
  assert.deepEqual(frame.extent, [5, 16, 18]);
  assert.equal(frame.sliceAxis, 2);
});

test("voxels, the frame and the world lead to each other, however oblique the scan", () => {
  for (const frame of [plainFrame([8, 8, 4]), turnedFrame(), frameOf([30, 40, 20], OBLIQUE, [0.9, 0.9, 2])]) {
    const voxel = /** @type {[number, number, number]} */ ([3, 4, 2]);
    const point = frameFromVoxel(frame, voxel);
    near(voxelFromFrame(frame, point), voxel);
    near(worldFromFrame(frame, point), apply(frame.worldFromVoxel, voxel));
    near(frameFromWorld(frame, apply(frame.worldFromVoxel, voxel)), point);
    near(snapped(frame, point), point);
    // What the shader reads is the voxel that the page means.
    near(apply(voxelFromFraction(frame), point.map((value, a) => value / frame.extent[a])), voxel);
  }
});

test("slices end at the edge of the scan", () => {
  const frame = plainFrame([8, 8, 4]);
  assert.equal(sliceAt(frame, 2, [0, 0, -5]), 0);
  assert.equal(sliceAt(frame, 2, [0, 0, 2.2]), 2);
  assert.equal(sliceAt(frame, 2, [0, 0, 50]), 3);
});

test("the patient's right is on the left, and the face looks up and to the left", () => {
  const tile = { plane: PLANES.axial, isPartner: false, x: 10, y: 20, width: 100, height: 100 };
  const box = boxOf(tile, [50, 50, 50], [25, 25, 25], 1);
  near(toScreen(tile, box, 50, 50), [10, 20]);
  near(toScreen(tile, box, 0, 0), [110, 120]);
  assert.deepEqual(PLANES.axial.letters, ["R", "L", "A", "P"]);
  assert.equal(PLANES.sagittal.letters[0], "A");
});

test("a pixel is a point and back, also when zoomed", () => {
  const tile = { plane: PLANES.coronal, isPartner: false, x: 7, y: 9, width: 300, height: 200 };
  const box = boxOf(tile, [60, 70, 80], [20, 30, 40], 3);
  const point = fromScreen(tile, box, 111, 77, [1, 2, 3]);
  assert.equal(point[1], 2);
  near(toScreen(tile, box, point[0], point[2]), [111, 77]);
  // Nothing is distorted.
  near([(box.left - box.right) / tile.width], [(box.top - box.bottom) / tile.height]);
});

test("tiles fill the screen without overlapping, and the plane of acquisition is the large one", () => {
  for (const isSplit of [false, true]) {
    const tiles = layout(800, 600, isSplit, 0);
    assert.equal(tiles.length, isSplit ? 6 : 3);
    assert.equal(tiles[0].plane.name, "sagittal");
    for (const tile of tiles) {
      assert.ok(tile.x >= 0 && tile.y >= 0 && tile.x + tile.width <= 800.5 && tile.y + tile.height <= 600.5);
      assert.equal(tileAt(tiles, tile.x + tile.width / 2, tile.y + tile.height / 2), tile);
      assert.ok(tile.width * tile.height <= tiles[0].width * tiles[0].height);
    }
  }
  assert.equal(tileAt(layout(800, 600, false), 900, 10), null);
});
