//! Patches and slices of scans, changed at random.
//!
//! [`Sampler::draw`] decides everything about a sample as values ([`SampleDraw`]); [`cut`] applies
//! them and draws nothing that their seeds do not fix. Sample `i` of a run is the same whoever makes
//! it, and when.

mod augment;
mod cut;
mod draw;
mod intensity;
mod spatial;

pub use augment::{AugmentConfig, AugmentDraw};
pub(crate) use cut::offset_of;
pub use cut::{Sample, cut};
pub use draw::{SampleDraw, Sampler, Walk};

use crate::setting::{SettingError, require};
use serde::{Deserialize, Serialize};

/// What is cut from the scans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplingConfig {
    /// Slices, rows and columns of a sample on the grid of the model's recipe.
    pub size: [usize; 3],
    /// Samples that a step's gradients come from at once.
    pub batch: usize,
    /// Samples of each scan in an epoch.
    pub per_scan: usize,
    /// Share of a scan's samples that hold a lesion, where it has any: at a random place in the
    /// sample.
    pub lesion_share: f64,
    /// Share of them that hold a dark round spot that is no lesion, as the search by rules finds
    /// them: vessels, calcifications and the like, of which samples from anywhere show few. The
    /// others lie anywhere in the brain.
    #[serde(default)]
    pub spot_share: f64,
    /// Epochs after which, again and again, the network goes over the scans that it learns from:
    /// its false alarms there come before the spots of the search from then on. Not where there is
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mining_epochs: Option<usize>,
    /// Regions of a batch that the cascade's second stage learns from.
    #[serde(default = "regions")]
    pub regions: usize,
}

fn regions() -> usize {
    32
}

/// A batch of more voxels is refused: it would need hundreds of gigabytes in any network.
const MOST_VOXELS: usize = 1 << 28;

impl SamplingConfig {
    pub(crate) fn check(&self) -> Result<(), SettingError> {
        let mut sizes = self.size.iter().chain([&self.batch]);
        let voxels = sizes.try_fold(1usize, |all, &n| all.checked_mul(n));
        require(
            voxels.is_some_and(|voxels| (1..=MOST_VOXELS).contains(&voxels)),
            "sampling.size and batch",
            format!("{:?} and {}", self.size, self.batch),
            "1 to 268,435,456 voxels together",
        )?;
        let per_scan = (1..=100_000).contains(&self.per_scan);
        require(per_scan, "sampling.per_scan", self.per_scan, "1 to 100,000")?;
        let share = (0.0..=1.0).contains(&self.lesion_share);
        require(share, "sampling.lesion_share", self.lesion_share, "0 to 1")?;
        let spots = self.spot_share >= 0.0 && self.lesion_share + self.spot_share <= 1.0;
        require(
            spots,
            "sampling.spot_share",
            self.spot_share,
            "0 or more, and 1 at most together with lesion_share",
        )?;
        let mines = self.mining_epochs.is_none_or(|epochs| epochs > 0);
        require(mines, "sampling.mining_epochs", 0, "1 or more")?;
        require(
            self.mining_epochs.is_none() || self.spot_share > 0.0,
            "sampling.mining_epochs",
            "given without spot_share",
            "a spot_share above 0, which says how many samples hold what is mined",
        )?;
        let regions = (1..=4096).contains(&self.regions);
        require(regions, "sampling.regions", self.regions, "1 to 4096")
    }
}
