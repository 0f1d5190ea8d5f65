use crate::ops::{Activation, conv_batch_norm, convolve, group_norm};
use burn::module::Module;
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, GroupNorm, GroupNormConfig, PaddingConfig3d};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// Over what features are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormKind {
    /// Each channel of each patch by itself.
    Instance,
    /// Each channel over the batch; by running statistics once trained.
    Batch,
}

/// The normalisation of [`NormKind`].
#[derive(Module, Debug)]
enum Norm {
    /// As group normalisation with a group for each channel, which is the same.
    Instance(GroupNorm),
    Batch(BatchNorm),
}

impl NormKind {
    fn init(self, channels: usize, device: &Device) -> Norm {
        match self {
            Self::Instance => Norm::Instance(GroupNormConfig::new(channels, channels).init(device)),
            Self::Batch => Norm::Batch(BatchNormConfig::new(channels).init(device)),
        }
    }
}

impl Norm {
    /// Behind a convolution and before an activation.
    fn forward(&self, conv: &Conv3d, x: Tensor<5>, activation: Activation) -> Tensor<5> {
        match self {
            Self::Instance(norm) => group_norm(norm, convolve(conv, x), activation),
            Self::Batch(norm) => conv_batch_norm(conv, norm, activation, x),
        }
    }
}

/// 3D convolution, normalisation, activation.
#[derive(Module, Debug)]
pub(crate) struct ConvNorm {
    conv: Conv3d,
    norm: Norm,
}

impl ConvNorm {
    /// An odd kernel of stride 1 keeps the size; an even one takes a plane off.
    pub(crate) fn new(
        channels: [usize; 2],
        kernel: [usize; 3],
        stride: [usize; 3],
        norm: NormKind,
        device: &Device,
    ) -> Self {
        let [d, h, w] = kernel.map(|k| (k - 1) / 2);
        Self {
            conv: Conv3dConfig::new(channels, kernel)
                .with_stride(stride)
                .with_padding(PaddingConfig3d::Explicit(d, h, w))
                .init(device),
            norm: norm.init(channels[1], device),
        }
    }

    /// `[n, in, d, h, w]` to `[n, out, d, h, w]`, shorter by the stride.
    pub(crate) fn forward(&self, x: Tensor<5>, activation: Activation) -> Tensor<5> {
        self.norm.forward(&self.conv, x, activation)
    }
}
