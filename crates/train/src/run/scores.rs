//! The best model of a run over all scans of the run.

use super::watch::{Progress, Watch};
use super::{RunFolder, TrainError};
use crate::data::PreparedFile;
use crate::score::{JudgeError, Judged};
use siderin_evaluate::{
    Bootstrap, Gallery, Metrics, Missing, Rule, ScoreSettings, SubjectScore, claim_scores,
    write_scores,
};
use siderin_net::infer::Predictor;
use siderin_net::model_file::ModelCard;
use std::collections::BTreeMap;
use std::path::Path;

/// Scores by scan.
pub(crate) type Scores = BTreeMap<String, SubjectScore>;

/// Scores scans at the model's own operating point.
pub(crate) fn score_all(
    scans: &[(String, PreparedFile)],
    predictor: &Predictor,
    card: &ModelCard,
    rule: Rule,
    watch: &dyn Watch,
) -> Result<Scores, JudgeError> {
    let mut scores = BTreeMap::new();
    for (at, (name, file)) in scans.iter().enumerate() {
        let judged = Judged::of(file, predictor)?;
        let found = judged.lesions(&card.operating);
        scores.insert(name.clone(), judged.score(&found, rule)?);
        watch.see(&Progress::Judging {
            done: at + 1,
            of: scans.len(),
        });
    }
    Ok(scores)
}

/// The scans of a run that its best model is held against.
#[derive(Debug, Clone, Copy)]
pub(super) enum ScoredSet {
    Train,
    Validation,
}

impl ScoredSet {
    /// Writes their scores into the run's folder.
    pub(super) fn write(
        self,
        scores: Scores,
        rule: Rule,
        folder: &RunFolder,
    ) -> Result<(), TrainError> {
        let (name, what) = match self {
            Self::Train => ("train", "the scans that it learnt from"),
            Self::Validation => ("validation", "the scans that picked it"),
        };
        let remark = format!("The model is held against {what}: this is no test of it.");
        write(scores, rule, &remark, &folder.scores(name))?;
        Ok(())
    }
}

/// Writes scores as `siderin evaluate` does, in place of earlier ones.
pub(crate) fn write(
    scores: Scores,
    rule: Rule,
    remark: &str,
    out: &Path,
) -> Result<Metrics, TrainError> {
    let folder = claim_scores(out, true)?;
    let metrics = Metrics::of(
        scores,
        &ScoreSettings::of(rule),
        &Bootstrap::default(),
        Missing::default(),
        vec![remark.to_string()],
    );
    write_scores(folder, &metrics, &Gallery::default())?;
    Ok(metrics)
}
