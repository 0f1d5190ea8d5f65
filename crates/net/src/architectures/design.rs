//! What siderin needs to know of a network: all that differs between architectures.

use super::{ConfigError, Preset};
use crate::tiling::{Heat, InferenceConfig, Pass};
use burn::module::Module;
use burn::tensor::Device;
use siderin_core::regions::VoxelClass;
use siderin_image::preprocess::Recipe;
use std::fmt::Debug;

/// What a network gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A map of microbleeds over a scan.
    Microbleeds,
    /// Regions of the brain, and no microbleeds.
    Regions,
    /// Structures of the head, and no microbleeds.
    Structures,
    /// A kind for each candidate of the search.
    Candidates,
}

/// An architecture, implemented by the config that gives its size. Nothing has a default: whoever adds a network
/// decides each.
pub trait Design {
    /// The network that has this size.
    type Network: Module
    where
        Self: Sized;

    /// Its size as the paper has it, or for a laptop without a GPU.
    #[must_use]
    fn preset(preset: Preset) -> Self
    where
        Self: Sized;

    /// How scans are prepared for it, as the paper has it; small networks see somewhat larger voxels.
    #[must_use]
    fn recipe(preset: Preset) -> Recipe
    where
        Self: Sized;

    /// How it goes over a scan.
    #[must_use]
    fn inference(preset: Preset) -> InferenceConfig
    where
        Self: Sized;

    /// Width in mm of the ring around a lesion that must be brain tissue mostly, where there is such a rule.
    #[must_use]
    fn ring_mm() -> Option<f64>
    where
        Self: Sized;

    /// A network with random weights, drawn from the device's generator.
    #[must_use]
    fn init(&self, device: &Device) -> Self::Network
    where
        Self: Sized;

    /// # Errors
    /// Names the first setting of which no network can be made, or one beyond any computer.
    fn check(&self) -> Result<(), ConfigError>;

    /// What it gives.
    fn output(&self) -> Output;

    /// Images it takes: T2*, and T1w where there are two, and T2w where there are three.
    fn inputs(&self) -> usize;

    /// What sizes of samples must be multiples of: slices, rows, columns.
    fn stride(&self) -> [usize; 3];

    /// Slices of a sample, where it takes a certain number.
    fn slices(&self) -> Option<usize>;

    /// Logits of a voxel or of a sample.
    fn logits(&self) -> usize;

    /// Whether it learns regions of the brain, as its task or beside it.
    fn learns_regions(&self) -> bool;
}

/// A network that makes a map of microbleeds.
pub trait MapNetwork: Debug + Send + Sync {
    /// The same function with less to compute, where training needs more than inference.
    #[must_use]
    fn for_inference(self) -> Self
    where
        Self: Sized;

    /// Classes of [`Self::predict`], in its order. The microbleed is the last.
    fn classes(&self) -> &'static [VoxelClass];

    /// Probability of each class in each voxel of the scan; 0 where only slices or tiles without brain are. Empty
    /// where no tile has any.
    fn predict(&self, pass: &Pass) -> Vec<Vec<f32>>;

    /// What shows where the network looks for one lesion at a time.
    fn explain<'a>(&'a self, pass: &'a Pass<'a>) -> Explainer<'a>;
}

/// Raises the heat of one lesion.
pub type Explainer<'a> = Box<dyn Fn(Heat) + 'a>;
