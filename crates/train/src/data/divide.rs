use crate::config::DataChoice;
use serde::{Deserialize, Serialize};
use siderin_core::evaluate::{CaseTable, LabelledScan, SplitError, SplitFile, split};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Which scans are learnt from and which judge: the content of a run's `split.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    /// Names of the scans that are learnt from, sorted.
    pub train: Vec<String>,
    /// Names of the scans that judge, sorted.
    pub validation: Vec<String>,
}

/// Scans that cannot be divided.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum DivisionError {
    #[error("reading the split file: {0}; a file as `siderin split` writes it is needed")]
    Unreadable(String),
    #[error("reading the split file: fold {fold} is asked for, and there are {folds}")]
    NoFold { fold: usize, folds: usize },
    #[error(
        "dividing the scans: {count} subjects are in no fold of the split file ({names}); make the \
         file of all subjects"
    )]
    NotInSplit { count: usize, names: String },
    #[error(transparent)]
    Split(#[from] SplitError),
    #[error("dividing the scans: {names} is on both sides; what is learnt from must not judge")]
    BothSides { names: String },
    #[error("dividing the scans: none is left to {what}; give more, or another split")]
    Empty { what: &'static str },
}

/// Divides scans by subject: those of `validation` judge where there are any, else a fold of the
/// split file, else a share drawn from `seed`.
///
/// # Errors
/// [`DivisionError`].
pub fn divide(
    train: &[LabelledScan],
    validation: &[LabelledScan],
    choice: &DataChoice,
    seed: u64,
) -> Result<Division, DivisionError> {
    let judges: BTreeSet<String> = if !validation.is_empty() {
        let judges: BTreeSet<PathBuf> = validation.iter().map(place).collect();
        if let Some(both) = train.iter().find(|scan| judges.contains(&place(scan))) {
            let names = both.name.clone();
            return Err(DivisionError::BothSides { names });
        }
        return division(names_of(train, |_| true), names_of(validation, |_| true));
    } else if let Some(path) = &choice.split {
        let split = read_split(path)?;
        fold_of(&split, choice.fold, train)?
    } else {
        let table = CaseTable {
            columns: Vec::new(),
            rows: train
                .iter()
                .map(|scan| (scan.subject.clone(), Vec::new()))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        };
        // One subject at least judges, however few there are.
        let folds = ((1.0 / choice.share).round() as usize).min(table.rows.len());
        let drawn = split(&table, folds.max(2), &[], seed)?;
        drawn.folds[0].iter().cloned().collect()
    };
    division(
        names_of(train, |scan| !judges.contains(&scan.subject)),
        names_of(train, |scan| judges.contains(&scan.subject)),
    )
}

fn division(train: Vec<String>, validation: Vec<String>) -> Result<Division, DivisionError> {
    if train.is_empty() {
        return Err(DivisionError::Empty { what: "learn from" });
    }
    if validation.is_empty() {
        return Err(DivisionError::Empty { what: "judge" });
    }
    Ok(Division { train, validation })
}

/// Where a scan lies, however its path was written.
fn place(scan: &LabelledScan) -> PathBuf {
    let path = &scan.input.path;
    path.canonicalize().unwrap_or_else(|_| path.clone())
}

fn names_of(scans: &[LabelledScan], chosen: impl Fn(&LabelledScan) -> bool) -> Vec<String> {
    let chosen = scans.iter().filter(|scan| chosen(scan));
    chosen.map(|scan| scan.name.clone()).collect()
}

/// Reads a split file.
///
/// # Errors
/// When it is none.
pub(crate) fn read_split(path: &Path) -> Result<SplitFile, DivisionError> {
    let text = std::fs::read(path).map_err(|error| DivisionError::Unreadable(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| DivisionError::Unreadable(error.to_string()))
}

/// The subjects of a fold, which is counted from 1; every scan's subject must be in some fold.
pub(crate) fn fold_of(
    split: &SplitFile,
    fold: usize,
    scans: &[LabelledScan],
) -> Result<BTreeSet<String>, DivisionError> {
    let folds = split.folds.len();
    let chosen = split
        .folds
        .get(fold - 1)
        .ok_or(DivisionError::NoFold { fold, folds })?;
    let known: BTreeSet<&String> = split.folds.iter().flatten().collect();
    let unknown: BTreeSet<&str> = scans
        .iter()
        .filter(|scan| !known.contains(&scan.subject))
        .map(|scan| scan.subject.as_str())
        .collect();
    if !unknown.is_empty() {
        let names: Vec<&str> = unknown.iter().copied().take(10).collect();
        return Err(DivisionError::NotInSplit {
            count: unknown.len(),
            names: names.join(", "),
        });
    }
    Ok(chosen.iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_core::evaluate::LesionFile;
    use siderin_core::scan::Input;

    fn scan(name: &str, subject: &str) -> LabelledScan {
        LabelledScan {
            name: name.into(),
            subject: subject.into(),
            input: Input {
                path: name.into(),
                stem: name.into(),
                t1: None,
                t2: None,
                phase: None,
            },
            lesions: LesionFile::Map("m".into()),
            regions: None,
        }
    }

    #[test]
    fn scans_of_a_subject_stay_together() {
        let scans: Vec<LabelledScan> = (0..20)
            .map(|n| scan(&format!("{n:02}"), &format!("sub-{}", n / 2)))
            .collect();
        let division = divide(&scans, &[], &DataChoice::default(), 3).unwrap();
        // A fifth of ten subjects, two scans each.
        assert_eq!((division.train.len(), division.validation.len()), (16, 4));
        for pair in division.validation.chunks(2) {
            let number = |name: &String| name.parse::<usize>().unwrap();
            assert_eq!(number(&pair[0]) / 2, number(&pair[1]) / 2);
        }
        assert_eq!(
            divide(&scans, &[], &DataChoice::default(), 3).unwrap(),
            division
        );
    }

    #[test]
    fn a_split_file_names_the_fold() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("folds.json");
        std::fs::write(
            &path,
            r#"{"schema_version":"1.0","seed":1,"stratify":[],"folds":[["a"],["b"]],"strata":{}}"#,
        )
        .unwrap();
        let choice = |fold| DataChoice {
            split: Some(path.clone()),
            fold,
            ..DataChoice::default()
        };
        let scans = [scan("1", "a"), scan("2", "b")];
        let division = divide(&scans, &[], &choice(2), 1).unwrap();
        assert_eq!(
            (division.train, division.validation),
            (vec!["1".into()], vec!["2".into()])
        );
        let said = |scans: &[LabelledScan], fold| {
            divide(scans, &[], &choice(fold), 1)
                .unwrap_err()
                .to_string()
        };
        assert!(said(&scans, 3).contains("fold 3 is asked for, and there are 2"));
        assert!(said(&[scan("3", "c")], 1).contains("in no fold of the split file (c)"));
        assert!(said(&[scan("1", "a")], 1).contains("none is left to learn from"));
    }

    #[test]
    fn no_scan_is_on_both_sides() {
        let scans = [scan("1", "a")];
        let said = divide(&scans, &scans, &DataChoice::default(), 1).unwrap_err();
        assert!(said.to_string().contains("1 is on both sides"));
    }
}
