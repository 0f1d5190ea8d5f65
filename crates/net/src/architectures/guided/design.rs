use super::{Guided, GuidedConfig, PlanConfig};
use crate::architectures::size::{check_blocks, check_channels, check_inputs, require};
use crate::architectures::{
    ConfigError, Design, Explainer, MapNetwork, NormKind, Output, Preset, plain_recipe,
};
use crate::tiling::{InferenceConfig, Pass, blend_tiles, look_in_tile};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use siderin_core::regions::VoxelClass;
use siderin_image::preprocess::{IntensityScale, Recipe};

/// Halvings beyond which no scan has voxels left.
const MOST_LEVELS: usize = 9;

/// What the levels are planned for. The paper's images have voxels of 0.43 × 0.43 × 6.5 mm; the small network's
/// plan is for the thinner slices of today's protocols.
fn plan(preset: Preset) -> PlanConfig {
    match preset {
        Preset::Paper => PlanConfig {
            spacing_mm: [6.5, 0.4286, 0.4286],
            patch: [16, 320, 256],
            width: 32,
            widest: 320,
            blocks: vec![1, 3, 4, 6],
        },
        Preset::Small => PlanConfig {
            spacing_mm: [2.0, 0.6, 0.6],
            patch: [32, 128, 128],
            width: 16,
            widest: 128,
            blocks: vec![1],
        },
    }
}

impl Design for GuidedConfig {
    type Network = Guided;

    fn preset(preset: Preset) -> Self {
        Self {
            inputs: 1,
            levels: plan(preset).levels(),
            norm: NormKind::Instance,
            proxy: true,
        }
    }

    fn recipe(preset: Preset) -> Recipe {
        let [slices_mm, plane_mm, _] = plan(preset).spacing_mm;
        Recipe {
            bias_correction: true,
            blank_beyond_mm: Some(3.0),
            ..plain_recipe(plane_mm, Some(slices_mm), IntensityScale::ZScore)
        }
    }

    fn inference(preset: Preset) -> InferenceConfig {
        InferenceConfig::tiles(plan(preset).patch, preset.choose(0.5, 0.25))
    }

    fn ring_mm() -> Option<f64> {
        Some(2.0)
    }

    fn init(&self, device: &Device) -> Guided {
        self.network(device)
    }

    fn check(&self) -> Result<(), ConfigError> {
        check_inputs(self.inputs)?;
        require(
            (2..=MOST_LEVELS).contains(&self.levels.len()),
            "the number of levels",
            &self.levels.len(),
            "2 to 9 levels are possible",
        )?;
        let stride = self.stride();
        require(
            stride.iter().all(|&stride| stride <= 64),
            "the product of the levels' strides",
            &stride,
            "64 along each axis is the most",
        )?;
        for (at, level) in self.levels.iter().enumerate() {
            require(
                level.kernel.iter().all(|k| [1, 3, 5, 7].contains(k)),
                "a level's kernel",
                &level.kernel,
                "1, 3, 5 and 7 are possible",
            )?;
            let strides = level.stride.iter().all(|s| [1, 2].contains(s));
            require(
                strides && (at > 0 || level.stride == [1; 3]),
                "a level's stride",
                &level.stride,
                "1 and 2 are possible, and 1 alone at the first level",
            )?;
            check_channels("a level's channels", &[level.channels])?;
            check_blocks("a level's blocks", &[level.blocks])?;
        }
        Ok(())
    }

    fn output(&self) -> Output {
        Output::Microbleeds
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn stride(&self) -> [usize; 3] {
        std::array::from_fn(|axis| self.levels.iter().map(|l| l.stride[axis]).product())
    }

    fn slices(&self) -> Option<usize> {
        None
    }

    /// All [`VoxelClass`]es, or background and microbleed without the proxy task.
    fn logits(&self) -> usize {
        if self.proxy { VoxelClass::ALL.len() } else { 2 }
    }

    fn learns_regions(&self) -> bool {
        self.proxy
    }
}

impl MapNetwork for Guided {
    fn for_inference(self) -> Self {
        self
    }

    fn classes(&self) -> &'static [VoxelClass] {
        if self.has_proxy {
            &VoxelClass::ALL
        } else {
            &[VoxelClass::Background, VoxelClass::Microbleed]
        }
    }

    fn predict(&self, pass: &Pass) -> Vec<Vec<f32>> {
        blend_tiles(
            &pass.stack,
            &pass.tiling(self.stride),
            pass.device,
            |x: Tensor<5>| softmax(self.head(self.features(x)), 1),
        )
    }

    fn explain<'a>(&'a self, pass: &'a Pass<'a>) -> Explainer<'a> {
        let graded = pass.with_gradients(self);
        let microbleed = self.classes().len() - 1;
        Box::new(move |heat| {
            let features = |x| self.features(x);
            let head = |features| graded.head(features).narrow(1, microbleed, 1);
            look_in_tile(pass, heat, self.stride, features, head);
        })
    }
}
