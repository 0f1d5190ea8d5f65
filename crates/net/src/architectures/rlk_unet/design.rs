use super::{RlkUnet, RlkUnetConfig, SLICES, STRIDE};
use crate::architectures::size::{check_blocks, check_channels, require};
use crate::architectures::{
    ConfigError, Design, Explainer, MapNetwork, Output, Preset, plain_recipe,
};
use crate::tiling::{InferenceConfig, Pass, SliceTiling, look_in_slices, over_slices};
use burn::tensor::Device;
use burn::tensor::activation::sigmoid;
use siderin_core::regions::VoxelClass;
use siderin_image::preprocess::{IntensityScale, Recipe};

impl Design for RlkUnetConfig {
    type Network = RlkUnet;

    fn preset(preset: Preset) -> Self {
        Self {
            width: preset.choose(64, 16),
            blocks: [2; 4],
            cbam_skips: 3,
            stochastic_depth: [0.0, 0.2, 0.3, 0.5],
            dropout: 0.0,
        }
    }

    fn recipe(preset: Preset) -> Recipe {
        Recipe {
            bias_correction: true,
            // Brain extracted, but not to the voxel: a mask that errs must not cut a lesion off.
            blank_beyond_mm: Some(3.0),
            ..plain_recipe(preset.choose(0.45, 0.6), None, IntensityScale::ZScore)
        }
    }

    fn inference(_: Preset) -> InferenceConfig {
        InferenceConfig::whole_slices()
    }

    fn ring_mm() -> Option<f64> {
        None
    }

    fn init(&self, device: &Device) -> RlkUnet {
        self.network(device)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let possible = self.width.is_multiple_of(8) && (8..=256).contains(&self.width);
        require(
            possible,
            "width",
            &self.width,
            "it must be a multiple of 8 up to 256",
        )?;
        check_channels("width", &[self.width])?;
        check_blocks("blocks", &self.blocks)?;
        require(
            self.cbam_skips <= 3,
            "cbam_skips",
            &self.cbam_skips,
            "there are three skips",
        )?;
        let rates = self.stochastic_depth.iter().chain([&self.dropout]);
        require(
            rates.clone().all(|rate| (0.0..1.0).contains(rate)),
            "stochastic_depth or dropout",
            &rates.collect::<Vec<_>>(),
            "rates must be from 0 to below 1",
        )
    }

    fn output(&self) -> Output {
        Output::Microbleeds
    }

    fn inputs(&self) -> usize {
        1
    }

    fn stride(&self) -> [usize; 3] {
        [1, STRIDE, STRIDE]
    }

    fn slices(&self) -> Option<usize> {
        Some(SLICES)
    }

    fn logits(&self) -> usize {
        1
    }

    fn learns_regions(&self) -> bool {
        false
    }
}

impl MapNetwork for RlkUnet {
    fn for_inference(self) -> Self {
        self.fused()
    }

    fn classes(&self) -> &'static [VoxelClass] {
        &[VoxelClass::Microbleed]
    }

    fn predict(&self, pass: &Pass) -> Vec<Vec<f32>> {
        let [_, rows, columns] = pass.inference.patch;
        let tiling = SliceTiling {
            size: [columns, rows],
            overlap: pass.inference.overlap,
            multiple: STRIDE,
        };
        vec![over_slices(&pass.stack, &tiling, pass.device, |x| {
            sigmoid(self.head(self.features(x)))
        })]
    }

    fn explain<'a>(&'a self, pass: &'a Pass<'a>) -> Explainer<'a> {
        let graded = pass.with_gradients(self);
        let last = pass.stack.shape[2] - 1;
        let neighbours = move |k: usize| vec![k.saturating_sub(1), k, (k + 1).min(last)];
        Box::new(move |heat| {
            let features = |x| self.features(x);
            let head = |features| graded.head(features);
            look_in_slices(pass, heat, STRIDE, neighbours, features, head);
        })
    }
}
