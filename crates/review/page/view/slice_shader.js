/**
 * The fragment shader of a slice.
 *
 * NiiVue's own makes a coloured copy of the whole volume for every change of the window, which takes seconds for a large
 * scan without a graphics card. This one reads the stored numbers as they are: a new window costs one frame.
 */

export const SLICE_SHADER = `#version 300 es
precision highp float;
precision highp int;
precision highp isampler3D;
uniform isampler3D scan;
uniform isampler3D partner;
uniform mat4 scanVoxel;
uniform mat4 partnerVoxel;
uniform vec2 scanWindow;
uniform vec2 partnerWindow;
uniform float partnerFrom;
uniform bool isSmooth;
uniform int axCorSag;
uniform int slabPlane;
uniform int slabCount;
uniform vec3 slabStep;
in vec3 texPos;
out vec4 color;

float step3(isampler3D image, ivec3 at) {
  return float(texelFetch(image, at, 0).r);
}

float value(isampler3D image, vec3 at) {
  ivec3 last = textureSize(image, 0) - 1;
  if (!isSmooth) return step3(image, clamp(ivec3(floor(at + 0.5)), ivec3(0), last));
  vec3 base = floor(at + 0.0005);
  vec3 w = clamp(at - base, 0.0, 1.0);
  ivec3 a = clamp(ivec3(base), ivec3(0), last);
  ivec3 b = clamp(ivec3(base) + 1, ivec3(0), last);
  // Slices lie on voxels along one axis at least: those weights are zero, and half of the reads need not be made.
  if (w.z < 0.001) b.z = a.z;
  vec2 low = mix(
    vec2(step3(image, a), step3(image, ivec3(a.x, b.y, a.z))),
    vec2(step3(image, ivec3(b.x, a.y, a.z)), step3(image, ivec3(b.xy, a.z))), w.x);
  float near = mix(low.x, low.y, w.y);
  if (b.z == a.z) return near;
  vec2 high = mix(
    vec2(step3(image, ivec3(a.xy, b.z)), step3(image, ivec3(a.x, b.yz))),
    vec2(step3(image, ivec3(b.x, a.y, b.z)), step3(image, b)), w.x);
  return mix(near, mix(high.x, high.y, w.y), w.z);
}

void main() {
  float grey;
  if (gl_FragCoord.x < partnerFrom) {
    vec3 at = (scanVoxel * vec4(texPos, 1.0)).xyz;
    vec3 last = vec3(textureSize(scan, 0) - 1);
    float darkest = value(scan, at);
    if (axCorSag == slabPlane) {
      for (int n = 0; n < slabCount; n++) {
        vec3 there = at + slabStep * float(n - slabCount / 2);
        darkest = min(darkest, value(scan, clamp(there, min(at, vec3(0.0)), max(at, last))));
      }
    }
    grey = (darkest - scanWindow.x) * scanWindow.y;
  } else {
    vec3 at = (partnerVoxel * vec4(texPos, 1.0)).xyz;
    vec3 last = vec3(textureSize(partner, 0) - 1);
    bool isInside = all(greaterThan(at, vec3(-0.5))) && all(lessThan(at, last + 0.5));
    grey = isInside ? (value(partner, at) - partnerWindow.x) * partnerWindow.y : 0.0;
  }
  color = vec4(vec3(clamp(grey, 0.0, 1.0)), 1.0);
}
`;
