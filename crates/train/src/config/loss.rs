use super::{ConfigError, hold};
use serde::{Deserialize, Serialize};
use siderin_core::candidates::SpotKind;
use siderin_net::loss::Loss;
use siderin_net::model::{Architecture, ModelConfig, REGIONS};

/// What is minimised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossConfig {
    /// Loss of each output.
    pub of: Loss,
    /// Weights of the outputs of a network with deep supervision, finest first; those without one
    /// do not count.
    #[serde(default = "finest")]
    pub levels: Vec<f64>,
    /// Loss of the cascade's second stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Loss>,
}

fn finest() -> Vec<f64> {
    vec![1.0]
}

impl LossConfig {
    /// As the papers have it: λ = .4 .3 .2 .1 over Dice + focal (Cho 2026); focal Tversky and
    /// weighted cross-entropy (del Pozo Lérida 2023); λ = 10 in the first and 1 in the second stage
    /// (Wei 2022); Dice + top 10 % (Kwon 2024), its levels weighed by halves as nnU-Net does. Regions
    /// and candidates are no paper's and have losses of their own.
    #[must_use]
    pub fn of_paper(architecture: Architecture) -> Self {
        let plain = |of| Self {
            of,
            levels: finest(),
            second: None,
        };
        match architecture {
            Architecture::RlkUnet => Self {
                levels: vec![0.4, 0.3, 0.2, 0.1],
                ..plain(Loss::dice_focal())
            },
            Architecture::Unet3d => plain(Loss::tversky_cross_entropy()),
            Architecture::MmocNet => Self {
                second: Some(Loss::cascade(1.0)),
                ..plain(Loss::cascade(10.0))
            },
            Architecture::GuidedUnet => Self {
                levels: vec![4.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0],
                ..plain(Loss::dice_top_k())
            },
            Architecture::RegionUnet | Architecture::CandidateNet => plain(Loss::CrossEntropy),
        }
    }

    pub(super) fn check(&self, model: &ModelConfig) -> Result<(), ConfigError> {
        self.of.check(classes(model))?;
        if let Some(second) = &self.second {
            second.check(1)?;
        }
        let positive = |w: &f64| w.is_finite() && *w >= 0.0;
        let levels = !self.levels.is_empty()
            && self.levels.iter().all(positive)
            && self.levels.iter().sum::<f64>() > 0.0;
        hold(
            levels,
            "loss.levels",
            format!("{:?}", self.levels),
            "numbers of 0 or more, one above 0",
        )?;
        let two_stages = matches!(model, ModelConfig::MmocNet(config) if config.fine.is_some());
        hold(
            !two_stages || self.second.is_some(),
            "loss.second",
            "not given",
            "a loss for the second stage",
        )
    }
}

/// Logits of a network.
pub(crate) fn classes(model: &ModelConfig) -> usize {
    match model {
        ModelConfig::RlkUnet(_) | ModelConfig::MmocNet(_) => 1,
        ModelConfig::Unet3d(_) => 2,
        ModelConfig::GuidedUnet(config) => config.classes(),
        ModelConfig::RegionUnet(_) => REGIONS,
        ModelConfig::CandidateNet(_) => SpotKind::ALL.len(),
    }
}
