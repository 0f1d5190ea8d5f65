//! A 3D U-Net that names the regions of a head.
//!
//! The levels of [`crate::architectures::Unet3d`] over the head in coarse voxels, with instance normalisation and ReLU:
//! the contrast of a scan is its own, and no statistics of other scans tell what is bright in it. The eight
//! voxels of a cube are eight channels of one voxel on the way in (Shi 2016, doi 10.1109/CVPR.2016.207):
//! wide channels on few voxels cost less than few channels on many. Beside them go the place of the cube in
//! the head's view, so that a part of a head is known as one.
//!
//! What it answers is taken apart, because in one softmax background against brain, which most voxels are
//! about, outweighs all else: of each voxel whether it lies inside of the skull's inner
//! surface, and if so whether it is fluid; of each cube which region its tissue would be, and on which side.

mod design;

use crate::architectures::layers::{CUBE, NormKind, to_channels};
use crate::architectures::unet3d::{STRIDE, Style, Unet3d, Unet3dConfig};
use crate::ops::{Activation, upsample_linear3d};
use burn::module::Module;
use burn::tensor::activation::{sigmoid, softmax};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use siderin_core::regions::Region;

/// Size of a [`RegionUnet`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionUnetConfig {
    /// Channels of the levels, finest first.
    pub filters: [usize; 4],
}

/// How many regions there are, in the order of [`Region::ALL`].
pub const REGIONS: usize = Region::ALL.len();
/// Sizes must be multiples of this.
pub const REGION_STRIDE: usize = 2 * STRIDE;
/// Channels of the input: the head's view, and the place along each axis.
pub const HEAD_CHANNELS: usize = 4;

const PLACES: usize = HEAD_CHANNELS - 1;
/// A place is in these: 100 mm on the head's view.
const PLACE_UNIT_VOXELS: f32 = 50.0;

/// See the module.
#[derive(Module, Debug)]
pub struct RegionUnet {
    unet: Unet3d,
}

/// What a [`RegionUnet`] says before it becomes probabilities.
#[derive(Debug, Clone)]
pub struct RegionLogits {
    /// That a voxel lies inside the skull: `[n, 8, d / 2, h / 2, w / 2]`, the voxels of a
    /// cube with the last axis fastest.
    pub inside: Tensor<5>,
    /// That what lies inside is fluid: the same.
    pub fluid: Tensor<5>,
    /// Of the regions: `[n, REGIONS, d / 2, h / 2, w / 2]`.
    pub regions: Tensor<5>,
    /// Of the right side: `[n, 1, d / 2, h / 2, w / 2]`.
    pub right: Tensor<5>,
}

impl RegionUnetConfig {
    /// A network with random weights.
    fn network(&self, device: &Device) -> RegionUnet {
        let config = Unet3dConfig {
            inputs: CUBE + PLACES,
            filters: self.filters,
        };
        let style = Style {
            norm: NormKind::Instance,
            activation: Activation::Relu,
        };
        RegionUnet {
            unet: config.with_outputs(2 * CUBE + REGIONS + 1, style, device),
        }
    }
}

impl RegionUnet {
    /// What the last decoder block takes: `[n, HEAD_CHANNELS, d, h, w]`, the head's view and its
    /// [`place`]s, to `[n, c, d / 2, h / 2, w / 2]`; each size a multiple of 32.
    pub fn features(&self, x: Tensor<5>) -> Tensor<5> {
        let view = to_channels(x.clone().narrow(1, 0, 1));
        let places = first_of_cubes(x.narrow(1, 1, PLACES));
        self.unet.features(Tensor::cat(vec![view, places], 1))
    }

    /// Logits from [`Self::features`].
    pub fn head(&self, features: Tensor<5>) -> RegionLogits {
        let logits = self.unet.head(features);
        let of = |from: usize, channels: usize| logits.clone().narrow(1, from, channels);
        RegionLogits {
            inside: of(0, CUBE),
            fluid: of(CUBE, CUBE),
            regions: of(2 * CUBE, REGIONS),
            right: of(2 * CUBE + REGIONS, 1),
        }
    }
}

impl RegionLogits {
    /// Probabilities on voxels, `[n, 2 + REGIONS + 1, d, h, w]`: inside the skull, fluid if inside, the
    /// regions if tissue, the right side. Those of regions and side by lines between the cubes.
    #[must_use]
    pub fn probabilities(self) -> Tensor<5> {
        let parts = vec![
            sigmoid(to_voxels(self.inside)),
            sigmoid(to_voxels(self.fluid)),
            upsample_linear3d(softmax(self.regions, 1)),
            upsample_linear3d(sigmoid(self.right)),
        ];
        Tensor::cat(parts, 1)
    }
}

/// Where a voxel (column, row, slice) of a head's view of such a shape lies: slices below the topmost, rows
/// and columns from the middle, in units of 100 mm; 0 beyond the view.
#[must_use]
pub fn place(voxel: [f32; 3], shape: [usize; 3]) -> [f32; PLACES] {
    let [nx, ny, nz] = shape.map(|n| n as f32);
    let [x, y, z] = voxel;
    if !(x >= 0.0 && y >= 0.0 && z >= 0.0 && x < nx && y < ny && z < nz) {
        return [0.0; PLACES];
    }
    [z - nz, y - ny / 2.0, x - nx / 2.0].map(|steps| steps / PLACE_UNIT_VOXELS)
}

/// The first voxel of each cube: `[n, c, d, h, w]` to `[n, c, d / 2, h / 2, w / 2]`.
fn first_of_cubes(x: Tensor<5>) -> Tensor<5> {
    let [n, c, d, h, w] = x.dims();
    let [d, h, w] = [d / 2, h / 2, w / 2];
    let cubes = x.reshape([n, c, d, 2, h, 2, w, 2]);
    let first = [3, 5, 7]
        .into_iter()
        .fold(cubes, |x, axis| x.narrow(axis, 0, 1));
    first.reshape([n, c, d, h, w])
}

/// The inverse of [`to_channels`].
fn to_voxels(x: Tensor<5>) -> Tensor<5> {
    let [n, c, d, h, w] = x.dims();
    let c = c / CUBE;
    x.reshape([n, c, 2, 2, 2, d, h, w])
        .permute([0, 1, 5, 2, 6, 3, 7, 4])
        .reshape([n, c, 2 * d, 2 * h, 2 * w])
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
        let first = channels.clone().reshape([2, 2, 8, 2, 1, 3]).narrow(2, 0, 1);
        assert_eq!(
            first_of_cubes(x.clone()).into_data(),
            first.reshape([2, 2, 2, 1, 3]).into_data()
        );
        assert_eq!(to_voxels(channels).into_data(), x.into_data());
    }

    #[test]
    fn places_are_in_100_mm_from_the_top_and_the_middle() {
        // 30 slices below the end of 80, 20 rows behind the middle of 120, 10 columns right of that of 90.
        assert_eq!(place([55.0, 40.0, 50.0], [90, 120, 80]), [-0.6, -0.4, 0.2]);
        assert_eq!(place([55.0, 40.0, -1.0], [90, 120, 80]), [0.0; 3]);
        assert_eq!(place([90.0, 40.0, 5.0], [90, 120, 80]), [0.0; 3]);
    }

    #[test]
    fn probabilities_are_of_voxels() {
        let device = Device::flex();
        let numbers = |channels: i64| {
            let count = channels * 2 * 3 * 2;
            let x = Tensor::<1, burn::tensor::Int>::arange(0..count, &device).float();
            x.reshape([1, channels as usize, 2, 3, 2]) * 0.1 - 1.0
        };
        let logits = RegionLogits {
            inside: numbers(8),
            fluid: numbers(8),
            regions: numbers(REGIONS as i64),
            right: numbers(1),
        };
        let found = logits.probabilities();
        assert_eq!(found.dims(), [1, 2 + REGIONS + 1, 4, 6, 4]);
        // Lines between distributions are distributions.
        let sums: Vec<f32> = found
            .clone()
            .narrow(1, 2, REGIONS)
            .sum_dim(1)
            .try_into_vec_as()
            .unwrap();
        assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-5));
        // Voxel (1, 0, 1) is place 5 of the first cube: logit .1 · 5 · 12 - 1 = 5.
        let voxel = found.slice([0..1, 0..2, 1..2, 0..1, 1..2]);
        let voxel: Vec<f32> = voxel.try_into_vec_as().unwrap();
        let expected = 1.0 / (1.0 + (-5.0f32).exp());
        assert!(voxel.iter().all(|p| (p - expected).abs() < 1e-6));
    }
}
