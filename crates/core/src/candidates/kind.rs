//! What a dark spot may be.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A microbleed, or what may be taken for one (Greenberg 2009, doi 10.1016/S1474-4422(09)70013-4,
/// table 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpotKind {
    /// A microbleed.
    Microbleed,
    /// A vein or a sinus.
    Vein,
    /// Calcium, as in the pallidum, the choroid plexus and the pineal gland.
    Calcification,
    /// An artery whose blood flows too fast to give signal.
    FlowVoid,
    /// Blood that is no microbleed: a cavernoma, or siderosis of a sulcus.
    OtherBlood,
    /// A sulcus, a nucleus rich in iron, air nearby, noise.
    Other,
}

impl SpotKind {
    /// All kinds, the microbleed first.
    pub const ALL: [Self; 6] = [
        Self::Microbleed,
        Self::Vein,
        Self::Calcification,
        Self::FlowVoid,
        Self::OtherBlood,
        Self::Other,
    ];

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Microbleed => "microbleed",
            Self::Vein => "vein",
            Self::Calcification => "calcification",
            Self::FlowVoid => "flow void",
            Self::OtherBlood => "other blood product",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for SpotKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
