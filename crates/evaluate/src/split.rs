//! Subjects in folds.

use super::read::subject_of;
use super::strata::{CaseTable, levels};
use serde::{Deserialize, Serialize};
use siderin_image::random::Stream;
use std::collections::{BTreeMap, BTreeSet};

/// Which subjects are in which fold: the content of a split file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitFile {
    /// Grows when a field is added; the first number when one changes its meaning.
    pub schema_version: String,
    /// What drew them.
    pub seed: u64,
    /// Columns that were shared out evenly.
    pub stratify: Vec<String>,
    /// Subjects of each fold, sorted.
    pub folds: Vec<Vec<String>>,
    /// The stratum of each subject.
    pub strata: BTreeMap<String, String>,
}

/// Subjects that cannot be divided.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SplitError {
    #[error(transparent)]
    Table(#[from] super::strata::TableError),
    #[error(
        "splitting: {subjects} subjects cannot fill {folds} folds; ask for fewer folds or give \
         more subjects"
    )]
    TooFew { subjects: usize, folds: usize },
    #[error("splitting: line {line} names no subject; the first column must")]
    NoName { line: usize },
}

/// Divides the subjects of a table into folds. All rows of a subject (`sub-01` of
/// `sub-01_ses-2`) stay together. Within each stratum, and in all, folds differ by one subject
/// at most.
///
/// # Errors
/// When a column is not there, or there are fewer subjects than folds.
pub fn split(
    table: &CaseTable,
    folds: usize,
    stratify: &[String],
    seed: u64,
) -> Result<SplitFile, SplitError> {
    let strata = strata_of_subjects(table, stratify)?;
    if strata.len() < folds || folds == 0 {
        return Err(SplitError::TooFew {
            subjects: strata.len(),
            folds,
        });
    }
    let mut members: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for (subject, stratum) in &strata {
        members.entry(stratum).or_default().push(subject);
    }
    let mut filled: Vec<Vec<String>> = vec![Vec::new(); folds];
    // Dealing goes on from stratum to stratum, so that no fold gets every first card.
    let mut next = 0;
    for (stratum, mut subjects) in members {
        let mut stream = Stream::new(seed, &format!("split {stratum}"), 0);
        for at in (1..subjects.len()).rev() {
            subjects.swap(at, stream.index(at + 1));
        }
        for subject in subjects {
            filled[next % folds].push(subject.clone());
            next += 1;
        }
    }
    filled.iter_mut().for_each(|fold| fold.sort());
    Ok(SplitFile {
        schema_version: "1.0".to_string(),
        seed,
        stratify: stratify.to_vec(),
        folds: filled,
        strata,
    })
}

fn strata_of_subjects(
    table: &CaseTable,
    stratify: &[String],
) -> Result<BTreeMap<String, String>, SplitError> {
    let mut rows: BTreeMap<String, Vec<&Vec<String>>> = BTreeMap::new();
    for (at, (name, values)) in table.rows.iter().enumerate() {
        if name.is_empty() {
            return Err(SplitError::NoName { line: at + 2 });
        }
        let subject = subject_of(name);
        rows.entry(subject.to_string()).or_default().push(values);
    }
    let mut strata: BTreeMap<String, String> =
        rows.keys().map(|s| (s.clone(), String::new())).collect();
    for column in stratify {
        let at = table.column(column)?;
        let values = rows.iter().map(|(subject, rows)| {
            let own: BTreeSet<&str> = rows.iter().map(|row| row[at].as_str()).collect();
            (subject.as_str(), own)
        });
        for (subject, level) in levels(&values.collect::<Vec<_>>()) {
            if let Some(stratum) = strata.get_mut(subject) {
                if !stratum.is_empty() {
                    stratum.push_str(", ");
                }
                stratum.push_str(&format!("{column} {level}"));
            }
        }
    }
    Ok(strata)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(rows: &[(&str, &[&str])]) -> CaseTable {
        CaseTable {
            columns: vec!["site".to_string(), "lesions".to_string()],
            rows: rows
                .iter()
                .map(|(name, values)| {
                    let values = values.iter().map(ToString::to_string).collect();
                    (name.to_string(), values)
                })
                .collect(),
        }
    }

    #[test]
    fn visits_of_a_subject_stay_together() {
        let table = table(&[
            ("sub-1_ses-1", &["A", "0"]),
            ("sub-1_ses-2", &["A", "3"]),
            ("sub-2_ses-1", &["B", "1"]),
        ]);
        let split = split(&table, 2, &["site".to_string()], 3).unwrap();
        let mut sizes: Vec<usize> = split.folds.iter().map(Vec::len).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 1]);
        assert_eq!(split.strata["sub-1"], "site A");
        assert!(matches!(
            super::split(&table, 3, &[], 0),
            Err(SplitError::TooFew { .. })
        ));
    }

    proptest! {
        #[test]
        fn folds_are_even_in_all_and_in_each_stratum(
            sites in prop::collection::vec(0..3usize, 10..60),
            folds in 2..6usize,
            seed in 0..50u64,
        ) {
            let rows: Vec<(String, Vec<String>)> = sites
                .iter()
                .enumerate()
                .map(|(at, site)| (format!("sub-{at:03}"), vec![site.to_string(), at.to_string()]))
                .collect();
            let columns = vec!["site".to_string(), "lesions".to_string()];
            let table = CaseTable { columns, rows };
            let site = ["site".to_string()];
            let split = split(&table, folds, &site, seed).unwrap();
            let spread = |counts: Vec<usize>| {
                counts.iter().max().unwrap() - counts.iter().min().unwrap()
            };
            prop_assert!(spread(split.folds.iter().map(Vec::len).collect()) <= 1);
            for stratum in split.strata.values().collect::<BTreeSet<_>>() {
                let count = |fold: &Vec<String>| {
                    fold.iter().filter(|subject| split.strata[*subject] == *stratum).count()
                };
                prop_assert!(spread(split.folds.iter().map(count).collect()) <= 1);
            }
            let all: BTreeSet<&String> = split.folds.iter().flatten().collect();
            prop_assert_eq!(all.len(), sites.len());
            // The order of the rows does not matter.
            let mut turned = table.clone();
            turned.rows.reverse();
            prop_assert_eq!(super::split(&turned, folds, &site, seed).unwrap(), split);
        }
    }

    #[test]
    fn many_numbers_become_quarters() {
        let rows: Vec<(String, Vec<String>)> = (0..8)
            .map(|n| (format!("s{n}"), vec!["A".into(), n.to_string()]))
            .collect();
        let columns = vec!["site".to_string(), "lesions".to_string()];
        let split = split(&CaseTable { columns, rows }, 2, &["lesions".to_string()], 0).unwrap();
        // Quartiles of 0..=7: 1.75, 3.5, 5.25.
        assert_eq!(split.strata["s1"], "lesions quarter 1");
        assert_eq!(split.strata["s2"], "lesions quarter 2");
        assert_eq!(split.strata["s7"], "lesions quarter 4");
        let mut rows: Vec<(String, Vec<String>)> = (0..8)
            .map(|n| (format!("s{n}"), vec!["A".into(), n.to_string()]))
            .collect();
        rows.push(("s8".into(), vec!["A".into(), "n/a".into()]));
        let columns = vec!["site".to_string(), "lesions".to_string()];
        let split =
            super::split(&CaseTable { columns, rows }, 2, &["lesions".to_string()], 0).unwrap();
        assert_eq!(split.strata["s8"], "lesions n/a");
        assert_eq!(split.strata["s7"], "lesions quarter 4");
    }
}
