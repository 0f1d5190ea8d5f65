/** What tests ask of the pictures, which cannot be read off the page. */

import { frameFromVoxel } from "../geometry/frame.js";
import { toScreen } from "../geometry/planes.js";

/** @import {Session} from "../reading/session.js" */
/** @import {Viewer} from "./viewer.js" */

/** @param {Viewer} viewer @param {Session} session */
export const probe = (viewer, session) => ({
  viewer,
  session,
  /**
   * Where a voxel is drawn in the axial picture, in pixels of the page from its corner; its slice is brought up.
   * @param {number[]} voxel
   */
  pixelOf(voxel) {
    const tile = viewer.tiles.find(({ plane, isPartner }) => plane.name === "axial" && !isPartner);
    if (!viewer.frame || !tile) return null;
    const point = frameFromVoxel(viewer.frame, voxel);
    viewer.lookAt(point);
    return toScreen(tile, viewer.box(tile), point[0], point[1]).map((value) => value / viewer.scale);
  },
});
