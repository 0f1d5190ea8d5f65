import assert from "node:assert/strict";
import { test } from "node:test";
import { stubFile } from "../view/stub_file.js";
import { readVolume, valueAt } from "../view/volume.js";
import { dragged, widened, windowOf } from "../view/window.js";

/** A file as the server sends it. @param {number[]} steps @param {[number, number, number]} shape */
function file(steps, shape, slope = 0.5, intercept = 10) {
  const bytes = new ArrayBuffer(352 + 2 * steps.length);
  const view = new DataView(bytes);
  view.setInt32(0, 348, true);
  [3, ...shape].forEach((value, n) => view.setInt16(40 + 2 * n, value, true));
  view.setInt16(70, 4, true);
  view.setFloat32(108, 352, true);
  view.setFloat32(112, slope, true);
  view.setFloat32(116, intercept, true);
  for (const n of [0, 1, 2]) view.setFloat32(280 + 20 * n, 2, true);
  new Int16Array(bytes, 352).set(steps);
  return bytes;
}

test("stored numbers become values by the file's slope", () => {
  const volume = readVolume(file([0, 2, 4, 6], [2, 2, 1]));
  assert.deepEqual(volume.shape, [2, 2, 1]);
  assert.equal(valueAt(volume, [1, 1, 0]), 13);
  assert.equal(valueAt(volume, [2, 0, 0]), null);
  assert.equal(volume.worldFromVoxel[1][1], 2);
});

test("a slope of 0 means none", () => {
  assert.equal(valueAt(readVolume(file([7], [1, 1, 1], 0, 5)), [0, 0, 0]), 7);
});

test("a file that ends early is refused in words", () => {
  assert.throws(() => readVolume(file([1, 2], [2, 2, 1])), /expected 360; reload the page/);
  assert.throws(() => readVolume(new ArrayBuffer(10)), /no NIfTI-1 file/);
});

test("contrast turns about the middle, and dragging right widens the window", () => {
  assert.deepEqual(widened({ black: 0, white: 100 }, 0.5), { black: 25, white: 75 });
  const wide = dragged({ black: 0, white: 100 }, 0.5, 0);
  assert.ok(wide.white - wide.black > 200);
  assert.deepEqual(dragged({ black: 0, white: 100 }, 0, 0.1), { black: 10, white: 110 });
});

test("the window of a second image reaches from black to above its tissue", () => {
  const steps = Array.from({ length: 1000 }, (_, n) => (n < 500 ? 0 : 200 + (n % 40)));
  const { black, white } = windowOf(readVolume(file(steps, [10, 10, 10], 1, 0)));
  assert.equal(black, 0);
  assert.ok(white > 240 && white < 280, `${white}`);
  assert.ok(windowOf(readVolume(file([5, 5], [2, 1, 1], 1, 0))).white > 5);
});

test("NiiVue's box has the extent of the scan", () => {
  const view = new DataView(stubFile([100, 80, 60]));
  assert.equal(view.getInt16(42, true), 2);
  assert.equal(view.getFloat32(80, true) * 2, 100);
});
