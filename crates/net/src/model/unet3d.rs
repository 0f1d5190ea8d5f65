//! The 3D U-Net of del Pozo Lérida 2023.
//!
//! Four levels and a bottleneck of twice the last level's channels; each level is two 3³
//! convolutions, each followed by batch normalisation and ELU; 2³ maximum pooling down; up by
//! nearest neighbour and a 2³ convolution that keeps the channels, then concatenation. With the
//! paper's 32-64-128-256 filters and one channel in, it has the paper's 26,334,178 numbers when
//! all four of a batch normalisation's are counted.

use crate::ops::{Activation, conv_batch_norm, convolve, max_pool3d, upsample_nearest3d};
use burn::module::Module;
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, PaddingConfig3d};
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// Size of a [`Unet3d`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unet3dConfig {
    /// Images stacked as channels.
    pub inputs: usize,
    /// Channels of the levels, finest first.
    pub filters: [usize; 4],
}

/// Sizes must be multiples of this.
pub(crate) const STRIDE: usize = 16;
/// Background and microbleed.
const CLASSES: usize = 2;

/// See the module.
#[derive(Module, Debug)]
pub struct Unet3d {
    encoder: Vec<Level>,
    bottleneck: Level,
    /// Coarsest first, as they run.
    decoder: Vec<UpLevel>,
    head: Conv3d,
}

/// Two convolutions of one resolution.
#[derive(Module, Debug)]
struct Level {
    first: ConvBatch,
    second: ConvBatch,
}

#[derive(Module, Debug)]
struct UpLevel {
    up: ConvBatch,
    level: Level,
}

/// Convolution, batch normalisation, ELU.
#[derive(Module, Debug)]
struct ConvBatch {
    conv: Conv3d,
    norm: BatchNorm,
}

impl Unet3dConfig {
    /// A network with random weights.
    pub(crate) fn init(&self, device: &Device) -> Unet3d {
        self.with_outputs(CLASSES, device)
    }

    /// The same with another number of logits.
    pub(super) fn with_outputs(&self, outputs: usize, device: &Device) -> Unet3d {
        let into = |level: usize| match level {
            0 => self.inputs,
            _ => self.filters[level - 1],
        };
        let deepest = self.filters[3];
        let coarser = |level: usize| self.filters.get(level + 1).copied().unwrap_or(2 * deepest);
        Unet3d {
            encoder: (0..4)
                .map(|level| Level::new(into(level), self.filters[level], device))
                .collect(),
            bottleneck: Level::new(deepest, 2 * deepest, device),
            decoder: (0..4)
                .rev()
                .map(|level| UpLevel {
                    up: ConvBatch::new(coarser(level), coarser(level), 2, device),
                    level: Level::new(
                        coarser(level) + self.filters[level],
                        self.filters[level],
                        device,
                    ),
                })
                .collect(),
            head: Conv3dConfig::new([self.filters[0], outputs], [1; 3]).init(device),
        }
    }
}

impl Unet3d {
    /// What the last decoder block takes: `[n, inputs, d, h, w]` to `[n, c, d, h, w]`; each size a
    /// multiple of 16.
    pub fn features(&self, x: Tensor<5>) -> Tensor<5> {
        let mut x = x;
        let mut skips = Vec::new();
        for level in &self.encoder {
            let fine = level.forward(x);
            x = max_pool3d(fine.clone());
            skips.push(fine);
        }
        x = self.bottleneck.forward(x);
        for (up, skip) in self.decoder[..3].iter().zip(skips[1..].iter().rev()) {
            x = up.level.forward(up.join(x, skip.clone()));
        }
        self.decoder[3].join(x, skips.swap_remove(0))
    }

    /// The last decoder block: logits of background and microbleed from [`Self::features`],
    /// `[n, 2, d, h, w]`.
    pub fn head(&self, features: Tensor<5>) -> Tensor<5> {
        convolve(&self.head, self.decoder[3].level.forward(features))
    }
}

impl Level {
    fn new(into: usize, out: usize, device: &Device) -> Self {
        Self {
            first: ConvBatch::new(into, out, 3, device),
            second: ConvBatch::new(out, out, 3, device),
        }
    }

    fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        self.second.forward(self.first.forward(x))
    }
}

impl UpLevel {
    /// The skip and the coarser feature brought up: `[n, skip + coarse, d, h, w]`.
    fn join(&self, x: Tensor<5>, skip: Tensor<5>) -> Tensor<5> {
        // An even kernel keeps the size with one plane of zeros behind.
        let x = upsample_nearest3d(x).pad(
            [(0, 0), (0, 0), (0, 1), (0, 1), (0, 1)],
            PadMode::Constant(0.0),
        );
        Tensor::cat(vec![skip, self.up.forward(x)], 1)
    }
}

impl ConvBatch {
    fn new(into: usize, out: usize, kernel: usize, device: &Device) -> Self {
        let pad = (kernel - 1) / 2;
        Self {
            conv: Conv3dConfig::new([into, out], [kernel; 3])
                .with_padding(PaddingConfig3d::Explicit(pad, pad, pad))
                .init(device),
            norm: BatchNormConfig::new(out).init(device),
        }
    }

    fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        conv_batch_norm(&self.conv, &self.norm, Activation::Elu, x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Reference;

    #[test]
    fn a_decoder_level_equals_pytorch() {
        let device = Device::flex().autodiff();
        let level = UpLevel {
            up: ConvBatch::new(6, 6, 2, &device),
            level: Level::new(10, 4, &device),
        };
        Reference::read("unet3d_up_level").check::<_, 5>(level, |level, x| {
            vec![level.level.forward(level.join(x[0].clone(), x[1].clone()))]
        });
    }
}
