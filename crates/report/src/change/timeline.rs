//! More than two visits: what each brought since the first and since the one before.

use super::VisitFindings;
use super::document::{ARIA_SOURCE, ChangeCounts};
use crate::scan::document::{SOFTWARE, Software};
use crate::sheet::{Block, HeadCell, Row, Sheet, Table};
use crate::words;
use serde::Serialize;
use siderin_core::RESEARCH_USE;
use siderin_core::change::{AriaGrade, Comparison};
use siderin_core::lesion::Counts;

/// A later visit, compared.
#[derive(Debug)]
pub struct TimelineStep {
    /// With the first visit.
    pub since_first: Comparison,
    /// With the visit before; none at the second one, where it is the same.
    pub since_previous: Option<Comparison>,
}

/// The content of `timeline.json`.
#[derive(Serialize)]
pub(super) struct TimelineDocument<'a> {
    schema_version: &'static str,
    software: Software,
    research_use: &'static str,
    visits: Vec<VisitLine<'a>>,
    aria_h_source: &'static str,
}

#[derive(Serialize)]
struct VisitLine<'a> {
    number: usize,
    name: &'a str,
    counts: Counts,
    since_first: Option<SinceLine>,
    since_previous: Option<SinceLine>,
    /// Its comparison with the first visit.
    folder: Option<String>,
}

#[derive(Serialize)]
struct SinceLine {
    counts: ChangeCounts,
    aria_h: Option<AriaGrade>,
    aria_h_reason: Option<String>,
    cautions: usize,
}

/// The folder of a later visit's comparison; `number` counts from 1.
pub(super) fn folder_of(number: usize) -> String {
    format!("visit-{number}")
}

impl SinceLine {
    fn of(comparison: &Comparison) -> Self {
        let grade = comparison.aria_h.grade;
        Self {
            counts: ChangeCounts::of(&comparison.changes),
            aria_h: grade.ok(),
            aria_h_reason: grade.err().map(|why| why.reason()),
            cautions: comparison.cautions.len(),
        }
    }
}

impl<'a> TimelineDocument<'a> {
    pub(super) fn of(visits: &'a [VisitFindings<'a>], steps: &[TimelineStep]) -> Self {
        let lines = visits.iter().enumerate().map(|(n, visit)| {
            let step = n.checked_sub(1).and_then(|n| steps.get(n));
            let first = step.map(|step| SinceLine::of(&step.since_first));
            let previous = step.map(|step| {
                SinceLine::of(step.since_previous.as_ref().unwrap_or(&step.since_first))
            });
            VisitLine {
                number: n + 1,
                name: visit.name,
                counts: Counts::of(visit.findings.lesions),
                since_first: first,
                since_previous: previous,
                folder: step.map(|_| folder_of(n + 1)),
            }
        });
        Self {
            schema_version: "1.0",
            software: SOFTWARE,
            research_use: RESEARCH_USE,
            visits: lines.collect(),
            aria_h_source: ARIA_SOURCE,
        }
    }
}

/// The report of all visits.
pub(super) fn sheet(visits: &[VisitFindings], steps: &[TimelineStep]) -> Sheet {
    let document = TimelineDocument::of(visits, steps);
    let rows = document.visits.iter().map(|line| {
        let new = |since: &Option<SinceLine>| {
            since
                .as_ref()
                .map_or("–".into(), |since| since.counts.new.to_string())
        };
        let grade = line.since_first.as_ref().map_or("–".into(), |since| {
            since
                .aria_h
                .map_or_else(|| "not graded".into(), |grade| grade.name().to_string())
        });
        Row::of(vec![
            line.number.to_string(),
            line.name.to_string(),
            line.counts.microbleeds.to_string(),
            new(&line.since_previous),
            new(&line.since_first),
            grade,
            line.folder.clone().unwrap_or_default(),
        ])
    });
    let warnings = steps.iter().enumerate().flat_map(|(n, step)| {
        let cautions = step.since_first.cautions.iter();
        cautions.map(move |caution| format!("visit {} against visit 1: {caution}", n + 2))
    });
    Sheet {
        title: words::TIMELINE.into(),
        tiles: Vec::new(),
        warnings: warnings.collect(),
        blocks: vec![
            Block::Heading(words::VISITS.into()),
            Block::Tables(vec![Table {
                caption: None,
                numeric: vec![true, false, true, true, true, false, false],
                head: vec![
                    words::TIMELINE_COLUMNS
                        .into_iter()
                        .map(HeadCell::of)
                        .collect(),
                ],
                rows: rows.collect(),
            }]),
            Block::Small(words::TIMELINE_NOTE.into()),
            Block::Small(format!("{ARIA_SOURCE}.")),
        ],
    }
}
