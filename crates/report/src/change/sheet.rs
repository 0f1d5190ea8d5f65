//! What the report of a comparison shows.

use super::VisitFindings;
use super::document::{ARIA_SOURCE, ChangeCounts};
use crate::scan::forms_sheet::forms_blocks;
use crate::scan::sheet::{
    PICTURED, SLAB_MM, close_view, grid_in_words, method_in_words, region_in_words,
};
use crate::sheet::{Block, Card, Figure, HeadCell, Row, Sheet, Table, Tile};
use crate::words;
use siderin_core::change::{Change, Comparison, LEAST_AGREEMENT, Seen, Siderosis};
use siderin_core::lesion::{Counts, Lesion};
use siderin_image::picture::{Plane, View, picture};

/// The report of two visits.
pub(super) fn sheet(visits: &[VisitFindings; 2], comparison: &Comparison) -> Sheet {
    let cautions = comparison.cautions.iter().map(ToString::to_string);
    let of_visits = visits.iter().zip(words::BASELINE_FOLLOWUP);
    let warnings = of_visits.flat_map(|(visit, which)| {
        let warnings = visit.findings.warnings.iter();
        warnings.map(move |warning| format!("{which}: {warning}"))
    });
    let pictured = comparison.changes.iter().take(PICTURED);
    let cards = pictured.map(|change| Block::Card(card(visits, change)));
    Sheet {
        title: words::change_title(visits[0].name, visits[1].name),
        tiles: tiles(comparison),
        warnings: cautions.chain(warnings).collect(),
        blocks: changed(visits, comparison)
            .into_iter()
            .chain(cards)
            .chain(forms_blocks(&visits[1].findings, words::FOLLOWUP_FORMS))
            .chain(visits_blocks(visits))
            .chain(registration(comparison))
            .collect(),
    }
}

fn tiles(comparison: &Comparison) -> Vec<Tile> {
    let counts = ChangeCounts::of(&comparison.changes);
    let aria_h = &comparison.aria_h;
    let tile = |value: String, label: &str, note: String| Tile {
        value,
        label: label.into(),
        note,
    };
    let (grade, why) = match aria_h.grade {
        Ok(grade) => (
            grade.name().to_string(),
            match aria_h.siderosis {
                Siderosis::NotEntered => words::NO_SIDEROSIS.to_string(),
                Siderosis::NewAreas(areas) => {
                    format!("with {areas} new areas of siderosis, as entered")
                }
            },
        ),
        Err(ungraded) => ("–".into(), format!("not graded: {}", ungraded.reason())),
    };
    let mut tiles = vec![
        tile(
            aria_h.new_count.to_string(),
            "new microbleed candidates",
            "up to 10 mm; each was looked for at the baseline".into(),
        ),
        tile(grade, "ARIA-H", why),
        tile(
            (counts.stable + counts.grown + counts.shrunk).to_string(),
            "at both visits",
            if comparison.sizes {
                format!("{} grown, {} shrunk", counts.grown, counts.shrunk)
            } else {
                words::NO_SIZES.into()
            },
        ),
        tile(
            counts.gone.to_string(),
            "not seen any more",
            format!("{} outside one of the scans", counts.outside),
        ),
    ];
    if aria_h.new_macrohaemorrhages > 0 {
        tiles.push(tile(
            aria_h.new_macrohaemorrhages.to_string(),
            "new, over 10 mm",
            "a finding of its own, in no grade".into(),
        ));
    }
    tiles
}

fn changed(visits: &[VisitFindings; 2], comparison: &Comparison) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(words::CHANGES.into())];
    if comparison.changes.is_empty() {
        blocks.push(Block::Text(words::NOTHING_AT_BOTH.into()));
    } else {
        blocks.push(Block::Tables(vec![change_table(visits, comparison)]));
        blocks.push(Block::Small(words::CHANGES_NOTE.into()));
    }
    blocks.push(Block::Small(format!("{ARIA_SOURCE}.")));
    blocks
}

fn change_table(visits: &[VisitFindings; 2], comparison: &Comparison) -> Table {
    let rows = comparison.changes.iter().map(|change| {
        let seen = [&change.baseline, &change.followup];
        let of_visits = visits.iter().zip(seen).flat_map(|(visit, seen)| {
            let lesion = visit.lesion(seen);
            let number = |value: Option<String>| value.unwrap_or_else(|| "–".into());
            [
                lesion.map_or_else(|| evidence(seen), |l| format!("{:.2}", l.confidence)),
                number(lesion.map(|l| format!("{:.1}", l.diameter_mm))),
            ]
        });
        let first = [
            change.id.to_string(),
            words::status(change.status).to_string(),
            place(visits, change).unwrap_or_else(|| "–".into()),
        ];
        Row {
            cells: first.into_iter().chain(of_visits).collect(),
            is_total: false,
            link: Some(format!("change-{}", change.id)),
        }
    });
    Table {
        caption: None,
        numeric: vec![true, false, false, true, true, true, true],
        head: vec![
            vec![
                HeadCell::over("No.", 1, 2),
                HeadCell::over("Status", 1, 2),
                HeadCell::over("Region", 1, 2),
                HeadCell::over(words::BASELINE_FOLLOWUP[0], 2, 1),
                HeadCell::over(words::BASELINE_FOLLOWUP[1], 2, 1),
            ],
            [words::CONFIDENCE, words::DIAMETER]
                .into_iter()
                .cycle()
                .take(4)
                .map(HeadCell::of)
                .collect(),
        ],
        rows: rows.collect(),
    }
}

/// What a visit shows where nothing was found, such as "(0.02)".
fn evidence(seen: &Seen) -> String {
    match seen.evidence {
        None => "outside".into(),
        Some(evidence) => match (evidence.confidence, evidence.loss) {
            (Some(confidence), _) => format!("({confidence:.2})"),
            (None, Some(loss)) => format!("({:.0} % dark)", 100.0 * loss.max(0.0)),
            (None, None) => "–".into(),
        },
    }
}

/// The finding of the later visit, or of the earlier where it has none.
fn finding<'a>(visits: &'a [VisitFindings; 2], change: &Change) -> Option<&'a Lesion> {
    let later = visits[1].lesion(&change.followup);
    later.or_else(|| visits[0].lesion(&change.baseline))
}

fn place(visits: &[VisitFindings; 2], change: &Change) -> Option<String> {
    finding(visits, change).and_then(region_in_words)
}

/// Both visits at the lesion's place, each in its own slices.
fn card(visits: &[VisitFindings; 2], change: &Change) -> Card {
    let mut rows = Vec::new();
    let seen = [&change.baseline, &change.followup];
    for ((visit, seen), which) in visits.iter().zip(seen).zip(words::BASELINE_FOLLOWUP) {
        let scan = &visit.findings.scan.magnitude;
        if scan.grid().nearest(seen.place).is_none() {
            continue;
        }
        let close = close_view(scan, visit.findings.brain);
        let center = scan.grid().nearest_inside(scan.grid().to_voxel(seen.place));
        let lesion = visit.lesion(seen);
        let marked = |offset: usize| {
            lesion.is_some_and(|lesion| lesion.voxels.binary_search(&offset).is_ok())
        };
        let label = format!("change {}, {which}", change.id);
        let figure = |view: &View, plane: Plane, caption: &str| Figure {
            picture: picture(view, plane, center, &marked, &label),
            caption: format!("{which}, {caption}"),
        };
        let slab = View {
            slab_mm: SLAB_MM,
            ..close
        };
        let planes = Plane::ALL.iter();
        let mut figures: Vec<Figure> = planes
            .map(|&plane| figure(&close, plane, plane.name()))
            .collect();
        figures.push(figure(&slab, Plane::Axial, words::SLAB));
        rows.push(figures);
    }
    let status = words::status(change.status);
    let at = |seen: &Seen| {
        let [x, y, z] = seen.place.to_array();
        format!("({x:.1}, {y:.1}, {z:.1}) mm")
    };
    let region = place(visits, change).map_or(String::new(), |region| format!(", {region}"));
    Card {
        id: format!("change-{}", change.id),
        title: format!("{}. {status}{region}", change.id),
        note: format!(
            "at {}, later at {}",
            at(&change.baseline),
            at(&change.followup)
        ),
        figures: rows,
    }
}

fn visits_blocks(visits: &[VisitFindings; 2]) -> Vec<Block> {
    let row = |name: &str, of: &dyn Fn(&VisitFindings) -> String| {
        let values = visits.iter().map(of);
        std::iter::once(name.to_string()).chain(values).collect()
    };
    let mut table = Table::of_pairs(vec![
        row("Name", &|v| v.name.to_string()),
        row("Microbleed candidates", &|v| {
            Counts::of(v.findings.lesions).microbleeds.to_string()
        }),
        row("Larger than 10 mm", &|v| {
            Counts::of(v.findings.lesions).macrohaemorrhages.to_string()
        }),
        row("Grid", &|v| grid_in_words(&v.findings.scan.magnitude)),
        row("Sequence", &|v| {
            v.findings.scan.acquisition.sequence().to_string()
        }),
        row("Field strength", &|v| {
            let known = v.findings.scan.acquisition.field_strength_t.as_ref();
            known.map_or("–".into(), |known| format!("{} T", known.value))
        }),
        row("Suitability", &|v| {
            v.findings.suitability.verdict.to_string()
        }),
        row("Method", &|v| method_in_words(&v.findings)),
    ]);
    let head = [""].into_iter().chain(words::BASELINE_FOLLOWUP);
    table.head = vec![head.map(HeadCell::of).collect()];
    vec![
        Block::Heading(words::VISITS.into()),
        Block::Tables(vec![table]),
    ]
}

fn registration(comparison: &Comparison) -> Vec<Block> {
    let quality = &comparison.registration.quality;
    let turn = comparison.registration.followup_from_baseline.rotation;
    let row = |name: &str, value: String| vec![name.to_string(), value];
    let rows = vec![
        row(
            "Agreement inside the brain",
            format!(
                "{:.2}; scans of two persons have less than {LEAST_AGREEMENT}",
                quality.agreement
            ),
        ),
        row(
            "Normalised mutual information",
            format!("{:.3}", quality.images.normalised_mutual_information),
        ),
        row(
            "Brain that both show",
            format!("{:.0} %", 100.0 * quality.shared_brain),
        ),
        row("Turned by", format!("{:.1}°", turn.angle().to_degrees())),
        row("Software", format!("siderin {}", env!("CARGO_PKG_VERSION"))),
    ];
    vec![
        Block::Heading(words::REGISTRATION.into()),
        Block::Tables(vec![Table::of_pairs(rows)]),
    ]
}
