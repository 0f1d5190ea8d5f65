//! Runs of a network of candidates.

use super::scores::ScoredSet;
use super::watch::{Progress, Watch};
use super::{Outcome, Run, RunFolder, Setup, TrainError};
use crate::config::CandidateChoice;
use crate::data::{Scans, candidates_of_all};
use crate::task::CandidateTask;
use siderin_net::model_file::{Model, ModelCard};
use siderin_net::{RegionFinder, default_regions};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Searches the scans and learns from what is found.
pub(super) fn train_candidates(
    setup: &Setup,
    choice: &CandidateChoice,
    card: &ModelCard,
    scans: &Scans,
    (folder, cache): (&RunFolder, &Path),
    watch: &dyn Watch,
) -> Result<Outcome, TrainError> {
    let model = match &choice.regions {
        Some(path) => Model::read(path, setup.compute.device()).map_err(TrainError::RegionsFile)?,
        None => default_regions(setup.compute.device())?,
    };
    let regions = RegionFinder::new(model, &setup.compute).map_err(TrainError::Regions)?;
    let card = &ModelCard {
        regions: Some(regions.used().clone()),
        ..card.clone()
    };
    let all = scans.all();
    let counter = AtomicUsize::new(0);
    let told = |name: &str| {
        let done = 1 + counter.fetch_add(1, Ordering::Relaxed);
        let of = all.len();
        watch.see(&Progress::Prepared { name, done, of });
    };
    let mut files = candidates_of_all(&all, &regions, cache, &told)?;
    drop(regions);
    let validation = files.split_off(scans.train.len());
    let task = CandidateTask::new(&setup.config, choice, &files, &validation, &setup.compute)?;
    if task.microbleeds() == 0 {
        let (scans, lesions) = (scans.train.len(), task.lesions_to_learn());
        return Err(match lesions {
            0 => TrainError::NoLesions { scans },
            _ => TrainError::NoneFound { scans, lesions },
        });
    }
    if task.lesions_to_judge() == 0 {
        return Err(TrainError::NoLesionsToJudge);
    }
    let run = Run::new(setup, card, folder, task);
    let outcome = run.go(watch)?;
    if setup.score_all && outcome.best.is_some() {
        let model = Model::read(&folder.best(), setup.compute.device())?;
        let of = all.len();
        let told = |done| watch.see(&Progress::Judging { done, of });
        let mut train = run.task.scores(model, &told)?;
        let validation = train.split_off(scans.train.len());
        let rule = setup.config.validation.rule;
        for (set, scans, scores) in [
            (ScoredSet::Train, &scans.train, train),
            (ScoredSet::Validation, &scans.validation, validation),
        ] {
            let names = scans.iter().map(|scan| scan.name.clone());
            set.write(names.zip(scores).collect(), rule, folder)?;
        }
    }
    Ok(outcome)
}
