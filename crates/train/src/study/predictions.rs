//! What a network says of the scans that it has not seen, kept as files.

use super::Arm;
use crate::data::PreparedFile;
use crate::run::scores::Scores;
use crate::run::{Progress, Watch};
use crate::score::{JudgeError, Judged};
use crate::task::predictor_of;
use serde_json::json;
use siderin_core::lesion::{Lesion, OperatingPoint};
use siderin_evaluate::Rule;
use siderin_image::folder::{FolderError, write_json, write_then_rename};
use siderin_image::scan::nifti::{WriteError, write_volume};
use siderin_net::compute::Compute;
use siderin_net::model_file::Model;
use std::path::{Path, PathBuf};

/// Predictions that cannot be made or kept.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum FoldError {
    #[error("{name}: {source}")]
    Judge { name: String, source: JudgeError },
    #[error(transparent)]
    Volume(#[from] WriteError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("keeping predictions: {0}; check the free space and the permissions of ‹out›")]
    Io(#[from] std::io::Error),
}

/// The predictions of an arm for one fold.
pub(super) struct Fold {
    /// A folder for each scan.
    predictions: PathBuf,
    /// Their scores; there once all are done.
    scores: PathBuf,
}

impl Fold {
    pub(super) fn at(out: &Path, arm: &str, fold: &str) -> Self {
        Self {
            predictions: out.join("predictions").join(arm),
            scores: out.join("folds").join(arm).join(format!("{fold}.json")),
        }
    }

    /// The scores, if the fold is done.
    pub(super) fn scores(&self) -> Option<Scores> {
        serde_json::from_slice(&std::fs::read(&self.scores).ok()?).ok()
    }

    /// A folder that `siderin evaluate` reads.
    fn keep(&self, name: &str, judged: &Judged, lesions: &[Lesion]) -> Result<(), FoldError> {
        let folder = self.predictions.join(name);
        std::fs::create_dir_all(&folder)?;
        let labels = judged.labels(lesions);
        let grid = labels.grid();
        write_then_rename(&folder.join("lesions.nii.gz"), |partial| {
            Ok::<_, FoldError>(write_volume(partial, &labels)?)
        })?;
        let entries: Vec<_> = lesions
            .iter()
            .map(|lesion| {
                json!({
                    "id": lesion.id,
                    "center_world_mm": lesion.center_world.to_array(),
                    "center_voxel": grid.to_voxel(lesion.center_world).to_array(),
                    "volume_mm3": lesion.volume_mm3,
                    "diameter_mm": lesion.diameter_mm,
                    "confidence": lesion.confidence,
                })
            })
            .collect();
        let document = json!({ "grid": grid, "lesions": entries });
        write_then_rename(&folder.join("lesions.json"), |partial| {
            Ok::<_, FoldError>(write_json(partial, &document)?)
        })
    }
}

/// A scan that was left out.
pub(super) struct Test {
    pub(super) name: String,
    pub(super) file: PreparedFile,
    /// Places of the arms that are tested on it.
    pub(super) arms: Vec<usize>,
}

/// Predicts scans once and scores them for each arm.
pub(super) fn predict(
    arms: &[&Arm],
    folds: &[Fold],
    tests: &[Test],
    model: Model,
    rule: Rule,
    compute: &Compute,
    watch: &dyn Watch,
) -> Result<Vec<Scores>, FoldError> {
    let point = model.card.operating;
    let judge = |name: &String| {
        let name = name.clone();
        move |source: JudgeError| FoldError::Judge { name, source }
    };
    let predictor = predictor_of(model, compute).map_err(judge(&"the model".into()))?;
    let mut scores = vec![Scores::new(); arms.len()];
    for (
        at,
        Test {
            name,
            file,
            arms: of,
        },
    ) in tests.iter().enumerate()
    {
        let judged = Judged::of(file, &predictor).map_err(judge(name))?;
        for &arm in of {
            let (fold, scores) = (&folds[arm], &mut scores[arm]);
            let point = OperatingPoint {
                ring_mm: arms[arm].ring_mm.or(point.ring_mm),
                ..point
            };
            let found = judged.lesions(&point);
            fold.keep(name, &judged, &found.0)?;
            let score = judged.score(&found, rule);
            let score = score.map_err(|error| judge(name)(error.into()))?;
            scores.insert(name.clone(), score);
        }
        watch.see(&Progress::Judging {
            done: at + 1,
            of: tests.len(),
        });
    }
    for (fold, scores) in folds.iter().zip(&scores) {
        if let Some(folder) = fold.scores.parent() {
            std::fs::create_dir_all(folder)?;
        }
        write_then_rename(&fold.scores, |partial| {
            Ok::<_, FoldError>(write_json(partial, scores)?)
        })?;
    }
    Ok(scores)
}
