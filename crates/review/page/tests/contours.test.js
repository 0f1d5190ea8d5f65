import assert from "node:assert/strict";
import { test } from "node:test";
import { PLANES } from "../geometry/planes.js";
import { contours } from "../masks/contours.js";
import { OutlineCache } from "../masks/outline_cache.js";
import { offsetOf, runsOf } from "../masks/runs.js";
import { solidOf } from "../masks/solid.js";
import { plainFrame, turnedFrame } from "./support/scans.js";

const frame = plainFrame([8, 8, 4]);

/** @param {number[][]} voxels */
const maskOf = (voxels) => runsOf(voxels.map((voxel) => offsetOf(frame.shape, voxel)));

/** @param {number[][]} voxels @param {number} slice */
const axial = (voxels, slice) => contours(frame, solidOf(frame, maskOf(voxels)), PLANES.axial, slice);

/** The area inside, by the shoelace formula; holes count negative. @param {number[]} loop */
function area(loop) {
  let sum = 0;
  for (let n = 0; n < loop.length; n += 2) {
    const [x, y] = [loop[n], loop[n + 1]];
    const [nextX, nextY] = [loop[(n + 2) % loop.length], loop[(n + 3) % loop.length]];
    sum += x * nextY - nextX * y;
  }
  return sum / 2;
}

test("a voxel has four corners where the voxel is", () => {
  const [loop] = axial([[2, 3, 1]], 1);
  assert.equal(loop.length, 8);
  assert.deepEqual([Math.min(...loop), Math.max(...loop)], [2, 4]);
  assert.equal(area(loop), 1);
});

test("no corner is made where the outline goes straight on", () => {
  const [loop] = axial(
    [
      [2, 3, 1],
      [3, 3, 1],
      [4, 3, 1],
    ],
    1,
  );
  assert.equal(loop.length, 8);
  assert.equal(area(loop), 3);
});

test("a hole has an outline of its own", () => {
  const ring = [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => [i + 2, j + 2, 0])).filter(([i, j]) => i !== 3 || j !== 3);
  const loops = axial(ring, 0);
  assert.equal(loops.length, 2);
  assert.equal(area(loops[0]) + area(loops[1]), 8);
});

test("voxels that touch at a corner are both outlined", () => {
  const loops = axial(
    [
      [2, 2, 0],
      [3, 3, 0],
    ],
    0,
  );
  assert.equal(
    loops.reduce((sum, loop) => sum + area(loop), 0),
    2,
  );
});

test("slices beside the mask have no outline, and it is traced once", () => {
  const cache = new OutlineCache(frame);
  const mask = maskOf([[2, 3, 1]]);
  assert.deepEqual(cache.loops("f1", mask, PLANES.axial, 0), []);
  const first = cache.loops("f1", mask, PLANES.axial, 1);
  assert.equal(first.length, 1);
  // The same voxels in another array, as the server sends them with every answer.
  assert.equal(cache.loops("f1", [...mask], PLANES.axial, 1), first);
  assert.notEqual(cache.loops("f1", maskOf([[2, 4, 1]]), PLANES.axial, 1), first);
});

test("a mask of a scan that was stored otherwise is outlined in millimetres of the frame", () => {
  const turned = turnedFrame();
  const solid = solidOf(turned, runsOf([offsetOf(turned.shape, [2, 1, 3])]));
  // Right is 10 - 1 - 2 voxels of 0.5 mm, anterior 3 of 2 mm, superior 6 - 1 - 1 of 3 mm.
  assert.deepEqual(solid.low, [7, 3, 4]);
  const [loop] = contours(turned, solid, PLANES.axial, 4);
  const xs = loop.filter((_, n) => n % 2 === 0);
  const ys = loop.filter((_, n) => n % 2 === 1);
  assert.deepEqual([Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)], [3.5, 4, 6, 8]);
});
