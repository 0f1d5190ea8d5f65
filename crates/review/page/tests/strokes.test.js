import assert from "node:assert/strict";
import { test } from "node:test";
import { PLANES } from "../geometry/planes.js";
import { brushOffsets, discOffsets, lineVoxels, voxelAt } from "../masks/strokes.js";
import { offsetOf, voxelOf } from "../masks/runs.js";
import { plainFrame } from "./support/scans.js";

const frame = plainFrame([20, 20, 5]);

test("a click is the voxel under it, and beside the scan nothing", () => {
  assert.deepEqual(voxelAt(frame, [3.2, 4.9, 2.5]), [3, 4, 2]);
  assert.deepEqual(lineVoxels(frame, [3.2, 4.9, 2.5], [3.2, 4.9, 2.5]), [[3, 4, 2]]);
  assert.deepEqual(lineVoxels(frame, [-3, 4, 2.5], [-3, 4, 2.5]), []);
});

test("a quick scribble leaves no gap", () => {
  const voxels = lineVoxels(frame, [1.5, 1.5, 2.5], [12.5, 6.5, 2.5]);
  assert.deepEqual(voxels[0], [1, 1, 2]);
  assert.deepEqual(voxels.at(-1), [12, 6, 2]);
  voxels.slice(1).forEach((voxel, n) => {
    const reach = Math.max(...voxel.map((value, a) => Math.abs(value - voxels[n][a])));
    assert.equal(reach, 1);
  });
});

test("a disc lies on its slice, and the smallest is a voxel", () => {
  assert.deepEqual(discOffsets(frame, PLANES.axial, [5.5, 5.5, 2.5], 0.1), [offsetOf(frame.shape, [5, 5, 2])]);
  const disc = discOffsets(frame, PLANES.axial, [5.5, 5.5, 2.5], 4);
  assert.equal(disc.length, 13);
  for (const offset of disc) assert.equal(voxelOf(frame.shape, offset)[2], 2);
  const coronal = discOffsets(frame, PLANES.coronal, [5.5, 5.5, 2.5], 2);
  for (const offset of coronal) assert.equal(voxelOf(frame.shape, offset)[1], 5);
});

test("at the edge the brush paints only what is in the scan", () => {
  const disc = discOffsets(frame, PLANES.axial, [0.5, 0.5, 2.5], 4);
  assert.equal(disc.length, 6);
});

test("a stroke of the brush is one piece", () => {
  const offsets = brushOffsets(frame, PLANES.axial, [3.5, 5.5, 2.5], [15.5, 5.5, 2.5], 2);
  for (let i = 2; i <= 16; i++) assert.ok(offsets.has(offsetOf(frame.shape, [i, 5, 2])), `${i}`);
});
