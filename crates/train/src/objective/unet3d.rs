use super::{Objective, Step};
use crate::loss::{Loss, LossConfig};
use burn::tensor::Tensor;
use siderin_net::architectures::{Unet3d, Unet3dConfig};

impl Objective for Unet3dConfig {
    type Network = Unet3d;

    /// Focal Tversky and weighted cross-entropy (del Pozo Lérida 2023).
    fn paper_loss() -> LossConfig {
        LossConfig::plain(Loss::tversky_cross_entropy())
    }

    fn has_second_stage(&self) -> bool {
        false
    }

    fn loss(&self, network: &Unet3d, step: &Step) -> Tensor<1> {
        let logits = network.head(network.features(step.patches()));
        step.loss.of.forward(logits, step.two_classes())
    }
}
