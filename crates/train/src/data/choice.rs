//! Which scans a run is about.

use crate::setting::{SettingError, require};
use serde::{Deserialize, Serialize};
use siderin_image::scan::Sequence;
use std::path::PathBuf;

/// Where scans are, and which of them judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataChoice {
    /// Folders or manifests to learn from, from the working folder; `--data` takes their place.
    pub train: Vec<PathBuf>,
    /// Folders or manifests to be judged on; `--validation` takes their place. Without any, scans
    /// are set aside from those to learn from.
    pub validation: Vec<PathBuf>,
    /// Share of the subjects that is set aside where no other scans judge.
    pub share: f64,
    /// A split file (`siderin split`): one fold judges, the others are learnt from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<PathBuf>,
    /// The fold that judges, from 1.
    pub fold: usize,
    /// Only scans of this sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<SequenceChoice>,
    /// Memory for prepared scans; what does not fit is read again whenever it is needed.
    pub memory_gib: f64,
}

/// Kinds of scans that cross-modality runs keep apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SequenceChoice {
    /// T2*-weighted gradient echo, echo-planar too.
    Gre,
    /// Susceptibility-weighted imaging.
    Swi,
}

impl SequenceChoice {
    /// Whether a scan is of this kind.
    #[must_use]
    pub fn holds(self, sequence: Sequence) -> bool {
        match self {
            Self::Gre => matches!(sequence, Sequence::T2StarGre | Sequence::GreEpi),
            Self::Swi => sequence == Sequence::Swi,
        }
    }

    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gre => "gre",
            Self::Swi => "swi",
        }
    }
}

impl Default for DataChoice {
    fn default() -> Self {
        Self {
            train: Vec::new(),
            validation: Vec::new(),
            share: 0.2,
            split: None,
            fold: 1,
            sequence: None,
            memory_gib: 4.0,
        }
    }
}

impl DataChoice {
    /// # Errors
    /// Names the first setting that is impossible.
    pub(crate) fn check(&self) -> Result<(), SettingError> {
        let share = self.share > 0.0 && self.share <= 0.5;
        require(share, "data.share", self.share, "above 0 and up to 0.5")?;
        require(self.fold > 0, "data.fold", self.fold, "1 or more")?;
        let memory = self.memory_gib >= 0.0 && self.memory_gib <= 1e5;
        require(memory, "data.memory_gib", self.memory_gib, "0 or more")?;
        require(
            self.split.is_none() || self.validation.is_empty(),
            "data.split",
            "given together with data.validation",
            "one of them",
        )
    }
}
