use super::Simd;
use std::arch::aarch64::*;

#[derive(Clone, Copy)]
pub(super) struct Neon;

impl Simd for Neon {
    type V = float32x4_t;
    const LANES: usize = 4;
    const REGISTERS: usize = 32;

    #[inline(always)]
    unsafe fn splat(value: f32) -> float32x4_t {
        // SAFETY: the instruction set is there (contract of the trait).
        unsafe { vdupq_n_f32(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> float32x4_t {
        // SAFETY: the instruction set is there, and 4 floats are (contract of the trait).
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, v: float32x4_t) {
        // SAFETY: the instruction set is there, and room for 4 floats (contract of the trait).
        unsafe { vst1q_f32(to, v) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there (contract of the trait).
        unsafe { vfmaq_f32(c, a, b) }
    }

    #[inline(always)]
    unsafe fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there (contract of the trait).
        unsafe { vaddq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn max(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there (contract of the trait).
        unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
    }

    #[inline(always)]
    unsafe fn min(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there (contract of the trait).
        unsafe { vbslq_f32(vcltq_f32(a, b), a, b) }
    }

    #[inline(always)]
    unsafe fn mul(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there (contract of the trait).
        unsafe { vmulq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there (contract of the trait).
        unsafe { vdivq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn positive(v: float32x4_t, yes: float32x4_t, no: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there (contract of the trait).
        unsafe { vbslq_f32(vcgtq_f32(v, vdupq_n_f32(0.0)), yes, no) }
    }

    #[inline(always)]
    unsafe fn power_of_two(v: float32x4_t) -> [float32x4_t; 2] {
        // SAFETY: the instruction set is there (contract of the trait).
        unsafe {
            let whole = vcvtnq_s32_f32(v);
            let exponent = vaddq_s32(whole, vdupq_n_s32(127));
            let power = vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent));
            [vcvtq_f32_s32(whole), power]
        }
    }

    #[inline(always)]
    unsafe fn sum(v: float32x4_t) -> f32 {
        // SAFETY: the instruction set is there (contract of the trait).
        unsafe { vaddvq_f32(v) }
    }
}
