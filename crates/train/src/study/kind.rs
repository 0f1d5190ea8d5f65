use siderin_net::architectures::Architecture;
use std::fmt;
use std::str::FromStr;

/// What a study compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: cross-validation of one config.
    Folds,
    /// Learning from one sequence and testing on the other (Cho 2026, cross-modality).
    Sequences,
    /// CBAM on none, one, two and all skips of RLK-UNet (Cho 2026, tables 7 and 8).
    Cbam,
    /// Dice + top 10 % against Dice + cross-entropy (Kwon 2024).
    Loss,
    /// With and without the proxy task, and with and without the reduction of false positives by
    /// what surrounds a lesion (Kwon 2024).
    Proxy,
    /// Distances of that reduction (Kwon 2024); one training.
    Ring,
    /// Sizes of the second stage's regions (Wei 2022, table 3).
    Region,
    /// MMOC-Net whole, without its second stage, without the pyramid, without the sensitivity loss
    /// (Wei 2022).
    Cascade,
    /// Sizes of the 3D U-Net's patches (del Pozo Lérida 2023).
    Patch,
    /// Spacings of the 3D U-Net (del Pozo Lérida 2023).
    Spacing,
    /// α and β of the focal Tversky loss (del Pozo Lérida 2023).
    Tversky,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Folds,
        Self::Sequences,
        Self::Cbam,
        Self::Loss,
        Self::Proxy,
        Self::Ring,
        Self::Region,
        Self::Cascade,
        Self::Patch,
        Self::Spacing,
        Self::Tversky,
    ];

    /// Name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Folds => "folds",
            Self::Sequences => "sequences",
            Self::Cbam => "cbam",
            Self::Loss => "loss",
            Self::Proxy => "proxy",
            Self::Ring => "ring",
            Self::Region => "region",
            Self::Cascade => "cascade",
            Self::Patch => "patch",
            Self::Spacing => "spacing",
            Self::Tversky => "tversky",
        }
    }

    /// The network that it is about; any where there is none.
    #[must_use]
    pub fn architecture(self) -> Option<Architecture> {
        match self {
            Self::Folds | Self::Sequences => None,
            Self::Cbam => Some(Architecture::RlkUnet),
            Self::Loss | Self::Proxy | Self::Ring => Some(Architecture::GuidedUnet),
            Self::Region | Self::Cascade => Some(Architecture::MmocNet),
            Self::Patch | Self::Spacing | Self::Tversky => Some(Architecture::Unet3d),
        }
    }

    /// Whether all arms are tested on the same scans, so that they can be compared scan by scan.
    pub(super) fn tests_the_same_scans(self) -> bool {
        self != Self::Sequences
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{text} is no study; there are {names}")
        })
    }
}
