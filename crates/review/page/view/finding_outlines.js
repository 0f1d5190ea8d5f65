/** Outlines of the findings on a slice: what each is, is told by colour and by the kind of line. */

import { toScreen } from "../geometry/planes.js";
import { frameFromWorld } from "../geometry/frame.js";
import { OutlineCache } from "../masks/outline_cache.js";
import { maskShown, verdictOf } from "../reading/marks.js";
import { color } from "./color.js";
import { traceLoops } from "./overlay.js";

/** @import {Verdict} from "../types/interface.d.ts" */
/** @import {Session} from "../reading/session.js" */
/** @import {Loop} from "../masks/contours.js" */
/** @import {Sheet} from "./overlay.js" */

/** @type {Record<Verdict | "own", { token: string, dash: number[] }>} */
const LINES = {
  open: { token: "--open", dash: [5, 3] },
  accepted: { token: "--accepted", dash: [] },
  rejected: { token: "--rejected-outline", dash: [1.5, 3] },
  own: { token: "--own", dash: [] },
};

const LANDMARK_PX = 5.5;

/**
 * @param {Session} session @param {() => boolean} isShown
 * @returns {{ draw: (sheet: Sheet) => void }}
 */
export function findingOutlines(session, isShown) {
  /** @type {OutlineCache | null} */
  let cache = null;
  return {
    draw(sheet) {
      if (!isShown() || !session.reading) return;
      if (cache?.frame !== sheet.frame) cache = new OutlineCache(sheet.frame);
      for (const shape of shapes(session)) {
        const loops = cache.loops(shape.item, shape.mask, sheet.tile.plane, sheet.slice);
        if (loops.length === 0) continue;
        const isSelected = shape.item === session.selected;
        traceLoops(sheet, loops);
        strokeLine(sheet, LINES[shape.line], isSelected);
        if (isSelected) drawCorners(sheet, loops);
      }
      for (const landmark of session.reading.landmarks) drawLandmark(sheet, landmark.world);
    },
  };
}

/** @param {Session} session */
function* shapes(session) {
  if (session.consensus) {
    for (const place of session.consensus.places) {
      yield { item: place.id, mask: place.mask, line: verdictOf(place.decision) };
    }
    return;
  }
  for (const finding of session.reading?.findings ?? []) {
    const mark = session.mark(finding);
    const verdict = verdictOf(mark);
    /** @type {Verdict | "own"} */
    const line = finding.origin === "reader" && verdict === "accepted" ? "own" : verdict;
    yield { item: finding.item, mask: maskShown(finding, mark), line };
  }
  for (const { key, item, value } of session.unanswered) {
    if (item === null && value?.kind === "finding" && value.mask) {
      yield { item: key, mask: value.mask, line: /** @type {const} */ ("own") };
    }
  }
}

/** @param {Sheet} sheet @param {{ token: string, dash: number[] }} line @param {boolean} isSelected */
function strokeLine({ context, scale }, line, isSelected) {
  context.setLineDash(line.dash.map((value) => value * scale));
  context.lineWidth = (isSelected ? 2 : 1.5) * scale;
  context.strokeStyle = color(line.token);
  context.stroke();
  context.setLineDash([]);
}

/** Corners around the selected finding: they show it without covering a lesion of a few pixels. @param {Sheet} sheet @param {Loop[]} loops */
function drawCorners({ context, tile, box, scale }, loops) {
  const corners = loops.flatMap((loop) =>
    Array.from({ length: loop.length / 2 }, (_, n) => toScreen(tile, box, loop[2 * n], loop[2 * n + 1])),
  );
  const room = 6 * scale;
  const arm = 6 * scale;
  const [left, top] = [0, 1].map((a) => Math.round(Math.min(...corners.map((corner) => corner[a])) - room) + 0.5);
  const [right, bottom] = [0, 1].map((a) => Math.round(Math.max(...corners.map((corner) => corner[a])) + room) + 0.5);
  context.beginPath();
  for (const [x, y, towardsX, towardsY] of [
    [left, top, 1, 1],
    [right, top, -1, 1],
    [left, bottom, 1, -1],
    [right, bottom, -1, -1],
  ]) {
    context.moveTo(x + towardsX * arm, y);
    context.lineTo(x, y);
    context.lineTo(x, y + towardsY * arm);
  }
  context.lineWidth = 2 * scale;
  context.strokeStyle = color("--white");
  context.stroke();
}

/** @param {Sheet} sheet @param {ArrayLike<number>} world */
function drawLandmark({ context, tile, box, slice, frame, scale }, world) {
  const point = frameFromWorld(frame, world);
  const { through, across, up } = tile.plane;
  if (Math.abs(point[through] / frame.spacing[through] - (slice + 0.5)) > 0.75) return;
  const [x, y] = toScreen(tile, box, point[across], point[up]);
  const size = LANDMARK_PX * scale;
  context.beginPath();
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.closePath();
  context.lineWidth = 1.5 * scale;
  context.strokeStyle = color("--landmark");
  context.stroke();
}
