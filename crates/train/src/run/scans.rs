//! The scans of a run, prepared.

use super::TrainError;
use super::watch::{Progress, Watch};
use crate::data::LabelledScan;
use crate::data::{PreparedFile, PreparedFileError, Scans, prepare_all};
use siderin_net::architectures::Output;
use siderin_net::model_file::ModelCard;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Prepares all scans and refuses data from which nothing can be learnt.
pub(super) fn prepared(
    scans: &Scans,
    card: &ModelCard,
    cache: &Path,
    watch: &dyn Watch,
) -> Result<(Vec<PreparedFile>, Vec<PreparedFile>), TrainError> {
    let mut files = prepare_told(&scans.all(), card, cache, watch)?;
    let validation = files.split_off(scans.train.len());
    match card.model.design().output() {
        Output::Regions => return Ok((files, validation)),
        Output::Microbleeds | Output::Structures | Output::Candidates => {}
    }
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

/// Prepares scans and tells of each.
pub(crate) fn prepare_told(
    scans: &[LabelledScan],
    card: &ModelCard,
    cache: &Path,
    watch: &dyn Watch,
) -> Result<Vec<PreparedFile>, TrainError> {
    let counter = AtomicUsize::new(0);
    Ok(prepare_all(scans, card, cache, &|name| {
        let done = 1 + counter.fetch_add(1, Ordering::Relaxed);
        watch.see(&Progress::Prepared {
            name,
            done,
            of: scans.len(),
        });
    })?)
}
