use crate::architectures::layers::{
    ConvBatchRelu, ResidualBlock, ResidualBlockConfig, same_conv2d,
};
use crate::ops::{convolve, max_pool2d, upsample_bilinear};
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// Size of a [`Coarse`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoarseConfig {
    /// Channels of the five encoder stages, finest first.
    pub channels: [usize; 5],
    /// Residual blocks of stages 2 to 5. The paper leaves out stage 4, which is as stage 3 here.
    pub blocks: [usize; 4],
}

/// Sizes must be multiples of this.
pub(super) const STRIDE: usize = 16;

/// U-Net with a residual encoder for whole slices.
///
/// Stage 1 is a convolution at full resolution; stage 2 begins with maximum pooling, so that all of
/// its blocks are plain ones, as the paper has them; stages 3 to 5 begin with a strided block. The
/// decoder goes up bilinearly, takes the skip of the same size, and refines by two 3×3 convolutions.
#[derive(Module, Debug)]
pub struct Coarse {
    stem: ConvBatchRelu,
    /// Stages 2 to 5.
    stages: Vec<Vec<ResidualBlock>>,
    /// Coarsest first, as they run.
    decoder: Vec<Vec<ConvBatchRelu>>,
    head: Conv2d,
}

impl CoarseConfig {
    /// A network with random weights.
    pub(crate) fn init(&self, device: &Device) -> Coarse {
        let c = self.channels;
        let stage = |at: usize| -> Vec<ResidualBlock> {
            (0..self.blocks[at - 1])
                .map(|block| {
                    let first = block == 0;
                    ResidualBlockConfig {
                        channels: [c[if first { at - 1 } else { at }], c[at]],
                        stride: if first && at > 1 { 2 } else { 1 },
                    }
                    .init(device)
                })
                .collect()
        };
        Coarse {
            stem: ConvBatchRelu::new([1, c[0]], device),
            stages: (1..5).map(stage).collect(),
            decoder: (0..4)
                .rev()
                .map(|level| {
                    vec![
                        ConvBatchRelu::new([c[level + 1] + c[level], c[level]], device),
                        ConvBatchRelu::new([c[level], c[level]], device),
                    ]
                })
                .collect(),
            head: same_conv2d([c[0], 1], 1, device),
        }
    }
}

impl Coarse {
    /// Features of the last decoder level: `[n, 1, h, w]` to `[n, channels[0], h, w]`; `h` and `w`
    /// multiples of 16.
    pub fn features(&self, x: Tensor<4>) -> Tensor<4> {
        let mut x = self.stem.forward(x);
        let mut skips = Vec::new();
        for (at, blocks) in self.stages.iter().enumerate() {
            skips.push(x.clone());
            if at == 0 {
                x = max_pool2d(x);
            }
            x = blocks.iter().fold(x, |x, block| block.forward(x));
        }
        for (refine, skip) in self.decoder.iter().zip(skips.into_iter().rev()) {
            let [_, _, h, w] = skip.dims();
            let joined = Tensor::cat(vec![skip, upsample_bilinear(x, [h, w])], 1);
            x = refine.iter().fold(joined, |x, conv| conv.forward(x));
        }
        x
    }

    /// Logits from [`Self::features`]: `[n, 1, h, w]`.
    pub fn head(&self, features: Tensor<4>) -> Tensor<4> {
        convolve(&self.head, features)
    }
}
