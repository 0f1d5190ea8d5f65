//! Integration tests, in one program: one link instead of many.
#![allow(clippy::unwrap_used, clippy::panic)] // Tests state what they expect.

mod candidates;
mod runs;
mod structures;
mod studies;
mod support;
