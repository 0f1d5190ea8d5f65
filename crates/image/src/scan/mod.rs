//! Files become scans: DICOM, NIfTI, BIDS.
//!
//! [`expand_input`] turns what the user points at into inputs, [`Catalog::open`] lists the
//! volumes of one input without reading voxels, [`Catalog::choose`] picks the one to use,
//! and [`VolumeEntry::load`] reads it into a [`Scan`]. [`read_scan`] does all of it, with the images that belong
//! to the scan.

mod acquisition;
mod bids;
mod catalog;
mod choose;
mod companion;
pub mod dicom;
mod input;
mod limits;
pub mod nifti;
mod note;
mod phase_values;
mod plausible;
mod read;
mod sidecar;
mod suitability;
mod text;
mod voxels;
mod walk;

pub use acquisition::{Acquisition, Component, Known, Origin, Sequence};
pub use bids::{BidsName, is_nifti};
pub use catalog::{Catalog, DamagedFiles, LoadError, OpenError, RefusedVolume, VolumeEntry};
pub use choose::ChooseError;
pub use companion::{PhaseError, read_phase};
pub use input::{Expanded, Input, InputError, expand_input, holds_dicom, nifti_files, stem};
pub use limits::ReadLimits;
pub use note::Note;
pub use phase_values::phase_in_rad;
pub use read::{CompanionError, Given, ReadScanError, read_scan, read_single_volume};
pub use suitability::{Suitability, Verdict, suitability};
pub use text::{printable, words};
pub use walk::{Unreachable, Walked, files_below};

use crate::volume::Volume;
use nifti::Placements;

/// A scan ready for detection: magnitude voxels, their place, what is known of the
/// acquisition, and the images that belong to it.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Name for output folders: the input's stem.
    pub name: String,
    /// Magnitude values on the scan's own grid.
    pub magnitude: Volume<f32>,
    /// How the file it came from places it, for files that go beside it.
    pub placements: Placements,
    /// How it was acquired, as far as known.
    pub acquisition: Acquisition,
    /// What reading it brought up.
    pub notes: Vec<Note>,
    /// A T1-weighted image of the same person, on its own grid.
    pub t1: Option<Volume<f32>>,
    /// A T2-weighted image of the same person, on its own grid.
    pub t2: Option<Volume<f32>>,
    /// A parcellation of FreeSurfer or SynthSeg, in the space of the T1w image where there is one, else of the scan.
    pub parcellation: Option<Volume<f32>>,
    /// The phase on the magnitude's grid.
    pub phase: Option<Volume<f32>>,
}
