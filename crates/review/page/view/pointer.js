/** The pointer on the pictures. */

import { fromScreen, tileAt } from "../geometry/planes.js";
import { dragged } from "./window.js";

/** @import {Vec3} from "../types/interface.d.ts" */
/** @import {Tile} from "../geometry/planes.js" */
/** @import {Viewer} from "./viewer.js" */

/** @typedef {{ tile: Tile, point: Vec3, isFirst: boolean, isLast: boolean, hasShift: boolean }} Stroke */
/** @typedef {(stroke: Stroke) => void} StrokeListener what the left button does; the crosshair follows without one */

/**
 * @param {Viewer} viewer
 * @param {() => StrokeListener | null} tool
 * @param {(point: Vec3 | null, tile: Tile | null) => void} onHover
 */
export function listenToPointer(viewer, tool, onHover) {
  const surface = viewer.drawing;
  /** @type {((event: PointerEvent, isLast: boolean) => void) | null} */
  let drag = null;

  /** @param {MouseEvent} event @param {Tile} [kept] a stroke stays on the tile it began on */
  const place = (event, kept) => {
    const bounds = surface.getBoundingClientRect();
    const x = (event.clientX - bounds.left) * viewer.scale;
    const y = (event.clientY - bounds.top) * viewer.scale;
    const tile = kept ?? tileAt(viewer.tiles, x, y);
    return tile && { tile, point: fromScreen(tile, viewer.box(tile), x, y, viewer.location) };
  };

  surface.addEventListener("contextmenu", (event) => event.preventDefault());
  surface.addEventListener("pointerdown", (event) => {
    const start = place(event);
    if (!start || drag || !viewer.frame) return;
    surface.setPointerCapture(event.pointerId);
    const listener = tool();
    if (event.button === 2) drag = windowDrag(viewer, start.tile, event);
    else if (event.button === 1 || (event.shiftKey && !listener)) drag = panDrag(viewer, start.tile, event);
    else if (event.button === 0) {
      drag = (moved, isLast) => {
        const to = place(moved, start.tile);
        if (!to) return;
        if (!listener) return viewer.lookAt(to.point);
        listener({ ...to, isFirst: moved === event, isLast, hasShift: event.shiftKey });
      };
      drag(event, false);
    }
    event.preventDefault();
    surface.focus();
  });
  surface.addEventListener("pointermove", (event) => {
    drag?.(event, false);
    const under = place(event);
    onHover(under?.point ?? null, under?.tile ?? null);
  });
  const end = (/** @type {PointerEvent} */ event) => {
    const last = drag;
    drag = null;
    last?.(event, true);
  };
  surface.addEventListener("pointerup", end);
  surface.addEventListener("pointercancel", end);
  surface.addEventListener("pointerleave", () => onHover(null, null));
  listenToWheel(viewer, place);
}

/** @param {Viewer} viewer @param {(event: MouseEvent) => { tile: Tile, point: Vec3 } | null} place */
function listenToWheel(viewer, place) {
  let turned = 0;
  viewer.drawing.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const under = place(event);
      if (!under) return;
      if (event.ctrlKey) {
        viewer.zoomBy(Math.exp(-event.deltaY / 400), under.point);
        return;
      }
      // A touchpad sends many small turns; a slice is worth forty pixels.
      turned += event.deltaMode === 0 ? event.deltaY / 40 : Math.sign(event.deltaY);
      const slices = Math.abs(event.deltaY) >= 40 ? Math.sign(turned) : Math.trunc(turned);
      if (slices === 0) return;
      turned = 0;
      viewer.moveSlices(under.tile.plane.through, -slices);
    },
    { passive: false },
  );
}

/** @param {Viewer} viewer @param {Tile} tile @param {PointerEvent} start */
function windowDrag(viewer, tile, start) {
  const name = tile.isPartner ? "partner" : "scan";
  const first = viewer.windows[name];
  return (/** @type {PointerEvent} */ event) => {
    const across = (event.clientX - start.clientX) / viewer.host.clientWidth;
    const down = (event.clientY - start.clientY) / viewer.host.clientHeight;
    viewer.setWindow(name, dragged(first, across, down));
  };
}

/** @param {Viewer} viewer @param {Tile} tile @param {PointerEvent} start */
function panDrag(viewer, tile, start) {
  const first = viewer.center;
  const box = viewer.box(tile);
  const perPixel = ((box.left - box.right) / tile.width) * viewer.scale;
  return (/** @type {PointerEvent} */ event) => {
    /** @type {Vec3} */
    const center = [...first];
    center[tile.plane.across] += (event.clientX - start.clientX) * perPixel;
    center[tile.plane.up] += (event.clientY - start.clientY) * perPixel;
    viewer.center = center;
    viewer.redraw();
  };
}
