use super::cascade::coarse_to_fine;
use super::coarse::STRIDE;
use super::{AsppFusion, CoarseConfig, FineConfig, Mmoc, MmocConfig};
use crate::architectures::size::{check_blocks, check_channels, require};
use crate::architectures::{
    ConfigError, Design, Explainer, MapNetwork, Output, Preset, plain_recipe,
};
use crate::tiling::{InferenceConfig, Pass, look_in_region, look_in_slices};
use burn::tensor::Device;
use siderin_core::regions::VoxelClass;
use siderin_image::preprocess::{IntensityScale, Recipe};

impl Design for MmocConfig {
    type Network = Mmoc;

    fn preset(preset: Preset) -> Self {
        Self {
            coarse: CoarseConfig {
                channels: preset.choose([32, 64, 128, 256, 512], [16, 32, 64, 96, 128]),
                blocks: preset.choose([3, 4, 4, 3], [1, 2, 2, 1]),
            },
            fine: Some(FineConfig {
                channels: preset.choose(32, 16),
                region: 32,
                dilations: [4, 8, 12],
                fusion: AsppFusion::Sum,
            }),
        }
    }

    fn recipe(preset: Preset) -> Recipe {
        plain_recipe(preset.choose(0.5, 0.6), None, IntensityScale::MinMax)
    }

    fn inference(_: Preset) -> InferenceConfig {
        InferenceConfig::whole_slices()
    }

    fn ring_mm() -> Option<f64> {
        None
    }

    fn init(&self, device: &Device) -> Mmoc {
        self.network(device)
    }

    fn check(&self) -> Result<(), ConfigError> {
        check_channels("coarse.channels", &self.coarse.channels)?;
        check_blocks("coarse.blocks", &self.coarse.blocks)?;
        let Some(fine) = &self.fine else {
            return Ok(());
        };
        check_channels("fine.channels", &[fine.channels])?;
        require(
            (8..=256).contains(&fine.region) && fine.region.is_multiple_of(2),
            "fine.region",
            &fine.region,
            "an even number of pixels from 8 to 256 is needed",
        )?;
        require(
            fine.dilations.iter().all(|d| (1..=64).contains(d)),
            "fine.dilations",
            &fine.dilations,
            "dilations must be from 1 to 64",
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
        Some(1)
    }

    fn logits(&self) -> usize {
        1
    }

    fn learns_regions(&self) -> bool {
        false
    }
}

impl MapNetwork for Mmoc {
    fn for_inference(self) -> Self {
        self
    }

    fn classes(&self) -> &'static [VoxelClass] {
        &[VoxelClass::Microbleed]
    }

    fn predict(&self, pass: &Pass) -> Vec<Vec<f32>> {
        vec![coarse_to_fine(self, pass)]
    }

    fn explain<'a>(&'a self, pass: &'a Pass<'a>) -> Explainer<'a> {
        let graded = pass.with_gradients(self);
        Box::new(move |heat| match (&self.fine, &graded.fine) {
            (Some(fine), Some(graded)) => {
                let features = |x| fine.features(x);
                look_in_region(pass, heat, fine.region(), features, |f| graded.head(f));
            }
            (None, _) | (_, None) => {
                let features = |x| self.coarse.features(x);
                let head = |f| graded.coarse.head(f);
                look_in_slices(pass, heat, STRIDE, |k| vec![k], features, head);
            }
        })
    }
}
