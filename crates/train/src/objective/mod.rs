//! What is minimised, for each network that makes maps: one file each.
//!
//! A network is added by its [`Objective`] and an arm in each of the matches here, for which the compiler asks.

mod batch;
mod guided_unet;
mod mmoc_net;
mod rlk_unet;
mod step;
mod unet3d;

pub(crate) use batch::PatchBatch;
pub(crate) use step::Step;

use crate::loss::LossConfig;
use burn::tensor::Tensor;
use siderin_net::architectures::{
    Architecture, GuidedConfig, MmocConfig, ModelConfig, Network, RlkUnetConfig, Unet3dConfig,
};

/// What a network that makes maps minimises, implemented by the config that gives its size.
pub(crate) trait Objective: Sized {
    /// The network that has this size.
    type Network;

    /// As the paper has it.
    fn paper_loss() -> LossConfig;

    /// Whether a second stage has a loss of its own.
    fn has_second_stage(&self) -> bool;

    /// One number, to be minimised.
    fn loss(&self, network: &Self::Network, step: &Step) -> Tensor<1>;
}

/// The loss of an architecture's paper. Regions and candidates are no paper's and have losses of their own, which no
/// config changes.
#[must_use]
pub(crate) fn paper_loss(architecture: Architecture) -> LossConfig {
    match architecture {
        Architecture::RlkUnet => RlkUnetConfig::paper_loss(),
        Architecture::Unet3d => Unet3dConfig::paper_loss(),
        Architecture::MmocNet => MmocConfig::paper_loss(),
        Architecture::GuidedUnet => GuidedConfig::paper_loss(),
        Architecture::RegionUnet | Architecture::StructureUnet | Architecture::CandidateNet => {
            LossConfig::own()
        }
    }
}

/// [`Objective::has_second_stage`] of any network.
pub(crate) fn has_second_stage(model: &ModelConfig) -> bool {
    match model {
        ModelConfig::RlkUnet(config) => config.has_second_stage(),
        ModelConfig::Unet3d(config) => config.has_second_stage(),
        ModelConfig::MmocNet(config) => config.has_second_stage(),
        ModelConfig::GuidedUnet(config) => config.has_second_stage(),
        ModelConfig::RegionUnet(_)
        | ModelConfig::StructureUnet(_)
        | ModelConfig::CandidateNet(_) => false,
    }
}

/// [`Objective::loss`] of any network that makes maps.
pub(crate) fn loss(model: &ModelConfig, network: &Network, step: &Step) -> Tensor<1> {
    macro_rules! of {
        ($config:ident, $variant:ident) => {
            match network {
                Network::$variant(network) => $config.loss(network, step),
                other => unreachable!("a network is of its config, not {other:?}"),
            }
        };
    }
    match model {
        ModelConfig::RlkUnet(config) => of!(config, RlkUnet),
        ModelConfig::Unet3d(config) => of!(config, Unet3d),
        ModelConfig::MmocNet(config) => of!(config, MmocNet),
        ModelConfig::GuidedUnet(config) => of!(config, GuidedUnet),
        ModelConfig::RegionUnet(_)
        | ModelConfig::StructureUnet(_)
        | ModelConfig::CandidateNet(_) => {
            unreachable!("regions and candidates are tasks of their own")
        }
    }
}

#[cfg(test)]
mod tests;
