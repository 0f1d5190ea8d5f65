//! `lesions.json`: what was found, where, and by what.

use serde::Serialize;
use siderin_core::RESEARCH_USE;
use siderin_core::detection::{Findings, Method, Quality, Step};
use siderin_core::forms::Certainty;
use siderin_core::lesion::{Counts, GROUP_ONLY, Lesion, NoRegion, Place, SizeClass};
use siderin_core::regions::{Anatomy, Region, RegionGroup};
use siderin_image::scan::{Acquisition, Note, Suitability};
use siderin_image::volume::Grid;

/// Grows when a field is added; the first number when one changes its meaning.
const SCHEMA_VERSION: &str = "1.4";

/// The content of `lesions.json`.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    schema_version: &'static str,
    software: Software,
    research_use: &'static str,
    scan: ScanEntry<'a>,
    grid: &'a Grid,
    quality: Quality,
    /// Of the brain by its structures, where a network outlined them.
    anatomy: Option<Anatomy>,
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
    /// In the space that `anatomy` names.
    mni_mm: Option<[f64; 3]>,
    center_voxel: [f64; 3],
    volume_mm3: f64,
    diameter_mm: f64,
    confidence: f64,
    size_class: SizeClass,
    /// As the forms count it.
    certainty: Certainty,
    group: Option<&'static str>,
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
            anatomy: findings.anatomy.map(rounded_anatomy),
            model: &findings.method,
            preprocessing: &findings.preprocessing,
            warnings: &findings.warnings,
            counts: Counts::of(findings.lesions),
            lesions: findings
                .lesions
                .iter()
                .map(|lesion| {
                    let grid = findings.scan.magnitude.grid();
                    let mni_mm = findings.anatomy.and_then(|a| a.mni_mm(lesion.center_world));
                    LesionEntry::of(lesion, grid, findings.method.certain_from, mni_mm)
                })
                .collect(),
        }
    }
}

impl LesionEntry {
    fn of(lesion: &Lesion, grid: &Grid, certain_from: f32, mni_mm: Option<[f64; 3]>) -> Self {
        let place = lesion.place.ok();
        let region = place.and_then(Place::known_region);
        // A second region says nothing where the first is not known.
        let other = place
            .filter(|_| region.is_some())
            .and_then(|place| place.or_region);
        Self {
            id: lesion.id,
            center_world_mm: lesion.center_world.to_array().map(|mm| rounded(mm, 1e4)),
            mni_mm: mni_mm.map(|place| place.map(|mm| rounded(mm, 10.0))),
            center_voxel: lesion.center_voxel.to_array().map(|v| rounded(v, 1e4)),
            volume_mm3: rounded(lesion.volume_mm3, 1e4),
            diameter_mm: rounded(lesion.diameter_mm, 1e4),
            confidence: rounded(f64::from(lesion.confidence), 1e4),
            size_class: lesion.size_class,
            certainty: Certainty::of(lesion, grid, certain_from),
            group: place.and_then(Place::group).map(RegionGroup::name),
            region: region.map(Region::name),
            side: place.map(|place| place.side.name()),
            or_region: other.map(Region::name),
            midline: place.map(|place| place.is_midline),
            region_reason: match (place, region) {
                (Some(_), None) => Some(GROUP_ONLY),
                (Some(_), Some(_)) => None,
                (None, _) => lesion.place.err().map(NoRegion::reason),
            },
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

fn rounded_anatomy(anatomy: &Anatomy) -> Anatomy {
    let hundredths = |value: Option<f64>| value.map(|value| rounded(value, 100.0));
    let rows = anatomy.mni_from_world;
    Anatomy {
        volumes: anatomy.volumes.map(|ml| rounded(ml, 10.0)),
        seen: hundredths(anatomy.seen),
        frames_apart_mm: hundredths(anatomy.frames_apart_mm),
        coordinates_spread_mm: hundredths(anatomy.coordinates_spread_mm),
        side_ratio: hundredths(anatomy.side_ratio),
        mni_from_world: rows.map(|rows| rows.map(|row| row.map(|v| rounded(v, 1e6)))),
        ..anatomy.clone()
    }
}

/// Rounded to one part in `parts`: more digits would be noise in a file people read.
pub(crate) fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
