//! One convolution over patches. It exists in tests only, and shows all that a new network needs here.

use super::{ConfigError, Design, Explainer, MapNetwork, Output, Preset, plain_recipe};
use crate::architectures::size::check_inputs;
use crate::ops::convolve;
use crate::tiling::{InferenceConfig, Pass, blend_tiles, look_in_tile};
use burn::module::Module;
use burn::nn::PaddingConfig3d;
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::tensor::Device;
use burn::tensor::activation::sigmoid;
use serde::{Deserialize, Serialize};
use siderin_core::regions::VoxelClass;
use siderin_image::preprocess::{IntensityScale, Recipe};

/// Size of a [`Toy`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToyConfig {
    /// Images stacked as channels.
    pub inputs: usize,
}

/// Two convolutions: features, and logits from them.
#[derive(Module, Debug)]
pub struct Toy {
    body: Conv3d,
    head: Conv3d,
}

impl Design for ToyConfig {
    type Network = Toy;

    fn preset(_: Preset) -> Self {
        Self { inputs: 1 }
    }

    fn recipe(_: Preset) -> Recipe {
        plain_recipe(1.0, Some(1.0), IntensityScale::ZScore)
    }

    fn inference(_: Preset) -> InferenceConfig {
        InferenceConfig::tiles([16; 3], 0.5)
    }

    fn ring_mm() -> Option<f64> {
        None
    }

    fn init(&self, device: &Device) -> Toy {
        Toy {
            body: Conv3dConfig::new([self.inputs, 2], [3; 3])
                .with_padding(PaddingConfig3d::Explicit(1, 1, 1))
                .init(device),
            head: Conv3dConfig::new([2, 1], [1; 3]).init(device),
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        check_inputs(self.inputs)
    }

    fn output(&self) -> Output {
        Output::Microbleeds
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn stride(&self) -> [usize; 3] {
        [1; 3]
    }

    fn slices(&self) -> Option<usize> {
        None
    }

    fn logits(&self) -> usize {
        1
    }

    fn learns_regions(&self) -> bool {
        false
    }
}

impl MapNetwork for Toy {
    fn for_inference(self) -> Self {
        self
    }

    fn classes(&self) -> &'static [VoxelClass] {
        &[VoxelClass::Microbleed]
    }

    fn predict(&self, pass: &Pass) -> Vec<Vec<f32>> {
        blend_tiles(&pass.stack, &pass.tiling([1; 3]), pass.device, |x| {
            sigmoid(convolve(&self.head, convolve(&self.body, x)))
        })
    }

    fn explain<'a>(&'a self, pass: &'a Pass<'a>) -> Explainer<'a> {
        let graded = pass.with_gradients(self);
        Box::new(move |heat| {
            let features = |x| convolve(&self.body, x);
            look_in_tile(pass, heat, [1; 3], features, |f| convolve(&graded.head, f));
        })
    }
}
