//! Tables: widths of columns, rows that wrap, heads that come again on the next page.

use super::super::{Row, Table};
use super::page::{INK, LINE, Mark, Weight};
use super::text::Fonts;

const SIZE: f32 = 8.5;
const LEADING: f32 = 10.6;
/// Beside and above each cell's text.
const PAD_X: f32 = 3.5;
const PAD_Y: f32 = 1.8;
const RULE: f32 = 0.5;

/// A table cut into pieces that stay whole, at the origin, each with its height.
pub(super) struct TablePieces {
    /// Caption and head, once more on each page.
    pub(super) head: (Vec<Mark>, f32),
    pub(super) rows: Vec<(Vec<Mark>, f32)>,
    pub(super) width: f32,
}

impl TablePieces {
    pub(super) fn height(&self) -> f32 {
        self.head.1 + self.rows.iter().map(|row| row.1).sum::<f32>()
    }

    /// All of it, one piece below the other.
    pub(super) fn whole(self) -> Vec<Mark> {
        let (mut marks, mut y) = self.head;
        for (row, height) in self.rows {
            marks.extend(row.into_iter().map(|mark| mark.moved(0.0, y)));
            y += height;
        }
        marks
    }
}

/// The pieces of a table of up to `width`, which it need not fill.
pub(super) fn pieces(table: &Table, width: f32, fonts: &Fonts) -> TablePieces {
    let columns = columns(table, width, fonts);
    TablePieces {
        head: head(table, &columns, fonts),
        rows: table
            .rows
            .iter()
            .map(|row| line(row, table, &columns, fonts))
            .collect(),
        width: columns.iter().sum(),
    }
}

/// Widths of the columns: as wide as their widest word needs, the rest shared out by what would like more.
fn columns(table: &Table, width: f32, fonts: &Fonts) -> Vec<f32> {
    let count = table.numeric.len().max(1);
    let (mut least, mut liked) = (vec![0f32; count], vec![0f32; count]);
    let mut look = |column: usize, text: &str, weight: Weight| {
        let of = |text: &str| fonts.width(text, SIZE, weight) + 2.0 * PAD_X;
        let word = text.split_whitespace().map(of).fold(2.0 * PAD_X, f32::max);
        if column < count {
            least[column] = least[column].max(word);
            liked[column] = liked[column].max(of(text));
        }
    };
    let places = table.head_columns();
    let head = || {
        let rows = table.head.iter().zip(&places);
        rows.flat_map(|(cells, columns)| cells.iter().zip(columns.iter().copied()))
    };
    for (cell, column) in head().filter(|(cell, _)| cell.columns == 1) {
        look(column, &cell.text, Weight::Bold);
    }
    for row in &table.rows {
        let weight = weight(row);
        for (column, text) in row.cells.iter().enumerate() {
            look(column, text, weight);
        }
    }
    // What stands over several columns widens each of them.
    for (cell, column) in head().filter(|(cell, _)| cell.columns > 1) {
        let wide = fonts.width(&cell.text, SIZE, Weight::Bold) + 2.0 * PAD_X;
        let of_each = wide / cell.columns as f32;
        for at in column..(column + cell.columns).min(count) {
            least[at] = least[at].max(of_each);
            liked[at] = liked[at].max(of_each);
        }
    }
    let sum = |widths: &[f32]| widths.iter().sum::<f32>();
    let (least_sum, liked_sum) = (sum(&least), sum(&liked));
    if liked_sum <= width {
        return liked;
    }
    if least_sum >= width {
        return least.iter().map(|w| w * width / least_sum).collect();
    }
    let share = (width - least_sum) / (liked_sum - least_sum);
    let between = least.iter().zip(&liked);
    between
        .map(|(least, liked)| least + share * (liked - least))
        .collect()
}

fn weight(row: &Row) -> Weight {
    if row.is_total {
        Weight::Bold
    } else {
        Weight::Regular
    }
}

fn head(table: &Table, columns: &[f32], fonts: &Fonts) -> (Vec<Mark>, f32) {
    let width: f32 = columns.iter().sum();
    let mut marks = Vec::new();
    let mut y = 0.0;
    if let Some(caption) = &table.caption {
        for text in fonts.lines(caption, SIZE + 0.5, Weight::Bold, width) {
            y += LEADING;
            marks.push(text_mark(text, 0.0, y, Weight::Bold));
        }
        y += 2.0 * PAD_Y;
    }
    let places = table.head_columns();
    for (cells, places) in table.head.iter().zip(&places) {
        let mut lines_of_row = 1;
        for (cell, &column) in cells.iter().zip(places) {
            let end = (column + cell.columns).min(columns.len());
            let (left, wide): (f32, f32) = (
                columns[..column.min(end)].iter().sum(),
                columns[column.min(end)..end].iter().sum(),
            );
            let lines = fonts.lines(&cell.text, SIZE, Weight::Bold, wide - 2.0 * PAD_X);
            lines_of_row = lines_of_row.max(if cell.rows > 1 { 1 } else { lines.len() });
            for (at, text) in lines.into_iter().enumerate() {
                let free = wide - 2.0 * PAD_X - fonts.width(&text, SIZE, Weight::Bold);
                let is_numeric = table.numeric.get(column) == Some(&true);
                let shift = match (cell.columns > 1, is_numeric) {
                    (true, _) => 0.5 * free,
                    (false, true) => free,
                    (false, false) => 0.0,
                };
                let baseline = y + PAD_Y + (at + 1) as f32 * LEADING - 2.6;
                marks.push(text_mark(
                    text,
                    left + PAD_X + shift.max(0.0),
                    baseline,
                    Weight::Bold,
                ));
            }
        }
        y += lines_of_row as f32 * LEADING + 2.0 * PAD_Y;
    }
    if !table.head.is_empty() {
        marks.push(rule(width, y, 2.0 * RULE));
    }
    (marks, y)
}

fn line(row: &Row, table: &Table, columns: &[f32], fonts: &Fonts) -> (Vec<Mark>, f32) {
    let weight = weight(row);
    let mut marks = Vec::new();
    let mut left = 0.0;
    let mut most = 1;
    for (column, wide) in columns.iter().enumerate() {
        let text = row.cells.get(column).map_or("", String::as_str);
        let lines = fonts.lines(text, SIZE, weight, wide - 2.0 * PAD_X);
        most = most.max(lines.len());
        for (at, text) in lines.into_iter().enumerate() {
            let free = wide - 2.0 * PAD_X - fonts.width(&text, SIZE, weight);
            let shift = if table.numeric.get(column) == Some(&true) {
                free.max(0.0)
            } else {
                0.0
            };
            let baseline = PAD_Y + (at + 1) as f32 * LEADING - 2.6;
            marks.push(text_mark(text, left + PAD_X + shift, baseline, weight));
        }
        left += wide;
    }
    let height = most as f32 * LEADING + 2.0 * PAD_Y;
    let width = if row.is_total { 2.0 * RULE } else { RULE };
    marks.push(rule(left, height, width));
    (marks, height)
}

fn text_mark(text: String, x: f32, y: f32, weight: Weight) -> Mark {
    Mark::Text {
        x,
        y,
        size: SIZE,
        weight,
        colour: INK,
        text,
    }
}

fn rule(length: f32, y: f32, width: f32) -> Mark {
    Mark::Lines {
        lines: vec![[0.0, y, length, y]],
        width,
        colour: LINE,
    }
}
