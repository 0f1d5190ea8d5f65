//! What a report shows, whatever it is shown on: [`html`] and [`pdf`] make pages of it.

mod html;
mod pdf;

pub(super) use html::render;
pub use pdf::Paper;
pub use pdf::PdfError;
pub(super) use pdf::write;

use siderin_image::picture::Picture;

/// A report.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// Said at its head.
    pub(super) title: String,
    /// Large figures that sum it up.
    pub(super) tiles: Vec<Tile>,
    /// What must be read first.
    pub(super) warnings: Vec<String>,
    /// All else, in order.
    pub(super) blocks: Vec<Block>,
}

/// One large figure.
#[derive(Debug)]
pub(super) struct Tile {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) note: String,
}

/// A part of a report.
#[derive(Debug)]
pub(super) enum Block {
    Heading(String),
    Text(String),
    /// What explains something, in small letters.
    Small(String),
    /// What must not be missed.
    Alert(String),
    List(Vec<String>),
    /// Tables that may stand side by side.
    Tables(Vec<Table>),
    /// Pictures in a row.
    Figures(Vec<Figure>),
    Card(Card),
}

/// A table.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) caption: Option<String>,
    /// Which columns hold numbers, which stand on the right.
    pub(super) numeric: Vec<bool>,
    /// Rows of its head.
    pub(super) head: Vec<Vec<HeadCell>>,
    pub(super) rows: Vec<Row>,
}

/// A cell of a table's head.
#[derive(Debug)]
pub(super) struct HeadCell {
    pub(super) text: String,
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// A row of a table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) cells: Vec<String>,
    /// A sum of those above.
    pub(super) is_total: bool,
    /// The card that its first cell leads to.
    pub(super) link: Option<String>,
}

/// A picture with what is said below it.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) picture: Picture,
    pub(super) caption: String,
}

/// A finding with its pictures, kept together.
#[derive(Debug)]
pub(super) struct Card {
    /// Where links lead to.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) note: String,
    /// Rows of pictures.
    pub(super) figures: Vec<Vec<Figure>>,
}

impl HeadCell {
    /// A cell of one column and row.
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self::over(text, 1, 1)
    }

    /// A cell over several columns or rows.
    pub(super) fn over(text: impl Into<String>, columns: usize, rows: usize) -> Self {
        Self {
            text: text.into(),
            columns,
            rows,
        }
    }
}

impl Row {
    /// A row without a link.
    pub(super) fn of(cells: Vec<String>) -> Self {
        Self {
            cells,
            is_total: false,
            link: None,
        }
    }
}

impl Table {
    /// The first column of each cell of the head: cells of several rows keep their columns in those below.
    pub(super) fn head_columns(&self) -> Vec<Vec<usize>> {
        let mut taken = vec![0usize; self.numeric.len()];
        let mut places = Vec::new();
        for cells in &self.head {
            let mut column = 0;
            let mut row = Vec::new();
            for cell in cells {
                while taken.get(column).is_some_and(|rows| *rows > 0) {
                    column += 1;
                }
                row.push(column);
                let end = (column + cell.columns).min(taken.len());
                for rows in &mut taken[column.min(end)..end] {
                    *rows = cell.rows;
                }
                column = end;
            }
            for rows in &mut taken {
                *rows = rows.saturating_sub(1);
            }
            places.push(row);
        }
        places
    }

    /// A table of names and what they stand for, without a head.
    pub(super) fn of_pairs(rows: Vec<Vec<String>>) -> Self {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        Self {
            numeric: vec![false; columns],
            rows: rows.into_iter().map(Row::of).collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_several_rows_keep_their_columns() {
        let table = Table {
            numeric: vec![false; 4],
            head: vec![
                vec![
                    HeadCell::over("Region", 1, 2),
                    HeadCell::over("Definite", 2, 1),
                    HeadCell::over("All", 1, 2),
                ],
                vec![HeadCell::of("L"), HeadCell::of("R")],
            ],
            ..Table::default()
        };
        assert_eq!(table.head_columns(), [vec![0, 1, 3], vec![1, 2]]);
    }
}
