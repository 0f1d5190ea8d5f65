//! Training.
//!
//! In the order of the flow: [`loss`] is the mathematics of what is minimised and `objective` which of it for each
//! network; [`data`] finds scans with labels and prepares them as detection would, [`sample`] draws patches from them
//! and augments; [`config`] is what a run is asked for; `loader` makes batches ahead of the network, [`score`] compares
//! predictions with the truth, `task` is what is learnt and how it is judged, [`run`] is the loop and keeps what must
//! not be lost, and [`study`] trains several networks to compare them.

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
