//! `lesions.json`: what was found, where, and by what.

use super::Candidates;
use super::RESEARCH_USE;
use crate::forms::{Certainty, CountInterval};
use crate::lesion::{Counts, Lesion, NoRegion, SizeClass};
use crate::regions::Region;
use crate::scan::{Acquisition, Note, Scan, Suitability};
use crate::volume::{Grid, Volume};
use serde::Serialize;

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
    /// How many microbleeds there may be, where confidence is a calibrated probability.
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
    /// Where the network looked for each lesion, 0 to 1.
    pub heat: Option<&'a Volume<f32>>,
}

/// What scored the candidates.
#[derive(Debug, Clone, Serialize)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Score from which a candidate is a lesion.
    pub threshold: f32,
    /// Name of the operating point with this threshold, of methods that have such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operating_point: Option<&'static str>,
    /// Confidence from which a finding can be definite on the forms: the specific point, of methods that have
    /// one, else halfway from the threshold to 1.
    pub certain_from: f32,
    /// What a confidence means.
    pub confidence_meaning: String,
}

/// One step of preprocessing.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Its settings in words.
    pub settings: String,
}

/// Grows when a field is added; the first number when one changes its meaning.
const SCHEMA_VERSION: &str = "1.3";

/// The content of `lesions.json`.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    schema_version: &'static str,
    software: Software,
    research_use: &'static str,
    scan: ScanEntry<'a>,
    grid: &'a Grid,
    quality: Quality,
    model: &'a Method,
    preprocessing: &'a [Step],
    warnings: &'a [Note],
    counts: Counts,
    lesions: Vec<LesionEntry>,
}

#[derive(Serialize)]
pub(super) struct Software {
    name: &'static str,
    version: &'static str,
}

/// This program.
pub(super) const SOFTWARE: Software = Software {
    name: "siderin",
    version: env!("CARGO_PKG_VERSION"),
};

#[derive(Serialize)]
struct ScanEntry<'a> {
    name: &'a str,
    acquisition: &'a Acquisition,
    suitability: &'a Suitability,
    t1_given: bool,
    phase_given: bool,
}

#[derive(Serialize)]
struct LesionEntry {
    id: u16,
    center_world_mm: [f64; 3],
    center_voxel: [f64; 3],
    volume_mm3: f64,
    diameter_mm: f64,
    confidence: f64,
    size_class: SizeClass,
    /// As the forms count it.
    certainty: Certainty,
    region: Option<&'static str>,
    side: Option<&'static str>,
    /// A second region, where it lies on the border of two.
    or_region: Option<&'static str>,
    /// Whether it lies on both sides.
    midline: Option<bool>,
    /// Why there is no region.
    region_reason: Option<&'static str>,
}

impl<'a> Document<'a> {
    pub(super) fn of(findings: &'a Findings<'a>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            software: SOFTWARE,
            research_use: RESEARCH_USE,
            scan: ScanEntry {
                name: &findings.scan.name,
                acquisition: &findings.scan.acquisition,
                suitability: &findings.suitability,
                t1_given: findings.scan.t1.is_some(),
                phase_given: findings.scan.phase.is_some(),
            },
            grid: findings.scan.magnitude.grid(),
            quality: findings.quality.rounded(),
            model: &findings.method,
            preprocessing: &findings.preprocessing,
            warnings: &findings.warnings,
            counts: Counts::of(findings.lesions),
            lesions: findings
                .lesions
                .iter()
                .map(|lesion| {
                    let grid = findings.scan.magnitude.grid();
                    LesionEntry::of(lesion, grid, findings.method.certain_from)
                })
                .collect(),
        }
    }
}

impl LesionEntry {
    fn of(lesion: &Lesion, grid: &Grid, certain_from: f32) -> Self {
        Self {
            id: lesion.id,
            center_world_mm: lesion.center_world.to_array().map(|mm| rounded(mm, 1e4)),
            center_voxel: lesion.center_voxel.to_array().map(|v| rounded(v, 1e4)),
            volume_mm3: rounded(lesion.volume_mm3, 1e4),
            diameter_mm: rounded(lesion.diameter_mm, 1e4),
            confidence: rounded(f64::from(lesion.confidence), 1e4),
            size_class: lesion.size_class,
            certainty: Certainty::of(lesion, grid, certain_from),
            region: lesion.place.ok().map(|place| place.region.name()),
            side: lesion.place.ok().map(|place| place.side.name()),
            or_region: lesion
                .place
                .ok()
                .and_then(|place| place.or_region.map(Region::name)),
            midline: lesion.place.ok().map(|place| place.is_midline),
            region_reason: lesion.place.err().map(NoRegion::reason),
        }
    }
}

impl Quality {
    fn rounded(self) -> Self {
        Self {
            brain_ml: rounded(self.brain_ml, 10.0),
            noise: self.noise.map(|share| rounded(share, 1e4)),
            fluid_to_tissue: self.fluid_to_tissue.map(|ratio| rounded(ratio, 1e4)),
        }
    }
}

/// Rounded to one part in `parts`: more digits would be noise in a file people read.
pub(super) fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
