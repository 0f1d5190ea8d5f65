//! What a model file says of itself.

use super::{Calibration, OtherPoints, PointName, Threshold};
use crate::architectures::{Architecture, ModelConfig, Preset};
use crate::tiling::InferenceConfig;
use serde::{Deserialize, Serialize};
use siderin_core::lesion::OperatingPoint;
use siderin_image::preprocess::Recipe;

/// Version of the card that this program writes, and the newest that it reads.
pub const CARD_VERSION: u32 = 1;

/// Everything that belongs to the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// [`CARD_VERSION`] of the program that wrote it.
    pub card_version: u32,
    /// Name for people.
    pub name: String,
    /// The network.
    pub model: ModelConfig,
    /// Whether a network that takes a T1w image was trained to go without.
    pub t1_optional: bool,
    /// How scans are prepared for it.
    pub recipe: Recipe,
    /// How it goes over a scan.
    pub inference: InferenceConfig,
    /// Where on its curve it is used.
    pub operating: OperatingPoint,
    /// More sensitive and more specific ones, where they were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_points: Option<OtherPoints>,
    /// The network of regions that one of candidates was trained and calibrated with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<RegionsUsed>,
    /// From the network's probabilities to those that came true, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// What its confidence means.
    pub confidence_meaning: String,
    /// What it was trained by and on.
    pub training: Training,
    /// Licence of the weights, as an SPDX expression where there is one.
    pub licence: String,
}

/// A network of regions that another network relies on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionsUsed {
    /// Its model's name.
    pub name: String,
    /// [`super::Model::fingerprint`] of its model.
    pub fingerprint: String,
}

/// Where weights come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// In a sentence or two.
    pub summary: String,
    /// Program that trained it, with version.
    pub software: String,
    /// Settings of the training, as that program writes them.
    pub settings: serde_json::Value,
}

/// Said of a confidence that nobody has calibrated.
const UNCALIBRATED: &str =
    "the highest probability the network gives inside the lesion; not calibrated";

impl ModelCard {
    /// The card of an untrained network.
    #[must_use]
    pub fn preset(architecture: Architecture, preset: Preset) -> Self {
        let size = match preset {
            Preset::Paper => "paper",
            Preset::Small => "small",
        };
        Self {
            card_version: CARD_VERSION,
            name: format!("{architecture} ({size})"),
            model: architecture.preset(preset),
            t1_optional: false,
            recipe: architecture.recipe(preset),
            inference: architecture.inference(preset),
            operating: OperatingPoint {
                threshold: 0.5,
                minimum_mm3: 1.0,
                ring_mm: architecture.ring_mm(),
            },
            other_points: None,
            regions: None,
            calibration: None,
            confidence_meaning: UNCALIBRATED.into(),
            training: Training::none(),
            licence: "MIT OR Apache-2.0".into(),
        }
    }

    /// Where the model is used unless something else is asked for: the balanced point, where it was
    /// measured.
    #[must_use]
    pub fn threshold(&self) -> Threshold {
        Threshold {
            value: self.operating.threshold,
            point: self.other_points.map(|_| PointName::Balanced),
        }
    }

    /// A named point, where the model has it.
    #[must_use]
    pub fn threshold_at(&self, point: PointName) -> Option<Threshold> {
        let other = self.other_points?;
        let value = match point {
            PointName::Sensitive => other.sensitive,
            PointName::Balanced => self.operating.threshold,
            PointName::Specific => other.specific,
        };
        Some(Threshold {
            value,
            point: Some(point),
        })
    }
}

impl Training {
    /// Whether these are random weights.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.summary == Self::none().summary
    }

    /// Of random weights.
    #[must_use]
    pub fn none() -> Self {
        Self {
            summary: "not trained: random weights".into(),
            software: concat!("siderin ", env!("CARGO_PKG_VERSION")).into(),
            settings: serde_json::Value::Null,
        }
    }
}
