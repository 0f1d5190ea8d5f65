//! A network over candidates: is this dark spot a microbleed, or what else?
//!
//! Two residual networks look at the views of [`siderin_core::candidates::CandidateView`], planes and
//! depth as channels; what they see and the view's numbers come together in a few full layers. In 2D
//! with planes as channels it learns more by the minute on a processor than a 3D network does.

mod design;

use crate::architectures::layers::{ConvBatchRelu, ResidualBlock, ResidualBlockConfig};
use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
#[cfg(doc)]
use siderin_core::candidates::VIEW_VERSION;
use siderin_core::candidates::{COARSE_CHANNELS, FINE_CHANNELS, SpotKind, VIEW_NUMBERS};

/// Size of a [`CandidateNet`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidateNetConfig {
    /// [`VIEW_VERSION`] of what it is shown.
    pub views: u32,
    /// Channels at 32, 16 and 8 pixels.
    pub channels: [usize; 3],
    /// Width of the full layers.
    pub hidden: usize,
    /// Share of the last full layer's inputs that training leaves out.
    pub dropout: f64,
}

/// See the module.
#[derive(Module, Debug)]
pub struct CandidateNet {
    fine: Look,
    coarse: Look,
    numbers: Linear,
    join: Linear,
    dropout: Dropout,
    head: Linear,
}

/// Blocks up to the last at half the view's pixels.
const AT_HALF: usize = 3;

/// A residual network from a view to what is in it.
#[derive(Module, Debug)]
struct Look {
    stem: ConvBatchRelu,
    blocks: Vec<ResidualBlock>,
}

impl CandidateNetConfig {
    /// A network with random weights.
    fn network(&self, device: &Device) -> CandidateNet {
        let last = self.channels[2];
        let linear = |from: usize, to: usize| LinearConfig::new(from, to).init(device);
        CandidateNet {
            fine: Look::new(FINE_CHANNELS, self.channels, device),
            coarse: Look::new(COARSE_CHANNELS, self.channels, device),
            numbers: linear(VIEW_NUMBERS, self.hidden),
            // The mean and the highest value of each channel of both.
            join: linear(4 * last + self.hidden, self.hidden),
            dropout: DropoutConfig::new(self.dropout).init(),
            head: linear(self.hidden, SpotKind::ALL.len()),
        }
    }
}

impl CandidateNet {
    /// Logits of [`SpotKind::ALL`], `[n, 6]`, of a softmax: of `fine` `[n, FINE_CHANNELS, 32, 32]`,
    /// `coarse` `[n, COARSE_CHANNELS, 32, 32]` and `numbers` `[n, VIEW_NUMBERS]`.
    pub fn forward(&self, fine: Tensor<4>, coarse: Tensor<4>, numbers: Tensor<2>) -> Tensor<2> {
        let features = self.fine.features(fine);
        self.head(features, coarse, numbers)
    }

    /// What the network makes of the fine view on the way, `[n, c, 16, 16]`: the last that tells places
    /// 1 mm apart.
    pub fn features(&self, fine: Tensor<4>) -> Tensor<4> {
        self.fine.features(fine)
    }

    /// Logits from [`Self::features`] and the rest of what [`Self::forward`] takes.
    pub fn head(&self, features: Tensor<4>, coarse: Tensor<4>, numbers: Tensor<2>) -> Tensor<2> {
        let mut seen = self.fine.summary(features);
        seen.extend(self.coarse.summary(self.coarse.features(coarse)));
        seen.push(relu(self.numbers.forward(numbers)));
        let joined = relu(self.join.forward(Tensor::cat(seen, 1)));
        self.head.forward(self.dropout.forward(joined))
    }
}

impl Look {
    fn new(inputs: usize, [first, second, third]: [usize; 3], device: &Device) -> Self {
        let block = |from: usize, to: usize, stride: usize| {
            let config = ResidualBlockConfig {
                channels: [from, to],
                stride,
            };
            config.init(device)
        };
        Self {
            stem: ConvBatchRelu::new([inputs, first], device),
            blocks: vec![
                block(first, first, 1),
                block(first, second, 2),
                block(second, second, 1),
                block(second, third, 2),
                block(third, third, 1),
            ],
        }
    }

    /// Up to the last block at half the view's pixels: `[n, inputs, h, w]` to `[n, second, h / 2, w / 2]`.
    fn features(&self, view: Tensor<4>) -> Tensor<4> {
        let x = self.stem.forward(view);
        let blocks = self.blocks[..AT_HALF].iter();
        blocks.fold(x, |x, block| block.forward(x))
    }

    /// From there the mean and the highest value of each channel: twice `[n, third]`.
    fn summary(&self, features: Tensor<4>) -> Vec<Tensor<2>> {
        let blocks = self.blocks[AT_HALF..].iter();
        let x = blocks.fold(features, |x, block| block.forward(x));
        let pixels: Tensor<3> = x.flatten(2, 3);
        let [n, channels, _] = pixels.dims();
        let of_channels = |t: Tensor<3>| t.reshape([n, channels]);
        vec![
            of_channels(pixels.clone().mean_dim(2)),
            of_channels(pixels.max_dim(2)),
        ]
    }
}
