/** Grey values: which is black and which is white. */

/** @import {ImageVolume} from "./volume.js" */
/** @typedef {{ black: number, white: number }} GreyWindow */

/** Voxels looked at for the window of a second image. */
const SAMPLED = 50_000;
/** Darker than this share of what is bright is air. */
const AIR = 0.2;

/** @param {GreyWindow} window @param {number} by part of its width; brighter above 0 @returns {GreyWindow} */
export function brighter(window, by) {
  const shift = by * (window.white - window.black);
  return { black: window.black - shift, white: window.white - shift };
}

/** @param {GreyWindow} window @param {number} factor of the width, about its middle @returns {GreyWindow} */
export function widened(window, factor) {
  const middle = (window.white + window.black) / 2;
  const half = Math.max(((window.white - window.black) / 2) * factor, 0.5);
  return { black: middle - half, white: middle + half };
}

/**
 * By dragging: across for contrast, up and down for brightness.
 * @param {GreyWindow} from window where the drag began
 * @param {number} across part of the picture's width
 * @param {number} down part of its height
 */
export const dragged = (from, across, down) => brighter(widened(from, Math.exp(2 * across)), -down);

/**
 * From black to just above the brightest tissue.
 * @param {ImageVolume} volume @returns {GreyWindow}
 */
export function windowOf(volume) {
  const step = Math.max(1, Math.floor(volume.steps.length / SAMPLED));
  const sample = [];
  for (let n = 0; n < volume.steps.length; n += step) {
    sample.push(volume.steps[n] * volume.slope + volume.intercept);
  }
  sample.sort((a, b) => a - b);
  const at = (/** @type {number[]} */ values, /** @type {number} */ share) =>
    values[Math.round(share * (values.length - 1))] ?? 0;
  const air = AIR * at(sample, 0.98);
  const white =
    1.1 *
    at(
      sample.filter((value) => value > air),
      0.99,
    );
  const black = Math.min(0, sample[0] ?? 0);
  return white > black ? { black, white } : { black, white: black + 1 };
}
