/** Slices of the scan and of a second image, drawn by NiiVue. */

import { PLANES } from "../geometry/planes.js";
import { SLICE_SHADER } from "./slice_shader.js";
import { SliceTextures } from "./slice_textures.js";
import { stubFile } from "./stub_file.js";

/** @import {Box, PlaneName, Tile} from "../geometry/planes.js" */
/** @import {Niivue} from "../vendor/niivue/index.js" */
/** @import {Vec3} from "../types/interface.d.ts" */

/** NiiVue's numbers of the planes. @type {Record<PlaneName, number>} */
export const SLICE_TYPES = { axial: 0, coronal: 1, sagittal: 2 };
const NAMES = /** @type {PlaneName[]} */ (["axial", "coronal", "sagittal"]);

const OPTIONS = {
  isResizeCanvas: false,
  interactive: false,
  dragAndDropEnabled: false,
  isRadiologicalConvention: true,
  sagittalNoseLeft: true,
  isOrientationTextVisible: false,
  crosshairWidth: 0,
  loadingText: "",
  logLevel: "error",
};

/** NiiVue takes a while to start; what the page asks of the server goes out before. */
const niivueModule = () => import("../vendor/niivue/index.js");

export class Slices {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {Niivue | null} */
    this.niivue = null;
    /** @type {Record<PlaneName, Box> | null} */
    this.boxes = null;
    /** @type {Vec3} */
    this.extent = [1, 1, 1];
  }

  async start() {
    const { Niivue } = await niivueModule();
    const niivue = new Niivue(OPTIONS);
    this.niivue = niivue;
    await niivue.attachToCanvas(this.canvas, false);
    niivue.setCustomSliceShader(SLICE_SHADER);
    const shader = niivue.customSliceShader;
    if (!shader) throw new Error("starting the viewer: the slice shader is missing; reload the page");
    this.#takeOverTheView(niivue);
    return new SliceTextures(niivue.gl, shader.program);
  }

  /**
   * NiiVue knows the scan's box only, whatever its voxels are: it places the slices, and the shader reads the voxels.
   * @param {Vec3} extent in millimetres of the scan's frame
   */
  async setExtent(extent) {
    const { niivue } = this;
    if (!niivue) return;
    this.extent = extent;
    const { NVImage } = await niivueModule();
    const box = await NVImage.loadFromUrl({ url: stubFile(extent), name: "box.nii" });
    // Copying the volume would set these, and without them nothing is drawn.
    box.dims = [3, 2, 2, 2];
    niivue.volumes = [];
    niivue.addVolume(box);
  }

  /**
   * @param {Tile[]} tiles @param {Record<PlaneName, Box>} boxes @param {Vec3} location
   */
  draw(tiles, boxes, location) {
    const { niivue } = this;
    if (!niivue) return;
    const { width, height } = this.canvas;
    this.boxes = boxes;
    niivue.scene.crosshairPos = location.map((value, a) => value / this.extent[a]);
    niivue.customLayout = tiles.map((tile) => ({
      sliceType: SLICE_TYPES[tile.plane.name],
      position: [tile.x / width, tile.y / height, tile.width / width, tile.height / height],
    }));
    niivue.drawScene();
  }

  /** Waits until the picture is drawn. */
  finish() {
    const gl = this.niivue?.gl;
    gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  }

  /**
   * NiiVue fits each slice into its tile; here zoom fills the tile.
   * @param {Niivue} niivue
   */
  #takeOverTheView(niivue) {
    const draw2D = niivue.draw2D.bind(niivue);
    niivue.draw2D = (rectangle, sliceType, sliceMM) => draw2D(rectangle.map(Math.round), sliceType, sliceMM);
    // The shader has textures of its own: NiiVue's coloured copy of a volume is not made.
    niivue.updateGLVolume = () => undefined;
    niivue.sliceScale = () => ({ volScale: [1, 1, 1] });
    niivue.screenFieldOfViewExtendedMM = (sliceType) => {
      const { across, up, through } = PLANES[NAMES[sliceType]];
      const whole = { left: this.extent[across], right: 0, bottom: 0, top: this.extent[up] };
      const box = this.boxes?.[NAMES[sliceType]] ?? whole;
      return {
        mnMM: new Float32Array([box.right, box.bottom, 0]),
        mxMM: new Float32Array([box.left, box.top, this.extent[through]]),
        fovMM: new Float32Array([box.left - box.right, box.top - box.bottom, this.extent[through]]),
        rotation: new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]),
      };
    };
    niivue.screenFieldOfViewExtendedVox = niivue.screenFieldOfViewExtendedMM;
  }
}
