//! A scan cut into what a network takes, and its outputs put together again.
//!
//! `slices` for networks of slices, `tiles` for 3D ones, `region_cut` for small regions of slices that are looked
//! at again; `grad_cam` shows, by the same cuts, where a network looked.

mod grad_cam;
mod region_cut;
mod slices;
mod tiles;

pub use grad_cam::Heat;
pub(crate) use grad_cam::{grad_cam, look_in_region, look_in_slices, look_in_tile};
pub(crate) use region_cut::cut_regions;
pub use region_cut::{RegionCut, cut_region, regions_of};
pub(crate) use slices::{SliceTiling, Window, floats, over_slices};
pub(crate) use tiles::Cut;
pub use tiles::{Tiling, blend_tiles, gaussian_weights, tile_starts};

use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// How a network goes over a scan. It travels with the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InferenceConfig {
    /// Voxels of a tile: slices, rows, columns. The network of slices takes each with its
    /// neighbours whatever the first is; the cascade takes slices whole.
    pub patch: [usize; 3],
    /// Share of a tile that the next one covers again.
    pub overlap: f64,
    /// Probability from which the cascade's first stage has a region looked at again.
    pub coarse_threshold: f32,
}

/// A tile of more voxels would need tens of gigabytes in any of the networks.
const MOST_PATCH: usize = 1 << 23;

/// Settings with which no scan can be gone over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("going over a scan: {what} is {value}, expected {expected}; set it in the model's card")]
pub struct TilingError {
    what: &'static str,
    value: String,
    expected: &'static str,
}

impl InferenceConfig {
    /// Tiles of this size, of which the next one covers `overlap` again.
    pub(crate) fn tiles(patch: [usize; 3], overlap: f64) -> Self {
        Self {
            patch,
            overlap,
            coarse_threshold: 0.5,
        }
    }

    /// One slice at a time, whole unless it is larger than any scanner's.
    pub(crate) fn whole_slices() -> Self {
        Self::tiles([1, 512, 512], 0.25)
    }

    /// # Errors
    /// Names the setting with which no scan can be gone over.
    pub fn check(&self) -> Result<(), TilingError> {
        let refuse = |what, value, expected| {
            Err(TilingError {
                what,
                value,
                expected,
            })
        };
        let voxels = self
            .patch
            .iter()
            .try_fold(1usize, |all, &n| all.checked_mul(n));
        if !voxels.is_some_and(|voxels| (1..=MOST_PATCH).contains(&voxels)) {
            let value = format!("{:?}", self.patch);
            return refuse("patch", value, "1 to 8,388,608 voxels (a cube of 203)");
        }
        if !(0.0..=0.9).contains(&self.overlap) {
            return refuse("overlap", self.overlap.to_string(), "0 to 0.9");
        }
        if !(self.coarse_threshold > 0.0 && self.coarse_threshold < 1.0) {
            let value = self.coarse_threshold.to_string();
            return refuse("coarse_threshold", value, "above 0 and below 1");
        }
        Ok(())
    }
}

/// Images of one scan as plain numbers: columns fastest, then rows, then slices.
#[derive(Debug, Clone, Copy)]
pub struct Stack<'a> {
    /// One a channel.
    pub images: &'a [Vec<f32>],
    /// Where the brain is.
    pub brain: &'a [bool],
    /// Columns, rows, slices.
    pub shape: [usize; 3],
}

impl<'a> Stack<'a> {
    /// Images and brain must have as many voxels as the shape.
    #[must_use]
    pub fn new(images: &'a [Vec<f32>], brain: &'a [bool], shape: [usize; 3]) -> Self {
        debug_assert!(images.iter().all(|image| image.len() == brain.len()));
        Self {
            images,
            brain,
            shape,
        }
    }
}

/// A scan, and how a network goes over it.
#[derive(Debug, Clone, Copy)]
pub struct Pass<'a> {
    /// The prepared images.
    pub stack: Stack<'a>,
    /// Tiles and their overlap.
    pub inference: &'a InferenceConfig,
    /// Where the network lies.
    pub device: &'a Device,
}

impl Pass<'_> {
    /// Tiles of a 3D network, whose sizes are multiples of `stride` (slices, rows, columns).
    pub(crate) fn tiling(&self, stride: [usize; 3]) -> Tiling {
        Tiling {
            patch: self.inference.patch,
            overlap: self.inference.overlap,
            stride,
        }
    }

    /// A network on a device with gradients. It is frozen, so that normalisation stays as it is in inference.
    pub(crate) fn with_gradients<M: Module>(&self, network: &M) -> M {
        let network = network.clone().freeze();
        network.fork(&self.device.clone().autodiff())
    }
}
