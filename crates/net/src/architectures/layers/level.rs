use super::{ConvNorm, NormKind};
use crate::ops::Activation;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

/// Two convolutions of one resolution.
#[derive(Module, Debug)]
pub(crate) struct Level {
    first: ConvNorm,
    second: ConvNorm,
}

impl Level {
    pub(crate) fn new(into: usize, out: usize, norm: NormKind, device: &Device) -> Self {
        Self {
            first: ConvNorm::new([into, out], [3; 3], [1; 3], norm, device),
            second: ConvNorm::new([out; 2], [3; 3], [1; 3], norm, device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<5>, activation: Activation) -> Tensor<5> {
        self.second
            .forward(self.first.forward(x, activation), activation)
    }
}
