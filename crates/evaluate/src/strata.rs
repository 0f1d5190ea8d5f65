//! What a scan belongs to: its sequence, field and slices, and what a table says of it.

use super::read::subject_of;
use super::read::{TextTable, TextTableError};
use super::statistics::quantile;
use siderin_image::folder::read_bounded;
use siderin_image::scan::{Catalog, OpenError, ReadLimits, Sequence};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Sequence, field strength and slice thickness as far as a scan's files tell.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn of_scan(
    path: &Path,
    limits: ReadLimits,
) -> Result<BTreeMap<String, String>, OpenError> {
    let mut strata = BTreeMap::new();
    let catalog = Catalog::open(path, limits)?;
    let Some(entry) = catalog.volumes.first() else {
        return Ok(strata);
    };
    let acquisition = &entry.acquisition;
    let mut add = |dimension: &str, level: String| {
        strata.insert(dimension.to_string(), level);
    };
    let sequence = match acquisition.sequence() {
        Sequence::Unknown => "unknown".to_string(),
        known => known.to_string(),
    };
    add("sequence", sequence);
    let field = acquisition.field_strength_t.as_ref();
    add(
        "field strength",
        // 2.89 T and 3 T are one kind of scanner.
        field.map_or("unknown".to_string(), |t| {
            format!("{:.1} T", rounded(t.value))
        }),
    );
    let spacing = entry.grid.spacing_mm();
    add(
        "slice thickness",
        thickness_level(spacing[entry.grid.slice_axis()]).to_string(),
    );
    Ok(strata)
}

/// To half a tesla.
fn rounded(tesla: f64) -> f64 {
    (2.0 * tesla).round() / 2.0
}

/// By the spacing of slices, which is what decides what a lesion looks like.
fn thickness_level(mm: f64) -> &'static str {
    match mm {
        mm if mm <= 1.5 => "up to 1.5 mm",
        mm if mm <= 3.0 => "over 1.5 to 3 mm",
        _ => "over 3 mm",
    }
}

/// The scan of a case among several: that after which the prediction is named, or the first.
pub(super) fn scan_of<'a>(scans: &'a [PathBuf], prediction: Option<&Path>) -> Option<&'a Path> {
    let named = prediction.map(siderin_image::scan::stem);
    let same = scans
        .iter()
        .find(|scan| Some(siderin_image::scan::stem(scan)) == named);
    same.or(scans.first()).map(PathBuf::as_path)
}

/// A table of cases that cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TableError {
    #[error("reading the table: {0}")]
    Text(#[from] TextTableError),
    #[error("reading the table: {0}; check the file and its permissions")]
    Io(#[from] std::io::Error),
    #[error("reading the table: there is no column {wanted}; it has {there}")]
    NoColumn { wanted: String, there: String },
    #[error("reading the table: it is larger than {limit} MB, which no list of cases is")]
    TooLarge { limit: u64 },
    #[error("reading the table: {name} is there twice; leave one row")]
    Twice { name: String },
}

const TABLE_LIMIT_MB: u64 = 256;

/// A table whose first column names cases or subjects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseTable {
    /// Names of the columns after the first.
    pub columns: Vec<String>,
    /// Values of those columns by name, in the order of the file.
    pub rows: Vec<(String, Vec<String>)>,
}

impl CaseTable {
    /// Reads a CSV or TSV file (`participants.tsv`).
    ///
    /// # Errors
    /// [`TableError`].
    pub fn read(path: &Path) -> Result<Self, TableError> {
        let limit = TABLE_LIMIT_MB;
        let text = read_bounded(path, limit)?.ok_or(TableError::TooLarge { limit })?;
        Self::parse(&text)
    }

    /// Reads the bytes of a CSV or TSV file.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn parse(text: &[u8]) -> Result<Self, TableError> {
        let table = TextTable::parse(text)?;
        table.check_names()?;
        let TextTable { header, rows } = table;
        let rows = rows.into_iter().map(|row| {
            let mut fields = row.fields.into_iter();
            (fields.next().unwrap_or_default(), fields.collect())
        });
        Ok(Self {
            columns: header.into_iter().skip(1).collect(),
            rows: rows.collect(),
        })
    }

    /// Place of a column.
    ///
    /// # Errors
    /// When it is not there.
    pub fn column(&self, wanted: &str) -> Result<usize, TableError> {
        let at = self.columns.iter().position(|name| name == wanted);
        at.ok_or_else(|| TableError::NoColumn {
            wanted: wanted.to_string(),
            there: self.columns.join(", "),
        })
    }

    /// The chosen columns of each row, by its name; numbers of more than six values as quarters.
    ///
    /// # Errors
    /// When a column is not there or a name is there twice.
    pub fn levels(
        &self,
        columns: &[String],
    ) -> Result<BTreeMap<String, BTreeMap<String, String>>, TableError> {
        let mut named: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (name, _) in &self.rows {
            if named.insert(name.clone(), BTreeMap::new()).is_some() {
                return Err(TableError::Twice { name: name.clone() });
            }
        }
        for column in columns {
            let at = self.column(column)?;
            let rows = self.rows.iter();
            let values: Vec<(&str, BTreeSet<&str>)> = rows
                .map(|(name, row)| (name.as_str(), BTreeSet::from([row[at].as_str()])))
                .collect();
            for (name, level) in levels(&values) {
                if let Some(own) = named.get_mut(name) {
                    own.insert(column.clone(), level);
                }
            }
        }
        Ok(named)
    }
}

/// Numbers of more values than this are cut at their quartiles.
const MOST_LEVELS: usize = 6;

/// The level of each name in one column: its values as they are, or, where they are many numbers,
/// the quarter that the highest of them falls into; `n/a` where BIDS says so or nothing stands.
pub(super) fn levels<'a>(values: &[(&'a str, BTreeSet<&str>)]) -> Vec<(&'a str, String)> {
    let is_missing = |text: &str| matches!(text, "" | "n/a" | "N/A" | "NA");
    let all = || values.iter().flat_map(|(_, own)| own.iter().copied());
    let distinct: BTreeSet<&str> = all().filter(|text| !is_missing(text)).collect();
    let number = |text: &str| text.parse::<f64>().ok().filter(|v| v.is_finite());
    let highest = |own: &BTreeSet<&str>| own.iter().filter_map(|v| number(v)).reduce(f64::max);
    let cut = distinct.len() > MOST_LEVELS && distinct.iter().all(|v| number(v).is_some());
    let numbers: Vec<f64> = values.iter().filter_map(|(_, own)| highest(own)).collect();
    let cuts = [0.25, 0.5, 0.75].map(|share| quantile(&numbers, share).unwrap_or_default());
    let level = |own: &BTreeSet<&str>| {
        let there: Vec<&str> = own
            .iter()
            .copied()
            .filter(|text| !is_missing(text))
            .collect();
        match highest(own) {
            _ if there.is_empty() => "n/a".to_string(),
            Some(v) if cut => format!("quarter {}", 1 + cuts.iter().filter(|c| v > **c).count()),
            _ => there.join("+"),
        }
    };
    values
        .iter()
        .map(|(name, own)| (*name, level(own)))
        .collect()
}

/// What a table says of a case: by its name, or by its subject.
pub(super) fn of_table<'a>(
    levels: &'a BTreeMap<String, BTreeMap<String, String>>,
    case: &str,
) -> Option<&'a BTreeMap<String, String>> {
    levels.get(case).or_else(|| levels.get(subject_of(case)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_give_levels_by_case_or_subject() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("participants.tsv");
        std::fs::write(
            &file,
            "participant_id\tsite\tage\nsub-1\tA\t70\nsub-2\tB\t71\n",
        )
        .unwrap();
        let table = CaseTable::read(&file).unwrap();
        let levels = table.levels(&["site".to_string()]).unwrap();
        assert_eq!(of_table(&levels, "sub-2_ses-1").unwrap()["site"], "B");
        assert!(of_table(&levels, "sub-3").is_none());
        let error = table.levels(&["scanner".to_string()]).unwrap_err();
        assert!(error.to_string().contains("it has site, age"), "{error}");
    }

    #[test]
    fn slices_and_fields_fall_into_their_levels() {
        assert_eq!(thickness_level(1.5), "up to 1.5 mm");
        assert_eq!(thickness_level(3.0), "over 1.5 to 3 mm");
        assert_eq!(thickness_level(5.0), "over 3 mm");
        assert_eq!([2.89, 1.494, 7.0].map(rounded), [3.0, 1.5, 7.0]);
    }
}
