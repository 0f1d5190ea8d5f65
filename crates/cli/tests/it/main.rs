//! Integration tests, in one program: one link instead of many.
#![allow(clippy::unwrap_used, clippy::panic)] // Tests state what they expect.

mod candidates;
mod compare;
mod default_model;
mod detect;
mod evaluate;
mod field;
mod implant;
mod inspect;
mod model;
mod regions;
mod review;
mod schemas;
mod simulate;
mod support;
mod train;
mod validate;
