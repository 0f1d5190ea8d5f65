use crate::ops::{Activation, conv_batch_norm, convolve, group_norm};
use burn::module::Module;
use burn::nn::conv::Conv3d;
use burn::nn::{BatchNorm, BatchNormConfig, GroupNorm, GroupNormConfig};
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
pub(super) enum Norm {
    /// As group normalisation with a group for each channel, which is the same.
    Instance(GroupNorm),
    Batch(BatchNorm),
}

impl NormKind {
    pub(super) fn init(self, channels: usize, device: &Device) -> Norm {
        match self {
            Self::Instance => Norm::Instance(GroupNormConfig::new(channels, channels).init(device)),
            Self::Batch => Norm::Batch(BatchNormConfig::new(channels).init(device)),
        }
    }
}

impl Norm {
    /// Behind a convolution and before an activation.
    pub(super) fn forward(&self, conv: &Conv3d, x: Tensor<5>, activation: Activation) -> Tensor<5> {
        match self {
            Self::Instance(norm) => group_norm(norm, convolve(conv, x), activation),
            Self::Batch(norm) => conv_batch_norm(conv, norm, activation, x),
        }
    }
}
