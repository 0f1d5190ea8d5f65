//! Tables for spreadsheets.

use crate::scan::printable;
use std::borrow::Cow;
use std::io::Write;

/// A CSV file whose cells are what they say: a spreadsheet takes text that begins with `=`, `+`, `-` or `@` for a
/// formula, so an apostrophe is put before it, and control characters are written as `\u{1b}`.
pub struct Table<W: Write>(csv::Writer<W>);

impl<W: Write> Table<W> {
    /// An empty table.
    pub fn new(sink: W) -> Self {
        Self(csv::Writer::from_writer(sink))
    }

    /// Writes a row.
    ///
    /// # Errors
    /// When it has more or fewer cells than the first, or what the disk says.
    pub fn write_record<T: AsRef<str>>(
        &mut self,
        cells: impl IntoIterator<Item = T>,
    ) -> csv::Result<()> {
        for cell in cells {
            self.0.write_field(safe(cell.as_ref()).as_bytes())?;
        }
        self.0.write_record(None::<&[u8]>)
    }

    /// Writes what is still in memory.
    ///
    /// # Errors
    /// What the disk says.
    pub fn flush(&mut self) -> csv::Result<()> {
        Ok(self.0.flush()?)
    }
}

fn safe(cell: &str) -> Cow<'_, str> {
    let formula = cell.starts_with(['=', '+', '-', '@']) && cell.parse::<f64>().is_err();
    let steers = cell.chars().any(|c| c.is_control() && c != '\n');
    match (formula, steers) {
        (false, false) => Cow::Borrowed(cell),
        (true, false) => Cow::Owned(format!("'{cell}")),
        (false, true) => Cow::Owned(printable(cell, true)),
        (true, true) => Cow::Owned(format!("'{}", printable(cell, true))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let mut table = Vec::new();
        let cells = [
            "-12.5",
            "=1+1",
            "@SUM(A1)",
            "-cmd|' /C calc'!A0",
            "a=b",
            "\t=1",
            "two\nlines",
        ];
        let mut sink = Table::new(&mut table);
        sink.write_record(cells).unwrap();
        sink.flush().unwrap();
        drop(sink);
        let expected = "-12.5,'=1+1,'@SUM(A1),'-cmd|' /C calc'!A0,a=b,\\t=1,\"two\nlines\"\n";
        assert_eq!(String::from_utf8(table).unwrap(), expected);
    }
}
