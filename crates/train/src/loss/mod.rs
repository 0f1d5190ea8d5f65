//! What training minimises.
//!
//! Every loss takes logits and a target of the same shape, `[n, classes, …]`. One class is read as
//! a sigmoid with a target of 0 and 1; several as a softmax with a one-hot target, class 0 being
//! the background. Sums run over the whole batch.

mod config;
mod deep;
mod entropy;
mod overlap;

pub use config::LossConfig;
pub use deep::{DeepSupervision, shrink_target2d, shrink_target3d};

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, log_softmax};
use serde::{Deserialize, Serialize};

/// One loss, or a weighted sum of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "loss", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Loss {
    /// 1 − (2 Σpg + ε) / (Σp + Σg + ε) with ε = 1, the mean over the classes but the background.
    Dice,
    /// −(1 − pₜ)^γ log pₜ, the mean over voxels (Lin 2017, arXiv 1708.02002). `alpha` weighs
    /// foreground, 1 − `alpha` background; without it both weigh 1.
    Focal {
        /// γ: how little easy voxels count; 2 in Cho 2026.
        gamma: f64,
        /// Weight of the foreground.
        alpha: Option<f64>,
    },
    /// Σ over classes, background too, of (1 − TI)^γ; TI = Σpg / (Σpg + α Σp(1−g) + β Σ(1−p)g)
    /// (del Pozo Lérida 2023, equations 1 and 2), with 1 added above and below.
    FocalTversky {
        /// α: weight of false positives.
        false_positives: f64,
        /// β: weight of false negatives.
        false_negatives: f64,
        /// γ.
        gamma: f64,
    },
    /// −Σ w g log p, the mean over voxels; a weight for each class, background first.
    WeightedCrossEntropy {
        /// Weights of the classes.
        weights: Vec<f64>,
    },
    /// Cross-entropy, the mean over the `share` of voxels where it is largest, across the batch.
    TopK {
        /// From 0 to 1; .1 in Kwon 2024.
        share: f64,
    },
    /// Binary cross-entropy, the mean over voxels: cross-entropy of a sigmoid, or of a softmax
    /// where there are several classes.
    CrossEntropy,
    /// 1 − (Σpg + ε) / (Σg + ε) with ε = 1: the share missed (Wei 2022, equation 9), the mean over
    /// the classes but the background. ε makes it 0 where there is nothing to miss.
    Sensitivity,
    /// Σ weight · loss.
    Sum {
        /// What is summed.
        terms: Vec<Term>,
    },
}

/// A loss that nothing can be trained by.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("setting up a loss: {what} is {value}, expected {expected}")]
pub struct LossError {
    what: &'static str,
    value: String,
    expected: &'static str,
}

/// A loss and its weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Factor.
    pub weight: f64,
    /// What it multiplies.
    pub of: Loss,
}

impl Loss {
    /// ½ Dice + ½ top 10 % (Kwon 2024).
    #[must_use]
    pub fn dice_top_k() -> Self {
        Self::sum([(0.5, Self::Dice), (0.5, Self::TopK { share: 0.1 })])
    }

    /// ½ Dice + ½ cross-entropy, the ablation of Kwon 2024.
    #[must_use]
    pub fn dice_cross_entropy() -> Self {
        Self::sum([(0.5, Self::Dice), (0.5, Self::CrossEntropy)])
    }

    /// Dice + focal, γ = 2 (Cho 2026).
    #[must_use]
    pub fn dice_focal() -> Self {
        let focal = Self::Focal {
            gamma: 2.0,
            alpha: None,
        };
        Self::sum([(1.0, Self::Dice), (1.0, focal)])
    }

    /// Focal Tversky with α = β = ½, γ = 3, and 0.1 of a cross-entropy that weighs background .1
    /// and microbleeds 5 (del Pozo Lérida 2023).
    #[must_use]
    pub fn tversky_cross_entropy() -> Self {
        let tversky = Self::FocalTversky {
            false_positives: 0.5,
            false_negatives: 0.5,
            gamma: 3.0,
        };
        let entropy = Self::WeightedCrossEntropy {
            weights: vec![0.1, 5.0],
        };
        Self::sum([(1.0, tversky), (0.1, entropy)])
    }

    /// Binary cross-entropy + Dice + λ · sensitivity (Wei 2022, equation 10): λ = 10 in the first
    /// stage, 1 in the second.
    #[must_use]
    pub fn cascade(lambda: f64) -> Self {
        Self::sum([
            (1.0, Self::CrossEntropy),
            (1.0, Self::Dice),
            (lambda, Self::Sensitivity),
        ])
    }

    fn sum<const N: usize>(terms: [(f64, Self); N]) -> Self {
        Self::Sum {
            terms: terms
                .into_iter()
                .map(|(weight, of)| Term { weight, of })
                .collect(),
        }
    }

    /// # Errors
    /// Names the setting with which nothing can be trained; `classes` is how many logits there are.
    pub fn check(&self, classes: usize) -> Result<(), LossError> {
        let refuse = |what, value: String, expected| {
            Err(LossError {
                what,
                value,
                expected,
            })
        };
        let positive = |value: &f64| value.is_finite() && *value >= 0.0;
        match self {
            Self::TopK { share } if !(*share > 0.0 && *share <= 1.0) => {
                refuse("share", share.to_string(), "above 0 and up to 1")
            }
            Self::Focal { gamma, .. } | Self::FocalTversky { gamma, .. } if !positive(gamma) => {
                refuse("gamma", gamma.to_string(), "0 or more")
            }
            Self::Focal {
                alpha: Some(alpha), ..
            } if !(0.0..=1.0).contains(alpha) => refuse("alpha", alpha.to_string(), "0 to 1"),
            Self::FocalTversky {
                false_positives,
                false_negatives,
                ..
            } if !(positive(false_positives) && positive(false_negatives)) => refuse(
                "false_positives and false_negatives",
                format!("{false_positives} and {false_negatives}"),
                "0 or more",
            ),
            Self::WeightedCrossEntropy { weights }
                if weights.len() != classes.max(2) || !weights.iter().all(positive) =>
            {
                refuse(
                    "weights",
                    format!("{weights:?} for {} classes", classes.max(2)),
                    "a number of 0 or more for each class, background first",
                )
            }
            Self::Sum { terms } => {
                if terms.is_empty() {
                    return refuse("terms", "none".into(), "one or more");
                }
                terms.iter().try_for_each(|term| term.of.check(classes))
            }
            _ => Ok(()),
        }
    }

    /// The loss of `logits` against `target`, both `[n, classes, …]`; one number.
    pub fn forward<const D: usize>(&self, logits: Tensor<D>, target: Tensor<D>) -> Tensor<1> {
        match self {
            Self::Dice => overlap::dice(probabilities(logits), target),
            Self::Sensitivity => overlap::sensitivity(probabilities(logits), target),
            Self::FocalTversky {
                false_positives,
                false_negatives,
                gamma,
            } => overlap::focal_tversky(
                with_background(probabilities(logits)),
                with_background(target),
                [*false_positives, *false_negatives],
                *gamma,
            ),
            Self::CrossEntropy => entropy::voxelwise(logits, target, None).mean(),
            Self::WeightedCrossEntropy { weights } => {
                entropy::voxelwise(logits, target, Some(weights)).mean()
            }
            Self::TopK { share } => entropy::top(entropy::voxelwise(logits, target, None), *share),
            Self::Focal { gamma, alpha } => entropy::focal(logits, target, *gamma, *alpha),
            Self::Sum { terms } => terms
                .iter()
                .map(|term| term.of.forward(logits.clone(), target.clone()) * term.weight)
                .reduce(|sum, term| sum + term)
                .unwrap_or_else(|| logits.sum() * 0.0),
        }
    }
}

/// Logarithms of the classes' probabilities; of one class, of background and foreground.
fn log_probabilities<const D: usize>(logits: Tensor<D>) -> Tensor<D> {
    if logits.dims()[1] == 1 {
        Tensor::cat(
            vec![log_sigmoid(logits.clone().neg()), log_sigmoid(logits)],
            1,
        )
    } else {
        log_softmax(logits, 1)
    }
}

/// Probabilities of the classes, as many as there are logits.
fn probabilities<const D: usize>(logits: Tensor<D>) -> Tensor<D> {
    if logits.dims()[1] == 1 {
        burn::tensor::activation::sigmoid(logits)
    } else {
        burn::tensor::activation::softmax(logits, 1)
    }
}

/// Puts the background before a single foreground class.
fn with_background<const D: usize>(classes: Tensor<D>) -> Tensor<D> {
    if classes.dims()[1] == 1 {
        Tensor::cat(vec![classes.clone().neg() + 1.0, classes], 1)
    } else {
        classes
    }
}

#[cfg(test)]
mod tests;
