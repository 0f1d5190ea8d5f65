//! The scans of a run: found, divided, prepared.

use super::TrainError;
use super::watch::{Progress, Watch};
use crate::config::TrainConfig;
use crate::data::{
    Division, PreparedFile, PreparedFileError, divide, find, learns_regions, prepare_all,
};
use siderin_core::evaluate::LabelledScan;
use siderin_core::random::Stream;
use siderin_net::model_file::ModelCard;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Scans of a run, by what they are for.
#[derive(Debug, Clone)]
pub struct Scans {
    /// To learn from.
    pub train: Vec<LabelledScan>,
    /// To judge.
    pub validation: Vec<LabelledScan>,
}

impl Scans {
    /// Finds and divides the scans that a config names.
    ///
    /// # Errors
    /// When there are none, or they cannot be divided.
    pub fn of(config: &TrainConfig) -> Result<Self, TrainError> {
        let data = &config.data;
        let found = find(&data.train, &data.validation, data.sequence)?;
        let division = divide(&found.train, &found.validation, data, config.seed)?;
        let all: Vec<LabelledScan> = found.train.into_iter().chain(found.validation).collect();
        let pick = |names: &[String]| -> Vec<LabelledScan> {
            let names: BTreeSet<&String> = names.iter().collect();
            all.iter()
                .filter(|scan| names.contains(&scan.name))
                .cloned()
                .collect()
        };
        Ok(Self {
            train: pick(&division.train),
            validation: evenly(pick(&division.validation), config.validation.scans),
        })
    }

    pub(super) fn division(&self) -> Division {
        let names = |scans: &[LabelledScan]| scans.iter().map(|s| s.name.clone()).collect();
        Division {
            train: names(&self.train),
            validation: names(&self.validation),
        }
    }
}

/// Where in a folder the scans lie that are prepared for a card: runs with other recipes may share
/// the folder, even at the same time.
pub(crate) fn prepared_folder(cache: &Path, card: &ModelCard) -> PathBuf {
    let what = serde_json::to_string(&(&card.recipe, card.model.inputs(), learns_regions(card)));
    let number = Stream::new(0, &what.unwrap_or_default(), 0).seed();
    cache.join(format!("recipe-{number:014x}"))
}

/// Prepares all scans and refuses data from which nothing can be learnt.
pub(super) fn prepared(
    scans: &Scans,
    card: &ModelCard,
    cache: &Path,
    watch: &dyn Watch,
) -> Result<(Vec<PreparedFile>, Vec<PreparedFile>), TrainError> {
    let cache = &prepared_folder(cache, card);
    std::fs::create_dir_all(cache).map_err(PreparedFileError::Io)?;
    let all: Vec<LabelledScan> = scans
        .train
        .iter()
        .chain(&scans.validation)
        .cloned()
        .collect();
    let counter = std::sync::atomic::AtomicUsize::new(0);
    let mut files = prepare_all(&all, card, cache, &|name| {
        let done = 1 + counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        watch.see(&Progress::Prepared {
            name,
            done,
            of: all.len(),
        });
    })?;
    let validation = files.split_off(scans.train.len());
    let lesions = |files: &[PreparedFile]| -> Result<usize, PreparedFileError> {
        files.iter().map(PreparedFile::lesion_count).sum()
    };
    if lesions(&files)? == 0 {
        let scans = files.len();
        return Err(TrainError::NoLesions { scans });
    }
    if lesions(&validation)? == 0 {
        return Err(TrainError::NoLesionsToJudge);
    }
    Ok((files, validation))
}

/// `most` of the scans at even steps; all of them for 0.
fn evenly(scans: Vec<LabelledScan>, most: usize) -> Vec<LabelledScan> {
    let count = scans.len();
    if most == 0 || most >= count {
        return scans;
    }
    (0..most)
        .map(|at| scans[at * count / most].clone())
        .collect()
}
