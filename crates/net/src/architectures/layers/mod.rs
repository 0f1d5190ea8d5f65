//! Blocks that more than one network is built of.

mod conv_batch;
mod cubes;
mod level;
mod norm;
mod residual;
mod stochastic_depth;

pub(crate) use conv_batch::ConvBatchRelu;
pub use cubes::CUBE;
pub(crate) use cubes::to_channels;
pub(crate) use level::Level;
pub(crate) use norm::ConvNorm;
pub use norm::NormKind;
pub(crate) use residual::{ResidualBlock, ResidualBlockConfig};
pub(crate) use stochastic_depth::stochastic_depth;

use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::Device;

/// A 2D convolution that keeps height and width: odd `kernel`, stride 1.
pub(crate) fn same_conv2d(channels: [usize; 2], kernel: usize, device: &Device) -> Conv2d {
    let pad = kernel / 2;
    Conv2dConfig::new(channels, [kernel; 2])
        .with_padding(PaddingConfig2d::Explicit(pad, pad, pad, pad))
        .init(device)
}

#[cfg(test)]
mod tests;
