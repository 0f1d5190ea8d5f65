use super::same_conv2d;
use crate::ops::{Activation, activate, conv_batch_norm};
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

/// Channels and stride of a [`ResidualBlock`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResidualBlockConfig {
    /// Channels in and out.
    pub channels: [usize; 2],
    /// 1 keeps the size, 2 halves it (the paper's "S1" and "S2").
    pub stride: usize,
}

/// Two 3×3 convolutions with batch normalisation, added to the input (He 2016,
/// arXiv 1512.03385). Where size or channels change, the input passes a 1×1 convolution.
#[derive(Module, Debug)]
pub(crate) struct ResidualBlock {
    conv1: Conv2d,
    norm1: BatchNorm,
    conv2: Conv2d,
    norm2: BatchNorm,
    shortcut: Option<Shortcut>,
}

#[derive(Module, Debug)]
struct Shortcut {
    conv: Conv2d,
    norm: BatchNorm,
}

impl ResidualBlockConfig {
    pub(crate) fn init(&self, device: &Device) -> ResidualBlock {
        let [_, out] = self.channels;
        let stride = [self.stride; 2];
        let norm = || BatchNormConfig::new(out).init(device);
        let changes = self.stride != 1 || self.channels[0] != out;
        ResidualBlock {
            conv1: Conv2dConfig::new(self.channels, [3, 3])
                .with_stride(stride)
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device),
            norm1: norm(),
            conv2: same_conv2d([out, out], 3, device),
            norm2: norm(),
            shortcut: changes.then(|| Shortcut {
                conv: Conv2dConfig::new(self.channels, [1, 1])
                    .with_stride(stride)
                    .init(device),
                norm: norm(),
            }),
        }
    }
}

impl ResidualBlock {
    /// `[n, in, h, w]` to `[n, out, h/stride, w/stride]`, sizes rounded up.
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let branch = conv_batch_norm(&self.conv1, &self.norm1, Activation::Relu, x.clone());
        let branch = conv_batch_norm(&self.conv2, &self.norm2, Activation::None, branch);
        let kept = match &self.shortcut {
            Some(shortcut) => conv_batch_norm(&shortcut.conv, &shortcut.norm, Activation::None, x),
            None => x,
        };
        activate(branch + kept, Activation::Relu)
    }
}
