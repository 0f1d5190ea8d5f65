//! RLK-UNet with CBAM, of Cho 2026.
//!
//! Three neighbouring slices as channels; four stages of residual large-kernel blocks
//! ([`block`]); skip connections that pass attention ([`skip`]); an output at each of three decoder
//! levels and at the bottleneck. Where the paper is silent: a 3×3 convolution leads in; the decoder
//! goes up by bilinear interpolation and a 1×1 convolution, and refines by two 3×3 convolutions
//! with group normalisation and GELU; CBAM and attention gate run in parallel and are added; fewer
//! than three CBAMs sit on the finest skips.

mod block;
mod design;
mod skip;

use crate::architectures::layers::same_conv2d;
use crate::ops::{Activation, convolve, group_norm, upsample_bilinear};
use block::{RlkBlock, RlkBlockConfig};
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{GroupNorm, GroupNormConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use skip::Skip;

/// Size of an [`RlkUnet`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RlkUnetConfig {
    /// Channels of the first stage; each further stage has twice as many. A multiple of 8, the
    /// number of normalisation groups.
    pub width: usize,
    /// Blocks of each stage, finest first.
    pub blocks: [usize; 4],
    /// On how many of the three skips CBAM sits, from the finest: the paper's Table 8.
    pub cbam_skips: usize,
    /// Share of samples whose residual branches are left out while training, per stage.
    pub stochastic_depth: [f64; 4],
    /// Dropout inside the blocks' MLP while training.
    pub dropout: f64,
}

/// Sizes must be multiples of this.
const STRIDE: usize = 8;
/// Neighbouring slices that make one input.
const SLICES: usize = 3;

/// See the module.
#[derive(Module, Debug)]
pub struct RlkUnet {
    stem: Conv2d,
    /// Finest first; the last one is the bottleneck.
    stages: Vec<Stage>,
    /// Coarsest first, as they run.
    decoder: Vec<UpStage>,
    /// Of the bottleneck, then of each decoder level, coarsest first.
    heads: Vec<Conv2d>,
}

#[derive(Module, Debug)]
struct Stage {
    down: Option<Down>,
    blocks: Vec<RlkBlock>,
}

/// 1×1 convolution to the new channels, then a depthwise 3×3 with stride 2.
#[derive(Module, Debug)]
struct Down {
    pointwise: Conv2d,
    depthwise: Conv2d,
}

#[derive(Module, Debug)]
struct UpStage {
    up: Conv2d,
    skip: Skip,
    first: ConvGroup,
    second: ConvGroup,
}

/// 3×3 convolution, group normalisation, GELU.
#[derive(Module, Debug)]
struct ConvGroup {
    conv: Conv2d,
    norm: GroupNorm,
}

impl RlkUnetConfig {
    /// A network with random weights.
    fn network(&self, device: &Device) -> RlkUnet {
        let channels: [usize; 4] = std::array::from_fn(|stage| self.width << stage);
        let head = |channels: usize| Conv2dConfig::new([channels, 1], [1, 1]).init(device);
        RlkUnet {
            stem: same_conv2d([SLICES, self.width], 3, device),
            stages: (0..4)
                .map(|stage| Stage {
                    down: (stage > 0)
                        .then(|| Down::new([channels[stage - 1], channels[stage]], device)),
                    blocks: (0..self.blocks[stage])
                        .map(|_| {
                            RlkBlockConfig {
                                channels: channels[stage],
                                stochastic_depth: self.stochastic_depth[stage],
                                dropout: self.dropout,
                            }
                            .init(device)
                        })
                        .collect(),
                })
                .collect(),
            decoder: (0..3)
                .rev()
                .map(|level| {
                    UpStage::new(
                        [channels[level + 1], channels[level]],
                        level < self.cbam_skips,
                        device,
                    )
                })
                .collect(),
            heads: (0..4).rev().map(|stage| head(channels[stage])).collect(),
        }
    }
}

impl RlkUnet {
    /// What the last decoder block takes: `[n, 3, h, w]` to `[n, 2 · width, h, w]`; `h` and `w`
    /// multiples of 8.
    pub fn features(&self, x: Tensor<4>) -> Tensor<4> {
        self.levels(x).1
    }

    /// The last decoder block: logits from [`Self::features`], `[n, 1, h, w]`.
    pub fn head(&self, features: Tensor<4>) -> Tensor<4> {
        convolve(&self.heads[3], self.decoder[2].refine(features))
    }

    /// Logits of all four outputs for deep supervision, finest first: `[n, 1, h/s, w/s]` for
    /// s = 1, 2, 4, 8.
    pub fn forward_all(&self, x: Tensor<4>) -> Vec<Tensor<4>> {
        let (coarser, features) = self.levels(x);
        let coarser = coarser.into_iter().zip(&self.heads).rev();
        std::iter::once(self.head(features))
            .chain(coarser.map(|(level, head)| convolve(head, level)))
            .collect()
    }

    /// Features of the bottleneck and of the decoder levels but the last, coarsest first, and what
    /// the last decoder block takes.
    fn levels(&self, x: Tensor<4>) -> (Vec<Tensor<4>>, Tensor<4>) {
        let mut x = convolve(&self.stem, x);
        let mut skips = Vec::new();
        for stage in &self.stages {
            x = stage.forward(x);
            skips.push(x.clone());
        }
        let mut levels = vec![x.clone()];
        for (at, up) in self.decoder[..2].iter().enumerate() {
            x = up.refine(up.join(x, skips[2 - at].clone()));
            levels.push(x.clone());
        }
        let joined = self.decoder[2].join(x, skips[0].clone());
        (levels, joined)
    }

    /// The same function with the two depthwise branches of each block as one convolution: less
    /// to compute, no use for training.
    #[must_use]
    pub fn fused(mut self) -> Self {
        for stage in &mut self.stages {
            stage.blocks = std::mem::take(&mut stage.blocks)
                .into_iter()
                .map(RlkBlock::fused)
                .collect();
        }
        self
    }
}

impl Stage {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = match &self.down {
            Some(down) => convolve(&down.depthwise, convolve(&down.pointwise, x)),
            None => x,
        };
        self.blocks.iter().fold(x, |x, block| block.forward(x))
    }
}

impl Down {
    fn new(channels: [usize; 2], device: &Device) -> Self {
        let out = channels[1];
        Self {
            pointwise: same_conv2d(channels, 1, device),
            depthwise: Conv2dConfig::new([out, out], [3, 3])
                .with_stride([2, 2])
                .with_groups(out)
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device),
        }
    }
}

impl UpStage {
    fn new([coarse, fine]: [usize; 2], cbam: bool, device: &Device) -> Self {
        Self {
            up: same_conv2d([coarse, fine], 1, device),
            skip: Skip::new(fine, cbam, device),
            first: ConvGroup::new([2 * fine, fine], device),
            second: ConvGroup::new([fine, fine], device),
        }
    }

    /// What the skip lets through, and the coarser feature brought up: `[n, 2 · fine, h, w]`.
    fn join(&self, coarser: Tensor<4>, skip: Tensor<4>) -> Tensor<4> {
        let [_, _, h, w] = skip.dims();
        // A 1×1 convolution and an interpolation commute: the cheaper order.
        let up = upsample_bilinear(convolve(&self.up, coarser), [h, w]);
        let filtered = self.skip.forward(skip, up.clone());
        Tensor::cat(vec![filtered, up], 1)
    }

    fn refine(&self, joined: Tensor<4>) -> Tensor<4> {
        self.second.forward(self.first.forward(joined))
    }
}

impl ConvGroup {
    fn new(channels: [usize; 2], device: &Device) -> Self {
        Self {
            conv: same_conv2d(channels, 3, device),
            norm: GroupNormConfig::new(block::GROUPS, channels[1]).init(device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        group_norm(&self.norm, convolve(&self.conv, x), Activation::Gelu)
    }
}
