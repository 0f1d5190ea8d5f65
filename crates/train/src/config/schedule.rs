use crate::setting::{SettingError, require};
use burn::grad_clipping::GradientClippingConfig;
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, decay::WeightDecayConfig};
use serde::{Deserialize, Serialize};

/// What changes the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimiserConfig {
    /// Which.
    pub kind: OptimiserKind,
    /// The highest rate of the schedule.
    pub learning_rate: f64,
    /// Weight decay: of AdamW apart from the gradient (Loshchilov 2019), of Adam added to it (L2).
    #[serde(default)]
    pub weight_decay: f32,
    /// Batches whose gradients make one step.
    #[serde(default = "one")]
    pub accumulate: usize,
    /// The most that the norm of one parameter's gradient may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f32>,
    /// Steps over which weights are averaged, exponentially: each step has a share of 1 / n (after Polyak 1992, doi
    /// 10.1137/0330046). The average is judged and kept; without it, the weights themselves are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_steps: Option<u64>,
}

fn one() -> usize {
    1
}

/// Which optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimiserKind {
    /// Kingma 2015.
    Adam,
    /// Loshchilov 2019.
    Adamw,
}

/// PyTorch's, with which the papers trained.
const EPSILON: f32 = 1e-8;

impl OptimiserConfig {
    pub(super) fn check(&self) -> Result<(), SettingError> {
        let rate = self.learning_rate > 0.0 && self.learning_rate <= 1.0;
        require(
            rate,
            "optimiser.learning_rate",
            self.learning_rate,
            "above 0 and up to 1",
        )?;
        let decay = self.weight_decay >= 0.0 && self.weight_decay <= 1.0;
        require(decay, "optimiser.weight_decay", self.weight_decay, "0 to 1")?;
        require(
            (1..=1024).contains(&self.accumulate),
            "optimiser.accumulate",
            self.accumulate,
            "1 to 1024",
        )?;
        let clip = self.clip_norm.is_none_or(|n| n > 0.0 && n.is_finite());
        require(clip, "optimiser.clip_norm", "not positive", "above 0")?;
        let average = self.average_steps.is_none_or(|n| n > 0);
        require(average, "optimiser.average_steps", 0, "1 or more")
    }

    pub(crate) fn init(&self) -> ModuleOptimizer {
        let optimiser = match self.kind {
            OptimiserKind::Adam => AdamConfig::new()
                .with_epsilon(EPSILON)
                .with_weight_decay(Some(WeightDecayConfig::new(self.weight_decay)))
                .init(),
            OptimiserKind::Adamw => AdamWConfig::new()
                .with_epsilon(EPSILON)
                .with_weight_decay(self.weight_decay)
                .init(),
        };
        match self.clip_norm {
            Some(norm) => optimiser.with_grad_clipping(GradientClippingConfig::Norm(norm).init()),
            None => optimiser,
        }
    }
}

/// For how long, and at which rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Rounds through all cases' samples.
    pub epochs: usize,
    /// Epochs in which the rate grows evenly to its highest.
    #[serde(default)]
    pub warm_up_epochs: f64,
    /// Where it grows from.
    #[serde(default)]
    pub warm_up_from: f64,
    /// Whether it falls along a cosine (Loshchilov 2017) after that; it stays where not.
    #[serde(default)]
    pub cosine: bool,
    /// Epochs after which it starts again from the highest; once over the whole run where there are
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_epochs: Option<f64>,
    /// Each fall is so many times as long as the one before.
    #[serde(default = "same")]
    pub restart_growth: f64,
    /// What the cosine falls to.
    #[serde(default)]
    pub lowest: f64,
}

fn same() -> f64 {
    1.0
}

impl ScheduleConfig {
    pub(super) fn check(&self) -> Result<(), SettingError> {
        let epochs = (1..=1_000_000).contains(&self.epochs);
        require(epochs, "schedule.epochs", self.epochs, "1 to 1,000,000")?;
        let warm = self.warm_up_epochs >= 0.0 && self.warm_up_epochs < self.epochs as f64;
        require(
            warm,
            "schedule.warm_up_epochs",
            self.warm_up_epochs,
            "0 or more, and fewer than epochs",
        )?;
        let rates = [self.warm_up_from, self.lowest];
        require(
            rates.iter().all(|rate| (0.0..=1.0).contains(rate)),
            "schedule.warm_up_from or lowest",
            format!("{rates:?}"),
            "0 to 1",
        )?;
        let restart = self.restart_epochs.is_none_or(|n| (1.0..=1e6).contains(&n));
        require(
            restart,
            "schedule.restart_epochs",
            self.restart_epochs.unwrap_or_default(),
            "1 to 1,000,000",
        )?;
        let growth = self.restart_growth >= 1.0 && self.restart_growth <= 100.0;
        require(
            growth,
            "schedule.restart_growth",
            self.restart_growth,
            "1 to 100",
        )
    }

    /// The rate of step `step` (from 0) where an epoch has `per_epoch` steps and `highest` is the
    /// highest rate.
    #[must_use]
    pub fn rate(&self, step: u64, per_epoch: u64, highest: f64) -> f64 {
        let epoch = step as f64 / per_epoch as f64;
        if epoch < self.warm_up_epochs {
            let share = epoch / self.warm_up_epochs;
            return self.warm_up_from + share * (highest - self.warm_up_from);
        }
        if !self.cosine {
            return highest;
        }
        let mut since = epoch - self.warm_up_epochs;
        let whole = self.epochs as f64 - self.warm_up_epochs;
        let mut period = self.restart_epochs.unwrap_or(whole);
        while since >= period && self.restart_epochs.is_some() {
            since -= period;
            period *= self.restart_growth;
        }
        let fall = 0.5 * (1.0 + (std::f64::consts::PI * (since / period).min(1.0)).cos());
        self.lowest + fall * (highest - self.lowest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(restart: Option<f64>, growth: f64) -> ScheduleConfig {
        ScheduleConfig {
            epochs: 110,
            warm_up_epochs: 10.0,
            warm_up_from: 0.1,
            cosine: true,
            restart_epochs: restart,
            restart_growth: growth,
            lowest: 0.2,
        }
    }

    #[test]
    fn the_rate_warms_up_and_falls_along_a_cosine() {
        // Two steps an epoch. Warm-up from .1 to 1 over 20 steps: .1 + .9 · 10/20 = .55 at step 10.
        // Then over 100 epochs from 1 to .2: .6 half way, at epoch 60; .2 + .8 · (1 + cos 45°)/2 a
        // quarter of the way, at epoch 35.
        let rate = |step| schedule(None, 1.0).rate(step, 2, 1.0);
        assert_eq!(rate(0), 0.1);
        assert!((rate(10) - 0.55).abs() < 1e-12);
        assert_eq!(rate(20), 1.0);
        assert!((rate(120) - 0.6).abs() < 1e-12);
        let quarter = 0.2 + 0.4 * (1.0 + std::f64::consts::FRAC_1_SQRT_2);
        assert!((rate(70) - quarter).abs() < 1e-12);
        assert!((rate(220) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn warm_restarts_begin_at_the_highest_and_grow_longer() {
        // Falls of 10, 20 and 40 epochs from epoch 10: restarts at 20 and 40.
        let rate = |epoch| schedule(Some(10.0), 2.0).rate(epoch, 1, 1.0);
        assert_eq!(rate(20), 1.0);
        assert_eq!(rate(40), 1.0);
        assert!((rate(15) - 0.6).abs() < 1e-12);
        assert!((rate(30) - 0.6).abs() < 1e-12);
        assert!((rate(60) - 0.6).abs() < 1e-12);
    }
}
