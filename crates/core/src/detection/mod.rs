//! The result of a detection.
//!
//! [`Findings`] is all of it, as reports take it; [`Method`] says what ran, [`Candidates`] what was scored.

mod candidates;
mod findings;
mod method;

pub use candidates::Candidates;
pub use findings::{Findings, Maps, Quality};
pub use method::{Method, Step};
