//! Convolution and what stands between convolutions, at the speed of the processor.
//!
//! Everything works on dense `f32` slices laid out as `[batch, channel, depth, height, width]`, the
//! last axis fastest; images have depth 1. No framework is needed or known.
//!
//! - [`simd`](Level): the instruction sets, chosen while running.
//! - [`Conv`]: convolution and transposed convolution, forward and their gradients.
//! - [`Finish`]: what is done to a sum before it is written (scale, shift, activation).

//!
//! This is the only crate of the project with `unsafe` code. Its shape is everywhere the same: sizes
//! are checked once where a public function is entered, tasks that run side by side write to
//! disjoint places, and what they read and write lies within the sizes that were checked.

mod conv;
mod parallel;
mod simd;

pub use conv::{Activation, Conv, Finish, SizeError};
pub use simd::Level;
