//! A 3D U-Net that outlines the structures of a head and says where each place lies in MNI space.
//!
//! It sees the whole head in coarse voxels, with instance normalisation and ReLU: the contrast of a scan is its
//! own, and no statistics of other scans tell what is bright in it. The eight voxels of a cube are eight channels
//! of one voxel on the way out, and so are those of a first layer on the way in (Shi 2016, doi
//! 10.1109/CVPR.2016.207): wide channels on few voxels cost less than few channels on many. On the way up, channels become fewer before they are interpolated, for
//! the same reason.
//!
//! Of each voxel it says which [`Structure`] it belongs to, or none, and on which side it lies; of each cube its
//! place in MNI space (after Gopinath 2024, arXiv 2404.16781).

mod design;

use crate::architectures::layers::{CUBE, ConvNorm, Level, NormKind, to_channels};
use crate::ops::{Activation, convolve, max_pool3d, upsample_linear3d};
use burn::module::Module;
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use siderin_core::regions::Structure;

/// Size of a [`StructureUnet`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StructureUnetConfig {
    /// Channels of the first layer, on the view's own voxels.
    pub stem: usize,
    /// Channels of the levels, finest first.
    pub filters: [usize; 4],
    /// Channels between the finest level and the logits.
    pub hidden: usize,
}

/// Structures, and none of them first.
pub const STRUCTURE_CLASSES: usize = Structure::ALL.len() + 1;
/// Coordinates of a place.
pub const COORDINATES: usize = 3;
/// Logits of a cube: classes times the voxels of the cube, the right side of each voxel, and the place.
pub const STRUCTURE_LOGITS: usize = (STRUCTURE_CLASSES + 1) * CUBE + COORDINATES;
/// Sizes must be multiples of this.
pub const STRUCTURE_STRIDE: usize = 16;
/// Coordinates are in this unit.
pub const COORDINATE_UNIT_MM: f32 = 100.0;

/// See the module.
#[derive(Module, Debug)]
pub struct StructureUnet {
    stem: ConvNorm,
    /// Finest first.
    encoder: Vec<Level>,
    /// Coarsest first, as they run.
    decoder: Vec<UpLevel>,
    hidden: Conv3d,
    head: Conv3d,
}

#[derive(Module, Debug)]
struct UpLevel {
    fewer: Conv3d,
    level: Level,
}

impl StructureUnetConfig {
    /// A network with random weights.
    fn network(&self, device: &Device) -> StructureUnet {
        let filters = self.filters;
        let into = |level: usize| match level {
            0 => CUBE * self.stem,
            _ => filters[level - 1],
        };
        let point = |channels: [usize; 2]| Conv3dConfig::new(channels, [1; 3]).init(device);
        StructureUnet {
            stem: ConvNorm::new([1, self.stem], [3; 3], [1; 3], NormKind::Instance, device),
            encoder: (0..4)
                .map(|level| Level::new(into(level), filters[level], NormKind::Instance, device))
                .collect(),
            decoder: (0..3)
                .rev()
                .map(|level| UpLevel {
                    fewer: point([filters[level + 1], filters[level]]),
                    level: Level::new(
                        2 * filters[level],
                        filters[level],
                        NormKind::Instance,
                        device,
                    ),
                })
                .collect(),
            hidden: point([filters[0], self.hidden]),
            head: point([self.hidden, STRUCTURE_LOGITS]),
        }
    }
}

impl StructureUnet {
    /// Logits of a head's view: `[n, 1, d, h, w]` to `[n, STRUCTURE_LOGITS, d / 2, h / 2, w / 2]`, each size a
    /// multiple of [`STRUCTURE_STRIDE`]. Channels are the classes, each with the voxels of a cube, its last axis
    /// fastest; the right side of each voxel; the coordinates in [`COORDINATE_UNIT_MM`].
    pub fn logits(&self, view: Tensor<5>) -> Tensor<5> {
        let mut x = to_channels(self.stem.forward(view, Activation::Relu));
        let mut skips = Vec::new();
        for (number, level) in self.encoder.iter().enumerate() {
            if number > 0 {
                x = max_pool3d(x);
            }
            x = level.forward(x, Activation::Relu);
            skips.push(x.clone());
        }
        skips.pop();
        for up in &self.decoder {
            let skip = skips.pop().expect("a level for each on the way down");
            let coarse = upsample_linear3d(convolve(&up.fewer, x));
            x = up
                .level
                .forward(Tensor::cat(vec![skip, coarse], 1), Activation::Relu);
        }
        let x = burn::tensor::activation::relu(convolve(&self.hidden, x));
        convolve(&self.head, x)
    }
}
