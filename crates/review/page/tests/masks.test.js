import assert from "node:assert/strict";
import { test } from "node:test";
import { scanFrame } from "../geometry/frame.js";
import { PLANES } from "../geometry/planes.js";
import { contours } from "../masks/contours.js";
import { OutlineCache } from "../masks/outline_cache.js";
import {
  fingerprint, offsetOf, offsetsOf, runsOf, voxelCount, voxelOf, withoutVoxels, withVoxels,
} from "../masks/runs.js";
import { isCrossed, solidOf } from "../masks/solid.js";
import { brushOffsets, discOffsets, lineVoxels } from "../masks/strokes.js";

const frame = scanFrame({
  shape: [10, 10, 4],
  spacing_mm: [1, 1, 3],
  world_from_voxel: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 3, 0], [0, 0, 0, 1]],
  window: { black: 0, white: 1, lowest: 0, highest: 1 },
  slice_axis: 2,
});
const maskOf = (...voxels) => runsOf(voxels.map((voxel) => offsetOf(frame.shape, voxel)));

test("runs are offsets in order, each once", () => {
  assert.deepEqual(runsOf([7, 3, 4, 4, 5, 9]), [3, 3, 7, 1, 9, 1]);
  assert.deepEqual(offsetsOf([3, 3, 7, 1]), [3, 4, 5, 7]);
  assert.deepEqual(runsOf([]), []);
  assert.equal(voxelCount([3, 3, 7, 1]), 4);
});

test("voxels come and go", () => {
  assert.deepEqual(withVoxels([3, 2], [5, 9]), [3, 3, 9, 1]);
  assert.deepEqual(withoutVoxels([3, 3, 9, 1], [4]), [3, 1, 5, 1, 9, 1]);
  assert.deepEqual(withoutVoxels([3, 1], [3]), []);
});

test("an offset is a voxel", () => {
  assert.equal(offsetOf([10, 10, 4], [3, 2, 1]), 123);
  assert.deepEqual(voxelOf([10, 10, 4], 123), [3, 2, 1]);
});

test("fingerprints differ where masks do", () => {
  assert.equal(fingerprint([3, 2]), fingerprint([3, 2]));
  assert.notEqual(fingerprint([3, 2]), fingerprint([2, 3]));
});

test("the outline of a voxel is its square", () => {
  const solid = solidOf(frame, maskOf([4, 5, 1]));
  assert.deepEqual(contours(frame, solid, PLANES.axial, 1), [[4, 5, 5, 5, 5, 6, 4, 6]]);
  // Across it is 1 mm by 3 mm, from 3 mm on.
  assert.deepEqual(contours(frame, solid, PLANES.coronal, 5), [[4, 3, 5, 3, 5, 6, 4, 6]]);
  assert.deepEqual(contours(frame, solid, PLANES.axial, 2), []);
});

test("outlines turn only where the mask does", () => {
  const solid = solidOf(frame, maskOf([1, 1, 0], [2, 1, 0], [3, 1, 0]));
  assert.deepEqual(contours(frame, solid, PLANES.axial, 0), [[1, 1, 4, 1, 4, 2, 1, 2]]);
});

test("a hole has an outline of its own", () => {
  const ring = [];
  for (const i of [1, 2, 3]) for (const j of [1, 2, 3]) if (i !== 2 || j !== 2) ring.push([i, j, 0]);
  const loops = contours(frame, solidOf(frame, maskOf(...ring)), PLANES.axial, 0);
  assert.equal(loops.length, 2);
  // Twice the enclosed area by the shoelace formula: 9 of the outside and -1 of the hole.
  const area = (loop) => {
    let sum = 0;
    for (let n = 0; n < loop.length; n += 2) {
      const m = (n + 2) % loop.length;
      sum += loop[n] * loop[m + 1] - loop[m] * loop[n + 1];
    }
    return sum / 2;
  };
  assert.deepEqual(loops.map(area).sort((a, b) => a - b), [-1, 9]);
});

test("touching corners still close", () => {
  const loops = contours(frame, solidOf(frame, maskOf([1, 1, 0], [2, 2, 0])), PLANES.axial, 0);
  assert.equal(loops.reduce((sum, loop) => sum + loop.length / 2, 0), 8);
});

test("flipped axes are mirrored", () => {
  const flipped = scanFrame({
    shape: [10, 10, 4],
    spacing_mm: [1, 1, 3],
    world_from_voxel: [[-1, 0, 0, 9], [0, 1, 0, 0], [0, 0, 3, 0], [0, 0, 0, 1]],
    window: { black: 0, white: 1, lowest: 0, highest: 1 },
    slice_axis: 2,
  });
  const loops = contours(flipped, solidOf(flipped, maskOf([0, 5, 1])), PLANES.axial, 1);
  assert.deepEqual(loops, [[9, 5, 10, 5, 10, 6, 9, 6]]);
});

test("outlines are traced once, and again when the mask is another", () => {
  const cache = new OutlineCache(frame);
  const mask = maskOf([4, 5, 1]);
  const first = cache.loops("f1", mask, PLANES.axial, 1);
  assert.equal(cache.loops("f1", [...mask], PLANES.axial, 1), first);
  assert.deepEqual(cache.loops("f1", mask, PLANES.axial, 3), []);
  assert.notDeepEqual(cache.loops("f1", maskOf([4, 5, 1], [5, 5, 1]), PLANES.axial, 1), first);
});

test("a slice beside the mask does not cross it", () => {
  const solid = solidOf(frame, maskOf([4, 5, 1], [4, 5, 2]));
  assert.deepEqual([0, 1, 2, 3].map((slice) => isCrossed(solid, 2, slice)), [false, true, true, false]);
});

test("a line has no gap and stays in the scan", () => {
  const line = lineVoxels(frame, [0.5, 0.5, 1.5], [9.5, 3.5, 1.5]);
  assert.deepEqual([line[0], line.at(-1)], [[0, 0, 0], [9, 3, 0]]);
  for (let n = 1; n < line.length; n++) {
    assert.ok(Math.max(...line[n].map((value, a) => Math.abs(value - line[n - 1][a]))) <= 1);
  }
  assert.deepEqual(lineVoxels(frame, [-5, -5, 1], [-4, -5, 1]), []);
});

test("a disc is round and at least a voxel", () => {
  assert.deepEqual(discOffsets(frame, PLANES.axial, [4.5, 5.5, 1.5], 0.5), [54]);
  assert.deepEqual(discOffsets(frame, PLANES.axial, [4.5, 5.5, 1.5], 2), [44, 53, 54, 55, 64]);
});

test("a brush leaves no gap", () => {
  const offsets = brushOffsets(frame, PLANES.axial, [1.5, 5.5, 1.5], [8.5, 5.5, 1.5], 1);
  assert.deepEqual(runsOf(offsets), [51, 8]);
});
