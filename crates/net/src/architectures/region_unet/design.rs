use super::{REGION_STRIDE, REGIONS, RegionUnet, RegionUnetConfig};
use crate::architectures::size::check_channels;
use crate::architectures::{ConfigError, Design, Output, Preset, plain_recipe};
use crate::tiling::InferenceConfig;
use burn::tensor::Device;
use siderin_image::preprocess::{HEAD_VIEW_MM, IntensityScale, Recipe};

impl Design for RegionUnetConfig {
    type Network = RegionUnet;

    fn preset(preset: Preset) -> Self {
        Self {
            filters: preset.choose([32, 64, 96, 128], [24, 32, 64, 64]),
        }
    }

    /// It follows none: the head's view is what it sees.
    fn recipe(_: Preset) -> Recipe {
        plain_recipe(HEAD_VIEW_MM, Some(HEAD_VIEW_MM), IntensityScale::MinMax)
    }

    /// 128 × 256 × 192 mm, most of a head, as it is trained: its normalisation is over the tile.
    fn inference(_: Preset) -> InferenceConfig {
        InferenceConfig::tiles([64, 128, 96], 0.25)
    }

    fn ring_mm() -> Option<f64> {
        None
    }

    fn init(&self, device: &Device) -> RegionUnet {
        self.network(device)
    }

    fn check(&self) -> Result<(), ConfigError> {
        check_channels("filters", &self.filters)
    }

    fn output(&self) -> Output {
        Output::Regions
    }

    fn inputs(&self) -> usize {
        1
    }

    fn stride(&self) -> [usize; 3] {
        [REGION_STRIDE; 3]
    }

    fn slices(&self) -> Option<usize> {
        None
    }

    fn logits(&self) -> usize {
        REGIONS
    }

    fn learns_regions(&self) -> bool {
        true
    }
}
