//! What the integration tests of several crates share: folders to look into, values to compare with, and parts that are
//! not in the repository.
//!
//! A test without an outside part says so and is skipped; in CI it fails.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)] // Tests state what they expect.

mod files;
mod parts;
mod reference;

pub use files::empty_files;
pub use parts::{missing, oracle, program, python, shared};
pub use reference::{Reference, reference_floats};
