/** The part of NiiVue that the page uses. */
declare module "*/vendor/niivue/index.js" {
  interface View {
    mnMM: Float32Array;
    mxMM: Float32Array;
    fovMM: Float32Array;
    rotation: Float32Array;
  }
  export class NVImage {
    static loadFromUrl(options: { url: ArrayBuffer; name: string }): Promise<NVImage>;
    dims: number[];
  }
  export class Niivue {
    constructor(options: Record<string, unknown>);
    attachToCanvas(canvas: HTMLCanvasElement, isAntiAlias: boolean | null): Promise<Niivue>;
    addVolume(volume: NVImage): void;
    setCustomLayout(layout: { sliceType: number; position: [number, number, number, number] }[]): void;
    setCustomSliceShader(fragmentShader: string): void;
    drawScene(): void;
    gl: WebGL2RenderingContext;
    volumes: NVImage[];
    scene: { crosshairPos: ArrayLike<number> };
    customLayout: { sliceType: number; position: [number, number, number, number] }[];
    customSliceShader: { program: WebGLProgram; use(gl: WebGL2RenderingContext): void } | null;
    updateGLVolume(): void;
    sliceScale(): { volScale: number[] };
    screenFieldOfViewExtendedMM(sliceType: number): View;
    screenFieldOfViewExtendedVox(sliceType: number): View;
    draw2D(leftTopWidthHeight: number[], sliceType: number, sliceMM: number, imageWidthHeight?: number[]): void;
  }
}
