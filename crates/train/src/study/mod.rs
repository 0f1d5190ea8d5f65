//! Several trainings, compared on scans that none of them has seen.
//!
//! [`study`] trains every arm of a [`Kind`] on every fold, predicts the scans that were left out,
//! keeps the predictions, and scores those of all folds together.

mod arms;
mod kind;
mod predictions;
mod summary;

pub use arms::{Arm, ArmsError, arms};
pub use kind::Kind;

use crate::config::DataChoice;
use crate::data::{Division, DivisionError, divide, find, fold_of, prepare_all, read_split};
use crate::run::scores::Scores;
use crate::run::{Progress, Scans, Setup, TrainError, Watch, prepared_folder, scores, train};
use predictions::{Fold, FoldError};
use siderin_core::evaluate::{
    Bootstrap, CompareError, LabelledScan, Method, Metrics, claim_comparison, compare,
    write_comparison,
};
use siderin_core::folder::write_then_rename;
use siderin_net::model_file::Model;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A study that cannot be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StudyError {
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Arms(#[from] ArmsError),
    #[error(transparent)]
    Fold(#[from] FoldError),
    #[error(transparent)]
    Compare(#[from] CompareError),
    #[error("keeping the study: {0}; check the free space and the permissions of --out")]
    Io(#[from] std::io::Error),
    #[error(
        "cross-validation needs a split file; make one with `siderin split` and give it as --split"
    )]
    NoSplit,
    #[error(
        "{arm}, {fold}: no scan is left to {what}; the data need scans of this sequence in every fold"
    )]
    Empty {
        arm: String,
        fold: String,
        what: &'static str,
    },
    #[error("{arm}, {fold}: the training found no model to keep; train for longer")]
    NoModel { arm: String, fold: String },
}

impl From<DivisionError> for StudyError {
    fn from(error: DivisionError) -> Self {
        Self::Train(error.into())
    }
}

/// The scores of an arm over all folds.
#[derive(Debug, Clone)]
pub struct ArmScores {
    /// Its name.
    pub name: String,
    /// What it reached.
    pub metrics: Metrics,
}

/// Makes a study in the folder `out`, or goes on with one.
///
/// # Errors
/// When the study does not fit the config, or any training fails.
pub fn study(
    kind: Kind,
    setup: &Setup,
    split: Option<&Path>,
    out: &Path,
    watch: &dyn Watch,
) -> Result<Vec<ArmScores>, StudyError> {
    if kind == Kind::Folds && split.is_none() {
        return Err(StudyError::NoSplit);
    }
    let arms = arms(kind, &setup.config)?;
    let data = &setup.config.data;
    // Sequences are looked at before anything is trained.
    let mut of_sequence = BTreeMap::new();
    for arm in &arms {
        for sequence in [arm.learn, arm.test] {
            if let std::collections::btree_map::Entry::Vacant(free) = of_sequence.entry(sequence) {
                let found = find(&data.train, &[], sequence).map_err(TrainError::from)?;
                free.insert(found.train);
            }
        }
    }
    let all: BTreeSet<String> = of_sequence
        .values()
        .flatten()
        .map(|scan: &LabelledScan| scan.subject.clone())
        .collect();
    let folds = folds(split, &of_sequence, setup.config.seed, data)?;
    let mut scores: BTreeMap<&str, Scores> = BTreeMap::new();
    let trainings: BTreeSet<&str> = arms.iter().map(|arm| arm.training.as_str()).collect();
    let of = trainings.len() * folds.len();
    let mut number = 0;
    for (training, same) in by_training(&arms) {
        for (fold, left_out) in &folds {
            number += 1;
            watch.see(&Progress::Training {
                name: &format!("{training}, {fold}"),
                number,
                of,
            });
            let first = same[0];
            let of_training = &of_sequence[&first.learn];
            let learnt: Vec<LabelledScan> = of_training
                .iter()
                .filter(|scan| !left_out.contains(&scan.subject) && all.contains(&scan.subject))
                .cloned()
                .collect();
            let tested: Vec<LabelledScan> = of_sequence[&first.test]
                .iter()
                .filter(|scan| left_out.contains(&scan.subject))
                .cloned()
                .collect();
            for (scans, what) in [(&learnt, "learn from"), (&tested, "test on")] {
                if scans.is_empty() {
                    return Err(StudyError::Empty {
                        arm: first.name.clone(),
                        fold: fold.clone(),
                        what,
                    });
                }
            }
            let place = Place {
                out,
                training,
                fold,
            };
            for (arm, found) in one_fold(&same, &learnt, &tested, setup, &place, watch)? {
                scores.entry(arm).or_default().extend(found);
            }
        }
    }
    finish(&arms, scores, kind, setup, out)
}

/// Where the files of a fold lie.
struct Place<'a> {
    out: &'a Path,
    training: &'a str,
    fold: &'a str,
}

/// Arms by what they train: some differ only in how a network is used.
fn by_training(arms: &[Arm]) -> Vec<(&str, Vec<&Arm>)> {
    let mut grouped: Vec<(&str, Vec<&Arm>)> = Vec::new();
    for arm in arms {
        match grouped.iter_mut().find(|(name, _)| *name == arm.training) {
            Some((_, same)) => same.push(arm),
            None => grouped.push((&arm.training, vec![arm])),
        }
    }
    grouped
}

/// Names of folds with the subjects that each leaves out.
fn folds(
    split: Option<&Path>,
    scans: &BTreeMap<Option<crate::config::SequenceChoice>, Vec<LabelledScan>>,
    seed: u64,
    data: &DataChoice,
) -> Result<Vec<(String, BTreeSet<String>)>, StudyError> {
    let every: Vec<LabelledScan> = scans.values().flatten().cloned().collect();
    if let Some(path) = split {
        let split = read_split(path)?;
        return (1..=split.folds.len())
            .map(|fold| Ok((format!("fold-{fold}"), fold_of(&split, fold, &every)?)))
            .collect();
    }
    let plain = DataChoice {
        split: None,
        share: data.share,
        ..DataChoice::default()
    };
    // Subjects are divided, whatever scans they have.
    let Division { validation, .. } = divide(&every, &[], &plain, seed)?;
    let names: BTreeSet<&String> = validation.iter().collect();
    let subjects = every
        .iter()
        .filter(|scan| names.contains(&scan.name))
        .map(|scan| scan.subject.clone())
        .collect();
    Ok(vec![("held-out".into(), subjects)])
}

/// Trains once and scores the scans left out for each arm.
fn one_fold<'a>(
    arms: &[&'a Arm],
    learnt: &[LabelledScan],
    tested: &[LabelledScan],
    setup: &Setup,
    place: &Place,
    watch: &dyn Watch,
) -> Result<Vec<(&'a str, Scores)>, StudyError> {
    let files: Vec<Fold> = arms
        .iter()
        .map(|arm| Fold::at(place.out, &arm.name, place.fold))
        .collect();
    let there: Option<Vec<Scores>> = files.iter().map(Fold::scores).collect();
    if let Some(scores) = there {
        return Ok(arms
            .iter()
            .map(|arm| arm.name.as_str())
            .zip(scores)
            .collect());
    }
    let first = arms[0];
    let cache: PathBuf = setup
        .cache
        .clone()
        .unwrap_or_else(|| place.out.join("prepared"));
    let own = Setup {
        config: first.config.clone(),
        cache: Some(cache.clone()),
        score_all: false,
        ..setup.clone()
    };
    // What picks the weights comes from the scans that are learnt from, never from those left out.
    let inner = DataChoice {
        share: setup.config.data.share,
        ..DataChoice::default()
    };
    let division = divide(learnt, &[], &inner, setup.config.seed)?;
    let pick = |names: &[String]| -> Vec<LabelledScan> {
        let chosen = learnt.iter().filter(|scan| names.contains(&scan.name));
        chosen.cloned().collect()
    };
    let scans = Scans {
        train: pick(&division.train),
        validation: pick(&division.validation),
    };
    let run = place.out.join("runs").join(place.training).join(place.fold);
    train(&own, &scans, &run, watch)?;
    let best = run.join("best.siderin");
    if !best.exists() {
        return Err(StudyError::NoModel {
            arm: first.name.clone(),
            fold: place.fold.into(),
        });
    }
    let model = Model::read(&best, &setup.device).map_err(TrainError::from)?;
    let folder = prepared_folder(&cache, &model.card);
    let prepared = prepare_all(tested, &model.card, &folder, &|_| ()).map_err(TrainError::from)?;
    let names: Vec<String> = tested.iter().map(|scan| scan.name.clone()).collect();
    let rule = setup.config.validation.rule;
    let found = predictions::predict(arms, &files, &names, &prepared, model, rule, setup, watch)?;
    Ok(arms
        .iter()
        .map(|arm| arm.name.as_str())
        .zip(found)
        .collect())
}

/// Scores of all folds together, side by side.
fn finish(
    arms: &[Arm],
    mut found: BTreeMap<&str, Scores>,
    kind: Kind,
    setup: &Setup,
    out: &Path,
) -> Result<Vec<ArmScores>, StudyError> {
    let rule = setup.config.validation.rule;
    let mut all = Vec::new();
    for arm in arms {
        let scores_of_arm = found.remove(arm.name.as_str()).unwrap_or_default();
        let remark = "Every scan was predicted by a network that had not seen its subject.";
        let target = out.join("scores").join(&arm.name);
        let metrics = scores::write(scores_of_arm, rule, remark, &target)?;
        all.push(ArmScores {
            name: arm.name.clone(),
            metrics,
        });
    }
    if all.len() > 1 && kind.tests_the_same_scans() {
        let methods: Vec<Method> = all
            .iter()
            .map(|arm| Method {
                name: arm.name.clone(),
                metrics: arm.metrics.clone(),
            })
            .collect();
        let comparison = compare(&methods, &Bootstrap::default())?;
        let folder = claim_comparison(&out.join("comparison"), true).map_err(TrainError::from)?;
        write_comparison(folder, &comparison).map_err(TrainError::from)?;
    }
    let text = summary::markdown(kind, rule, &all);
    write_then_rename(&out.join("summary.md"), |partial| {
        std::fs::write(partial, text)
    })?;
    Ok(all)
}
