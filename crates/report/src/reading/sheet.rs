//! What the report of a reading shows.

use super::document::counts;
use super::{ReadingReport, ReportedLesion};
use crate::scan::forms_sheet::filled_blocks;
use crate::scan::sheet::{PICTURED, acquisition_rows, close_view, grid_in_words, lesion_figures};
use crate::sheet::{Block, Card, HeadCell, Row, Sheet, Table, Tile};
use crate::words;
use siderin_core::lesion::{BurdenGroup, Place};
use siderin_image::picture::View;
use siderin_image::volume::Volume;

/// The report of a reading.
pub(super) fn sheet(report: &ReadingReport) -> Sheet {
    let mut blocks = vec![Block::Heading(words::LESIONS_READ.into())];
    blocks.extend(lesions(report));
    blocks.extend(filled_blocks(&report.forms(), words::FORMS));
    blocks.push(Block::Small(words::READ_FORMS_NOTE.into()));
    blocks.push(Block::Small(words::NO_GRADE.into()));
    blocks.extend(others(report));
    blocks.extend(scan(report));
    Sheet {
        title: words::reading_title(&report.scan.name, &report.reader),
        tiles: tiles(report),
        warnings: warnings(report),
        blocks,
    }
}

fn tiles(report: &ReadingReport) -> Vec<Tile> {
    let (microbleeds, macros) = counts(report);
    let added = report.lesions.iter().filter(|r| r.confidence.is_none());
    let tile = |value: String, label: &str, note: String| Tile {
        value,
        label: label.into(),
        note,
    };
    let mut tiles = vec![
        tile(
            microbleeds.to_string(),
            "microbleeds accepted",
            format!("{} of them marked by the reader", added.count()),
        ),
        tile(
            BurdenGroup::of(microbleeds).to_string(),
            "burden group",
            "0, 1–4, 5–9, ≥10 on one scan; not an ARIA-H grade".into(),
        ),
        tile(
            report.rejected.len().to_string(),
            "findings rejected",
            report.method.clone().unwrap_or_default(),
        ),
    ];
    if macros > 0 {
        tiles.push(tile(
            macros.to_string(),
            "larger than 10 mm",
            "counted apart".into(),
        ));
    }
    tiles.push(tile(
        report.suitability.verdict.to_string(),
        "suitability of the scan",
        report
            .suitability
            .reasons
            .first()
            .cloned()
            .unwrap_or_default(),
    ));
    tiles
}

fn warnings(report: &ReadingReport) -> Vec<String> {
    let mut warnings = Vec::new();
    if report.open > 0 {
        warnings.push(words::not_decided(report.open));
    }
    if !report.is_finished {
        warnings.push(words::NOT_FINISHED.into());
    }
    warnings
}

fn lesions(report: &ReadingReport) -> Vec<Block> {
    if report.lesions.is_empty() {
        return vec![Block::Text(words::NOTHING_ACCEPTED.into())];
    }
    let everything;
    let brain = match report.brain {
        Some(brain) => brain,
        None => {
            everything = Volume::filled(report.scan.magnitude.grid(), true);
            &everything
        }
    };
    let close = close_view(&report.scan.magnitude, brain);
    let rows = report.lesions.iter().map(|read| Row {
        cells: cells(read).to_vec(),
        is_total: false,
        link: Some(format!("lesion-{}", read.lesion.id)),
    });
    let table = Table {
        caption: None,
        numeric: [true, true, true, true, true, true]
            .into_iter()
            .chain([false; 5])
            .collect(),
        head: vec![words::READ_COLUMNS.into_iter().map(HeadCell::of).collect()],
        rows: rows.collect(),
    };
    let pictured = report.lesions.iter().take(PICTURED);
    std::iter::once(Block::Tables(vec![table]))
        .chain(pictured.map(|read| Block::Card(card(&close, read))))
        .collect()
}

fn cells(read: &ReportedLesion) -> [String; 11] {
    let [x, y, z] = read.lesion.center_world.to_array();
    [
        read.lesion.id.to_string(),
        read.confidence.map_or("–".into(), |c| format!("{c:.2}")),
        format!("{:.1}", read.lesion.diameter_mm),
        format!("{x:.1}"),
        format!("{y:.1}"),
        format!("{z:.1}"),
        read.counted.size.in_words().into(),
        read.counted.certainty.name().into(),
        region(read).unwrap_or_else(|| "–".into()),
        read.counted
            .location
            .map_or("–".into(), |l| l.in_words().to_string()),
        read.cause.unwrap_or("–").into(),
    ]
}

/// Such as "left thalamus".
fn region(read: &ReportedLesion) -> Option<String> {
    read.counted.place.map(Place::in_words)
}

fn card(close: &View, read: &ReportedLesion) -> Card {
    let lesion = &read.lesion;
    let figures = lesion_figures(close, lesion, None);
    let by = match read.confidence {
        Some(confidence) => format!("proposed with confidence {confidence:.2}"),
        None => "marked by the reader".into(),
    };
    let region = region(read).map_or(String::new(), |region| format!("{region} · "));
    let note = match read.note.as_str() {
        "" => String::new(),
        note => format!(" · {note}"),
    };
    Card {
        id: format!("lesion-{}", lesion.id),
        title: format!(
            "{}. {}, {:.1} mm",
            lesion.id,
            read.counted.certainty.name(),
            lesion.diameter_mm
        ),
        note: format!("{region}{by}{note}"),
        figures: vec![figures],
    }
}

/// What was rejected, and the landmarks.
fn others(report: &ReadingReport) -> Vec<Block> {
    let place = |[x, y, z]: [f64; 3]| format!("{x:.1}, {y:.1}, {z:.1}");
    let mut blocks = Vec::new();
    let mut add = |heading: &str, head: [&str; 4], rows: Vec<Row>| {
        if !rows.is_empty() {
            blocks.push(Block::Heading(heading.into()));
            blocks.push(Block::Tables(vec![Table {
                caption: None,
                numeric: vec![false; 4],
                head: vec![head.into_iter().map(HeadCell::of).collect()],
                rows,
            }]));
        }
    };
    let rejected = report.rejected.iter().map(|rejected| {
        Row::of(vec![
            place(rejected.center_world),
            rejected.mimic.unwrap_or("–").into(),
            rejected
                .confidence
                .map_or("–".into(), |c| format!("{c:.2}")),
            rejected.note.clone(),
        ])
    });
    add(words::REJECTED, words::REJECTED_COLUMNS, rejected.collect());
    let landmarks = report.landmarks.iter().map(|landmark| {
        Row::of(vec![
            place(landmark.world),
            landmark.what.into(),
            String::new(),
            landmark.note.clone(),
        ])
    });
    add(
        words::LANDMARKS,
        words::LANDMARK_COLUMNS,
        landmarks.collect(),
    );
    blocks
}

fn scan(report: &ReadingReport) -> Vec<Block> {
    let row = |name: &str, value: String| vec![name.to_string(), value, String::new()];
    let mut rows = vec![
        row("Read by", report.reader.clone()),
        row(
            "Findings proposed by",
            report.method.clone().unwrap_or_else(|| "nobody".into()),
        ),
        row(
            "Image quality",
            report.quality.clone().unwrap_or_else(|| "not said".into()),
        ),
        row("Grid", grid_in_words(&report.scan.magnitude)),
        row("Software", format!("siderin {}", env!("CARGO_PKG_VERSION"))),
    ];
    rows.extend(acquisition_rows(&report.scan.acquisition).map(|row| row.to_vec()));
    vec![
        Block::Heading(words::SCAN.into()),
        Block::Tables(vec![Table::of_pairs(rows)]),
        Block::List(report.suitability.reasons.clone()),
    ]
}
