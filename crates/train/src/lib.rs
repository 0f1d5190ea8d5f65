//! Training.
//!
//! In the order of the flow: [`config`] is what a run is asked for, [`data`] finds scans with labels
//! and prepares them as detection would, [`sample`] draws patches from them and augments, `loader`
//! makes batches ahead of the network, [`loss`] is the mathematics of what is minimised and `objective` which of
//! it for each network, [`score`] holds a network against the truth, `task` is what is learnt and how it is
//! judged, [`run`] goes round and keeps what must not be lost, and [`study`] trains several to compare them.

pub mod config;
pub mod data;
mod loader;
pub mod loss;
mod objective;
pub mod run;
pub mod sample;
pub mod score;
mod setting;
pub mod study;
mod task;
