//! The 3D U-Net of del Pozo Lérida 2023.
//!
//! Four levels and a bottleneck of twice the last level's channels; each level is two 3³
//! convolutions, each followed by batch normalisation and ELU; 2³ maximum pooling down; up by
//! nearest neighbour and a 2³ convolution that keeps the channels, then concatenation. With the
//! paper's 32-64-128-256 filters and one channel in, it has the paper's 26,334,178 numbers when
//! all four of a batch normalisation's are counted.

mod design;

use crate::architectures::layers::{ConvNorm, Level, NormKind};
use crate::ops::{Activation, convolve, max_pool3d, upsample_nearest3d};
use burn::module::Module;
use burn::nn::conv::{Conv3d, Conv3dConfig};
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
pub(in crate::architectures) const STRIDE: usize = 16;
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
    #[module(skip)]
    activation: Activation,
}

/// What follows each convolution.
#[derive(Debug, Clone, Copy)]
pub(in crate::architectures) struct Style {
    pub(in crate::architectures) norm: NormKind,
    pub(in crate::architectures) activation: Activation,
}

#[derive(Module, Debug)]
struct UpLevel {
    up: ConvNorm,
    level: Level,
}

impl Unet3dConfig {
    /// A network with random weights.
    fn network(&self, device: &Device) -> Unet3d {
        let style = Style {
            norm: NormKind::Batch,
            activation: Activation::Elu,
        };
        self.with_outputs(CLASSES, style, device)
    }

    /// The same with another number of logits, in another style.
    pub(in crate::architectures) fn with_outputs(
        &self,
        outputs: usize,
        style: Style,
        device: &Device,
    ) -> Unet3d {
        let Style { norm, activation } = style;
        let into = |level: usize| match level {
            0 => self.inputs,
            _ => self.filters[level - 1],
        };
        let deepest = self.filters[3];
        let coarser = |level: usize| self.filters.get(level + 1).copied().unwrap_or(2 * deepest);
        Unet3d {
            encoder: (0..4)
                .map(|level| Level::new(into(level), self.filters[level], norm, device))
                .collect(),
            bottleneck: Level::new(deepest, 2 * deepest, norm, device),
            decoder: (0..4)
                .rev()
                .map(|level| UpLevel {
                    up: ConvNorm::new([coarser(level); 2], [2; 3], [1; 3], norm, device),
                    level: Level::new(
                        coarser(level) + self.filters[level],
                        self.filters[level],
                        norm,
                        device,
                    ),
                })
                .collect(),
            head: Conv3dConfig::new([self.filters[0], outputs], [1; 3]).init(device),
            activation,
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
            let fine = level.forward(x, self.activation);
            x = max_pool3d(fine.clone());
            skips.push(fine);
        }
        x = self.bottleneck.forward(x, self.activation);
        for (up, skip) in self.decoder[..3].iter().zip(skips[1..].iter().rev()) {
            let joined = up.join(x, skip.clone(), self.activation);
            x = up.level.forward(joined, self.activation);
        }
        self.decoder[3].join(x, skips.swap_remove(0), self.activation)
    }

    /// The last decoder block: logits of background and microbleed from [`Self::features`],
    /// `[n, 2, d, h, w]`.
    pub fn head(&self, features: Tensor<5>) -> Tensor<5> {
        let features = self.decoder[3].level.forward(features, self.activation);
        convolve(&self.head, features)
    }
}

impl UpLevel {
    /// The skip and the coarser feature brought up: `[n, skip + coarse, d, h, w]`.
    fn join(&self, x: Tensor<5>, skip: Tensor<5>, activation: Activation) -> Tensor<5> {
        // An even kernel keeps the size with one plane of zeros behind.
        let x = upsample_nearest3d(x).pad(
            [(0, 0), (0, 0), (0, 1), (0, 1), (0, 1)],
            PadMode::Constant(0.0),
        );
        Tensor::cat(vec![skip, self.up.forward(x, activation)], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Reference;

    #[test]
    fn a_decoder_level_equals_pytorch_in_either_style() {
        let device = Device::flex().autodiff();
        for (name, norm, activation) in [
            ("unet3d_up_level", NormKind::Batch, Activation::Elu),
            ("region_unet_up_level", NormKind::Instance, Activation::Relu),
        ] {
            let level = UpLevel {
                up: ConvNorm::new([6; 2], [2; 3], [1; 3], norm, &device),
                level: Level::new(10, 4, norm, &device),
            };
            Reference::read(name).check::<_, 5>(level, |level, x| {
                let joined = level.join(x[0].clone(), x[1].clone(), activation);
                vec![level.level.forward(joined, activation)]
            });
        }
    }
}
