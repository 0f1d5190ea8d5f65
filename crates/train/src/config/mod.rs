//! What a run is asked for: one TOML file.

mod choices;
mod merge;
mod schedule;

pub use crate::data::{DataChoice, SequenceChoice};
pub use crate::loss::LossConfig;
pub use crate::setting::SettingError;
pub use choices::{CandidateChoice, HeadChoice, ModelChoice, ValidationConfig};
pub use schedule::{OptimiserConfig, OptimiserKind, ScheduleConfig};

use crate::data::{DivisionError, Judges, Scans};
use crate::loss::LossError;
use crate::objective::{has_second_stage, paper_loss};
use crate::sample::{AugmentConfig, SamplingConfig};
use crate::setting::require;
use serde::{Deserialize, Serialize};
use siderin_core::candidates::VIEW_EDGE;
use siderin_evaluate::Rule;
use siderin_image::settings::settings;
use siderin_net::architectures::Output;
use siderin_net::model_file::{ModelCard, ModelFileError};

/// A training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Name of the model it makes.
    pub name: String,
    /// Decides everything that is drawn: weights, samples, augmentation.
    #[serde(default = "one")]
    pub seed: u64,
    /// The network, and how it is used.
    pub model: ModelChoice,
    /// Scans.
    #[serde(default)]
    pub data: DataChoice,
    /// What is cut from them.
    pub sampling: SamplingConfig,
    /// How it is changed.
    #[serde(default)]
    pub augment: AugmentConfig,
    /// What a network of candidates is shown; for that one alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<CandidateChoice>,
    /// Label maps that heads are drawn from; for the network of structures alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads: Option<HeadChoice>,
    /// What is minimised; as the paper has it where it is not given.
    #[serde(default)]
    pub loss: Option<LossConfig>,
    /// By what.
    pub optimiser: OptimiserConfig,
    /// For how long.
    pub schedule: ScheduleConfig,
    /// How it is judged on the way.
    #[serde(default)]
    pub validation: ValidationConfig,
}

fn one() -> u64 {
    1
}

/// A config that nothing can be trained by.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ConfigError {
    #[error("reading the training config: {0}")]
    Toml(String),
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(
        "reading the training config: the card with the changes of [model.card] is no card of a model \
         ({0}); `siderin inspect` shows the card of a model file"
    )]
    Card(serde_json::Error),
    #[error("reading the training config: {0}")]
    Loss(#[from] LossError),
    #[error(transparent)]
    Model(#[from] ModelFileError),
}

impl TrainConfig {
    /// Reads a config and checks it.
    ///
    /// # Errors
    /// Names the first setting that is unknown or impossible.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config: Self = settings(text).map_err(ConfigError::Toml)?;
        config.check()?;
        Ok(config)
    }

    /// Finds and divides the scans that it names; none where heads are drawn.
    ///
    /// # Errors
    /// As [`Scans::of`].
    pub fn scans(&self) -> Result<Scans, DivisionError> {
        if self.heads.is_some() {
            return Ok(Scans::none());
        }
        Scans::of(&self.data, &self.division())
    }

    /// What decides which scans judge.
    pub(crate) fn division(&self) -> Judges {
        Judges {
            share: self.data.share,
            most: self.validation.scans,
            seed: self.seed,
        }
    }

    /// The config as a file.
    ///
    /// # Errors
    /// When it cannot be written as TOML, which a checked one can.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string_pretty(self).map_err(|error| ConfigError::Toml(error.to_string()))
    }

    /// # Errors
    /// Names the first setting that is impossible.
    pub fn check(&self) -> Result<(), ConfigError> {
        let name = !self.name.is_empty() && self.name.len() <= 200;
        require(name, "name", &self.name, "1 to 200 characters")?;
        self.data.check()?;
        self.sampling.check()?;
        self.augment.check()?;
        self.optimiser.check()?;
        self.schedule.check()?;
        self.validation.check()?;
        let card = self.card()?;
        let design = card.model.design();
        self.loss()
            .check(design.logits(), has_second_stage(&card.model))?;
        match design.output() {
            Output::Regions => self.check_of_regions()?,
            Output::Structures => self.check_of_regions()?,
            Output::Microbleeds | Output::Candidates => {}
        }
        self.check_of_heads(design.output())?;
        self.check_of_candidates(&card)?;
        let mines = self.sampling.mining_epochs.unwrap_or(1);
        require(
            mines <= self.schedule.epochs,
            "sampling.mining_epochs",
            mines,
            "no more than schedule.epochs",
        )?;
        let multiple = design.stride();
        let [d, h, w] = self.sampling.size;
        let size = [d, h, w];
        let fits = size.iter().zip(multiple).all(|(n, m)| n.is_multiple_of(m));
        require(
            fits,
            "sampling.size",
            format!("{size:?}"),
            format!("multiples of {multiple:?} for this network"),
        )?;
        let slices = design.slices();
        Ok(require(
            slices.is_none_or(|slices| slices == d),
            "the first of sampling.size",
            d,
            format!("{} slices for this network", slices.unwrap_or(d)),
        )?)
    }

    /// What a network of regions has no use for.
    fn check_of_regions(&self) -> Result<(), ConfigError> {
        require(
            self.augment.flip == 0.0,
            "augment.flip",
            self.augment.flip,
            "0 for regions: a mirrored head has its left on the right",
        )?;
        require(
            self.loss.is_none(),
            "[loss]",
            "given",
            "none for regions, which have one of their own",
        )?;
        let sampling = &self.sampling;
        Ok(require(
            sampling.lesion_share + sampling.spot_share == 0.0,
            "sampling.lesion_share or spot_share",
            sampling.lesion_share.max(sampling.spot_share),
            "0 for regions: samples lie anywhere in the brain",
        )?)
    }

    /// Heads are drawn for the network of structures, and for no other.
    fn check_of_heads(&self, output: Output) -> Result<(), ConfigError> {
        let draws = output == Output::Structures;
        let given = if self.heads.is_some() {
            "given"
        } else {
            "not given"
        };
        require(
            draws == self.heads.is_some(),
            "[heads]",
            given,
            "the section for a structure-unet, and for no other network",
        )?;
        let Some(heads) = &self.heads else {
            return Ok(());
        };
        heads.check()?;
        require(
            self.augment == AugmentConfig::default() && self.sampling.batch == 1,
            "[augment] or sampling.batch",
            "given",
            "none and 1 for a structure-unet: heads are drawn whole, one at a time",
        )?;
        Ok(require(
            self.validation.scans > 0,
            "validation.scans",
            self.validation.scans,
            "1 or more drawn heads that judge",
        )?)
    }

    /// Candidates are shown and changed in ways of their own, and their loss is one of kinds.
    fn check_of_candidates(&self, card: &ModelCard) -> Result<(), ConfigError> {
        let judges = card.model.design().output() == Output::Candidates;
        let given = if self.candidates.is_some() {
            "given"
        } else {
            "not given"
        };
        require(
            judges == self.candidates.is_some(),
            "[candidates]",
            given,
            "the section for a candidate-net, and for no other network",
        )?;
        let Some(choice) = &self.candidates else {
            return Ok(());
        };
        choice.check()?;
        let plain = self.augment == AugmentConfig::default() && self.loss.is_none();
        require(
            plain && self.sampling.mining_epochs.is_none(),
            "[augment], [loss] or sampling.mining_epochs",
            "given",
            "none for a candidate-net: [candidates] says how views are changed, the loss is that of \
             kinds, and all false alarms of the search are shown",
        )?;
        require(
            self.validation.rule == Rule::Centroid5Mm,
            "validation.rule",
            self.validation.rule,
            "centroid-5mm for candidates, which are judged as points",
        )?;
        let size = self.sampling.size;
        Ok(require(
            size == [1, VIEW_EDGE, VIEW_EDGE],
            "sampling.size",
            format!("{size:?}"),
            format!("[1, {VIEW_EDGE}, {VIEW_EDGE}] for candidates"),
        )?)
    }

    /// The card of the model that is trained: the preset's, or that of the model it starts from,
    /// with the changes of `[model.card]`.
    ///
    /// # Errors
    /// When the changes make no card, or the file to start from is none.
    pub fn card(&self) -> Result<ModelCard, ConfigError> {
        let mut card = self.model.card()?;
        card.name.clone_from(&self.name);
        card.check()?;
        Ok(card)
    }

    /// The config without the places of files, which say nothing elsewhere and may hold names.
    #[must_use]
    pub fn without_paths(&self) -> Self {
        let mut config = self.clone();
        config.data.train.clear();
        config.data.validation.clear();
        config.data.split = None;
        config.model.start = None;
        if let Some(heads) = &mut config.heads {
            heads.folder = std::path::PathBuf::new();
        }
        if let Some(candidates) = &mut config.candidates {
            candidates.regions = None;
        }
        config
    }

    /// What is minimised.
    #[must_use]
    pub fn loss(&self) -> LossConfig {
        self.loss
            .clone()
            .unwrap_or_else(|| paper_loss(self.model.architecture))
    }
}
