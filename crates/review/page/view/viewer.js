/** The pictures: a scan in three planes, a second image beside it, and what is drawn on both. */

import { after, invert } from "../geometry/affine.js";
import { snapped, voxelFromFraction, frameFromWorld } from "../geometry/frame.js";
import { boxOf, layout, PLANES } from "../geometry/planes.js";
import { Overlay } from "./overlay.js";
import { SLICE_TYPES, Slices } from "./slices.js";
import { readVolume, valueAt } from "./volume.js";
import { windowOf } from "./window.js";

/** @import {Vec3} from "../types/interface.d.ts" */
/** @import {ScanFrame} from "../geometry/frame.js" */
/** @import {Box, PlaneName, Tile} from "../geometry/planes.js" */
/** @import {ImageVolume} from "./volume.js" */
/** @import {GreyWindow} from "./window.js" */
/** @import {SliceTextures, ImageName} from "./slice_textures.js" */
/** @import {Layer} from "./overlay.js" */

/** Thicknesses of the slab of darkest voxels, in millimetres. */
export const SLABS_MM = [0, 4, 8, 12, 20];

/** Tells `location` when another place is shown and `view` when it is shown otherwise. */
export class Viewer extends EventTarget {
  /** @type {ScanFrame | null} */
  frame = null;
  /** @type {ImageVolume | null} */
  volume = null;
  hasPartner = false;
  /** @type {Vec3} in millimetres of the frame */
  location = [0, 0, 0];
  /** @type {Vec3} middle of the pictures */
  center = [0, 0, 0];
  zoom = 1;
  slabMm = 0;
  isSmooth = true;
  hasOutlines = true;
  hasCrosshair = true;
  /** @type {Record<ImageName, GreyWindow>} */
  windows = { scan: { black: 0, white: 1 }, partner: { black: 0, white: 1 } };
  /** @type {Record<ImageName, GreyWindow>} */
  firstWindows = { ...this.windows };
  /** @type {Tile[]} */
  tiles = [];
  /** @type {Layer[]} what else draws, from below to above */
  layers = [];
  /** @type {(() => void)[]} */
  #afterDraw = [];
  #isAwaited = false;

  /** @param {HTMLElement} host @param {HTMLCanvasElement} picture @param {HTMLCanvasElement} drawing */
  constructor(host, picture, drawing) {
    super();
    this.host = host;
    this.picture = picture;
    this.drawing = drawing;
    this.slices = new Slices(picture);
    this.overlay = new Overlay(drawing);
    /** @type {Promise<SliceTextures>} */
    this.started = this.#start();
    new ResizeObserver(() => this.#fit()).observe(host);
  }

  async #start() {
    this.#fit();
    return this.slices.start();
  }

  get scale() {
    return window.devicePixelRatio || 1;
  }

  #fit() {
    for (const canvas of [this.picture, this.drawing]) {
      canvas.width = Math.max(1, Math.round(this.host.clientWidth * this.scale));
      canvas.height = Math.max(1, Math.round(this.host.clientHeight * this.scale));
    }
    this.#arrange();
  }

  #arrange() {
    const { width, height } = this.picture;
    this.tiles = layout(width, height, this.hasPartner, this.frame?.sliceAxis);
    this.redraw();
  }

  /** @param {ScanFrame} frame @param {ArrayBuffer} bytes @param {GreyWindow} first */
  async open(frame, bytes, first) {
    const textures = await this.started;
    const volume = readVolume(bytes);
    this.frame = frame;
    this.volume = volume;
    this.closePartner();
    await this.slices.setExtent(frame.extent);
    textures.setImage("scan", volume, voxelFromFraction(frame));
    this.firstWindows.scan = first;
    this.location = snapped(
      frame,
      frame.extent.map((value) => value / 2),
    );
    this.showWhole();
    this.setWindow("scan", first);
    this.setSlab(0);
    this.#arrange();
  }

  /** @param {ArrayBuffer} bytes of an image in the world of the scan */
  async openPartner(bytes) {
    const textures = await this.started;
    if (!this.frame) return;
    const volume = readVolume(bytes);
    const world = after(this.frame.worldFromVoxel, voxelFromFraction(this.frame));
    textures.setImage("partner", volume, after(invert(volume.worldFromVoxel), world));
    this.firstWindows.partner = windowOf(volume);
    this.hasPartner = true;
    this.setWindow("partner", this.firstWindows.partner);
    this.#arrange();
  }

  closePartner() {
    if (!this.hasPartner) return;
    this.hasPartner = false;
    void this.started.then((textures) => textures.dropImage("partner"));
    this.#arrange();
  }

  /** @param {ImageName} name @param {GreyWindow} window */
  setWindow(name, window) {
    this.windows[name] = window;
    void this.started.then((textures) => textures.setWindow(name, window));
    this.#changed();
  }

  resetWindows() {
    this.setWindow("scan", this.firstWindows.scan);
    if (this.hasPartner) this.setWindow("partner", this.firstWindows.partner);
  }

  /** @param {number} mm */
  setSlab(mm) {
    const { frame } = this;
    if (!frame) return;
    this.slabMm = mm;
    const through = frame.sliceAxis;
    const count = mm > 0 ? Math.max(1, Math.round(mm / frame.spacing[through])) : 0;
    const step = [0, 1, 2].map((axis) => (axis === frame.axis[through] ? 1 : 0));
    const plane = Object.values(PLANES).find((one) => one.through === through) ?? PLANES.axial;
    void this.started.then((textures) => textures.setSlab({ plane: SLICE_TYPES[plane.name], count, step }));
    this.#changed();
  }

  /** @param {boolean} isSmooth */
  setSmooth(isSmooth) {
    this.isSmooth = isSmooth;
    this.#changed();
  }

  toggleOutlines() {
    this.hasOutlines = !this.hasOutlines;
    this.#changed();
  }

  toggleCrosshair() {
    this.hasCrosshair = !this.hasCrosshair;
    this.#changed();
  }

  /** @param {ArrayLike<number>} point of the frame */
  show(point) {
    if (!this.frame) return;
    this.location = snapped(this.frame, point);
    if (this.zoom > 1) this.center = this.location;
    this.redraw();
    this.dispatchEvent(new Event("location"));
  }

  /** @param {ArrayLike<number>} world */
  showWorld(world) {
    if (this.frame) this.show(frameFromWorld(this.frame, world));
  }

  /** Moves without moving the pictures. @param {ArrayLike<number>} point */
  lookAt(point) {
    if (!this.frame) return;
    this.location = snapped(this.frame, point);
    this.redraw();
    this.dispatchEvent(new Event("location"));
  }

  /** @param {number} axis of the frame @param {number} slices */
  moveSlices(axis, slices) {
    if (!this.frame) return;
    /** @type {Vec3} */
    const point = [...this.location];
    point[axis] += slices * this.frame.spacing[axis];
    this.lookAt(point);
  }

  /** @param {number} factor @param {Vec3} about this point stays where it is */
  zoomBy(factor, about) {
    const zoom = Math.min(Math.max(this.zoom * factor, 1), 12);
    const kept = this.zoom / zoom;
    this.center = /** @type {Vec3} */ (about.map((value, a) => value + (this.center[a] - value) * kept));
    this.zoom = zoom;
    if (zoom === 1) this.showWhole();
    this.#changed();
  }

  showWhole() {
    this.zoom = 1;
    if (this.frame) this.center = /** @type {Vec3} */ (this.frame.extent.map((value) => value / 2));
    this.redraw();
  }

  /** @param {Tile} tile @returns {Box} */
  box(tile) {
    return boxOf(tile, this.frame?.extent ?? [1, 1, 1], this.center, this.zoom);
  }

  /** @param {ArrayLike<number>} voxel */
  valueAt(voxel) {
    return this.volume ? valueAt(this.volume, voxel) : null;
  }

  #changed() {
    this.redraw();
    this.dispatchEvent(new Event("view"));
  }

  /** Once all that is asked for now is on the screen. @param {() => void} then */
  afterDraw(then) {
    this.#afterDraw.push(then);
    this.redraw();
  }

  redraw() {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    requestAnimationFrame(() => void this.#draw());
  }

  async #draw() {
    const textures = await this.started;
    this.#isAwaited = false;
    if (!this.frame) return;
    const part = this.tiles.find((tile) => tile.isPartner);
    textures.setPartnerFrom(part ? part.x : Infinity);
    textures.setSmooth(this.isSmooth);
    const boxes = /** @type {Record<PlaneName, Box>} */ (
      Object.fromEntries(this.tiles.map((tile) => [tile.plane.name, this.box(tile)]))
    );
    this.slices.draw(this.tiles, boxes, this.location);
    this.overlay.draw(this, this.frame);
    const listeners = this.#afterDraw.splice(0);
    if (listeners.length > 0) this.slices.finish();
    for (const listener of listeners) listener();
  }
}
