//! The rules, by name, and their settings.

use serde::{Deserialize, Serialize};
use siderin_image::preprocess::Connectivity;
use std::fmt;
use std::str::FromStr;

/// How predictions are held against references. Numbers under different rules are never
/// comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// VALDO 2021, task 2 (Sudre 2024, doi 10.1016/j.media.2023.103029): each prediction goes
    /// to its nearest reference if that is closer than 5 mm; the closest of several is right.
    Valdo,
    /// One to one, as many pairs as possible, centroids at most 5 mm apart.
    #[serde(rename = "centroid-5mm")]
    Centroid5Mm,
    /// One to one, centroids at most four in-plane voxels apart (Cho 2026).
    #[serde(rename = "centroid-4vox")]
    Centroid4Vox,
    /// One shared voxel makes both right (del Pozo Lérida 2023; SHIVA-CMB).
    Overlap,
    /// Voxels, not lesions.
    Voxel,
}

impl Rule {
    /// All rules, in the order of the documentation.
    pub const ALL: [Self; 5] = [
        Self::Valdo,
        Self::Centroid5Mm,
        Self::Centroid4Vox,
        Self::Overlap,
        Self::Voxel,
    ];

    /// Name on the command line and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Valdo => "valdo",
            Self::Centroid5Mm => "centroid-5mm",
            Self::Centroid4Vox => "centroid-4vox",
            Self::Overlap => "overlap",
            Self::Voxel => "voxel",
        }
    }

    /// What it counts as right, in a sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Valdo => {
                "each prediction goes to its nearest reference if their centroids are less than 5 \
                 mm apart; of several on one reference the closest is right, the others are false \
                 alarms"
            }
            Self::Centroid5Mm => {
                "one to one, as many pairs as possible, then the shortest distances; centroids at \
                 most 5 mm apart"
            }
            Self::Centroid4Vox => {
                "one to one, as many pairs as possible, then the shortest distances; centroids at \
                 most four in-plane voxels apart"
            }
            Self::Overlap => {
                "a prediction that shares a voxel with a reference is right, and so is the \
                 reference"
            }
            Self::Voxel => "voxels are counted, not lesions",
        }
    }

    /// The connectivity that makes voxels one lesion where nothing else is asked for.
    #[must_use]
    pub fn connectivity(self) -> Connectivity {
        match self {
            Self::Valdo => Connectivity::Six,
            _ => Connectivity::TwentySix,
        }
    }

    /// Whether it compares voxels, so that points cannot be scored by it.
    #[must_use]
    pub fn needs_voxels(self) -> bool {
        matches!(self, Self::Overlap | Self::Voxel)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Rule {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|rule| rule.name() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                format!("{text} is no rule; the rules are {names}")
            })
    }
}

/// What makes the voxels of a map lesions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objects {
    /// Voxels at or above the threshold that touch.
    Components,
    /// Voxels of one label, wherever they are.
    Labels,
}

/// Everything a score depends on besides the files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreSettings {
    /// The rule.
    pub rule: Rule,
    /// 6, 18 or 26: which voxels touch.
    #[serde(with = "connectivity_number")]
    pub connectivity: Connectivity,
    /// What makes voxels lesions.
    pub objects: Objects,
    /// Voxels at or above it are lesion; predicted points below it are left out (all count
    /// where it is not set).
    pub threshold: Option<f64>,
    /// The lowest confidence that the curves (FROC, precision-recall, reliability) reach; the
    /// threshold where it is not set.
    pub curve_threshold: Option<f64>,
    /// Lesions slice by slice, each on its own (`centroid-4vox` only).
    pub per_slice: bool,
}

/// Where maps are cut unless told otherwise.
pub const MAP_THRESHOLD: f64 = 0.5;

/// Settings that cannot go together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum SettingsError {
    #[error(
        "scoring: ‹per-slice› belongs to centroid-4vox, not to {rule}; leave it out or change the \
         rule"
    )]
    PerSlice { rule: Rule },
    #[error(
        "scoring: the curve threshold {curve} is above the threshold {threshold} (0.5 unless set); \
         curves begin at the threshold or below it"
    )]
    CurveAbove { curve: f64, threshold: f64 },
    #[error(
        "scoring: {what} is defined on voxels that touch; leave ‹labels› out, or take another rule"
    )]
    LabelsUnder { what: &'static str },
    #[error("scoring: {what} is {value}; it must be above 0 and at most 1")]
    Threshold { what: &'static str, value: f64 },
}

impl ScoreSettings {
    /// The rule as its users apply it.
    #[must_use]
    pub fn of(rule: Rule) -> Self {
        Self {
            rule,
            connectivity: rule.connectivity(),
            objects: Objects::Components,
            threshold: None,
            curve_threshold: None,
            per_slice: false,
        }
    }

    /// # Errors
    /// When settings contradict each other.
    pub fn check(&self) -> Result<(), SettingsError> {
        let thresholds = [
            ("the threshold", self.threshold),
            ("the curve threshold", self.curve_threshold),
        ];
        for (what, value) in thresholds {
            if let Some(value) = value.filter(|v| !(*v > 0.0 && *v <= 1.0)) {
                return Err(SettingsError::Threshold { what, value });
            }
        }
        if self.per_slice && self.rule != Rule::Centroid4Vox {
            return Err(SettingsError::PerSlice { rule: self.rule });
        }
        if self.objects == Objects::Labels && (self.rule == Rule::Valdo || self.per_slice) {
            let what = if self.per_slice {
                "‹per-slice›"
            } else {
                "the rule valdo"
            };
            return Err(SettingsError::LabelsUnder { what });
        }
        let threshold = self.map_threshold();
        match self.curve_threshold {
            Some(curve) if curve > threshold => Err(SettingsError::CurveAbove { curve, threshold }),
            _ => Ok(()),
        }
    }

    /// Where maps are cut.
    #[must_use]
    pub fn map_threshold(&self) -> f64 {
        self.threshold.unwrap_or(MAP_THRESHOLD)
    }
}

/// Connectivity as the number of neighbours.
mod connectivity_number {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use siderin_image::preprocess::Connectivity;

    pub(super) fn serialize<S: Serializer>(value: &Connectivity, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u8(value.neighbours())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Connectivity, D::Error> {
        let number = u8::deserialize(d)?;
        Connectivity::of_neighbours(number)
            .ok_or_else(|| D::Error::custom(format!("connectivity {number} is not 6, 18 or 26")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_defaults_are_the_rules_own() {
        for rule in Rule::ALL {
            assert_eq!(rule.name().parse(), Ok(rule));
            let json = serde_json::to_string(&rule).unwrap();
            assert_eq!(json, format!("\"{rule}\""));
            assert_eq!(ScoreSettings::of(rule).check(), Ok(()));
        }
        assert!("nearest".parse::<Rule>().unwrap_err().contains("overlap"));
        assert_eq!(Rule::Valdo.connectivity(), Connectivity::Six);
    }

    #[test]
    fn contradictions_are_refused() {
        let per_slice = ScoreSettings {
            per_slice: true,
            ..ScoreSettings::of(Rule::Valdo)
        };
        assert!(per_slice.check().is_err());
        let curve = ScoreSettings {
            curve_threshold: Some(0.7),
            ..ScoreSettings::of(Rule::Overlap)
        };
        assert!(curve.check().is_err());
    }
}
