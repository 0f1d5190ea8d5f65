//! The forms on a report.

use super::forms::{cautions, forms};
use super::sheet::threshold_in_words;
use crate::sheet::{Block, HeadCell, Row, Table};
use crate::words;
use siderin_core::detection::Findings;
use siderin_core::forms::{Forms, MarsCounts, ROUND_MOST, SMALLEST_DEFINITE_MM, Sides};

/// Both forms as tables, or why there are none.
pub(crate) fn forms_blocks(findings: &Findings, heading: &str) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(heading.into())];
    match forms(findings) {
        Ok(filled) => {
            blocks = filled_blocks(&filled, heading);
            blocks.push(Block::Small(words::forms_note(
                &threshold_in_words(filled.certain_from),
                SMALLEST_DEFINITE_MM,
                ROUND_MOST,
            )));
        }
        Err(reason) => blocks.push(Block::Text(format!(
            "MARS and BOMBS could not be filled in: {}.",
            reason.reason()
        ))),
    }
    blocks.extend(cautions(findings).into_iter().map(Block::Alert));
    blocks
}

/// Forms that are filled in, as tables.
pub(crate) fn filled_blocks(filled: &Forms, heading: &str) -> Vec<Block> {
    let pattern = filled.mars.pattern().in_words();
    vec![
        Block::Heading(heading.into()),
        Block::Text(format!("Pattern: {pattern}")),
        Block::Tables(vec![mars_table(filled), bombs_table(filled)]),
    ]
}

/// Left, right and unclear, empty for none.
fn cells(sides: Sides) -> [String; 3] {
    let cell = |count: usize| {
        if count > 0 {
            count.to_string()
        } else {
            String::new()
        }
    };
    [cell(sides.left), cell(sides.right), cell(sides.unclear)]
}

/// A row of side letters, repeated.
fn sides_head(times: usize) -> Vec<HeadCell> {
    let letters = words::LEFT_RIGHT_UNCLEAR.into_iter().cycle();
    letters.take(3 * times).map(HeadCell::of).collect()
}

/// MARS; a subtotal after each group.
fn mars_table(forms: &Forms) -> Table {
    let row = |name: String, is_total: bool, counts: MarsCounts| {
        let sides = [counts.definite, counts.possible].into_iter();
        let counted = sides.flat_map(cells).chain([counts.total().to_string()]);
        Row {
            cells: std::iter::once(name).chain(counted).collect(),
            is_total,
            link: None,
        }
    };
    let mut rows = Vec::new();
    for subtotal in forms.mars.subtotals() {
        let lines = forms.mars.lines.iter();
        for line in lines.filter(|line| line.group == subtotal.group) {
            let name = match (line.region, line.group) {
                (Some(region), _) => region.name().replace('_', " "),
                (None, Some(_)) => words::BORDER_IN_GROUP.into(),
                (None, None) => words::BORDER_OF_GROUPS.into(),
            };
            rows.push(row(name, false, line.counts));
        }
        if let Some(group) = subtotal.group {
            rows.push(row(group.name().into(), true, subtotal.counts));
        }
    }
    rows.push(row(words::TOTAL.into(), true, forms.mars.total()));
    Table {
        caption: Some(words::MARS.into()),
        numeric: std::iter::once(false).chain([true; 7]).collect(),
        head: vec![
            vec![
                HeadCell::over("Region", 1, 2),
                HeadCell::over("Definite", 3, 1),
                HeadCell::over("Possible", 3, 1),
                HeadCell::over("All", 1, 2),
            ],
            sides_head(2),
        ],
        rows,
    }
}

/// BOMBS.
fn bombs_table(forms: &Forms) -> Table {
    let rows = forms.bombs.lines.iter().map(|line| {
        let name = line
            .location
            .map_or(words::NOT_CLEAR, |location| location.in_words());
        let columns = [
            line.certain_small,
            line.certain_large,
            line.uncertain_small,
            line.uncertain_large,
        ];
        let counted = columns.into_iter().flat_map(cells);
        Row::of(std::iter::once(name.to_string()).chain(counted).collect())
    });
    let sizes = ["< 5 mm", "5–10 mm"].into_iter().cycle().take(4);
    Table {
        caption: Some(words::BOMBS.into()),
        numeric: std::iter::once(false).chain([true; 12]).collect(),
        head: vec![
            vec![
                HeadCell::over("Location", 1, 3),
                HeadCell::over("Certain", 6, 1),
                HeadCell::over("Uncertain", 6, 1),
            ],
            sizes.map(|size| HeadCell::over(size, 3, 1)).collect(),
            sides_head(4),
        ],
        rows: rows.collect(),
    }
}
