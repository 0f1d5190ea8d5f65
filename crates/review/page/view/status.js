/** The line below the pictures: where, and how bright. */

import { byId } from "../dom/element.js";
import { voxelFromFrame, worldFromFrame } from "../geometry/frame.js";

/** @import {Vec3} from "../types/interface.d.ts" */
/** @import {Viewer} from "./viewer.js" */

/** @param {number} value */
const grey = (value) => String(Number(value.toPrecision(3)));

/** World axes are named by the letters of where they lead. @param {number} mm @param {string} onward @param {string} back */
const along = (mm, onward, back) => `${Math.abs(mm).toFixed(1)} ${mm < 0 ? back : onward}`;

/** @param {Viewer} viewer @returns {(point: Vec3 | null) => void} for the place under the pointer */
export function showStatus(viewer) {
  const place = byId("status-place", HTMLElement);
  const window = byId("status-window", HTMLElement);
  /** @type {Vec3 | null} */
  let hovered = null;
  const update = () => {
    const { frame } = viewer;
    if (!frame) return;
    const point = hovered ?? viewer.location;
    const voxel = voxelFromFrame(frame, point).map((value) => Math.round(value));
    const [x, y, z] = worldFromFrame(frame, point);
    const value = viewer.valueAt(voxel);
    place.textContent = `${along(x, "R", "L")}  ${along(y, "A", "P")}  ${along(z, "S", "I")} mm · voxel ${voxel.join(", ")}${value === null ? "" : ` · ${grey(value)}`}`;
  };
  const updateWindow = () => {
    const { black, white } = viewer.windows.scan;
    window.textContent = `grey ${grey(black)} to ${grey(white)}`;
  };
  viewer.addEventListener("location", update);
  viewer.addEventListener("view", updateWindow);
  return (point) => {
    hovered = point;
    update();
  };
}
