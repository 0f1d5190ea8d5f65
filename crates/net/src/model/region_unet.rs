//! A 3D U-Net that names the regions of a head.
//!
//! The architecture of [`super::Unet3d`], over the whole head in coarse voxels. Its channels are one
//! for background, each of the 13 regions of MARS and fluid, read as a softmax, and one for the side,
//! read as a sigmoid: left and right of a region look alike, and need no class each.

use super::unet3d::{Unet3d, Unet3dConfig};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use siderin_core::regions::{FLUID_CODE, Region, Side};

/// Size of a [`RegionUnet`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionUnetConfig {
    /// Channels of the levels, finest first.
    pub filters: [usize; 4],
}

/// Background, the regions in the order of [`Region::ALL`], fluid.
pub const REGION_CLASSES: usize = Region::ALL.len() + 2;
/// The class of fluid.
pub const FLUID_CLASS: u8 = REGION_CLASSES as u8 - 1;

/// See the module.
#[derive(Module, Debug)]
pub struct RegionUnet {
    unet: Unet3d,
}

impl RegionUnetConfig {
    /// A network with random weights.
    pub(crate) fn init(&self, device: &Device) -> RegionUnet {
        let config = Unet3dConfig {
            inputs: 1,
            filters: self.filters,
        };
        RegionUnet {
            unet: config.with_outputs(REGION_CLASSES + 1, device),
        }
    }
}

impl RegionUnet {
    /// What the last decoder block takes: `[n, 1, d, h, w]` to `[n, c, d, h, w]`; each size a
    /// multiple of 16.
    pub fn features(&self, x: Tensor<5>) -> Tensor<5> {
        self.unet.features(x)
    }

    /// Logits from [`Self::features`]: `[n, REGION_CLASSES + 1, d, h, w]`, the last that of the right
    /// side.
    pub fn head(&self, features: Tensor<5>) -> Tensor<5> {
        self.unet.head(features)
    }
}

/// The class of a voxel value of a map of regions (see [`Region::code`]), and its side where it has one.
#[must_use]
pub fn class_of_code(code: u8) -> (u8, Option<Side>) {
    match Region::of_code(code) {
        Some((region, side)) => (region as u8, Some(side)),
        None if code == FLUID_CODE => (FLUID_CLASS, None),
        None => (0, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_classes_and_sides() {
        // 13 insula; 21 the right brainstem; 40 fluid; 14, 20 and 34 are no codes.
        assert_eq!(class_of_code(13), (13, Some(Side::Left)));
        assert_eq!(class_of_code(21), (1, Some(Side::Right)));
        assert_eq!(class_of_code(FLUID_CODE), (14, None));
        for none in [0, 14, 20, 34, 255] {
            assert_eq!(class_of_code(none), (0, None));
        }
    }
}
