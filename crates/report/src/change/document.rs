//! `change.json` and `change.csv`: what became of each lesion between two visits.

use super::VisitFindings;
use crate::scan::document::{SOFTWARE, Software, rounded};
use serde::Serialize;
use siderin_core::RESEARCH_USE;
use siderin_core::change::{
    AriaGrade, Caution, Change, Comparison, Evidence, LEAST_AGREEMENT, Seen, Siderosis, Status,
    VisitQuality,
};
use siderin_core::detection::Method;
use siderin_core::lesion::{Counts, Lesion, Place, SizeClass};
use siderin_core::regions::Region;
use siderin_image::folder::Table;
use siderin_image::scan::{Acquisition, Note};
use std::io::Write;

/// Grows as that of `lesions.json`.
const SCHEMA_VERSION: &str = "1.0";
/// Said beside every grade.
pub(crate) const ARIA_SOURCE: &str = "ARIA-H by what is new since the baseline: 1 to 4, 5 to 9, 10 or more new \
     microhaemorrhages, 1, 2, more than 2 new focal areas of superficial siderosis (prescribing information of \
     lecanemab and donanemab; Cogswell 2022, doi 10.3174/ajnr.A7586); verify against the current label";

/// The content of `change.json`.
#[derive(Serialize)]
pub(super) struct ChangeDocument<'a> {
    schema_version: &'static str,
    software: Software,
    research_use: &'static str,
    baseline: VisitEntry<'a>,
    followup: VisitEntry<'a>,
    registration: RegistrationEntry,
    /// Whether diameters were compared: only where both scans were made alike.
    sizes_compared: bool,
    cautions: &'a [Caution],
    counts: ChangeCounts,
    aria_h: AriaEntry<'a>,
    lesions: Vec<ChangeEntry>,
}

#[derive(Serialize)]
struct VisitEntry<'a> {
    name: &'a str,
    acquisition: &'a Acquisition,
    method: &'a Method,
    counts: Counts,
    warnings: &'a [Note],
}

#[derive(Serialize)]
struct RegistrationEntry {
    /// 4×4, RAS+ mm: from the first visit's world to the second's.
    followup_from_baseline: [[f64; 4]; 4],
    rotation_deg: f64,
    shift_mm: f64,
    quality: VisitQuality,
    /// Scans that agree less are refused.
    least_agreement: f64,
}

/// How many lesions have each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ChangeCounts {
    pub(crate) new: usize,
    pub(crate) gone: usize,
    pub(crate) grown: usize,
    pub(crate) shrunk: usize,
    pub(crate) stable: usize,
    pub(crate) outside: usize,
}

impl ChangeCounts {
    pub(crate) fn of(changes: &[Change]) -> Self {
        let count = |status: Status| changes.iter().filter(|c| c.status == status).count();
        Self {
            new: count(Status::New),
            gone: count(Status::Gone),
            grown: count(Status::Grown),
            shrunk: count(Status::Shrunk),
            stable: count(Status::Stable),
            outside: count(Status::Outside),
        }
    }
}

#[derive(Serialize)]
struct AriaEntry<'a> {
    grade: Option<AriaGrade>,
    /// Why there is no grade.
    reason: Option<String>,
    new_count: usize,
    new_macrohaemorrhages: usize,
    /// New focal areas of superficial siderosis as the reader entered them; siderin does not look for them.
    siderosis: Option<usize>,
    cautions: &'a [Caution],
    source: &'static str,
}

#[derive(Serialize)]
struct ChangeEntry {
    id: u16,
    status: Status,
    baseline_world_mm: [f64; 3],
    followup_world_mm: [f64; 3],
    region: Option<&'static str>,
    side: Option<&'static str>,
    baseline: SeenEntry,
    followup: SeenEntry,
}

/// A lesion's place as one visit shows it.
#[derive(Serialize)]
struct SeenEntry {
    /// Number of the finding at this visit; none where it was not found.
    lesion: Option<u16>,
    confidence: Option<f64>,
    diameter_mm: Option<f64>,
    volume_mm3: Option<f64>,
    size_class: Option<SizeClass>,
    /// What is there where nothing was found; none outside of the scan.
    evidence: Option<Evidence>,
}

impl<'a> ChangeDocument<'a> {
    pub(super) fn of(visits: &'a [VisitFindings<'a>; 2], comparison: &'a Comparison) -> Self {
        let [baseline, followup] = visits;
        let isometry = comparison.registration.followup_from_baseline;
        let matrix = isometry.to_homogeneous();
        let aria_h = &comparison.aria_h;
        Self {
            schema_version: SCHEMA_VERSION,
            software: SOFTWARE,
            research_use: RESEARCH_USE,
            baseline: VisitEntry::of(baseline),
            followup: VisitEntry::of(followup),
            registration: RegistrationEntry {
                followup_from_baseline: std::array::from_fn(|r| {
                    std::array::from_fn(|c| rounded(matrix[(r, c)], 1e9))
                }),
                rotation_deg: rounded(isometry.rotation.angle().to_degrees(), 1e3),
                shift_mm: rounded(shift_mm(followup, comparison), 1e3),
                quality: comparison.registration.quality,
                least_agreement: LEAST_AGREEMENT,
            },
            sizes_compared: comparison.sizes,
            cautions: &comparison.cautions,
            counts: ChangeCounts::of(&comparison.changes),
            aria_h: AriaEntry {
                grade: aria_h.grade.ok(),
                reason: aria_h.grade.err().map(|why| why.reason()),
                new_count: aria_h.new_count,
                new_macrohaemorrhages: aria_h.new_macrohaemorrhages,
                siderosis: match aria_h.siderosis {
                    Siderosis::NotEntered => None,
                    Siderosis::NewAreas(areas) => Some(areas),
                },
                cautions: &comparison.cautions,
                source: ARIA_SOURCE,
            },
            lesions: comparison
                .changes
                .iter()
                .map(|change| ChangeEntry::of(change, visits))
                .collect(),
        }
    }
}

/// How far the middle of the second scan's grid moved.
fn shift_mm(followup: &VisitFindings, comparison: &Comparison) -> f64 {
    let grid = followup.findings.scan.magnitude.grid();
    let middle = grid.shape().map(|n| 0.5 * (n as f64 - 1.0));
    let [x, y, z] = middle;
    let middle = grid
        .to_world(siderin_image::volume::VoxelPoint::new(x, y, z))
        .0;
    let back = comparison.registration.followup_from_baseline.inverse();
    (back * middle - middle).norm()
}

impl<'a> VisitEntry<'a> {
    fn of(visit: &'a VisitFindings<'a>) -> Self {
        let findings = &visit.findings;
        Self {
            name: visit.name,
            acquisition: &findings.scan.acquisition,
            method: &findings.method,
            counts: Counts::of(findings.lesions),
            warnings: &findings.warnings,
        }
    }
}

impl ChangeEntry {
    fn of(change: &Change, [baseline, followup]: &[VisitFindings; 2]) -> Self {
        let place = |seen: &Seen| seen.place.to_array().map(|mm| rounded(mm, 1e4));
        let lesion = followup
            .lesion(&change.followup)
            .or_else(|| baseline.lesion(&change.baseline));
        let known = lesion.and_then(|lesion| lesion.place.ok());
        Self {
            id: change.id,
            status: change.status,
            baseline_world_mm: place(&change.baseline),
            followup_world_mm: place(&change.followup),
            region: known.and_then(Place::known_region).map(Region::name),
            side: known.map(|place| place.side.name()),
            baseline: SeenEntry::of(&change.baseline, baseline.lesion(&change.baseline)),
            followup: SeenEntry::of(&change.followup, followup.lesion(&change.followup)),
        }
    }
}

impl SeenEntry {
    fn of(seen: &Seen, lesion: Option<&Lesion>) -> Self {
        let round = |value: f64| rounded(value, 1e4);
        Self {
            lesion: seen.lesion,
            confidence: lesion.map(|l| round(f64::from(l.confidence))),
            diameter_mm: lesion.map(|l| round(l.diameter_mm)),
            volume_mm3: lesion.map(|l| round(l.volume_mm3)),
            size_class: lesion.map(|l| l.size_class),
            evidence: seen.evidence,
        }
    }
}

/// Writes one row per lesion.
pub(super) fn write_changes(
    sink: impl Write,
    visits: &[VisitFindings; 2],
    comparison: &Comparison,
) -> csv::Result<()> {
    let mut table = Table::new(sink);
    let of_visit = |visit: &str| {
        [
            "x_mm",
            "y_mm",
            "z_mm",
            "lesion",
            "confidence",
            "diameter_mm",
            "evidence_confidence",
            "evidence_loss",
        ]
        .map(|name| format!("{visit}_{name}"))
    };
    let header = ["id", "status", "region", "side"].map(String::from);
    let header = header.into_iter().chain(of_visit("baseline"));
    table.write_record(header.chain(of_visit("followup")))?;
    for change in &comparison.changes {
        let entry = ChangeEntry::of(change, visits);
        let text = |value: Option<&str>| value.unwrap_or_default().to_string();
        let number = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
        let mut row = vec![
            entry.id.to_string(),
            entry.status.name().to_string(),
            text(entry.region),
            text(entry.side),
        ];
        let sides = [
            (entry.baseline_world_mm, &entry.baseline),
            (entry.followup_world_mm, &entry.followup),
        ];
        for (place, seen) in sides {
            row.extend(place.map(|mm| mm.to_string()));
            row.push(seen.lesion.map(|id| id.to_string()).unwrap_or_default());
            let share = |value: Option<f32>| value.map(|v| rounded(f64::from(v), 1e4));
            let evidence = seen.evidence;
            row.extend(
                [
                    seen.confidence,
                    seen.diameter_mm,
                    share(evidence.and_then(|e| e.confidence)),
                    share(evidence.and_then(|e| e.loss)),
                ]
                .map(number),
            );
        }
        table.write_record(&row)?;
    }
    table.flush()?;
    Ok(())
}
