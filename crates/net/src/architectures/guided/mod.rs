//! The anatomically guided segmentation of Kwon 2024.
//!
//! A residual U-Net in the manner of nnU-Net, configured from the spacing ([`PlanConfig`]), with one
//! softmax over background, three regions of the brain (the proxy task) and microbleeds. T2* alone
//! or with a T1w image laid onto it. Instance normalisation is nnU-Net's; batch normalisation is a
//! choice, because its statistics are fixed once trained and so do not differ between tiles.

mod design;
mod plan;

pub use plan::{GuidedLevel, PlanConfig};

use crate::architectures::Design;
use crate::architectures::layers::{ConvNorm, NormKind};
use crate::ops::{Activation, activate, average_pool3d, convolve};
use burn::module::Module;
use burn::nn::conv::{Conv3d, Conv3dConfig, ConvTranspose3d, ConvTranspose3dConfig};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
#[cfg(doc)]
use siderin_core::regions::VoxelClass;

/// Size of a [`Guided`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuidedConfig {
    /// 1: T2* alone; 2: with T1w.
    pub inputs: usize,
    /// Finest first.
    pub levels: Vec<GuidedLevel>,
    /// Normalisation of the features.
    pub norm: NormKind,
    /// Whether regions of the brain are segmented beside microbleeds: the proxy task. The ablation
    /// without it has background and microbleed alone.
    #[serde(default = "yes")]
    pub proxy: bool,
}

fn yes() -> bool {
    true
}

/// nnU-Net's slope of the leaky ReLU below zero.
const LEAKY: Activation = Activation::LeakyRelu(0.01);

/// See the module.
#[derive(Module, Debug)]
pub struct Guided {
    stem: ConvNorm,
    /// Finest first.
    encoder: Vec<Vec<Block>>,
    /// Coarsest first, as they run.
    decoder: Vec<UpLevel>,
    /// Of each decoder level, coarsest first.
    heads: Vec<Conv3d>,
    /// Of all levels together: slices, rows, columns.
    stride: [usize; 3],
    has_proxy: bool,
}

/// Two convolutions added to the input, which is averaged where the block strides and passes a 1³
/// convolution where channels change.
#[derive(Module, Debug)]
struct Block {
    first: ConvNorm,
    second: ConvNorm,
    shortcut: Option<ConvNorm>,
    stride: [usize; 3],
}

#[derive(Module, Debug)]
struct UpLevel {
    up: ConvTranspose3d,
    refine: ConvNorm,
}

impl GuidedConfig {
    /// A network with random weights.
    fn network(&self, device: &Device) -> Guided {
        let levels = &self.levels;
        let finest = &levels[0];
        let encoder = levels
            .iter()
            .enumerate()
            .map(|(at, level)| {
                let into = levels[at.saturating_sub(1)].channels;
                (0..level.blocks)
                    .map(|block| match block {
                        0 => Block::new([into, level.channels], level, self.norm, device),
                        _ => Block::new(
                            [level.channels; 2],
                            &GuidedLevel {
                                stride: [1; 3],
                                ..level.clone()
                            },
                            self.norm,
                            device,
                        ),
                    })
                    .collect()
            })
            .collect();
        let fine_levels = || (0..levels.len() - 1).rev();
        Guided {
            stem: ConvNorm::new(
                [self.inputs, finest.channels],
                finest.kernel,
                [1; 3],
                self.norm,
                device,
            ),
            encoder,
            decoder: fine_levels()
                .map(|at| UpLevel::new(&levels[at + 1], &levels[at], self.norm, device))
                .collect(),
            heads: fine_levels()
                .map(|at| {
                    Conv3dConfig::new([levels[at].channels, self.logits()], [1; 3]).init(device)
                })
                .collect(),
            stride: self.stride(),
            has_proxy: self.proxy,
        }
    }
}

impl Guided {
    /// What the last decoder block takes: `[n, inputs, d, h, w]` to `[n, c, d, h, w]`.
    pub fn features(&self, x: Tensor<5>) -> Tensor<5> {
        self.levels(x).1
    }

    /// The last decoder block: logits of the [`VoxelClass`]es from [`Self::features`],
    /// `[n, 5, d, h, w]`; of background and microbleed, `[n, 2, d, h, w]`, without the proxy task.
    pub fn head(&self, features: Tensor<5>) -> Tensor<5> {
        let last = self.decoder.len() - 1;
        convolve(&self.heads[last], self.decoder[last].refine(features))
    }

    /// Logits of every decoder level for deep supervision, finest first.
    pub fn forward_all(&self, x: Tensor<5>) -> Vec<Tensor<5>> {
        let (coarser, features) = self.levels(x);
        let coarser = coarser.into_iter().zip(&self.heads).rev();
        std::iter::once(self.head(features))
            .chain(coarser.map(|(level, head)| convolve(head, level)))
            .collect()
    }

    /// Features of each decoder level but the last, coarsest first, and what the last decoder
    /// block takes.
    fn levels(&self, x: Tensor<5>) -> (Vec<Tensor<5>>, Tensor<5>) {
        let mut x = self.stem.forward(x, LEAKY);
        let mut skips = Vec::new();
        for blocks in &self.encoder {
            x = blocks.iter().fold(x, |x, block| block.forward(x));
            skips.push(x.clone());
        }
        // The bottleneck is no skip.
        skips.pop();
        let last = self.decoder.len() - 1;
        let mut levels = Vec::new();
        for (up, skip) in self.decoder[..last].iter().zip(skips[1..].iter().rev()) {
            x = up.refine(up.join(x, skip.clone()));
            levels.push(x.clone());
        }
        let joined = self.decoder[last].join(x, skips.swap_remove(0));
        (levels, joined)
    }
}

impl Block {
    fn new(channels: [usize; 2], level: &GuidedLevel, norm: NormKind, device: &Device) -> Self {
        let out = channels[1];
        let changes = channels[0] != out;
        Self {
            first: ConvNorm::new(channels, level.kernel, level.stride, norm, device),
            second: ConvNorm::new([out, out], level.kernel, [1; 3], norm, device),
            shortcut: changes.then(|| ConvNorm::new(channels, [1; 3], [1; 3], norm, device)),
            stride: level.stride,
        }
    }

    fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let branch = self.first.forward(x.clone(), LEAKY);
        let branch = self.second.forward(branch, Activation::None);
        let mut kept = x;
        if self.stride != [1; 3] {
            kept = average_pool3d(kept, self.stride);
        }
        if let Some(shortcut) = &self.shortcut {
            kept = shortcut.forward(kept, Activation::None);
        }
        activate(branch + kept, LEAKY)
    }
}

impl UpLevel {
    fn new(coarse: &GuidedLevel, fine: &GuidedLevel, norm: NormKind, device: &Device) -> Self {
        Self {
            up: ConvTranspose3dConfig::new([coarse.channels, fine.channels], coarse.stride)
                .with_stride(coarse.stride)
                .init(device),
            refine: ConvNorm::new(
                [2 * fine.channels, fine.channels],
                fine.kernel,
                [1; 3],
                norm,
                device,
            ),
        }
    }

    /// The coarser feature brought up, and the skip: `[n, 2 · fine, d, h, w]`.
    fn join(&self, x: Tensor<5>, skip: Tensor<5>) -> Tensor<5> {
        Tensor::cat(vec![convolve(&self.up, x), skip], 1)
    }

    fn refine(&self, joined: Tensor<5>) -> Tensor<5> {
        self.refine.forward(joined, LEAKY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Reference;

    fn level(kernel: [usize; 3], stride: [usize; 3], channels: usize) -> GuidedLevel {
        GuidedLevel {
            kernel,
            stride,
            channels,
            blocks: 1,
        }
    }

    #[test]
    fn blocks_equal_pytorch() {
        let device = Device::flex().autodiff();
        let flat = level([1, 3, 3], [1, 2, 2], 5);
        let cube = level([3, 3, 3], [2, 2, 2], 4);
        for (name, channels, level, norm) in [
            ("guided_block_instance", [3, 5], flat, NormKind::Instance),
            ("guided_block_batch", [4, 4], cube, NormKind::Batch),
        ] {
            Reference::read(name).check::<_, 5>(
                Block::new(channels, &level, norm, &device),
                |block, mut x| vec![block.forward(x.remove(0))],
            );
        }
        let coarse = level([1, 3, 3], [1, 2, 2], 6);
        let fine = level([1, 3, 3], [1, 1, 1], 4);
        Reference::read("guided_up_level").check::<_, 5>(
            UpLevel::new(&coarse, &fine, NormKind::Instance, &device),
            |level, x| vec![level.refine(level.join(x[0].clone(), x[1].clone()))],
        );
    }
}
