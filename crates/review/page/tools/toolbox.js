/** Which tool the left button has. */

import { Growing } from "./growing.js";
import { Landmarking } from "./landmarking.js";
import { Painting } from "./painting.js";

/** @import {Vec3} from "../types/interface.d.ts" */
/** @import {Session} from "../reading/session.js" */
/** @import {Sheet} from "../view/overlay.js" */
/** @import {Stroke} from "../view/pointer.js" */
/** @import {Tile} from "../geometry/planes.js" */
/** @import {Viewer} from "../view/viewer.js" */

/** @typedef {"look" | "add" | "group" | "brush" | "erase" | "landmark"} ToolName */
/**
 * @typedef {object} Tool
 * @property {string} hint
 * @property {boolean} isPending whether something waits to be kept or dropped
 * @property {(stroke: Stroke) => void} stroke
 * @property {() => boolean} keep whether there was something to keep
 * @property {() => void} drop
 * @property {(sheet: Sheet) => void} draw
 */

/** Tells `change` when another tool is chosen or what it says has changed. */
export class Toolbox extends EventTarget {
  /** @type {ToolName} */
  name = "look";

  /** @param {Session} session @param {Viewer} viewer @param {(world: Vec3) => void} askLandmark */
  constructor(session, viewer, askLandmark) {
    super();
    this.viewer = viewer;
    const changed = () => {
      viewer.redraw();
      this.dispatchEvent(new Event("change"));
    };
    this.add = new Growing(session, false, changed);
    this.group = new Growing(session, true, changed);
    this.brush = new Painting(session, false, changed);
    this.erase = new Painting(session, true, changed);
    this.landmark = new Landmarking(session, askLandmark);
    viewer.layers.push({ draw: (sheet) => this.tool?.draw(sheet) });
    session.on(["scan"], () => this.choose("look"));
    session.on(["selection"], () => this.dispatchEvent(new Event("change")));
  }

  /** @returns {Tool | null} */
  get tool() {
    return this.name === "look" ? null : this[this.name];
  }

  /** @returns {Growing | null} */
  get growing() {
    return this.name === "add" || this.name === "group" ? this[this.name] : null;
  }

  /** @param {ToolName} name chosen again it is put away */
  choose(name) {
    this.tool?.drop();
    this.name = name === this.name ? "look" : name;
    this.viewer.drawing.dataset.tool = this.name;
    this.viewer.redraw();
    this.dispatchEvent(new Event("change"));
  }

  /** Keeps what is marked; the tool of single lesions is put away then. @returns {boolean} */
  keep() {
    const isKept = this.tool?.keep() ?? false;
    if (isKept) this.choose("look");
    return isKept;
  }

  /** Drops what is marked, or puts the tool away. @returns {boolean} */
  drop() {
    const { tool } = this;
    if (!tool) return false;
    if (tool.isPending) tool.drop();
    else this.choose("look");
    return true;
  }

  /** Where the brush would paint. @param {Vec3 | null} point @param {Tile | null} tile */
  hover(point, tile) {
    const painting = this.name === "brush" || this.name === "erase" ? this[this.name] : null;
    if (!painting) return;
    painting.hover = point && tile && !tile.isPartner ? { tile, point } : null;
    this.viewer.redraw();
  }
}
