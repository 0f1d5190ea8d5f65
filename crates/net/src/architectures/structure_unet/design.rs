use super::{STRUCTURE_LOGITS, STRUCTURE_STRIDE, StructureUnet, StructureUnetConfig};
use crate::architectures::size::check_channels;
use crate::architectures::{ConfigError, Design, Output, Preset, plain_recipe};
use crate::tiling::InferenceConfig;
use burn::tensor::Device;
use siderin_image::preprocess::{HEAD_VIEW_MM, IntensityScale, Recipe};

impl Design for StructureUnetConfig {
    type Network = StructureUnet;

    fn preset(preset: Preset) -> Self {
        Self {
            stem: 8,
            filters: preset.choose([32, 64, 96, 128], [24, 48, 80, 96]),
            hidden: preset.choose(128, 96),
        }
    }

    /// It follows none: the head's view is what it sees.
    fn recipe(_: Preset) -> Recipe {
        plain_recipe(HEAD_VIEW_MM, Some(HEAD_VIEW_MM), IntensityScale::MinMax)
    }

    /// 256 mm each way, so that nearly every head is seen at once, as it is trained.
    fn inference(_: Preset) -> InferenceConfig {
        InferenceConfig::tiles([128; 3], 0.25)
    }

    fn ring_mm() -> Option<f64> {
        None
    }

    fn init(&self, device: &Device) -> StructureUnet {
        self.network(device)
    }

    fn check(&self) -> Result<(), ConfigError> {
        check_channels("stem", &[self.stem])?;
        check_channels("filters", &self.filters)?;
        check_channels("hidden", &[self.hidden])
    }

    fn output(&self) -> Output {
        Output::Structures
    }

    fn inputs(&self) -> usize {
        1
    }

    fn stride(&self) -> [usize; 3] {
        [STRUCTURE_STRIDE; 3]
    }

    fn slices(&self) -> Option<usize> {
        None
    }

    fn logits(&self) -> usize {
        STRUCTURE_LOGITS
    }

    fn learns_regions(&self) -> bool {
        false
    }
}
