/**
 * Where the three planes are on the screen.
 *
 * Radiological convention: the patient's right is on the left, and on sagittal slices the face looks to the left. So in
 * every plane both axes of the frame run against those of the screen.
 */

/** @import {Vec3} from "../types/interface.d.ts" */
/** @typedef {"axial" | "coronal" | "sagittal"} PlaneName */
/**
 * @typedef {object} Plane
 * @property {PlaneName} name
 * @property {number} across axis of the frame along the screen's rows
 * @property {number} up axis of the frame along the screen's columns
 * @property {number} through axis of the frame through the slices
 * @property {[string, string, string, string]} letters left, right, top, bottom
 */
/**
 * @typedef {object} Tile a plane's rectangle in pixels
 * @property {Plane} plane
 * @property {boolean} isPartner
 * @property {number} x
 * @property {number} y
 * @property {number} width
 * @property {number} height
 */
/** @typedef {{ left: number, right: number, bottom: number, top: number }} Box edges in millimetres of the frame */

/** @type {Record<PlaneName, Plane>} */
export const PLANES = {
  axial: { name: "axial", across: 0, up: 1, through: 2, letters: ["R", "L", "A", "P"] },
  coronal: { name: "coronal", across: 0, up: 2, through: 1, letters: ["R", "L", "S", "I"] },
  sagittal: { name: "sagittal", across: 1, up: 2, through: 0, letters: ["A", "P", "S", "I"] },
};

const GAP = 2;
/** Share of the screen that the slices as acquired have. */
const LARGE = 0.66;

/**
 * The large plane is the one of the slices as acquired.
 * @param {number} width @param {number} height @param {boolean} isSplit @param {number} sliceAxis
 * @returns {Tile[]}
 */
export function layout(width, height, isSplit, sliceAxis = 2) {
  const all = Object.values(PLANES);
  const large = all.find((plane) => plane.through === sliceAxis) ?? PLANES.axial;
  const order = [large, ...all.filter((plane) => plane !== large)];
  const part = isSplit ? (width - GAP) / 2 : width;
  /** @param {number} x @param {boolean} isPartner */
  const group = (x, isPartner) => {
    const isWide = part > height;
    const first = Math.round((isWide ? part : height) * LARGE);
    const rest = (isWide ? part : height) - first - GAP;
    const half = Math.round(((isWide ? height : part) - GAP) / 2);
    const other = (isWide ? height : part) - GAP - half;
    const spots = isWide
      ? [
          [0, 0, first, height],
          [first + GAP, 0, rest, half],
          [first + GAP, half + GAP, rest, other],
        ]
      : [
          [0, 0, part, first],
          [0, first + GAP, half, rest],
          [half + GAP, first + GAP, other, rest],
        ];
    return order.map((plane, n) => {
      const [left = 0, y = 0, w = 1, h = 1] = spots[n] ?? [];
      return { plane, isPartner, x: x + left, y, width: w, height: h };
    });
  };
  return isSplit ? [...group(0, false), ...group(part + GAP, true)] : group(0, false);
}

/**
 * What a tile shows: the whole slice at zoom 1, centred, without distortion.
 * @param {Tile} tile @param {Vec3} extent @param {Vec3} center @param {number} zoom
 * @returns {Box}
 */
export function boxOf(tile, extent, center, zoom) {
  const { across, up } = tile.plane;
  const perPixel = Math.max((extent[across] ?? 1) / tile.width, (extent[up] ?? 1) / tile.height) / zoom;
  const wide = (perPixel * tile.width) / 2;
  const high = (perPixel * tile.height) / 2;
  const x = center[across] ?? 0;
  const y = center[up] ?? 0;
  return { left: x + wide, right: x - wide, bottom: y - high, top: y + high };
}

/**
 * @param {Tile} tile @param {Box} box @param {number} across @param {number} up millimetres
 * @returns {[number, number]} pixels
 */
export function toScreen(tile, box, across, up) {
  return [
    tile.x + ((box.left - across) / (box.left - box.right)) * tile.width,
    tile.y + ((box.top - up) / (box.top - box.bottom)) * tile.height,
  ];
}

/**
 * The point of the frame under a pixel, on the slice through `location`.
 * @param {Tile} tile @param {Box} box @param {number} x @param {number} y @param {Vec3} location
 * @returns {Vec3}
 */
export function fromScreen(tile, box, x, y, location) {
  /** @type {Vec3} */
  const point = [...location];
  point[tile.plane.across] = box.left - ((x - tile.x) / tile.width) * (box.left - box.right);
  point[tile.plane.up] = box.top - ((y - tile.y) / tile.height) * (box.top - box.bottom);
  return point;
}

/** @param {Tile[]} tiles @param {number} x @param {number} y */
export const tileAt = (tiles, x, y) =>
  tiles.find((t) => x >= t.x && x < t.x + t.width && y >= t.y && y < t.y + t.height) ?? null;
