//! Activations and their derivatives, a vector at a time.

use crate::parallel::Shared;
use crate::simd::{InstructionSet, Kernel, Simd};
use crate::size::{SizeError, check_length};
use rayon::prelude::*;

/// What is done to a value at the end.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Activation {
    /// Nothing.
    #[default]
    None,
    /// `max(v, 0)`.
    Relu,
    /// `v` where positive, `slope · v` elsewhere.
    LeakyRelu(f32),
    /// `v` where positive, `exp(v) - 1` elsewhere (Clevert 2016, arXiv 1511.07289, α = 1).
    Elu,
    /// `v Φ(v)` with the normal distribution function `Φ` (Hendrycks 2016, arXiv 1606.08415); not
    /// the approximation by `tanh`.
    Gelu,
}

/// Values of a task of an elementwise pass.
const CHUNK: usize = 1 << 14;

impl Activation {
    /// `y = activation(x)`, value by value.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn forward(self, level: InstructionSet, x: &[f32], y: &mut [f32]) -> Result<(), SizeError> {
        check_length("the output of an activation", y, x.len())?;
        y.par_chunks_mut(CHUNK)
            .zip(x.par_chunks(CHUNK))
            .for_each(|(y, x)| {
                level.run(Forward {
                    line: Line {
                        about: 0.0,
                        factor: 1.0,
                        addend: 0.0,
                        activation: self,
                    },
                    x,
                    y,
                });
            });
        Ok(())
    }

    /// The gradient to `x` from that to the output, `dy`.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn backward(
        self,
        level: InstructionSet,
        x: &[f32],
        dy: &[f32],
        dx: &mut [f32],
    ) -> Result<(), SizeError> {
        check_length("the gradient to the output of an activation", dy, x.len())?;
        check_length("the gradient to the input of an activation", dx, x.len())?;
        let length = x.len();
        let dx = Shared::new(dx);
        (0..length.div_ceil(CHUNK))
            .into_par_iter()
            .for_each(|chunk| {
                let from = chunk * CHUNK;
                let end = (from + CHUNK).min(length);
                level.run(Backward {
                    activation: self,
                    x: &x[from..end],
                    dy: &dy[from..end],
                    // SAFETY: chunks are disjoint and lie in the slice, which is borrowed till the end.
                    dx: unsafe { dx.slice(from, end - from) },
                });
            });
        Ok(())
    }

    /// # Safety
    /// The processor has the instruction set of `S`.
    #[inline(always)]
    pub(crate) unsafe fn apply<S: Simd>(self, v: S::V) -> S::V {
        // SAFETY: as the caller vouches.
        unsafe {
            match self {
                Self::None => v,
                Self::Relu => S::max(S::splat(0.0), v),
                Self::LeakyRelu(slope) => S::positive(v, v, S::mul(S::splat(slope), v)),
                Self::Elu => {
                    let [power, rest] = exponential::<S>(S::min(S::splat(0.0), v));
                    // exp(v) - 1 without cancellation.
                    let below = S::mul_add(rest, power, S::add(power, S::splat(-1.0)));
                    S::positive(v, v, below)
                }
                Self::Gelu => S::mul(v, normal::<S>(v)[0]),
            }
        }
    }

    /// The derivative at `v`; at zero, that from below.
    ///
    /// # Safety
    /// The processor has the instruction set of `S`.
    #[inline(always)]
    pub(crate) unsafe fn derivative<S: Simd>(self, v: S::V) -> S::V {
        // SAFETY: as the caller vouches.
        unsafe {
            let one = S::splat(1.0);
            match self {
                Self::None => one,
                Self::Relu => S::positive(v, one, S::splat(0.0)),
                Self::LeakyRelu(slope) => S::positive(v, one, S::splat(slope)),
                Self::Elu => {
                    let [power, rest] = exponential::<S>(S::min(S::splat(0.0), v));
                    S::positive(v, one, S::mul_add(rest, power, power))
                }
                Self::Gelu => {
                    let [below, density] = normal::<S>(v);
                    S::mul_add(v, density, below)
                }
            }
        }
    }
}

/// `exp(v)` as `2ⁿ (1 + rest)`: the power and the rest. The polynomial is that of Cephes' `expf`
/// (Moshier 1992), good to 1e-7.
///
/// # Safety
/// The processor has the instruction set of `S`.
#[inline(always)]
#[allow(clippy::excessive_precision)]
unsafe fn exponential<S: Simd>(v: S::V) -> [S::V; 2] {
    // SAFETY: as the caller vouches.
    unsafe {
        let v = S::max(S::splat(-87.0), S::min(S::splat(87.0), v));
        let [n, power] = S::power_of_two(S::mul(v, S::splat(std::f32::consts::LOG2_E)));
        // v - n ln 2, in two steps because ln 2 has more digits than a float.
        let r = S::mul_add(n, S::splat(-0.693_359_375), v);
        let r = S::mul_add(n, S::splat(2.121_944_40e-4), r);
        let mut sum = S::splat(1.987_569_15e-4);
        for coefficient in [
            1.398_199_950_7e-3,
            8.333_451_907_3e-3,
            4.166_579_589_4e-2,
            1.666_666_545_9e-1,
            5.000_000_120_1e-1,
        ] {
            sum = S::mul_add(sum, r, S::splat(coefficient));
        }
        [power, S::mul_add(sum, S::mul(r, r), r)]
    }
}

/// The normal distribution function and its density. The former is good to 1e-7 (Abramowitz and
/// Stegun 1964, 7.1.26).
///
/// # Safety
/// The processor has the instruction set of `S`.
#[inline(always)]
#[allow(clippy::excessive_precision)]
unsafe fn normal<S: Simd>(v: S::V) -> [S::V; 2] {
    // SAFETY: as the caller vouches.
    unsafe {
        let z = S::mul(v, S::splat(std::f32::consts::FRAC_1_SQRT_2));
        let size = S::max(z, S::mul(z, S::splat(-1.0)));
        let [power, rest] = exponential::<S>(S::mul(S::mul(z, z), S::splat(-1.0)));
        let bell = S::mul_add(rest, power, power);
        let t = S::div(
            S::splat(1.0),
            S::mul_add(S::splat(0.327_591_1), size, S::splat(1.0)),
        );
        let mut sum = S::splat(1.061_405_43);
        for coefficient in [-1.453_152_03, 1.421_413_74, -0.284_496_74, 0.254_829_59] {
            sum = S::mul_add(sum, t, S::splat(coefficient));
        }
        // (1 - erf(|z|)) / 2, the part beyond |v|.
        let beyond = S::mul(S::mul(S::mul(sum, t), bell), S::splat(0.5));
        let within = S::mul_add(beyond, S::splat(-1.0), S::splat(1.0));
        let density = S::mul(bell, S::splat(0.398_942_3));
        [S::positive(z, within, beyond), density]
    }
}

/// What is done to vectors of `N` slices. A trait and not a closure, because a closure is a function
/// of its own, which is not compiled for the instruction set.
pub(crate) trait Each<const N: usize>: Copy {
    /// # Safety
    /// The processor has the instruction set of `S`.
    unsafe fn of<S: Simd>(self, v: [S::V; N]) -> S::V;
}

/// Writes to `y` what `each` makes of whole vectors of some slices, and of a last vector that is
/// filled up with zeros.
///
/// # Safety
/// The processor has the instruction set of `S`, and no slice is shorter than `y`.
#[inline(always)]
pub(crate) unsafe fn map<S: Simd, const N: usize>(
    x: [&[f32]; N],
    y: &mut [f32],
    each: impl Each<N>,
) {
    let whole = y.len() / S::LANES * S::LANES;
    let mut at = 0;
    // SAFETY: whole vectors end at or before the end of `y`, which no slice is shorter than; the
    // last one is copied through arrays of 16 floats, the longest vector.
    unsafe {
        let mut v = [S::splat(0.0); N];
        while at < whole {
            for (v, x) in v.iter_mut().zip(x) {
                *v = S::load(x.as_ptr().add(at));
            }
            S::store(y.as_mut_ptr().add(at), each.of::<S>(v));
            at += S::LANES;
        }
        if at < y.len() {
            for (v, x) in v.iter_mut().zip(x) {
                *v = S::load(padded(&x[at..y.len()]).as_ptr());
            }
            let mut last = [0.0f32; 16];
            S::store(last.as_mut_ptr(), each.of::<S>(v));
            let rest = y.len() - at;
            y[at..].copy_from_slice(&last[..rest]);
        }
    }
}

/// The rest of a slice, filled up with zeros to the longest vector.
#[inline(always)]
pub(crate) fn padded(rest: &[f32]) -> [f32; 16] {
    let mut last = [0.0; 16];
    last[..rest.len()].copy_from_slice(rest);
    last
}

/// `activation(factor · (x - about) + addend)`.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    /// Taken off first, so that a large mean costs no digits.
    pub(crate) about: f32,
    pub(crate) factor: f32,
    pub(crate) addend: f32,
    pub(crate) activation: Activation,
}

impl Each<1> for Line {
    #[inline(always)]
    unsafe fn of<S: Simd>(self, [x]: [S::V; 1]) -> S::V {
        // SAFETY: as the caller vouches.
        unsafe { self.activation.apply::<S>(self.before::<S>(x)) }
    }
}

impl Line {
    /// What the activation is applied to.
    ///
    /// # Safety
    /// The processor has the instruction set of `S`.
    #[inline(always)]
    pub(crate) unsafe fn before<S: Simd>(self, x: S::V) -> S::V {
        // SAFETY: as the caller vouches.
        unsafe {
            let x = S::add(x, S::splat(-self.about));
            S::mul_add(S::splat(self.factor), x, S::splat(self.addend))
        }
    }
}

/// Writes a [`Line`] of `x` to `y`.
pub(crate) struct Forward<'a> {
    pub(crate) line: Line,
    pub(crate) x: &'a [f32],
    pub(crate) y: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: the instruction set is there, and both slices have one length. The branches that
        // do not depend on a value are taken outside of the loop.
        unsafe { map::<S, 1>([self.x], self.y, self.line) }
    }
}

/// The derivative times the gradient to the output.
impl Each<2> for Activation {
    #[inline(always)]
    unsafe fn of<S: Simd>(self, [x, dy]: [S::V; 2]) -> S::V {
        // SAFETY: as the caller vouches.
        unsafe { S::mul(self.derivative::<S>(x), dy) }
    }
}

struct Backward<'a> {
    activation: Activation,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: the instruction set is there, and all slices have one length.
        unsafe { map::<S, 2>([self.x, self.dy], self.dx, self.activation) }
    }
}
