//! The tables of a reading.

use super::{ReadingReport, ReportedLesion};
use crate::scan::document::{SOFTWARE, Software, rounded};
use crate::scan::tables::PLACE;
use serde::Serialize;
use siderin_core::RESEARCH_USE;
use siderin_core::forms::SizeBand;
use siderin_core::lesion::{BurdenGroup, Place};
use siderin_core::regions::Region;
use siderin_image::folder::Table;
use siderin_image::volume::Grid;
use std::io::Write;

/// Grows as that of a detection.
const SCHEMA_VERSION: &str = "1.0";

/// `lesions.json`.
#[derive(Serialize)]
pub(super) struct ReadingDocument<'a> {
    schema_version: &'static str,
    software: Software,
    research_use: &'static str,
    scan: &'a str,
    grid: &'a Grid,
    reader: &'a str,
    finished: bool,
    not_decided: usize,
    method: Option<&'a str>,
    quality: Option<&'a str>,
    microbleeds: usize,
    macrohaemorrhages: usize,
    burden_group: BurdenGroup,
    lesions: Vec<LesionEntry<'a>>,
    rejected: Vec<OtherEntry<'a>>,
    landmarks: Vec<OtherEntry<'a>>,
}

#[derive(Serialize)]
struct LesionEntry<'a> {
    id: u16,
    finding: &'a str,
    center_world_mm: [f64; 3],
    center_voxel: [f64; 3],
    volume_mm3: f64,
    diameter_mm: f64,
    /// What the program said; 1 of what the reader added.
    confidence: f64,
    added_by_reader: bool,
    size: &'static str,
    certainty: &'static str,
    region: Option<&'static str>,
    side: Option<&'static str>,
    location: Option<&'static str>,
    cause: Option<&'static str>,
    note: &'a str,
}

#[derive(Serialize)]
struct OtherEntry<'a> {
    finding: Option<&'a str>,
    center_world_mm: [f64; 3],
    what: Option<&'static str>,
    note: &'a str,
}

/// "left", "right", or "midline".
fn side(place: Place) -> &'static str {
    if place.is_midline {
        "midline"
    } else {
        place.side.name()
    }
}

/// Microbleeds, and what is larger.
pub(super) fn counts(report: &ReadingReport) -> (usize, usize) {
    let is_macro = |read: &&ReportedLesion| read.counted.size == SizeBand::Macro;
    let macros = report.lesions.iter().filter(is_macro).count();
    (report.lesions.len() - macros, macros)
}

impl<'a> ReadingDocument<'a> {
    pub(super) fn of(report: &'a ReadingReport<'a>) -> Self {
        let (microbleeds, macrohaemorrhages) = counts(report);
        let mm = |world: [f64; 3]| world.map(|value| rounded(value, 1e4));
        Self {
            schema_version: SCHEMA_VERSION,
            software: SOFTWARE,
            research_use: RESEARCH_USE,
            scan: &report.scan.name,
            grid: report.scan.magnitude.grid(),
            reader: &report.reader,
            finished: report.is_finished,
            not_decided: report.open,
            method: report.method.as_deref(),
            quality: report.quality.as_deref(),
            microbleeds,
            macrohaemorrhages,
            burden_group: BurdenGroup::of(microbleeds),
            lesions: report.lesions.iter().map(LesionEntry::of).collect(),
            rejected: report
                .rejected
                .iter()
                .map(|rejected| OtherEntry {
                    finding: Some(&rejected.item),
                    center_world_mm: mm(rejected.center_world),
                    what: rejected.mimic,
                    note: &rejected.note,
                })
                .collect(),
            landmarks: report
                .landmarks
                .iter()
                .map(|landmark| OtherEntry {
                    finding: None,
                    center_world_mm: mm(landmark.world),
                    what: Some(landmark.what),
                    note: &landmark.note,
                })
                .collect(),
        }
    }
}

impl<'a> LesionEntry<'a> {
    fn of(read: &'a ReportedLesion) -> Self {
        let lesion = &read.lesion;
        let place = read.counted.place;
        Self {
            id: lesion.id,
            finding: &read.item,
            center_world_mm: lesion.center_world.to_array().map(|mm| rounded(mm, 1e4)),
            center_voxel: lesion.center_voxel.to_array().map(|v| rounded(v, 1e4)),
            volume_mm3: rounded(lesion.volume_mm3, 1e4),
            diameter_mm: rounded(lesion.diameter_mm, 1e4),
            confidence: rounded(f64::from(lesion.confidence), 1e4),
            added_by_reader: read.confidence.is_none(),
            size: read.counted.size.name(),
            certainty: read.counted.certainty.name(),
            region: place.and_then(Place::known_region).map(Region::name),
            side: place.map(side),
            location: read.counted.location.map(|location| location.name()),
            cause: read.cause,
            note: &read.note,
        }
    }
}

/// `lesions.csv`: one row per lesion.
pub(super) fn write_table(sink: impl Write, report: &ReadingReport) -> csv::Result<()> {
    let mut table = Table::new(sink);
    let said = [
        "volume_mm3",
        "diameter_mm",
        "confidence",
        "added_by_reader",
        "size",
        "certainty",
        "region",
        "side",
        "location",
        "cause",
        "note",
    ];
    let first = ["id", "finding"];
    table.write_record(first.iter().chain(&PLACE).chain(&said))?;
    for read in &report.lesions {
        let entry = LesionEntry::of(read);
        let numbers = entry.center_world_mm.iter().chain(&entry.center_voxel);
        let measures = [entry.volume_mm3, entry.diameter_mm, entry.confidence];
        let mut row = vec![entry.id.to_string(), entry.finding.to_string()];
        row.extend(numbers.chain(&measures).map(ToString::to_string));
        row.push(entry.added_by_reader.to_string());
        row.extend([entry.size, entry.certainty].map(String::from));
        let may_be_none = [entry.region, entry.side, entry.location, entry.cause];
        row.extend(may_be_none.map(|value| value.unwrap_or_default().to_string()));
        row.push(entry.note.to_string());
        table.write_record(&row)?;
    }
    table.flush()?;
    Ok(())
}
