//! Scans and images, in the order in which a scan flows through it.
//!
//! - [`scan`]: files (DICOM, NIfTI, BIDS) become a scan.
//! - [`volume`]: voxels on a grid that knows where it is; resampling, orientation.
//! - [`preprocess`]: bias, intensity, masks, components, distances, brain mask.
//! - [`registration`]: one image of a head aligned to another.
//! - [`picture`]: slices as small pictures; [`plot`]: pictures of numbers.
//! - [`folder`]: folders and files that are complete or not there.
//! - [`random`]: random numbers from named streams; [`settings`]: TOML files.

pub mod folder;
pub mod picture;
pub mod plot;
pub mod preprocess;
pub mod random;
pub mod registration;
pub mod scan;
pub mod settings;
pub mod volume;
