/** Outlines of masks on slices: along the edges of voxels, so that they say exactly what is marked. */

import { isIn } from "./solid.js";

/** @import {Plane} from "../geometry/planes.js" */
/** @import {ScanFrame} from "../geometry/frame.js" */
/** @import {Solid} from "./solid.js" */

/** @typedef {number[]} Loop corners `[across, up, across, up, ...]` in millimetres of the frame; closed */

/**
 * @param {ScanFrame} frame @param {Solid} solid @param {Plane} plane @param {number} slice
 * @returns {Loop[]}
 */
export function contours(frame, solid, plane, slice) {
  const { across, up, through } = plane;
  const depth = slice - (solid.low[through] ?? 0);
  /** @param {number} i @param {number} j */
  const filled = (i, j) => {
    const at = [0, 0, 0];
    at[across] = i;
    at[up] = j;
    at[through] = depth;
    return isIn(solid, at[0] ?? 0, at[1] ?? 0, at[2] ?? 0);
  };
  const edges = boundary(solid.size[across] ?? 0, solid.size[up] ?? 0, filled);
  const scale = [frame.spacing[across] ?? 1, frame.spacing[up] ?? 1];
  const origin = [solid.low[across] ?? 0, solid.low[up] ?? 0];
  return linked(edges).map((loop) => loop.map((value, n) => (value + (origin[n % 2] ?? 0)) * (scale[n % 2] ?? 1)));
}

/** @typedef {Map<string, [number, number][]>} Edges from a corner to the corners that follow it */

/**
 * Edges between filled and empty, with the filled side on the left.
 * @param {number} width @param {number} height @param {(i: number, j: number) => boolean} filled
 * @returns {Edges}
 */
function boundary(width, height, filled) {
  /** @type {Edges} */
  const edges = new Map();
  /** @param {number} x @param {number} y @param {number} toX @param {number} toY */
  const add = (x, y, toX, toY) => {
    const key = `${x},${y}`;
    const from = edges.get(key);
    if (from) {
      from.push([toX, toY]);
    } else {
      edges.set(key, [[toX, toY]]);
    }
  };
  for (let j = 0; j < height; j++) {
    for (let i = 0; i < width; i++) {
      if (!filled(i, j)) continue;
      if (!filled(i, j - 1)) add(i, j, i + 1, j);
      if (!filled(i + 1, j)) add(i + 1, j, i + 1, j + 1);
      if (!filled(i, j + 1)) add(i + 1, j + 1, i, j + 1);
      if (!filled(i - 1, j)) add(i, j + 1, i, j);
    }
  }
  return edges;
}

/** @param {Edges} edges @returns {number[][]} */
function linked(edges) {
  const loops = [];
  for (const [key, starts] of edges) {
    while (starts.length > 0) {
      const [x = 0, y = 0] = key.split(",").map(Number);
      const corners = [[x, y]];
      let next = /** @type {[number, number]} */ (starts.pop());
      while (next[0] !== x || next[1] !== y) {
        corners.push(next);
        const following = edges.get(`${next[0]},${next[1]}`)?.pop();
        if (!following) break;
        next = following;
      }
      loops.push(withoutMiddles(corners));
    }
  }
  return loops;
}

/** @param {number[][]} corners @returns {number[]} only where the outline turns */
function withoutMiddles(corners) {
  const n = corners.length;
  return corners
    .filter((corner, at) => {
      const before = corners[(at + n - 1) % n] ?? corner;
      const after = corners[(at + 1) % n] ?? corner;
      const isStraight =
        (before[0] === corner[0] && corner[0] === after[0]) || (before[1] === corner[1] && corner[1] === after[1]);
      return !isStraight;
    })
    .flat();
}
