//! Several trainings, compared on scans that none of them has seen.
//!
//! [`study`] trains every arm of a [`Kind`] on every fold, predicts the scans that were left out,
//! keeps the predictions, and scores those of all folds together.

mod arms;
mod folder;
mod kind;
mod predictions;
mod summary;

pub use arms::{Arm, ArmsError, arms};
pub use kind::Kind;

use crate::config::SequenceChoice;
use crate::data::LabelledScan;
use crate::data::{
    DivisionError, Scans, draw_subjects, find, fold_of, read_split, scans_with_lesions,
};
use crate::run::scores::Scores;
use crate::run::{Progress, Setup, TrainError, Watch, prepare_told, scores, train};
use folder::StudyFolder;
pub use folder::StudyFolderError;
use predictions::{Fold, FoldError, Test};
use siderin_evaluate::{
    Bootstrap, CompareError, Metrics, ScoredMethod, claim_comparison, compare, write_comparison,
};
use siderin_image::folder::write_then_rename;
use siderin_net::model_file::Model;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

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
    #[error(transparent)]
    Folder(#[from] StudyFolderError),
    #[error("keeping the study: {0}; check the free space and the permissions of ‹out›")]
    Io(#[from] std::io::Error),
    #[error(
        "cross-validation needs a split file; make one with `siderin split` and give it as ‹split›"
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
/// When the study does not fit the config or the data, which is said before anything is trained, or
/// a training fails.
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
    let cohort = Cohort::of(&arms, setup)?;
    let folds = cohort.folds(split, setup)?;
    let jobs = cohort.jobs(&arms, &folds)?;
    let _folder = StudyFolder::open(out, kind, setup, &folds, &cohort)?;
    let cache = setup.cache.clone().unwrap_or_else(|| out.join("prepared"));
    cohort.check(&arms, &jobs, &cache, setup, watch)?;

    let mut scores: BTreeMap<&str, Scores> = BTreeMap::new();
    for (number, job) in jobs.iter().enumerate() {
        watch.see(&Progress::Training {
            name: &format!("{}, {}", job.arms[0].training, job.fold),
            number: number + 1,
            of: jobs.len(),
        });
        for (arm, found) in job
            .arms
            .iter()
            .zip(one_job(job, &cohort, &cache, setup, out, watch)?)
        {
            scores.entry(&arm.name).or_default().extend(found);
        }
    }
    finish(&arms, scores, kind, setup, out)
}

/// All scans of a study.
struct Cohort {
    of_sequence: BTreeMap<Option<SequenceChoice>, Vec<LabelledScan>>,
    /// Names of the scans with lesions.
    positive: BTreeSet<String>,
}

/// One training, and what its network is tested on by each arm that uses it.
struct Job<'a> {
    fold: &'a str,
    arms: Vec<&'a Arm>,
    learnt: Vec<LabelledScan>,
    /// For each arm.
    tested: Vec<Vec<LabelledScan>>,
}

/// A fold's name and the subjects that it leaves out.
type FoldSubjects = (String, BTreeSet<String>);

impl Cohort {
    fn of(arms: &[Arm], setup: &Setup) -> Result<Self, StudyError> {
        let data = &setup.config.data;
        let mut of_sequence = BTreeMap::new();
        for sequence in arms.iter().flat_map(|arm| [arm.learn, arm.test]) {
            if let Entry::Vacant(free) = of_sequence.entry(sequence) {
                let found = find(&data.train, &[], sequence).map_err(DivisionError::from)?;
                free.insert(found.train);
            }
        }
        let every: Vec<LabelledScan> = unique(of_sequence.values().flatten());
        Ok(Self {
            positive: scans_with_lesions(&every).map_err(DivisionError::from)?,
            of_sequence,
        })
    }

    fn every(&self) -> Vec<LabelledScan> {
        unique(self.of_sequence.values().flatten())
    }

    fn folds(&self, split: Option<&Path>, setup: &Setup) -> Result<Vec<FoldSubjects>, StudyError> {
        let every = self.every();
        if let Some(path) = split {
            let split = read_split(path)?;
            return (1..=split.folds.len())
                .map(|fold| Ok((format!("fold-{fold}"), fold_of(&split, fold, &every)?)))
                .collect();
        }
        let config = &setup.config;
        let share = config.data.share;
        let subjects = draw_subjects(&every, &self.positive, share, config.seed)?;
        Ok(vec![("held-out".into(), subjects)])
    }

    /// Every training of every fold.
    fn jobs<'a>(
        &self,
        arms: &'a [Arm],
        folds: &'a [FoldSubjects],
    ) -> Result<Vec<Job<'a>>, StudyError> {
        let mut jobs = Vec::new();
        for same in by_training(arms) {
            for (fold, left_out) in folds {
                let pick = |sequence, is_left_out: bool| -> Vec<LabelledScan> {
                    let scans = self.of_sequence.get(&sequence).into_iter().flatten();
                    let chosen = scans.filter(|s| left_out.contains(&s.subject) == is_left_out);
                    chosen.cloned().collect()
                };
                let job = Job {
                    fold,
                    learnt: pick(same[0].learn, false),
                    tested: same.iter().map(|arm| pick(arm.test, true)).collect(),
                    arms: same.clone(),
                };
                let empty = |arm: &Arm, what| StudyError::Empty {
                    arm: arm.name.clone(),
                    fold: fold.clone(),
                    what,
                };
                if job.learnt.is_empty() {
                    return Err(empty(same[0], "learn from"));
                }
                for (arm, tested) in same.iter().zip(&job.tested) {
                    if tested.is_empty() {
                        return Err(empty(arm, "test on"));
                    }
                }
                jobs.push(job);
            }
        }
        Ok(jobs)
    }

    /// Divides and prepares everything that will be needed: what is wrong with the data is said
    /// before the first training.
    fn check(
        &self,
        arms: &[Arm],
        jobs: &[Job],
        cache: &Path,
        setup: &Setup,
        watch: &dyn Watch,
    ) -> Result<(), StudyError> {
        for job in jobs {
            self.inner(job, setup)?;
        }
        let every = self.every();
        for same in by_training(arms) {
            let card = same[0].config.card().map_err(TrainError::from)?;
            prepare_told(&every, &card, cache, watch)?;
        }
        Ok(())
    }

    /// The scans that a job learns from, divided. What picks the weights comes from these, never
    /// from those that are left out.
    fn inner(&self, job: &Job, setup: &Setup) -> Result<Scans, StudyError> {
        Ok(Scans::set_aside(
            job.learnt.clone(),
            &self.positive,
            &setup.config.division(),
        )?)
    }
}

fn unique<'a>(scans: impl Iterator<Item = &'a LabelledScan>) -> Vec<LabelledScan> {
    let named: BTreeMap<&String, &LabelledScan> = scans.map(|scan| (&scan.name, scan)).collect();
    named.into_values().cloned().collect()
}

/// Arms by what they train: some differ only in how a network is used.
fn by_training(arms: &[Arm]) -> Vec<Vec<&Arm>> {
    let mut grouped: Vec<Vec<&Arm>> = Vec::new();
    for arm in arms {
        match grouped
            .iter_mut()
            .find(|same| same[0].training == arm.training)
        {
            Some(same) => same.push(arm),
            None => grouped.push(vec![arm]),
        }
    }
    grouped
}

/// Trains once and scores the scans left out for each arm.
fn one_job(
    job: &Job,
    cohort: &Cohort,
    cache: &Path,
    setup: &Setup,
    out: &Path,
    watch: &dyn Watch,
) -> Result<Vec<Scores>, StudyError> {
    let arms = &job.arms;
    let folds: Vec<Fold> = arms
        .iter()
        .map(|arm| Fold::at(out, &arm.name, job.fold))
        .collect();
    if let Some(scores) = folds.iter().map(Fold::scores).collect() {
        return Ok(scores);
    }
    let own = Setup {
        config: arms[0].config.clone(),
        cache: Some(cache.to_path_buf()),
        score_all: false,
        pause_after: None,
        ..setup.clone()
    };
    let run = out.join("runs").join(&arms[0].training).join(job.fold);
    train(&own, &cohort.inner(job, setup)?, &run, watch)?;
    let best = run.join("best.siderin");
    if !best.exists() {
        return Err(StudyError::NoModel {
            arm: arms[0].name.clone(),
            fold: job.fold.into(),
        });
    }
    let model = Model::read(&best, setup.compute.device()).map_err(TrainError::from)?;
    let scans = unique(job.tested.iter().flatten());
    let prepared = prepare_told(&scans, &model.card, cache, watch)?;
    let tests: Vec<Test> = scans
        .into_iter()
        .zip(prepared)
        .map(|(scan, file)| Test {
            // Which arms are tested on it.
            arms: (0..arms.len())
                .filter(|&arm| job.tested[arm].iter().any(|s| s.name == scan.name))
                .collect(),
            name: scan.name,
            file,
        })
        .collect();
    let rule = setup.config.validation.rule;
    Ok(predictions::predict(
        arms,
        &folds,
        &tests,
        model,
        rule,
        &setup.compute,
        watch,
    )?)
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
        let methods: Vec<ScoredMethod> = all
            .iter()
            .map(|arm| ScoredMethod {
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
