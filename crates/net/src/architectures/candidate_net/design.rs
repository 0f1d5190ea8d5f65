use super::{CandidateNet, CandidateNetConfig};
use crate::architectures::size::{check_channels, require};
use crate::architectures::{ConfigError, Design, Output, Preset, plain_recipe};
use crate::tiling::InferenceConfig;
use burn::tensor::Device;
use siderin_core::candidates::{SpotKind, VIEW_EDGE, VIEW_VERSION};
use siderin_image::preprocess::{HEAD_VIEW_MM, IntensityScale, Recipe};

impl Design for CandidateNetConfig {
    type Network = CandidateNet;

    fn preset(preset: Preset) -> Self {
        Self {
            views: VIEW_VERSION,
            channels: preset.choose([32, 64, 128], [24, 48, 96]),
            hidden: 64,
            dropout: 0.2,
        }
    }

    /// It follows none: views of candidates are what it sees.
    fn recipe(_: Preset) -> Recipe {
        plain_recipe(HEAD_VIEW_MM, Some(HEAD_VIEW_MM), IntensityScale::MinMax)
    }

    fn inference(_: Preset) -> InferenceConfig {
        InferenceConfig::tiles([1, VIEW_EDGE, VIEW_EDGE], 0.0)
    }

    fn ring_mm() -> Option<f64> {
        None
    }

    fn init(&self, device: &Device) -> CandidateNet {
        self.network(device)
    }

    fn check(&self) -> Result<(), ConfigError> {
        require(
            self.views == VIEW_VERSION,
            "views",
            &self.views,
            "this siderin shows candidates in another way; train the network again",
        )?;
        let counts = [&self.channels[..], &[self.hidden]].concat();
        check_channels("channels or hidden", &counts)?;
        require(
            (0.0..1.0).contains(&self.dropout),
            "dropout",
            &self.dropout,
            "a rate must be from 0 to below 1",
        )
    }

    fn output(&self) -> Output {
        Output::Candidates
    }

    fn inputs(&self) -> usize {
        1
    }

    fn stride(&self) -> [usize; 3] {
        [1, VIEW_EDGE, VIEW_EDGE]
    }

    fn slices(&self) -> Option<usize> {
        Some(1)
    }

    fn logits(&self) -> usize {
        SpotKind::ALL.len()
    }

    fn learns_regions(&self) -> bool {
        false
    }
}
