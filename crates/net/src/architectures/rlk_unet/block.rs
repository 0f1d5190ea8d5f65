//! The residual large-kernel block.

use crate::architectures::layers::{same_conv2d, stochastic_depth};
use crate::ops::{Activation, convolve, convolve_activate, group_norm};
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Dropout, DropoutConfig, GroupNorm, GroupNormConfig, PaddingConfig2d};
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor};

/// Groups of every group normalisation.
pub(super) const GROUPS: usize = 8;
const LARGE: usize = 13;
const SMALL: usize = 5;
/// Channels inside the MLP, per channel outside.
const EXPANSION: usize = 4;

/// Size of an [`RlkBlock`].
#[derive(Debug, Clone, Copy)]
pub(super) struct RlkBlockConfig {
    pub channels: usize,
    pub stochastic_depth: f64,
    pub dropout: f64,
}

/// Large-kernel part and MLP, each added to its input.
#[derive(Module, Debug)]
pub(super) struct RlkBlock {
    norm1: GroupNorm,
    pointwise1: Conv2d,
    norm2: GroupNorm,
    large: Conv2d,
    /// Absent once it is fused into `large`.
    small: Option<Conv2d>,
    norm3: GroupNorm,
    pointwise2: Conv2d,
    expand: Conv2d,
    dropout: Dropout,
    shrink: Conv2d,
    stochastic_depth: f64,
}

impl RlkBlockConfig {
    pub(super) fn init(&self, device: &Device) -> RlkBlock {
        let c = self.channels;
        let norm = || GroupNormConfig::new(GROUPS, c).init(device);
        let depthwise = |kernel: usize| {
            let pad = kernel / 2;
            Conv2dConfig::new([c, c], [kernel; 2])
                .with_groups(c)
                .with_padding(PaddingConfig2d::Explicit(pad, pad, pad, pad))
                .init(device)
        };
        RlkBlock {
            norm1: norm(),
            pointwise1: same_conv2d([c, c], 1, device),
            norm2: norm(),
            large: depthwise(LARGE),
            small: Some(depthwise(SMALL)),
            norm3: norm(),
            pointwise2: same_conv2d([c, c], 1, device),
            expand: same_conv2d([c, EXPANSION * c], 1, device),
            dropout: DropoutConfig::new(self.dropout).init(),
            shrink: same_conv2d([EXPANSION * c, c], 1, device),
            stochastic_depth: self.stochastic_depth,
        }
    }
}

impl RlkBlock {
    /// `[n, c, h, w]` to the same.
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let branch = convolve(
            &self.pointwise1,
            group_norm(&self.norm1, x.clone(), Activation::Gelu),
        );
        let branch = group_norm(&self.norm2, branch, Activation::Gelu);
        let branch = match &self.small {
            Some(small) => convolve(&self.large, branch.clone()) + convolve(small, branch),
            None => convolve(&self.large, branch),
        };
        let branch = convolve(
            &self.pointwise2,
            group_norm(&self.norm3, branch, Activation::Gelu),
        );
        let x = x + stochastic_depth(branch, self.stochastic_depth);
        let branch =
            self.dropout
                .forward(convolve_activate(&self.expand, Activation::Gelu, x.clone()));
        let branch = convolve(&self.shrink, branch);
        x + stochastic_depth(branch, self.stochastic_depth)
    }

    /// One depthwise kernel for both: the small one, framed by zeros, added to the large one.
    pub(super) fn fused(mut self) -> Self {
        if let Some(small) = self.small.take() {
            let frame = (LARGE - SMALL) / 2;
            let framed = small.weight.val().pad(
                [(0, 0), (0, 0), (frame, frame), (frame, frame)],
                PadMode::Constant(0.0),
            );
            let weight = self.large.weight.val() + framed;
            self.large.weight = Param::from_tensor(weight.detach());
            if let (Some(large), Some(small)) = (&self.large.bias, small.bias) {
                self.large.bias = Some(Param::from_tensor((large.val() + small.val()).detach()));
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Reference;

    fn block(device: &Device) -> RlkBlock {
        RlkBlockConfig {
            channels: 16,
            stochastic_depth: 0.0,
            dropout: 0.0,
        }
        .init(device)
    }

    #[test]
    fn equals_pytorch() {
        Reference::read("rlk_block")
            .check::<_, 4>(block(&Device::flex().autodiff()), |block, mut x| {
                vec![block.forward(x.remove(0))]
            });
    }

    #[test]
    fn fused_branches_are_the_same_function() {
        let device = Device::flex();
        let reference = Reference::read("rlk_block");
        let fused = reference.weights(block(&device)).fused();
        assert!(fused.small.is_none());
        let x = reference.tensor("input.0", &device);
        reference.compare("output.0", fused.forward(x));
    }
}
