//! The networks of four papers, that of regions and that of candidates, one a file or folder.
//!
//! A [`ModelConfig`] is a network's size; [`ModelConfig::init`] makes the [`Network`]. Tensors of
//! 2D networks are `[samples, channels, rows, columns]`, of 3D ones
//! `[samples, channels, slices, rows, columns]`. Every network that makes a map runs in two parts,
//! `features` up to its last block and `head` from there to the logits, so that Grad-CAM can look in
//! between.

mod candidate_net;
mod check;
mod guided;
mod layers;
mod mmoc;
mod preset;
mod region_unet;
mod rlk_unet;
mod unet3d;

pub use candidate_net::{CandidateNet, CandidateNetConfig};
pub use check::ConfigError;
pub use guided::{GUIDED_CLASSES, Guided, GuidedClass, GuidedConfig, Level, PlanConfig};
pub use layers::NormKind;
pub use mmoc::{AsppFusion, Coarse, CoarseConfig, Fine, FineConfig, Mmoc, MmocConfig};
pub use preset::{Architecture, Preset};
pub use region_unet::{
    HEAD_CHANNELS, REGION_STRIDE, REGIONS, RegionLogits, RegionUnet, RegionUnetConfig, place,
};
pub use rlk_unet::{RlkUnet, RlkUnetConfig};
pub use unet3d::{Unet3d, Unet3dConfig};

pub(crate) use mmoc::COARSE_STRIDE;
pub(crate) use preset::guided_plan;
pub(crate) use rlk_unet::{SLICES, STRIDE as RLK_STRIDE};
pub(crate) use unet3d::STRIDE as UNET3D_STRIDE;

use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// A network's architecture and size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "architecture", rename_all = "kebab-case")]
pub enum ModelConfig {
    /// Cho 2026: slices in 2.5D.
    RlkUnet(RlkUnetConfig),
    /// del Pozo Lérida 2023: patches in 3D.
    Unet3d(Unet3dConfig),
    /// Wei 2022: slices, then regions.
    MmocNet(MmocConfig),
    /// Kwon 2024: patches in 3D with regions of the brain.
    GuidedUnet(GuidedConfig),
    /// Regions of the brain, and no microbleeds.
    RegionUnet(RegionUnetConfig),
    /// Candidates of the search instead of scans.
    CandidateNet(CandidateNetConfig),
}

/// A network of any architecture.
#[derive(Module, Debug)]
// A few networks exist at a time, and a box is no module.
#[allow(clippy::large_enum_variant)]
pub enum Network {
    /// Of [`ModelConfig::RlkUnet`].
    RlkUnet(RlkUnet),
    /// Of [`ModelConfig::Unet3d`].
    Unet3d(Unet3d),
    /// Of [`ModelConfig::MmocNet`].
    MmocNet(Mmoc),
    /// Of [`ModelConfig::GuidedUnet`].
    GuidedUnet(Guided),
    /// Of [`ModelConfig::RegionUnet`].
    RegionUnet(RegionUnet),
    /// Of [`ModelConfig::CandidateNet`].
    CandidateNet(CandidateNet),
}

impl ModelConfig {
    /// A network with random weights, drawn from the device's generator.
    ///
    /// # Errors
    /// When the sizes make no network.
    pub fn init(&self, device: &Device) -> Result<Network, ConfigError> {
        self.check()?;
        Ok(match self {
            Self::RlkUnet(config) => Network::RlkUnet(config.init(device)),
            Self::Unet3d(config) => Network::Unet3d(config.init(device)),
            Self::MmocNet(config) => Network::MmocNet(config.init(device)),
            Self::GuidedUnet(config) => Network::GuidedUnet(config.init(device)),
            Self::RegionUnet(config) => Network::RegionUnet(config.init(device)),
            Self::CandidateNet(config) => Network::CandidateNet(config.init(device)),
        })
    }

    /// Which it is.
    #[must_use]
    pub fn architecture(&self) -> Architecture {
        match self {
            Self::RlkUnet(_) => Architecture::RlkUnet,
            Self::Unet3d(_) => Architecture::Unet3d,
            Self::MmocNet(_) => Architecture::MmocNet,
            Self::GuidedUnet(_) => Architecture::GuidedUnet,
            Self::RegionUnet(_) => Architecture::RegionUnet,
            Self::CandidateNet(_) => Architecture::CandidateNet,
        }
    }

    /// Images the network takes: T2*, and T1w where there are two.
    #[must_use]
    pub fn inputs(&self) -> usize {
        match self {
            Self::RlkUnet(_) | Self::MmocNet(_) | Self::RegionUnet(_) | Self::CandidateNet(_) => 1,
            Self::Unet3d(config) => config.inputs,
            Self::GuidedUnet(config) => config.inputs,
        }
    }
}

impl Network {
    /// The same function with less to compute, where training needs more than inference.
    #[must_use]
    pub fn for_inference(self) -> Self {
        match self {
            Self::RlkUnet(network) => Self::RlkUnet(network.fused()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests;
