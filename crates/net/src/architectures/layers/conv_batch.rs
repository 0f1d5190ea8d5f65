use super::same_conv2d;
use crate::ops::{Activation, conv_batch_norm};
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::{Device, Tensor};

/// 3×3 convolution, batch normalisation, ReLU.
#[derive(Module, Debug)]
pub(crate) struct ConvBatchRelu {
    conv: Conv2d,
    norm: BatchNorm,
}

impl ConvBatchRelu {
    pub(crate) fn new(channels: [usize; 2], device: &Device) -> Self {
        Self {
            conv: same_conv2d(channels, 3, device),
            norm: BatchNormConfig::new(channels[1]).init(device),
        }
    }

    /// `[n, in, h, w]` to `[n, out, h, w]`.
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        conv_batch_norm(&self.conv, &self.norm, Activation::Relu, x)
    }
}
