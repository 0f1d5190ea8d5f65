//! Scans with known truth. Beside the line from scan to report: nothing in it uses this.

mod phantom;

pub use phantom::{Ball, Phantom, PhantomConfig, phantom};
