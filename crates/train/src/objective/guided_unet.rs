use super::step::is_microbleed;
use super::{Objective, Step};
use crate::loss::{Loss, LossConfig, shrink_target3d};
use burn::tensor::Tensor;
use siderin_net::architectures::{Guided, GuidedConfig};

impl Objective for GuidedConfig {
    type Network = Guided;

    /// Dice + top 10 % (Kwon 2024), its levels weighed by halves as nnU-Net does.
    fn paper_loss() -> LossConfig {
        LossConfig {
            levels: vec![4.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0],
            ..LossConfig::plain(Loss::dice_top_k())
        }
    }

    fn has_second_stage(&self) -> bool {
        false
    }

    fn loss(&self, network: &Guided, step: &Step) -> Tensor<1> {
        let outputs = network.forward_all(step.patches());
        let target = if self.proxy {
            step.one_hot(&[
                &|class| class == 0,
                &|class| class == 1,
                &|class| class == 2,
                &|class| class == 3,
                &is_microbleed,
            ])
        } else {
            step.two_classes()
        };
        let mut targets = vec![target];
        for level in &self.levels[1..outputs.len()] {
            let finer = targets[targets.len() - 1].clone();
            targets.push(shrink_target3d(finer, level.stride));
        }
        step.deep().forward(outputs, targets)
    }
}
