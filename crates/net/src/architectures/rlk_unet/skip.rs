//! What a skip connection lets through.

use crate::architectures::layers::same_conv2d;
use crate::ops::{Activation, activate, convolve, convolve_activate};
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};

/// Channels of the attention MLP are fewer by this (Woo 2018, arXiv 1807.06521), but at least 4.
const REDUCTION: usize = 16;

/// CBAM, where it sits on this skip, and attention gate, in parallel and added.
#[derive(Module, Debug)]
pub(super) struct Skip {
    cbam: Option<Cbam>,
    gate: AttentionGate,
}

impl Skip {
    pub(super) fn new(channels: usize, cbam: bool, device: &Device) -> Self {
        Self {
            cbam: cbam.then(|| Cbam::new(channels, device)),
            gate: AttentionGate::new(channels, device),
        }
    }

    /// `skip` and the decoder's `coarser` feature at the skip's size, both `[n, c, h, w]`.
    pub(super) fn forward(&self, skip: Tensor<4>, coarser: Tensor<4>) -> Tensor<4> {
        let gated = self.gate.forward(skip.clone(), coarser);
        match &self.cbam {
            Some(cbam) => gated + cbam.forward(skip),
            None => gated,
        }
    }
}

/// Convolutional block attention: which channels, then where (Woo 2018).
#[derive(Module, Debug)]
struct Cbam {
    reduce: Conv2d,
    restore: Conv2d,
    spatial: Conv2d,
}

impl Cbam {
    fn new(channels: usize, device: &Device) -> Self {
        let hidden = (channels / REDUCTION).max(4);
        Self {
            reduce: same_conv2d([channels, hidden], 1, device),
            restore: same_conv2d([hidden, channels], 1, device),
            spatial: same_conv2d([2, 1], 7, device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        // [n, c, 1, 1]
        let mean = x.clone().mean_dims(&[2, 3]);
        let max = x.clone().max_dims(&[2, 3]);
        let mlp = |pooled| {
            let hidden = convolve_activate(&self.reduce, Activation::Relu, pooled);
            convolve(&self.restore, hidden)
        };
        let x = x * sigmoid(mlp(mean) + mlp(max));
        // [n, 2, h, w]
        let across = Tensor::cat(vec![x.clone().mean_dim(1), x.clone().max_dim(1)], 1);
        x * sigmoid(convolve(&self.spatial, across))
    }
}

/// Lets through what the decoder's coarser feature asks for (Oktay 2018, arXiv 1804.03999).
#[derive(Module, Debug)]
struct AttentionGate {
    from_skip: Conv2d,
    from_coarser: Conv2d,
    weigh: Conv2d,
}

impl AttentionGate {
    fn new(channels: usize, device: &Device) -> Self {
        let inner = (channels / 2).max(1);
        Self {
            from_skip: same_conv2d([channels, inner], 1, device),
            from_coarser: same_conv2d([channels, inner], 1, device),
            weigh: same_conv2d([inner, 1], 1, device),
        }
    }

    fn forward(&self, skip: Tensor<4>, coarser: Tensor<4>) -> Tensor<4> {
        let asked = convolve(&self.from_skip, skip.clone()) + convolve(&self.from_coarser, coarser);
        skip * sigmoid(convolve(&self.weigh, activate(asked, Activation::Relu)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Reference;

    #[test]
    fn equals_pytorch_with_and_without_cbam() {
        for (name, cbam) in [("skip_with_cbam", true), ("skip_without_cbam", false)] {
            Reference::read(name)
                .check::<_, 4>(Skip::new(8, cbam, &Device::flex().autodiff()), |skip, x| {
                    vec![skip.forward(x[0].clone(), x[1].clone())]
                });
        }
    }
}
