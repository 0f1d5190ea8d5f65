//! Everything a detection found in one scan.

use super::{Candidates, Method, Step};
use crate::forms::CountInterval;
use crate::lesion::Lesion;
use crate::regions::Anatomy;
use serde::Serialize;
use siderin_image::scan::{Note, Scan, Suitability};
use siderin_image::volume::Volume;

/// Everything one scan brought.
#[derive(Debug)]
pub struct Findings<'a> {
    /// The scan as read.
    pub scan: &'a Scan,
    /// Whether it suits microbleed detection.
    pub suitability: Suitability,
    /// The brain mask used, on the scan's grid.
    pub brain: &'a Volume<bool>,
    /// Findings at or above the threshold.
    pub lesions: &'a [Lesion],
    /// Everything scored.
    pub candidates: &'a Candidates,
    /// What scored it.
    pub method: Method,
    /// What was done before, in order.
    pub preprocessing: Vec<Step>,
    /// Everything the user should know.
    pub warnings: Vec<Note>,
    /// What was measured of the scan itself.
    pub quality: Quality,
    /// What the network of structures says of the brain on the whole, where one ran.
    pub anatomy: Option<&'a Anatomy>,
    /// The brain's structures by number, on the scan's grid.
    pub structures: Option<&'a Volume<u8>>,
    /// Range of the number of microbleeds, where confidence is a calibrated probability.
    pub interval: Option<CountInterval>,
    /// Maps that are written along, on the scan's grid.
    pub maps: Maps<'a>,
}

/// What was measured of a scan beside its lesions, as far as the method does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quality {
    /// Brain tissue with the fluid around it, in ml.
    pub brain_ml: f64,
    /// Noise (standard deviation) as a share of the brain's signal: an upper estimate, fine structure adds
    /// to it. None where the brain is too small for one.
    pub noise: Option<f64>,
    /// The signal of fluid as a multiple of that of brain tissue.
    pub fluid_to_tissue: Option<f64>,
}

/// Maps of a network, as far as they were asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Maps<'a> {
    /// Probability of a microbleed.
    pub probability: Option<&'a Volume<f32>>,
    /// Regions of the brain by number.
    pub regions: Option<&'a Volume<u8>>,
    /// Its structures by number.
    pub structures: Option<&'a Volume<u8>>,
    /// Where the network looked for each lesion, 0 to 1.
    pub heat: Option<&'a Volume<f32>>,
}
