//! Named places on a model's curve.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How much a model finds, and how much of that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointName {
    /// Misses little: where a reader looks at every finding.
    Sensitive,
    /// Misses and false alarms in balance.
    Balanced,
    /// Says little that is wrong.
    Specific,
}

/// A place on a model's curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// Probability from which something is a lesion.
    pub value: f32,
    /// Its name, where the place has one.
    pub point: Option<PointName>,
}

/// Thresholds beside that of [`super::ModelCard::operating`], which is the balanced one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherPoints {
    /// With the best F4, in which a miss weighs more than a false alarm.
    pub sensitive: f32,
    /// With the best F¼, in which a false alarm weighs more than a miss.
    pub specific: f32,
}

impl PointName {
    /// All of them, the most sensitive first.
    pub const ALL: [Self; 3] = [Self::Sensitive, Self::Balanced, Self::Specific];

    /// Name on the command line and in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sensitive => "sensitive",
            Self::Balanced => "balanced",
            Self::Specific => "specific",
        }
    }
}

impl fmt::Display for PointName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
