//! `lesions.json`: what was found, where, and by what.

use serde::Serialize;
use siderin_core::RESEARCH_USE;
use siderin_core::detection::{Findings, Method, Quality, Step};
use siderin_core::forms::Certainty;
use siderin_core::lesion::{Counts, Lesion, NoRegion, SizeClass};
use siderin_core::regions::Region;
use siderin_image::scan::{Acquisition, Note, Suitability};
use siderin_image::volume::Grid;

/// Grows when a field is added; the first number when one changes its meaning.
const SCHEMA_VERSION: &str = "1.3";

/// The content of `lesions.json`.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
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
pub(crate) struct Software {
    name: &'static str,
    version: &'static str,
}

/// This program.
pub(crate) const SOFTWARE: Software = Software {
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
    pub(crate) fn of(findings: &'a Findings<'a>) -> Self {
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
            quality: rounded_quality(findings.quality),
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

/// Without digits that are noise.
fn rounded_quality(quality: Quality) -> Quality {
    Quality {
        brain_ml: rounded(quality.brain_ml, 10.0),
        noise: quality.noise.map(|share| rounded(share, 1e4)),
        fluid_to_tissue: quality.fluid_to_tissue.map(|ratio| rounded(ratio, 1e4)),
    }
}

/// Rounded to one part in `parts`: more digits would be noise in a file people read.
pub(crate) fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
