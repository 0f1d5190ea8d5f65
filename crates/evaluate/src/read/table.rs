//! Tables as people and spreadsheets write them.

/// A file that is no table.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TextTableError {
    #[error("{0}; expected is a header line and columns by commas, semicolons or tabs")]
    Csv(#[from] csv::Error),
    #[error("the file is UTF-16, as spreadsheets save \"Unicode text\"; save it as UTF-8")]
    Utf16,
    #[error("a quotation mark is not closed, so that rows would run into each other; correct it")]
    OpenQuote,
    #[error(
        "it cannot be told what separates its columns: {which} would all do; save it with commas or tabs alone"
    )]
    Separator { which: String },
    #[error("line {line}: the name {name:?} holds a separator; save the table with commas or tabs")]
    Name { line: u64, name: String },
}

/// A header line and rows of as many fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextTable {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// The fields of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// From 1, the header's.
    pub(crate) line: u64,
    pub(crate) fields: Vec<String>,
}

const SEPARATORS: [u8; 4] = *b",;\t|";

impl TextTable {
    /// Reads bytes of UTF-8 (a mark before them is passed over) with lines that end in LF, CR LF or CR. Columns are
    /// apart by what gives every line the same number of fields. Where that is no comma, a number with a comma is one
    /// with a decimal comma and gets a point, unless it could be thousands.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, TextTableError> {
        if text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]) {
            return Err(TextTableError::Utf16);
        }
        if text.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
            return Err(TextTableError::OpenQuote);
        }
        let separator = separator(text)?;
        let mut table = read(text, separator)?;
        if separator != b',' {
            for column in 1..table.header.len() {
                table.point_decimals(column);
            }
        }
        Ok(table)
    }

    /// Gives the numbers of a column points for decimal commas, where it has nothing but numbers.
    fn point_decimals(&mut self, column: usize) {
        let is_number = |field: &str| {
            field.is_empty()
                || matches!(field, "n/a" | "N/A" | "NA")
                || field.parse::<f64>().is_ok()
                || has_decimal_comma(field)
        };
        if self.rows.iter().all(|row| is_number(&row.fields[column])) {
            for row in &mut self.rows {
                if has_decimal_comma(&row.fields[column]) {
                    row.fields[column] = row.fields[column].replace(',', ".");
                }
            }
        }
    }

    /// Refuses names that hold what separates columns elsewhere: the first line and the others were written apart.
    pub(crate) fn check_names(&self) -> Result<(), TextTableError> {
        let holds = |row: &&Row| row.fields[0].contains([';', '\t', '|']);
        match self.rows.iter().find(holds) {
            None => Ok(()),
            Some(row) => Err(TextTableError::Name {
                line: row.line,
                name: row.fields[0].chars().take(40).collect(),
            }),
        }
    }

    /// Place of the first of these columns that is there, whatever its letters' case.
    pub(crate) fn column(&self, names: &[&str]) -> Option<usize> {
        let mut names = names.iter();
        names.find_map(|name| {
            self.header
                .iter()
                .position(|h| h.eq_ignore_ascii_case(name))
        })
    }
}

fn read(text: &[u8], separator: u8) -> csv::Result<TextTable> {
    let mut table = csv::ReaderBuilder::new()
        .delimiter(separator)
        .trim(csv::Trim::All)
        .from_reader(text);
    let header = table.headers()?.iter().map(String::from).collect();
    let mut rows = Vec::new();
    for row in table.records() {
        let row = row?;
        rows.push(Row {
            line: row.position().map_or(0, csv::Position::line),
            fields: row.iter().map(String::from).collect(),
        });
    }
    Ok(TextTable { header, rows })
}

/// The separator under which every line has the same number of fields, more than one; a comma where none has.
fn separator(text: &[u8]) -> Result<u8, TextTableError> {
    let header = text.split(|byte| matches!(byte, b'\n' | b'\r')).next();
    let header = header.unwrap_or_default();
    let there: Vec<u8> = SEPARATORS
        .into_iter()
        .filter(|separator| header.contains(separator))
        .collect();
    if there.len() < 2 {
        return Ok(there.first().copied().unwrap_or(b','));
    }
    let fit: Vec<u8> = there
        .iter()
        .copied()
        .filter(|separator| read(text, *separator).is_ok_and(|table| table.header.len() > 1))
        .collect();
    match fit[..] {
        [only] => Ok(only),
        // None fits: the first one's error tells of the line.
        [] => Ok(there[0]),
        _ => {
            let name = |separator: &u8| match separator {
                b',' => "commas",
                b';' => "semicolons",
                b'\t' => "tabs",
                _ => "bars",
            };
            let which = fit.iter().map(name).collect::<Vec<_>>().join(", ");
            Err(TextTableError::Separator { which })
        }
    }
}

/// Such as `-12,5`. Three digits behind the comma may be thousands, unless a 0 stands before it.
fn has_decimal_comma(field: &str) -> bool {
    let Some((whole, part)) = field.split_once(',') else {
        return false;
    };
    let whole = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(part) && (part.len() != 3 || whole == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<Vec<String>> {
        let table = TextTable::parse(text.as_bytes()).unwrap();
        let rows = table.rows.into_iter().map(|row| row.fields);
        std::iter::once(table.header).chain(rows).collect()
    }

    #[test]
    fn what_spreadsheets_write_is_the_same_table() {
        let plain = "id,site,age\nsub-1,A,70.5\nsub-2,B,71\n";
        let expected = fields(plain);
        for text in [
            "id;site;age\nsub-1;A;70,5\nsub-2;B;71\n",
            "id\tsite\tage\r\nsub-1\tA\t70,5\r\nsub-2\tB\t71\r\n",
            "\u{feff}id,site,age\rsub-1,A,70.5\rsub-2,B,71",
            "\"id\";\"site\";\"age\"\n\"sub-1\";\"A\";\"70,5\"\n\"sub-2\";\"B\";71\n",
            "id|site|age\nsub-1|A|70.5\nsub-2|B|71",
        ] {
            assert_eq!(fields(text), expected, "{text:?}");
        }
        // A list of numbers is no number.
        let table = fields("id;lesions\nsub-1;1,2\nsub-2;1,2,3\n");
        assert_eq!(table[1], ["sub-1", "1,2"]);
        // A comma within the header of a table of semicolons.
        let table = fields("id;site, city\nsub-1;A\nsub-2;B\n");
        assert_eq!(table[0], ["id", "site, city"]);
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        let refused = |text: &[u8]| TextTable::parse(text).unwrap_err();
        assert!(matches!(refused(b"\xff\xfei\0d\0"), TextTableError::Utf16));
        assert!(matches!(
            refused(b"id,a\nsub-1,\"x\nsub-2,y\n"),
            TextTableError::OpenQuote
        ));
        assert!(matches!(
            refused(b"id;a,b\nsub-1;x,y\n"),
            TextTableError::Separator { .. }
        ));
        // The header says commas, the rows semicolons.
        for text in [
            &b"id
sub-1;A
"[..],
            b"id,site
sub-1;A,B
",
        ] {
            let names = TextTable::parse(text).unwrap().check_names();
            assert!(matches!(names, Err(TextTableError::Name { line: 2, .. })));
        }
    }

    #[test]
    fn thousands_stay_as_they_are() {
        assert!(has_decimal_comma("-1,25") && has_decimal_comma("0,125"));
        assert!(
            !has_decimal_comma("1,250") && !has_decimal_comma("a,b") && !has_decimal_comma("1,")
        );
    }
}
