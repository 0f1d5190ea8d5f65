/** The voxels on the graphics card, and what the shader is told of them. */

/** @import {ImageVolume} from "./volume.js" */
/** @import {GreyWindow} from "./window.js" */
/** @import {Affine} from "../geometry/affine.js" */
/** @typedef {"scan" | "partner"} ImageName */
/** @typedef {{ plane: number, count: number, step: number[] }} Slab plane by NiiVue's number; steps in voxels */

/** NiiVue uses units 0 to 10. @type {Record<ImageName, number>} */
const UNITS = { scan: 12, partner: 13 };

export class SliceTextures {
  /** @type {Partial<Record<ImageName, WebGLTexture>>} */
  #textures = {};
  /** @type {Partial<Record<ImageName, ImageVolume>>} */
  #volumes = {};

  /** @param {WebGL2RenderingContext} gl @param {WebGLProgram} program */
  constructor(gl, program) {
    this.gl = gl;
    this.program = program;
    for (const name of /** @type {ImageName[]} */ (["scan", "partner"])) {
      this.#with(name, (at) => gl.uniform1i(at, UNITS[name]));
      this.#store(name, [1, 1, 1], new Int16Array(1));
    }
    this.setPartnerFrom(Infinity);
  }

  /** @param {ImageName} name @param {ImageVolume} volume @param {Affine} voxelFromFraction */
  setImage(name, volume, voxelFromFraction) {
    this.#volumes[name] = volume;
    this.#store(name, volume.shape, volume.steps);
    const columns = [0, 1, 2, 3].flatMap((column) => voxelFromFraction.map((row) => row[column]));
    this.#with(`${name}Voxel`, (at) => this.gl.uniformMatrix4fv(at, false, columns));
  }

  /** @param {ImageName} name */
  dropImage(name) {
    delete this.#volumes[name];
    this.#store(name, [1, 1, 1], new Int16Array(1));
  }

  /** @param {ImageName} name @param {GreyWindow} window */
  setWindow(name, window) {
    const { slope = 1, intercept = 0 } = this.#volumes[name] ?? {};
    const gain = slope / Math.max(window.white - window.black, 1e-6);
    this.#with(`${name}Window`, (at) => this.gl.uniform2f(at, (window.black - intercept) / slope, gain));
  }

  /** @param {number} x pixel from which the second image is shown */
  setPartnerFrom(x) {
    this.#with("partnerFrom", (at) => this.gl.uniform1f(at, Math.min(x, 1e6)));
  }

  /** @param {boolean} isSmooth */
  setSmooth(isSmooth) {
    this.#with("isSmooth", (at) => this.gl.uniform1i(at, isSmooth ? 1 : 0));
  }

  /** @param {Slab} slab */
  setSlab(slab) {
    this.#with("slabPlane", (at) => this.gl.uniform1i(at, slab.plane));
    this.#with("slabCount", (at) => this.gl.uniform1i(at, slab.count));
    this.#with("slabStep", (at) => this.gl.uniform3f(at, slab.step[0], slab.step[1], slab.step[2]));
  }

  /** @param {string} uniform @param {(at: WebGLUniformLocation | null) => void} set */
  #with(uniform, set) {
    this.gl.useProgram(this.program);
    set(this.gl.getUniformLocation(this.program, uniform));
  }

  /** @param {ImageName} name @param {ArrayLike<number>} shape @param {Int16Array} steps */
  #store(name, shape, steps) {
    const { gl } = this;
    gl.deleteTexture(this.#textures[name] ?? null);
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + UNITS[name]);
    gl.bindTexture(gl.TEXTURE_3D, texture);
    // Whole numbers cannot be interpolated by the hardware; the shader does it.
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_3D, filter, gl.NEAREST);
    }
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texStorage3D(gl.TEXTURE_3D, 1, gl.R16I, shape[0], shape[1], shape[2]);
    // Through a buffer the voxels are copied once less, which halves the time that a large scan takes.
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, buffer);
    gl.bufferData(gl.PIXEL_UNPACK_BUFFER, steps, gl.STREAM_DRAW);
    gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, 0, shape[0], shape[1], shape[2], gl.RED_INTEGER, gl.SHORT, 0);
    gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, null);
    gl.deleteBuffer(buffer);
    this.#textures[name] = texture;
  }
}
