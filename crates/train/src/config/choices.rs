use super::merge;
use crate::setting::{SettingError, require};
use serde::{Deserialize, Serialize};
use siderin_evaluate::Rule;
use siderin_net::architectures::{Architecture, Preset};
use siderin_net::model_file::{ModelCard, ModelFileError};
use std::path::PathBuf;

/// The network, and how it is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelChoice {
    /// Which network.
    pub architecture: Architecture,
    /// Its size, with the recipe that goes with it.
    pub preset: Preset,
    /// A model file whose card and weights the run starts from: fine-tuning. The preset does not
    /// count then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<PathBuf>,
    /// Changes to the card, such as `model.cbam_skips` or `recipe.plane_spacing_mm`; `"none"` takes
    /// a value away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<toml::Value>,
}

impl ModelChoice {
    pub(super) fn card(&self) -> Result<ModelCard, super::ConfigError> {
        let base = match &self.start {
            Some(path) => ModelCard::read(path)?,
            None => ModelCard::preset(self.architecture, self.preset),
        };
        let there = base.model.architecture();
        require(
            there == self.architecture,
            "model.architecture",
            self.architecture,
            format!("{there}, as the model to start from"),
        )?;
        let Some(changes) = &self.card else {
            return Ok(base);
        };
        let base = serde_json::to_value(&base).map_err(super::ConfigError::Card)?;
        serde_json::from_value(merge::merged(base, changes)).map_err(super::ConfigError::Card)
    }

    /// The file that the run starts from is part of what it is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn start_bytes(&self) -> Result<Option<Vec<u8>>, super::ConfigError> {
        let Some(path) = &self.start else {
            return Ok(None);
        };
        let bytes = std::fs::read(path).map_err(ModelFileError::Io)?;
        Ok(Some(bytes))
    }
}

/// What a network of candidates is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidateChoice {
    /// The model file of the network of regions that finds the brain; none for the program's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<PathBuf>,
    /// Chance that a candidate is shown without the phase that it has.
    pub phase_dropout: f64,
    /// The signal relative to the brain is raised to a power between e^-`contrast` and e^`contrast`.
    pub contrast: f64,
    /// Noise of up to this standard deviation is added, as a share of the brain's signal.
    pub noise: f64,
    /// The surface of brain tissue is shown up to so many mm higher or deeper.
    pub depth_mm: f64,
}

impl CandidateChoice {
    pub(super) fn check(&self) -> Result<(), SettingError> {
        let dropout = (0.0..=1.0).contains(&self.phase_dropout);
        require(
            dropout,
            "candidates.phase_dropout",
            self.phase_dropout,
            "0 to 1",
        )?;
        for (what, value, most) in [
            ("candidates.contrast", self.contrast, 2.0),
            ("candidates.noise", self.noise, 1.0),
            ("candidates.depth_mm", self.depth_mm, 10.0),
        ] {
            require(
                (0.0..=most).contains(&value),
                what,
                value,
                format!("0 to {most}"),
            )?;
        }
        Ok(())
    }
}

/// Label maps that heads are drawn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadChoice {
    /// Where they are, each as NAME.nii.gz.
    #[serde(default)]
    pub folder: PathBuf,
    /// Names of those to learn from.
    pub train: Vec<String>,
    /// Names of those that judge.
    pub validation: Vec<String>,
    /// Which of them are brains without a head, with one code for both sides.
    #[serde(default)]
    pub without_skull: Vec<String>,
}

impl HeadChoice {
    pub(super) fn check(&self) -> Result<(), SettingError> {
        let both = self
            .train
            .iter()
            .find(|name| self.validation.contains(name));
        require(
            both.is_none(),
            "heads.validation",
            both.map_or("", |name| name),
            "heads that are not learnt from",
        )?;
        let some = !self.train.is_empty() && !self.validation.is_empty();
        require(
            some,
            "heads.train or validation",
            "empty",
            "one head at least in each",
        )
    }
}

/// How a run is judged on the way. Lesion F1 on the validation scans picks the weights and the
/// threshold that are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationConfig {
    /// Epochs between judgements.
    pub every_epochs: usize,
    /// The rule.
    pub rule: Rule,
    /// Validation scans that are looked at, an even choice of them; 0 for all.
    pub scans: usize,
    /// Thresholds of which the best is kept.
    pub thresholds: Vec<f32>,
    /// Judgements without a better one after which the run ends; it does not where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self {
            every_epochs: 5,
            rule: Rule::Centroid5Mm,
            scans: 0,
            thresholds: vec![0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
            patience: None,
        }
    }
}

impl ValidationConfig {
    fn thresholds_are_right(&self) -> bool {
        let inside = |t: &f32| *t > 0.0 && *t < 1.0;
        (1..=50).contains(&self.thresholds.len())
            && self.thresholds.iter().all(inside)
            && self.thresholds.is_sorted_by(|a, b| a < b)
    }

    pub(super) fn check(&self) -> Result<(), SettingError> {
        require(
            self.every_epochs > 0,
            "validation.every_epochs",
            self.every_epochs,
            "1 or more",
        )?;
        require(
            self.rule != Rule::Voxel,
            "validation.rule",
            self.rule,
            "a rule that counts lesions",
        )?;
        require(
            self.thresholds_are_right(),
            "validation.thresholds",
            format!("{:?}", self.thresholds),
            "1 to 50 numbers above 0 and below 1, the smallest first",
        )?;
        let patience = self.patience.is_none_or(|patience| patience > 0);
        require(patience, "validation.patience", 0, "1 or more")
    }
}
