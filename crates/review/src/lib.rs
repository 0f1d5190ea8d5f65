//! The reading room: findings are reviewed, corrected and annotated in the browser.
//!
//! - [`room`]: which scans are open, and what is known of each.
//! - [`store`]: what readers said, in one SQLite file beside the data.
//! - [`reading`]: what a reader's decisions make of a scan: lesions, forms, agreement, consensus.
//! - [`jobs`]: methods that run on a scan.
//! - [`annotate`]: what readers mark and say: regions grown from a click, scribbles, entries.
//! - [`export`]: folders of masks, tables, forms and reports, and a data set to train on.
//! - [`server`]: all of it for the page, on this machine alone.

pub mod annotate;
pub mod export;
pub mod jobs;
pub mod reading;
pub mod room;
mod secret;
pub mod server;
pub mod store;

/// The reader whose decisions are the consensus. Nobody else can be called so.
pub const CONSENSUS: &str = "consensus";
