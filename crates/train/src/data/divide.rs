use super::DataChoice;
use super::{DataError, FindError, find, scans_with_lesions};
use crate::data::LabelledScan;
use serde::{Deserialize, Serialize};
use siderin_evaluate::{CaseTable, SplitError, SplitFile, split};
use siderin_image::settings::read_settings;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Scans of a run, by what they are for.
#[derive(Debug, Clone)]
pub struct Scans {
    /// To learn from.
    pub train: Vec<LabelledScan>,
    /// To judge.
    pub validation: Vec<LabelledScan>,
    /// Subjects of which there are scans on both sides, by their names: not the same people, or what
    /// judges is known already.
    pub on_both_sides: Vec<String>,
}

/// Which scans are learnt from and which judge: the content of a run's `split.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    /// Names and sizes of the scans that are learnt from, sorted.
    pub train: BTreeMap<String, FileSizes>,
    /// Names and sizes of the scans that judge, sorted.
    pub validation: BTreeMap<String, FileSizes>,
}

/// Bytes of a scan and of its lesions' file, by which other files of the same names are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSizes {
    /// Of the scan.
    pub scan: u64,
    /// Of its lesions.
    pub lesions: u64,
    /// Of the phase beside it, 0 without one.
    #[serde(default)]
    pub phase: u64,
}

/// Scans that cannot be divided.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum DivisionError {
    #[error(transparent)]
    Find(#[from] FindError),
    #[error(transparent)]
    Data(#[from] DataError),
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
    #[error(
        "dividing the scans: {name} is given to learn from and to judge; what is learnt from must \
         not judge"
    )]
    BothSides { name: String },
    #[error("dividing the scans: none is left to {what}; give more, or another split")]
    Empty { what: &'static str },
}

/// What decides which scans judge, where none are given for that alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judges {
    /// Share of the subjects that is set aside.
    pub share: f64,
    /// Scans that judge at most, an even choice of them; 0 for all.
    pub most: usize,
    /// Seed of the draw.
    pub seed: u64,
}

impl Scans {
    /// Of a run that learns from no scans.
    pub(crate) fn none() -> Self {
        Self {
            train: Vec::new(),
            validation: Vec::new(),
            on_both_sides: Vec::new(),
        }
    }

    /// Finds and divides scans, by subject: those of `data.validation` judge where there are any, else a fold of
    /// the split file, else a share drawn from the seed.
    ///
    /// # Errors
    /// When there are none, or they cannot be divided.
    pub fn of(data: &DataChoice, judges: &Judges) -> Result<Self, DivisionError> {
        let found = find(&data.train, &data.validation, data.sequence)?;
        if !found.validation.is_empty() {
            return Self::given(found.train, found.validation, judges);
        }
        let positive = scans_with_lesions(&found.train)?;
        match &data.split {
            None => Self::set_aside(found.train, &positive, judges),
            Some(path) => {
                let fold = fold_of(&read_split(path)?, data.fold, &found.train)?;
                Self::divided(found.train, &fold, &positive, judges.most)
            }
        }
    }

    /// Scans that judge are given apart.
    fn given(
        train: Vec<LabelledScan>,
        validation: Vec<LabelledScan>,
        judges: &Judges,
    ) -> Result<Self, DivisionError> {
        let places: BTreeSet<PathBuf> = validation.iter().map(place).collect();
        if let Some(both) = train.iter().find(|scan| places.contains(&place(scan))) {
            let name = both.name.clone();
            return Err(DivisionError::BothSides { name });
        }
        let learnt: BTreeSet<&String> = train.iter().map(|scan| &scan.subject).collect();
        let both: BTreeSet<String> = validation
            .iter()
            .filter(|scan| learnt.contains(&scan.subject))
            .map(|scan| scan.subject.clone())
            .collect();
        let positive = scans_with_lesions(&validation)?;
        let validation = evenly(validation, &positive, judges.most);
        Ok(Self {
            on_both_sides: both.into_iter().collect(),
            ..Self::filled(train, validation)?
        })
    }

    /// Sets a share of the subjects aside to judge, drawn evenly from those with and without lesions.
    pub(crate) fn set_aside(
        scans: Vec<LabelledScan>,
        positive: &BTreeSet<String>,
        judges: &Judges,
    ) -> Result<Self, DivisionError> {
        let drawn = draw_subjects(&scans, positive, judges.share, judges.seed)?;
        Self::divided(scans, &drawn, positive, judges.most)
    }

    fn divided(
        scans: Vec<LabelledScan>,
        judges: &BTreeSet<String>,
        positive: &BTreeSet<String>,
        most: usize,
    ) -> Result<Self, DivisionError> {
        let (validation, train) = scans
            .into_iter()
            .partition(|scan| judges.contains(&scan.subject));
        Self::filled(train, evenly(validation, positive, most))
    }

    fn filled(
        train: Vec<LabelledScan>,
        validation: Vec<LabelledScan>,
    ) -> Result<Self, DivisionError> {
        for (scans, what) in [(&train, "learn from"), (&validation, "judge")] {
            if scans.is_empty() {
                return Err(DivisionError::Empty { what });
            }
        }
        Ok(Self {
            train,
            validation,
            on_both_sides: Vec::new(),
        })
    }

    /// All scans: those to learn from, then those that judge.
    pub(crate) fn all(&self) -> Vec<LabelledScan> {
        self.train.iter().chain(&self.validation).cloned().collect()
    }

    /// The division as a file tells it.
    #[must_use]
    pub fn division(&self) -> Division {
        let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
        let sizes = |scans: &[LabelledScan]| -> BTreeMap<String, FileSizes> {
            let of = |scan: &LabelledScan| FileSizes {
                scan: bytes(&scan.input.path),
                lesions: bytes(scan.lesions.path()),
                phase: scan.input.phase.as_deref().map_or(0, bytes),
            };
            scans
                .iter()
                .map(|scan| (scan.name.clone(), of(scan)))
                .collect()
        };
        Division {
            train: sizes(&self.train),
            validation: sizes(&self.validation),
        }
    }
}

/// Where a scan lies, however its path was written.
fn place(scan: &LabelledScan) -> PathBuf {
    let path = &scan.input.path;
    path.canonicalize().unwrap_or_else(|_| path.clone())
}

/// A share of the subjects, one at least, drawn evenly from those with and without lesions.
pub(crate) fn draw_subjects(
    scans: &[LabelledScan],
    positive: &BTreeSet<String>,
    share: f64,
    seed: u64,
) -> Result<BTreeSet<String>, DivisionError> {
    let mut subjects: BTreeMap<&String, bool> = BTreeMap::new();
    for scan in scans {
        *subjects.entry(&scan.subject).or_default() |= positive.contains(&scan.name);
    }
    // By number: names of a table stand for cases, of which the subject would be guessed.
    let table = CaseTable {
        columns: vec!["lesions".into()],
        rows: subjects
            .values()
            .enumerate()
            .map(|(number, has)| (number.to_string(), vec![has.to_string()]))
            .collect(),
    };
    let folds = ((1.0 / share).round() as usize).min(subjects.len());
    let drawn = split(&table, folds.max(2), &["lesions".into()], seed)?;
    let subjects: Vec<(&String, bool)> = subjects.into_iter().collect();
    let mut folds = drawn.folds.iter().map(|fold| -> Vec<(&String, bool)> {
        let numbers = fold
            .iter()
            .filter_map(|number| number.parse::<usize>().ok());
        numbers
            .filter_map(|number| subjects.get(number).copied())
            .collect()
    });
    // Where few have lesions, some folds have none of them, and could not judge.
    let first = folds.next().unwrap_or_default();
    let has_any = |fold: &Vec<(&String, bool)>| fold.iter().any(|(_, has)| *has);
    let chosen = if has_any(&first) {
        first
    } else {
        folds.find(has_any).unwrap_or(first)
    };
    Ok(chosen.into_iter().map(|(name, _)| name.clone()).collect())
}

/// `most` of the scans at even steps, from those with lesions first, then from the others, as many of
/// each as their share; all of them for 0.
fn evenly(scans: Vec<LabelledScan>, positive: &BTreeSet<String>, most: usize) -> Vec<LabelledScan> {
    let count = scans.len();
    if most == 0 || most >= count {
        return scans;
    }
    let (mut ordered, without): (Vec<_>, Vec<_>) = scans
        .into_iter()
        .partition(|scan| positive.contains(&scan.name));
    ordered.extend(without);
    let mut chosen: Vec<LabelledScan> = (0..most)
        .map(|at| ordered[at * count / most].clone())
        .collect();
    chosen.sort_by(|a, b| a.name.cmp(&b.name));
    chosen
}

/// Reads a split file.
///
/// # Errors
/// When it is none.
pub(crate) fn read_split(path: &Path) -> Result<SplitFile, DivisionError> {
    let unreadable = |error: std::io::Error| DivisionError::Unreadable(error.to_string());
    let text = read_settings(path).map_err(unreadable)?;
    serde_json::from_str(&text).map_err(|error| DivisionError::Unreadable(error.to_string()))
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
    use siderin_evaluate::LesionFile;
    use siderin_image::scan::Input;

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

    fn scans(count: usize) -> Vec<LabelledScan> {
        (0..count)
            .map(|n| scan(&format!("{n:02}"), &format!("sub-{}_a", n / 2)))
            .collect()
    }

    #[test]
    fn subjects_are_drawn_evenly_from_those_with_and_without_lesions() {
        // Twenty subjects of two scans; five of them have a lesion in their second scan.
        let scans = scans(40);
        let positive: BTreeSet<String> = ["01", "11", "21", "31", "39"].map(String::from).into();
        for seed in 0..10 {
            let judges = draw_subjects(&scans, &positive, 0.2, seed).unwrap();
            assert_eq!(judges.len(), 4);
            let with = ["sub-0_a", "sub-5_a", "sub-10_a", "sub-15_a", "sub-19_a"];
            let drawn = with.iter().filter(|subject| judges.contains(**subject));
            assert_eq!(drawn.count(), 1);
        }
        // Only one has lesions: it judges, whatever fold it is in.
        for seed in 0..10 {
            let one = BTreeSet::from(["17".to_string()]);
            let judges = draw_subjects(&scans, &one, 0.2, seed).unwrap();
            assert!(judges.contains("sub-8_a"));
        }
        // Few subjects: one judges.
        assert_eq!(
            draw_subjects(&scans[..4], &positive, 0.2, 1).unwrap().len(),
            1
        );
        assert!(draw_subjects(&scans[..2], &positive, 0.2, 1).is_err());
    }

    #[test]
    fn an_even_choice_keeps_the_share_with_lesions() {
        let positive: BTreeSet<String> = (0..5).map(|n| format!("{n:02}")).collect();
        let chosen = evenly(scans(20), &positive, 4);
        let names: Vec<&str> = chosen.iter().map(|scan| scan.name.as_str()).collect();
        // 5 of 20 have lesions; at steps of 5 the first is one of them.
        assert_eq!(names, ["00", "05", "10", "15"]);
        // All of those with lesions are named last: still one of them is chosen.
        let last: BTreeSet<String> = (15..20).map(|n| format!("{n:02}")).collect();
        let chosen = evenly(scans(20), &last, 4);
        assert_eq!(
            chosen
                .iter()
                .filter(|scan| last.contains(&scan.name))
                .count(),
            1
        );
        assert_eq!(evenly(scans(20), &positive, 0).len(), 20);
    }

    #[test]
    fn a_fold_holds_every_scan_of_its_subjects() {
        let split: SplitFile = serde_json::from_str(
            r#"{"schema_version":"1.0","seed":1,"stratify":[],"folds":[["a"],["b"]],"strata":{}}"#,
        )
        .unwrap();
        let scans = [scan("1", "a"), scan("2", "b")];
        assert_eq!(
            fold_of(&split, 2, &scans).unwrap(),
            BTreeSet::from(["b".to_string()])
        );
        let said =
            |scans: &[LabelledScan], fold| fold_of(&split, fold, scans).unwrap_err().to_string();
        assert!(said(&scans, 3).contains("fold 3 is asked for, and there are 2"));
        assert!(said(&[scan("3", "c")], 1).contains("in no fold of the split file (c)"));
    }
}
