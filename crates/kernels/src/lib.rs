//! Convolution and what stands between convolutions, at the speed of the processor.
//!
//! Everything works on dense `f32` slices laid out as `[batch, channel, depth, height, width]`, the
//! last axis fastest; images have depth 1. No framework is needed or known.
//!
//! - [`InstructionSet`]: the instruction sets, chosen while running.
//! - [`Conv`]: convolution and transposed convolution, forward and gradients.
//! - [`Finish`]: what is done to a sum before it is written (scale, shift, activation).
//! - [`Norm`], [`Activation`]: group, instance and batch normalisation; what follows.
//! - [`MaxPool`], [`Upsample`]: smaller and larger.
//! - [`keep_freed_memory`]: how the process treats the memory of all these.
//!
//! This is the only crate of the project with `unsafe` code. Its shape is everywhere the same: sizes
//! are checked once where a public function is entered, tasks that run side by side write to
//! disjoint places, and what they read and write lies within the sizes that were checked.

// The one crate of the workspace with code that the compiler cannot check: see `simd` and `allocator`.
#![allow(unsafe_code)]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

mod activation;
mod allocator;
mod conv;
mod norm;
mod parallel;
mod pool;
mod simd;
mod size;
mod upsample;

pub use activation::Activation;
pub use allocator::keep_freed_memory;
pub use conv::{Conv, Finish};
pub use norm::{Moments, Norm, NormGradients, Over, channel_sums};
pub use pool::MaxPool;
pub use simd::InstructionSet;
pub use size::SizeError;
pub use upsample::{Upsample, UpsampleMode};

#[cfg(test)]
mod tests;
