//! The detection pipeline, and the home of its networks.
//!
//! Start with [`detect`]: the whole pipeline in one function. Trained models, losses and
//! training will live beside it; this is the one crate that may know a tensor library.

mod checks;
mod detect;

pub use detect::{DetectConfig, DetectError, Detection, Stage, detect};
