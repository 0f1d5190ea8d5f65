//! Plain Rust that the compiler may turn into whatever vectors it knows.

use super::Simd;

#[derive(Clone, Copy)]
pub(super) struct Portable<const LANES: usize, const REGISTERS: usize>;

impl<const LANES: usize, const REGISTERS: usize> Simd for Portable<LANES, REGISTERS> {
    type V = [f32; LANES];
    const LANES: usize = LANES;
    const REGISTERS: usize = REGISTERS;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self::V {
        [value; LANES]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::V {
        // SAFETY: the caller vouches for LANES floats; an array of floats is aligned as one is.
        unsafe { from.cast::<Self::V>().read() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, v: Self::V) {
        // SAFETY: as in `load`.
        unsafe { to.cast::<Self::V>().write(v) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // Not `f32::mul_add`, which is a slow function call where the processor cannot.
        std::array::from_fn(|lane| a[lane] * b[lane] + c[lane])
    }

    #[inline(always)]
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|lane| a[lane] + b[lane])
    }

    #[inline(always)]
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|lane| if a[lane] > b[lane] { a[lane] } else { b[lane] })
    }

    #[inline(always)]
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|lane| if a[lane] < b[lane] { a[lane] } else { b[lane] })
    }

    #[inline(always)]
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|lane| a[lane] * b[lane])
    }

    #[inline(always)]
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|lane| a[lane] / b[lane])
    }

    #[inline(always)]
    unsafe fn positive(v: Self::V, yes: Self::V, no: Self::V) -> Self::V {
        std::array::from_fn(|lane| if v[lane] > 0.0 { yes[lane] } else { no[lane] })
    }

    #[inline(always)]
    unsafe fn power_of_two(v: Self::V) -> [Self::V; 2] {
        let whole = v.map(f32::round_ties_even);
        // Not a number becomes 0 here, and stays what it is in the first of the two.
        let power = whole.map(|v| f32::from_bits(((v as i32 + 127) as u32) << 23));
        [whole, power]
    }

    #[inline(always)]
    unsafe fn sum(v: Self::V) -> f32 {
        v.iter().sum()
    }
}
