//! Microbleeds, in the order in which a scan flows through it.
//!
//! - [`regions`]: where in the brain, for counting and for judging candidates.
//! - [`candidates`]: dark round spots, measured and scored without learning, and shown to a network.
//! - [`lesion`]: what was found, in millimetres.
//! - [`forms`]: the scales that readers fill in, MARS and BOMBS.
//! - [`change`]: what became of each lesion between two visits.
//! - [`detection`]: the result of a detection, as reports and scores take it.
//! - [`truth`]: what is known of a simulated scan.

pub mod candidates;
pub mod change;
pub mod detection;
pub mod forms;
pub mod lesion;
pub mod regions;
pub mod truth;

/// Stated on every page and in every file.
pub const RESEARCH_USE: &str = "For research use only: this is not a medical device. No real \
     microbleed was available for training or testing it; every finding needs a reader.";
