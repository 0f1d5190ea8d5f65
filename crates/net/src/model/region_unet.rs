//! A 3D U-Net that names the regions of a head.
//!
//! The architecture of [`super::Unet3d`], over the whole head in coarse voxels. The eight voxels of a cube are
//! eight channels of one voxel on the way in, and so are their answers on the way out (Shi 2016, doi
//! 10.1109/CVPR.2016.207): wide channels on few voxels cost less than few channels on many. Its classes are one
//! for background, each of the 13 regions of MARS and fluid, read as a softmax, and one for the side,
//! read as a sigmoid: left and right of a region look alike, and need no class each.

use super::unet3d::{STRIDE, Unet3d, Unet3dConfig};
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

/// Voxels of a cube.
pub const CUBE: usize = 8;
/// Sizes must be multiples of this.
pub const REGION_STRIDE: usize = 2 * STRIDE;

/// See the module.
#[derive(Module, Debug)]
pub struct RegionUnet {
    unet: Unet3d,
}

impl RegionUnetConfig {
    /// A network with random weights.
    pub(crate) fn init(&self, device: &Device) -> RegionUnet {
        let config = Unet3dConfig {
            inputs: CUBE,
            filters: self.filters,
        };
        RegionUnet {
            unet: config.with_outputs(CUBE * (REGION_CLASSES + 1), device),
        }
    }
}

impl RegionUnet {
    /// What the last decoder block takes: `[n, 1, d, h, w]` to `[n, c, d / 2, h / 2, w / 2]`; each size
    /// a multiple of 32.
    pub fn features(&self, x: Tensor<5>) -> Tensor<5> {
        self.unet.features(to_channels(x))
    }

    /// Logits from [`Self::features`]: `[n, REGION_CLASSES + 1, d, h, w]`, the last that of the right
    /// side.
    pub fn head(&self, features: Tensor<5>) -> Tensor<5> {
        to_voxels(self.unet.head(features))
    }

    /// The same by places in the cube, as [`place_in_cube`] has them:
    /// `[n, REGION_CLASSES + 1, 8, d / 2, h / 2, w / 2]`.
    pub fn head_by_place(&self, features: Tensor<5>) -> Tensor<6> {
        let logits = self.unet.head(features);
        let [n, c, d, h, w] = logits.dims();
        logits.reshape([n, c / CUBE, CUBE, d, h, w])
    }
}

/// Cubes of voxels become channels: `[n, c, d, h, w]` to `[n, 8 c, d / 2, h / 2, w / 2]`.
fn to_channels(x: Tensor<5>) -> Tensor<5> {
    let [n, c, d, h, w] = x.dims();
    let [d, h, w] = [d / 2, h / 2, w / 2];
    x.reshape([n, c, d, 2, h, 2, w, 2])
        .permute([0, 1, 3, 5, 7, 2, 4, 6])
        .reshape([n, c * CUBE, d, h, w])
}

/// The inverse of [`to_channels`].
fn to_voxels(x: Tensor<5>) -> Tensor<5> {
    let [n, c, d, h, w] = x.dims();
    let c = c / CUBE;
    x.reshape([n, c, 2, 2, 2, d, h, w])
        .permute([0, 1, 5, 2, 6, 3, 7, 4])
        .reshape([n, c, 2 * d, 2 * h, 2 * w])
}

/// Steps along slices, rows and columns from a cube's first voxel to another one.
#[must_use]
pub fn place_in_cube(place: usize) -> [usize; 3] {
    [place / 4 % 2, place / 2 % 2, place % 2]
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
    fn cubes_become_channels_and_back() {
        let device = Device::flex();
        let count = 2 * 4 * 2 * 6;
        let x = Tensor::<1, burn::tensor::Int>::arange(0..2 * count, &device).float();
        let x = x.reshape([2, 2, 4, 2, 6]);
        let channels = to_channels(x.clone());
        assert_eq!(channels.dims(), [2, 16, 2, 1, 3]);
        // Voxel (d, h, w) of channel c of the second has the value ((2 + c) · 4 + d) · 12 + 6 h + w. That
        // of the second cube along d and third along w, its last one: d = 3, h = 1, w = 5.
        let last = channels.clone().slice([1..2, 15..16, 1..2, 0..1, 2..3]);
        assert_eq!(last.into_scalar::<f32>(), (3 * 4 + 3) as f32 * 12.0 + 11.0);
        // Of channel 0 and place (0, 1, 0) in the cube, which is channel 2: d = 2, h = 1, w = 4.
        let other = channels.clone().slice([1..2, 2..3, 1..2, 0..1, 2..3]);
        assert_eq!(other.into_scalar::<f32>(), (2 * 4 + 2) as f32 * 12.0 + 10.0);
        assert_eq!(place_in_cube(2), [0, 1, 0]);
        assert_eq!(place_in_cube(7), [1; 3]);
        assert_eq!(to_voxels(channels).into_data(), x.into_data());
    }

    #[test]
    fn logits_by_place_are_those_of_every_second_voxel() {
        let device = Device::flex();
        device.seed(3);
        let network = RegionUnetConfig { filters: [2; 4] }.init(&device);
        let count = 32 * 64 * 32;
        let x = Tensor::<1, burn::tensor::Int>::arange(0..count, &device).float() / count as f64;
        let features = network.features(x.reshape([1, 1, 32, 64, 32]));
        let whole = network.head(features.clone());
        let by_place = network.head_by_place(features);
        let channels = REGION_CLASSES + 1;
        for place in 0..CUBE {
            let found = by_place
                .clone()
                .narrow(2, place, 1)
                .reshape([1, channels, 16, 32, 16]);
            let mut expected = whole.clone();
            for (axis, step) in place_in_cube(place).into_iter().enumerate() {
                let every_second = (0..[32, 64, 32][axis]).skip(step).step_by(2);
                let every_second: Vec<i32> = every_second.collect();
                let indices = Tensor::<1, burn::tensor::Int>::from_data(&every_second[..], &device);
                expected = expected.select(axis + 2, indices);
            }
            assert_eq!(found.into_data(), expected.into_data(), "place {place}");
        }
    }

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
