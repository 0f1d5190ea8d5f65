use super::{Objective, Step};
use crate::loss::{Loss, LossConfig, shrink_target2d};
use burn::tensor::Tensor;
use siderin_net::architectures::{RlkUnet, RlkUnetConfig};

impl Objective for RlkUnetConfig {
    type Network = RlkUnet;

    /// λ = .4 .3 .2 .1 over Dice + focal (Cho 2026).
    fn paper_loss() -> LossConfig {
        LossConfig {
            levels: vec![0.4, 0.3, 0.2, 0.1],
            ..LossConfig::plain(Loss::dice_focal())
        }
    }

    fn has_second_stage(&self) -> bool {
        false
    }

    fn loss(&self, network: &RlkUnet, step: &Step) -> Tensor<1> {
        let outputs = network.forward_all(step.slices());
        let mut targets = vec![step.mask2d()];
        for _ in 1..outputs.len() {
            let finer = targets[targets.len() - 1].clone();
            targets.push(shrink_target2d(finer));
        }
        step.deep().forward(outputs, targets)
    }
}
