//! A network of one convolution: its objective is all that training needs of it.

use super::*;
use crate::loss::Loss;
use burn::module::Module;
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::Device;

struct ToyConfig;

#[derive(Module, Debug)]
struct Toy {
    head: Conv3d,
}

impl Objective for ToyConfig {
    type Network = Toy;

    fn paper_loss() -> LossConfig {
        LossConfig::plain(Loss::CrossEntropy)
    }

    fn has_second_stage(&self) -> bool {
        false
    }

    fn loss(&self, network: &Toy, step: &Step) -> Tensor<1> {
        let logits = network.head.forward(step.patches());
        step.loss.of.forward(logits, step.two_classes())
    }
}

#[test]
fn a_network_learns_by_its_objective_alone() {
    let device = Device::flex().autodiff();
    device.seed(3);
    // Bright voxels are microbleeds: one convolution can tell.
    let classes: Vec<u8> = (0..64).map(|at| if at % 5 == 0 { 4 } else { 0 }).collect();
    let batch = PatchBatch {
        number: 0,
        images: classes.iter().map(|c| f32::from(*c) - 2.0).collect(),
        classes,
        shape: [1, 1, 4, 4, 4],
    };
    let loss = ToyConfig::paper_loss();
    let step = Step {
        batch: &batch,
        loss: &loss,
        coarse_threshold: 0.5,
        regions: 1,
        seed: 1,
        device: &device,
    };
    let mut network = Toy {
        head: Conv3dConfig::new([1, 2], [1; 3]).init(&device),
    };
    let mut optimiser = SgdConfig::new().init();
    let mut value = |learn: bool| -> f32 {
        let loss = ToyConfig.loss(&network, &step);
        let number = loss.clone().into_scalar::<f32>();
        if learn {
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            network = optimiser.step(0.5f64, network.clone(), gradients);
        }
        number
    };
    let first = value(true);
    for _ in 0..40 {
        value(true);
    }
    assert!(value(false) < 0.1 * first);
}
