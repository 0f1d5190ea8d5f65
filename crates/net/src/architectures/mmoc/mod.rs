//! MMOC-Net, the coarse-to-fine cascade of Wei 2022.
//!
//! [`Coarse`] looks at whole slices and misses little; [`Fine`] looks again, at full resolution, at
//! small regions around what the first found.

mod cascade;
mod coarse;
mod design;
mod fine;

pub use coarse::{Coarse, CoarseConfig};
pub use fine::{AsppFusion, Fine, FineConfig};

use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// Size of an [`Mmoc`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MmocConfig {
    /// First stage.
    pub coarse: CoarseConfig,
    /// Second stage; none in the ablation without it.
    pub fine: Option<FineConfig>,
}

/// Both stages.
#[derive(Module, Debug)]
pub struct Mmoc {
    /// First stage.
    pub coarse: Coarse,
    /// Second stage.
    pub fine: Option<Fine>,
}

impl MmocConfig {
    /// A cascade with random weights.
    fn network(&self, device: &Device) -> Mmoc {
        Mmoc {
            coarse: self.coarse.init(device),
            fine: self.fine.as_ref().map(|fine| fine.init(device)),
        }
    }
}
