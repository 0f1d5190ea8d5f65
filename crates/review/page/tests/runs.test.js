import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fingerprint,
  offsetOf,
  offsetsOf,
  runsOf,
  voxelCount,
  voxelOf,
  withoutVoxels,
  withVoxels,
} from "../masks/runs.js";

test("offsets in any order, with repeats, become ascending runs", () => {
  assert.deepEqual(runsOf([7, 3, 4, 4, 5, 9]), [3, 3, 7, 1, 9, 1]);
  assert.deepEqual(runsOf([]), []);
  assert.deepEqual(offsetsOf([3, 3, 9, 1]), [3, 4, 5, 9]);
});

test("voxels are added and taken away", () => {
  assert.deepEqual(withVoxels([3, 2], [5, 4, 10]), [3, 3, 10, 1]);
  assert.deepEqual(withoutVoxels([3, 5], [5]), [3, 2, 6, 2]);
  assert.deepEqual(withoutVoxels([3, 1], [3]), []);
  assert.equal(voxelCount([3, 5, 20, 2]), 7);
});

test("an offset is a voxel and back", () => {
  const shape = /** @type {[number, number, number]} */ ([5, 4, 3]);
  for (let offset = 0; offset < 60; offset++) {
    assert.equal(offsetOf(shape, voxelOf(shape, offset)), offset);
  }
  assert.deepEqual(voxelOf(shape, 5 * 4 * 2 + 5 * 3 + 1), [1, 3, 2]);
});

test("masks that differ have other fingerprints", () => {
  assert.equal(fingerprint([3, 2]), fingerprint([3, 2]));
  assert.notEqual(fingerprint([3, 2]), fingerprint([3, 3]));
  assert.notEqual(fingerprint([3, 2]), fingerprint([2, 3]));
});
