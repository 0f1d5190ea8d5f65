/** What is drawn above the pictures: letters, slice numbers, a scale, the crosshair, and the layers of others. */

import { sliceAt } from "../geometry/frame.js";
import { toScreen } from "../geometry/planes.js";
import { color } from "./color.js";

/** @import {ScanFrame} from "../geometry/frame.js" */
/** @import {Box, Tile} from "../geometry/planes.js" */
/** @import {Loop} from "../masks/contours.js" */
/** @import {Viewer} from "./viewer.js" */

/**
 * @typedef {object} Sheet one tile to draw on
 * @property {CanvasRenderingContext2D} context
 * @property {Tile} tile
 * @property {Box} box
 * @property {number} slice
 * @property {number} scale pixels of the screen per pixel of the page
 * @property {ScanFrame} frame
 */
/** @typedef {{ draw: (sheet: Sheet) => void }} Layer */

export class Overlay {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  }

  /** @param {Viewer} viewer @param {ScanFrame} frame */
  draw(viewer, frame) {
    const { context } = this;
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    for (const tile of viewer.tiles) {
      const slice = sliceAt(frame, tile.plane.through, viewer.location);
      /** @type {Sheet} */
      const sheet = { context, tile, box: viewer.box(tile), slice, scale: viewer.scale, frame };
      context.save();
      context.beginPath();
      context.rect(tile.x, tile.y, tile.width, tile.height);
      context.clip();
      if (viewer.hasCrosshair) drawCrosshair(sheet, viewer.location);
      for (const layer of viewer.layers) layer.draw(sheet);
      drawWords(sheet, viewer.slabMm);
      drawScale(sheet);
      context.restore();
    }
  }
}

/**
 * Paths of closed loops, to be stroked or filled.
 * @param {Sheet} sheet @param {Loop[]} loops
 */
export function traceLoops({ context, tile, box }, loops) {
  context.beginPath();
  for (const loop of loops) {
    for (let n = 0; n < loop.length; n += 2) {
      const [x, y] = toScreen(tile, box, loop[n], loop[n + 1]);
      if (n === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
    context.closePath();
  }
}

/** Open around the place, so that it hides nothing. @param {Sheet} sheet @param {ArrayLike<number>} location */
function drawCrosshair({ context, tile, box, scale }, location) {
  const [x, y] = toScreen(tile, box, location[tile.plane.across], location[tile.plane.up]).map(
    (value) => Math.round(value) + 0.5,
  );
  const gap = 14 * scale;
  context.strokeStyle = color("--crosshair");
  context.globalAlpha = 0.6;
  context.lineWidth = scale;
  context.beginPath();
  for (const [fromX, fromY, toX, toY] of [
    [tile.x, y, x - gap, y],
    [x + gap, y, tile.x + tile.width, y],
    [x, tile.y, x, y - gap],
    [x, y + gap, x, tile.y + tile.height],
  ]) {
    context.moveTo(fromX, fromY);
    context.lineTo(toX, toY);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** @param {Sheet} sheet @param {number} slabMm */
function drawWords({ context, tile, slice, scale, frame }, slabMm) {
  const { plane, x, y, width, height } = tile;
  const edge = 7 * scale;
  const size = Math.round(12 * scale);
  /** @param {string} words @param {number} atX @param {number} atY @param {CanvasTextAlign} align */
  const write = (words, atX, atY, align) => {
    context.textAlign = align;
    context.lineWidth = 3 * scale;
    context.strokeStyle = color("--black");
    context.strokeText(words, atX, atY);
    context.fillText(words, atX, atY);
  };
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.fillStyle = color("--picture-text");
  context.font = `600 ${size}px system-ui, sans-serif`;
  const [left, right, top, bottom] = plane.letters;
  write(left, x + edge, y + height / 2, "left");
  write(right, x + width - edge, y + height / 2, "right");
  write(top, x + width / 2, y + edge + size / 2, "center");
  write(bottom, x + width / 2, y + height - edge - size / 2, "center");
  context.font = `${Math.round(11 * scale)}px system-ui, sans-serif`;
  const isSlab = slabMm > 0 && !tile.isPartner && plane.through === frame.sliceAxis;
  const words = `${plane.name} ${slice + 1}/${frame.size[plane.through]}${isSlab ? ` · darkest of ${slabMm} mm` : ""}`;
  write(words, x + edge, y + edge + size / 2, "left");
}

/** @param {Sheet} sheet */
function drawScale({ context, tile, box, scale }) {
  const perMm = tile.width / (box.left - box.right);
  const length = [50, 20, 10, 5, 2].find((mm) => mm * perMm < tile.width / 3) ?? 1;
  const right = tile.x + tile.width - 8 * scale;
  const y = Math.round(tile.y + tile.height - 9 * scale) + 0.5;
  context.strokeStyle = color("--picture-text");
  context.lineWidth = scale;
  context.beginPath();
  context.moveTo(right - length * perMm, y - 3 * scale);
  context.lineTo(right - length * perMm, y);
  context.lineTo(right, y);
  context.lineTo(right, y - 3 * scale);
  context.stroke();
  context.font = `${Math.round(10 * scale)}px system-ui, sans-serif`;
  context.textAlign = "right";
  context.fillStyle = color("--picture-text");
  context.fillText(`${length} mm`, right, y - 9 * scale);
}
