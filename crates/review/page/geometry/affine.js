/** Affine maps as rows of a 4x4 matrix, as the server sends them. */

/** @import {Vec3} from "../types/interface.d.ts" */
/** @typedef {number[][]} Affine */

/** @param {Affine} map @param {ArrayLike<number>} point @returns {Vec3} */
export function apply(map, point) {
  /** @param {number} row */
  const at = (row) => {
    const [a = 0, b = 0, c = 0, t = 0] = map[row] ?? [];
    return a * (point[0] ?? 0) + b * (point[1] ?? 0) + c * (point[2] ?? 0) + t;
  };
  return [at(0), at(1), at(2)];
}

/**
 * The map that applies `second` after `first`.
 * @param {Affine} second @param {Affine} first @returns {Affine}
 */
export function after(second, first) {
  return second.map((row) =>
    [0, 1, 2, 3].map((column) => row.reduce((sum, value, n) => sum + value * (first[n]?.[column] ?? 0), 0)),
  );
}

/** @param {Affine} map @returns {Affine} */
export function invert(map) {
  const [[a, b, c, x], [d, e, f, y], [g, h, i, z]] = /** @type {[number[], number[], number[]]} */ (map).map((row) => [
    ...row,
  ]);
  const n = /** @type {(value: number | undefined) => number} */ ((value) => value ?? 0);
  const minors = [
    [n(e) * n(i) - n(f) * n(h), n(c) * n(h) - n(b) * n(i), n(b) * n(f) - n(c) * n(e)],
    [n(f) * n(g) - n(d) * n(i), n(a) * n(i) - n(c) * n(g), n(c) * n(d) - n(a) * n(f)],
    [n(d) * n(h) - n(e) * n(g), n(b) * n(g) - n(a) * n(h), n(a) * n(e) - n(b) * n(d)],
  ];
  const determinant = n(a) * n(minors[0]?.[0]) + n(b) * n(minors[1]?.[0]) + n(c) * n(minors[2]?.[0]);
  if (!(Math.abs(determinant) > 1e-12)) {
    throw new Error(
      `inverting the map of the image: its determinant is ${determinant}, expected one that is not 0; check the file's header`,
    );
  }
  const rows = minors.map((row) => row.map((value) => value / determinant));
  const shifted = rows.map((row) => [...row, -(n(row[0]) * n(x) + n(row[1]) * n(y) + n(row[2]) * n(z))]);
  return [...shifted, [0, 0, 0, 1]];
}
