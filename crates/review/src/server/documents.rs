//! Answers as the page reads them.

use crate::annotate::{
    Artefact, Cause, Finding, ImageQuality, Landmark, Mark, MarkedSide, MimicType, OtherFinding,
    Rating, Runs, RunsError, Site,
};
use crate::reading::{Reading, ReadingError, forms, in_words};
use crate::store::Event;
use serde::Serialize;
use serde_json::{Value, json};
use siderin_core::forms::{Certainty, Forms, Location, Sides, SizeBand};
use siderin_core::lesion::{BurdenGroup, Lesion, Place};
use siderin_core::regions::{Region, RegionGroup, Side};

/// A reader's state of a scan.
#[derive(Debug, Serialize)]
pub(super) struct ReadingDocument {
    findings: Vec<FindingDocument>,
    landmarks: Vec<LandmarkDocument>,
    quality: Option<ImageQuality>,
    finished: bool,
    forms: FormsDocument,
    open_left: usize,
    counts: CountsDocument,
    can_undo: bool,
    can_redo: bool,
    undo_label: Option<String>,
    redo_label: Option<String>,
}

#[derive(Debug, Serialize)]
struct FindingDocument {
    item: String,
    origin: &'static str,
    confidence: Option<f32>,
    center_world: [f64; 3],
    center_voxel: [f64; 3],
    diameter_mm: f64,
    volume_mm3: f64,
    mask: Runs,
    program_mask: Option<Runs>,
    measured: Measured,
    mark: Option<Tagged<Mark>>,
    count: usize,
}

/// What is measured of a finding, whatever the reader says.
#[derive(Debug, Serialize)]
struct Measured {
    region: Option<Region>,
    side: Option<MarkedSide>,
    or_region: Option<Region>,
    location: Option<Location>,
    certainty: Certainty,
    size: SizeBand,
    in_words: Option<String>,
}

#[derive(Debug, Serialize)]
struct LandmarkDocument {
    item: String,
    label: &'static str,
    #[serde(flatten)]
    landmark: Tagged<Landmark>,
}

/// An entry with the kind that requests have.
#[derive(Debug, Serialize)]
struct Tagged<T> {
    kind: &'static str,
    #[serde(flatten)]
    said: T,
}

#[derive(Debug, Serialize)]
struct CountsDocument {
    accepted: usize,
    open: usize,
    rejected: usize,
    added: usize,
    microbleeds: usize,
    macrohaemorrhages: usize,
    burden_group: String,
}

#[derive(Debug, Serialize)]
struct FormsDocument {
    pattern: &'static str,
    mars: Value,
    bombs: Value,
}

impl ReadingDocument {
    /// Of a reading with what could be undone and redone.
    pub(super) fn of(
        reading: &Reading,
        site: &Site,
        (undo, redo): (Option<Event>, Option<Event>),
    ) -> Result<Self, ReadingError> {
        let lesions = reading.lesions(site)?;
        let filled = forms(&lesions);
        let tally = reading.tally();
        let macros = filled.macrohaemorrhages;
        let microbleeds = lesions.len() - macros;
        let findings: Result<Vec<_>, RunsError> = reading
            .findings
            .iter()
            .map(|finding| FindingDocument::of(finding, site))
            .collect();
        Ok(Self {
            findings: findings?,
            landmarks: reading
                .landmarks
                .iter()
                .map(|(item, landmark)| LandmarkDocument {
                    item: item.clone(),
                    label: landmark.what.in_words(),
                    landmark: Tagged {
                        kind: "landmark",
                        said: landmark.clone(),
                    },
                })
                .collect(),
            quality: reading.quality.clone(),
            finished: reading.is_finished,
            forms: FormsDocument::of(&filled),
            open_left: tally.open,
            counts: CountsDocument {
                accepted: tally.accepted,
                open: tally.open,
                rejected: tally.rejected,
                added: tally.added,
                microbleeds,
                macrohaemorrhages: macros,
                burden_group: BurdenGroup::of(microbleeds).to_string(),
            },
            can_undo: undo.is_some(),
            can_redo: redo.is_some(),
            undo_label: undo.as_ref().map(in_words),
            redo_label: redo.as_ref().map(in_words),
        })
    }
}

impl FindingDocument {
    fn of(finding: &Finding, site: &Site) -> Result<Self, RunsError> {
        let lesion = finding.measured(site)?;
        let is_group = finding.mark.as_ref().is_some_and(|mark| mark.is_group);
        let count = if is_group {
            finding.lesions(site)?.len()
        } else {
            1
        };
        Ok(Self {
            item: finding.item.clone(),
            origin: if finding.proposed.is_some() {
                "program"
            } else {
                "reader"
            },
            confidence: finding.proposed.as_ref().map(|p| p.confidence),
            center_world: lesion.center_world.to_array(),
            center_voxel: lesion.center_voxel.to_array(),
            diameter_mm: lesion.diameter_mm,
            volume_mm3: lesion.volume_mm3,
            measured: Measured::of(finding, &lesion, site),
            mask: Runs::of(&lesion.voxels),
            program_mask: finding.proposed.as_ref().map(|p| Runs::of(&p.voxels)),
            mark: finding.mark.clone().map(|said| Tagged {
                kind: "finding",
                said,
            }),
            count,
        })
    }
}

impl Measured {
    fn of(finding: &Finding, lesion: &Lesion, site: &Site) -> Self {
        let place = lesion.place.ok();
        let side = place.map(|place| match (place.is_midline, place.side) {
            (true, _) => MarkedSide::Midline,
            (false, Side::Left) => MarkedSide::Left,
            (false, Side::Right) => MarkedSide::Right,
        });
        Self {
            region: place.and_then(Place::known_region),
            side,
            or_region: place.and_then(|place| place.or_region),
            location: place.and_then(Location::of),
            certainty: finding.measured_certainty(lesion, site.grid),
            size: SizeBand::of(lesion.diameter_mm),
            in_words: place.map(Place::in_words),
        }
    }
}

impl FormsDocument {
    fn of(forms: &Forms) -> Self {
        let mars = &forms.mars;
        let lines: Vec<Value> = mars
            .lines
            .iter()
            .map(|line| {
                let label = match (line.region, line.group) {
                    (Some(region), _) => region.name().replace('_', " "),
                    (None, Some(_)) => "on a border in the group, or not known".into(),
                    (None, None) => "region unclear".into(),
                };
                json!({
                    "group": line.group, "region": line.region, "label": label,
                    "definite": line.counts.definite, "possible": line.counts.possible,
                })
            })
            .collect();
        let subtotals: Vec<Value> = mars
            .subtotals()
            .into_iter()
            .filter_map(|subtotal| {
                let group = subtotal.group?;
                Some(json!({
                    "group": group, "label": group.name(),
                    "definite": subtotal.counts.definite, "possible": subtotal.counts.possible,
                }))
            })
            .collect();
        let total = mars.total();
        let bombs: Vec<Value> = forms
            .bombs
            .lines
            .iter()
            .map(|line| {
                let sides = |sides: Sides| json!(sides);
                json!({
                    "location": line.location,
                    "label": line.location.map_or("not clear", Location::in_words),
                    "certain_small": sides(line.certain_small),
                    "certain_large": sides(line.certain_large),
                    "uncertain_small": sides(line.uncertain_small),
                    "uncertain_large": sides(line.uncertain_large),
                })
            })
            .collect();
        Self {
            pattern: mars.pattern().in_words(),
            mars: json!({
                "lines": lines, "subtotals": subtotals,
                "total": { "definite": total.definite, "possible": total.possible },
            }),
            bombs: json!({ "lines": bombs }),
        }
    }
}

/// All terms of the page, with their words.
pub(super) fn vocabulary() -> Value {
    let term = |id: &str, label: &str| json!({ "id": id, "label": label });
    let regions: Vec<Value> = Region::ALL
        .into_iter()
        .map(|region| {
            json!({
                "id": region.name(), "label": region.name().replace('_', " "),
                "group": RegionGroup::name(region.group()),
            })
        })
        .collect();
    let landmarks: Vec<Value> = MimicType::ALL
        .iter()
        .map(|m| json!({ "id": m.name(), "label": m.in_words(), "group": "mimic" }))
        .chain(
            OtherFinding::ALL
                .iter()
                .map(|o| json!({ "id": o.name(), "label": o.in_words(), "group": "finding" })),
        )
        .collect();
    json!({
        "regions": regions,
        "locations": Location::ALL.map(|l| term(l.name(), l.in_words())),
        "sizes": SizeBand::ALL.map(|s| term(s.name(), s.in_words())),
        "mimics": MimicType::ALL.iter().map(|m| term(m.name(), m.in_words())).collect::<Vec<_>>(),
        "causes": Cause::ALL.iter().map(|c| term(c.name(), c.in_words())).collect::<Vec<_>>(),
        "landmarks": landmarks,
        "artefacts": Artefact::ALL.iter().map(|a| term(a.name(), a.in_words())).collect::<Vec<_>>(),
        "ratings": Rating::ALL.iter().map(|r| term(r.name(), r.in_words())).collect::<Vec<_>>(),
    })
}
