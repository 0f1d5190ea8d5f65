import assert from "node:assert/strict";
import { test } from "node:test";
import { stubFile } from "../view/stub_file.js";
import { readVolume, valueAt } from "../view/volume.js";
import { brighter, dragged, widened, windowOf } from "../view/window.js";

/** A file of 2 x 2 x 1 voxels with slope 0.5. */
function file() {
  const bytes = new ArrayBuffer(352 + 8);
  const view = new DataView(bytes);
  view.setInt32(0, 348, true);
  [3, 2, 2, 1].forEach((value, n) => view.setInt16(40 + 2 * n, value, true));
  view.setInt16(70, 4, true);
  view.setFloat32(108, 352, true);
  view.setFloat32(112, 0.5, true);
  view.setFloat32(116, 10, true);
  [[1, 0, 0, -3], [0, 2, 0, 4], [0, 0, 5, 6]].flat().forEach((value, n) => view.setFloat32(280 + 4 * n, value, true));
  [2, 4, 6, 8].forEach((value, n) => view.setInt16(352 + 2 * n, value, true));
  return bytes;
}

test("voxels and their place are read", () => {
  const volume = readVolume(file());
  assert.deepEqual(volume.shape, [2, 2, 1]);
  assert.deepEqual(volume.worldFromVoxel[0], [1, 0, 0, -3]);
  // 10 + 0.5 · 6
  assert.equal(valueAt(volume, [0, 1, 0]), 13);
  assert.equal(valueAt(volume, [0.4, 0.9, 0]), 13);
  assert.equal(valueAt(volume, [2, 0, 0]), null);
});

test("what is cut off or something else is refused", () => {
  assert.throws(() => readVolume(file().slice(0, 355)), /355 bytes, expected 360/);
  assert.throws(() => readVolume(new ArrayBuffer(20)), /no NIfTI-1/);
  const floats = file();
  new DataView(floats).setInt16(70, 16, true);
  assert.throws(() => readVolume(floats), /no NIfTI-1/);
});

test("the stub fills the box from 0", () => {
  const view = new DataView(stubFile([100, 80, 60]));
  // Two voxels of 50 mm: the first has its middle at 25.
  assert.deepEqual([280, 292].map((at) => view.getFloat32(at, true)), [50, 25]);
  assert.deepEqual([320, 324].map((at) => view.getFloat32(at, true)), [30, 15]);
});

test("windows", () => {
  assert.deepEqual(widened({ black: 0, white: 100 }, 0.5), { black: 25, white: 75 });
  assert.deepEqual(brighter({ black: 0, white: 100 }, 0.1), { black: -10, white: 90 });
  assert.deepEqual(dragged({ black: 0, white: 100 }, 0, 0), { black: 0, white: 100 });
  const wide = dragged({ black: 0, white: 100 }, 0.5, 0);
  // exp(2 · 0.5) times as wide
  assert.ok(Math.abs(wide.white - wide.black - 100 * Math.E) < 1e-9);
});

test("the first window of a second image leaves air out", () => {
  const steps = Int16Array.from({ length: 1000 }, (_, n) => (n < 500 ? 2 : 100));
  const volume = { shape: [10, 10, 10], steps, slope: 2, intercept: 0, worldFromVoxel: [] };
  const window = windowOf(volume);
  assert.equal(window.black, 0);
  // 1.1 · 200
  assert.ok(Math.abs(window.white - 220) < 1e-9);
});
