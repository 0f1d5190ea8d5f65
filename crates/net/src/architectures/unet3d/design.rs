use super::{CLASSES, STRIDE, Unet3d, Unet3dConfig};
use crate::architectures::size::{check_channels, check_inputs};
use crate::architectures::{
    ConfigError, Design, Explainer, MapNetwork, Output, Preset, plain_recipe,
};
use crate::tiling::{InferenceConfig, Pass, blend_tiles, look_in_tile};
use burn::tensor::Device;
use burn::tensor::activation::softmax;
use siderin_core::regions::VoxelClass;
use siderin_image::preprocess::{IntensityScale, Recipe};

impl Design for Unet3dConfig {
    type Network = Unet3d;

    fn preset(preset: Preset) -> Self {
        Self {
            inputs: 1,
            filters: preset.choose([32, 64, 128, 256], [16, 32, 64, 128]),
        }
    }

    fn recipe(preset: Preset) -> Recipe {
        let cube_mm = preset.choose(0.5, 1.0);
        plain_recipe(cube_mm, Some(cube_mm), IntensityScale::Percentiles)
    }

    fn inference(preset: Preset) -> InferenceConfig {
        let (edge, overlap) = preset.choose((80, 0.2), (64, 0.25));
        InferenceConfig::tiles([edge; 3], overlap)
    }

    fn ring_mm() -> Option<f64> {
        None
    }

    fn init(&self, device: &Device) -> Unet3d {
        self.network(device)
    }

    fn check(&self) -> Result<(), ConfigError> {
        check_inputs(self.inputs)?;
        check_channels("filters", &self.filters)
    }

    fn output(&self) -> Output {
        Output::Microbleeds
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn stride(&self) -> [usize; 3] {
        [STRIDE; 3]
    }

    fn slices(&self) -> Option<usize> {
        None
    }

    fn logits(&self) -> usize {
        CLASSES
    }

    fn learns_regions(&self) -> bool {
        false
    }
}

impl MapNetwork for Unet3d {
    fn for_inference(self) -> Self {
        self
    }

    fn classes(&self) -> &'static [VoxelClass] {
        &[VoxelClass::Microbleed]
    }

    fn predict(&self, pass: &Pass) -> Vec<Vec<f32>> {
        blend_tiles(&pass.stack, &pass.tiling([STRIDE; 3]), pass.device, |x| {
            softmax(self.head(self.features(x)), 1).narrow(1, 1, 1)
        })
    }

    fn explain<'a>(&'a self, pass: &'a Pass<'a>) -> Explainer<'a> {
        let graded = pass.with_gradients(self);
        Box::new(move |heat| {
            let features = |x| self.features(x);
            let head = |features| graded.head(features).narrow(1, 1, 1);
            look_in_tile(pass, heat, [STRIDE; 3], features, head);
        })
    }
}
