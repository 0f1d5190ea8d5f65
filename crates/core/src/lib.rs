//! The science of siderin, in the order in which a scan flows through it.
//!
//! - [`scan`]: files (DICOM, NIfTI, BIDS) become a scan.
//! - [`volume`]: voxels on a grid that knows where it is; resampling, orientation.
//! - [`preprocess`]: bias, intensity, masks, components, distances, brain mask.
//! - [`regions`]: where in the brain, for counting and for judging candidates.
//! - [`candidates`]: dark round spots, measured and scored without learning, and shown to a network.
//! - [`lesion`]: what was found, in millimetres.
//! - [`forms`]: the scales that readers fill in, MARS and BOMBS.
//! - [`registration`]: one image of a head laid onto another.
//! - [`change`]: what became of each lesion between two visits.
//! - [`folder`]: folders that are complete or not there.
//! - [`report`]: files and pages for people and programs.
//! - [`evaluate`]: predictions scored against references, under one rule at a time.
//! - [`annotate`]: what readers mark and say, and how well they agree.
//! - [`simulate`]: scans with known truth.
//! - [`plot`] and [`random`]: pictures of numbers, and numbers from named streams.

pub mod annotate;
pub mod candidates;
pub mod change;
pub mod evaluate;
pub mod folder;
pub mod forms;
pub mod lesion;
pub mod plot;
pub mod preprocess;
pub mod random;
pub mod regions;
pub mod registration;
pub mod report;
pub mod scan;
pub mod simulate;
pub mod volume;
