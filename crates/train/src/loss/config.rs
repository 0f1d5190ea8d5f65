//! Which losses a run minimises.

use super::{Loss, LossError};
use serde::{Deserialize, Serialize};

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
    /// One loss of one output.
    #[must_use]
    pub fn plain(of: Loss) -> Self {
        Self {
            of,
            levels: finest(),
            second: None,
        }
    }

    /// In place of the loss of a network that has one of its own.
    pub(crate) fn own() -> Self {
        Self::plain(Loss::CrossEntropy)
    }

    /// # Errors
    /// Names the first setting with which a network of so many logits cannot be trained.
    pub(crate) fn check(&self, logits: usize, has_second_stage: bool) -> Result<(), LossError> {
        self.of.check(logits)?;
        if let Some(second) = &self.second {
            second.check(1)?;
        }
        let positive = |w: &f64| w.is_finite() && *w >= 0.0;
        let levels = !self.levels.is_empty()
            && self.levels.iter().all(positive)
            && self.levels.iter().sum::<f64>() > 0.0;
        if !levels {
            return Err(LossError {
                what: "loss.levels",
                value: format!("{:?}", self.levels),
                expected: "numbers of 0 or more, one above 0",
            });
        }
        if has_second_stage && self.second.is_none() {
            return Err(LossError {
                what: "loss.second",
                value: "not given".into(),
                expected: "a loss for the second stage",
            });
        }
        Ok(())
    }
}
