use crate::architectures::layers::{
    ConvBatchRelu, ResidualBlock, ResidualBlockConfig, same_conv2d,
};
use crate::ops::convolve;
use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// Size of a [`Fine`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FineConfig {
    /// Channels throughout.
    pub channels: usize,
    /// Pixels on a side of a region: 16, 32, 64 or 128 in the paper, 32 its best.
    pub region: usize,
    /// Dilations of the pyramid: 4, 8, 12 in equation 5; the paper's prose has 6, 8, 12.
    pub dilations: [usize; 3],
    /// How the pyramid's branches come together.
    pub fusion: AsppFusion,
}

/// How the branches of the atrous pyramid come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AsppFusion {
    /// Added, as in the paper's equation 5.
    Sum,
    /// Concatenated with a 1×1 branch of their own, as in its published code.
    Concatenate,
    /// No pyramid: the ablation.
    Omit,
}

/// Residual blocks at full resolution around an atrous pyramid.
#[derive(Module, Debug)]
pub struct Fine {
    stem: ConvBatchRelu,
    shallow: Vec<ResidualBlock>,
    pyramid: Option<ResidualAspp>,
    deep: Vec<ResidualBlock>,
    head: Conv2d,
    region: usize,
}

const BLOCKS: usize = 3;

/// Residual atrous spatial pyramid pooling, equations 5 and 6: dilated 3×3 convolutions and the
/// image's mean, fused by a 1×1 convolution, added to the input.
#[derive(Module, Debug)]
struct ResidualAspp {
    dilated: Vec<Conv2d>,
    /// Only where branches are concatenated.
    pointwise: Option<Conv2d>,
    fuse: Conv2d,
}

impl FineConfig {
    /// A network with random weights.
    pub(crate) fn init(&self, device: &Device) -> Fine {
        let c = self.channels;
        let blocks = || {
            let plain = ResidualBlockConfig {
                channels: [c, c],
                stride: 1,
            };
            (0..BLOCKS).map(|_| plain.init(device)).collect()
        };
        Fine {
            stem: ConvBatchRelu::new([1, c], device),
            shallow: blocks(),
            pyramid: (self.fusion != AsppFusion::Omit).then(|| ResidualAspp::new(c, self, device)),
            deep: blocks(),
            head: same_conv2d([c, 1], 1, device),
            region: self.region,
        }
    }
}

impl Fine {
    /// Pixels on a side of a region.
    #[must_use]
    pub fn region(&self) -> usize {
        self.region
    }

    /// What the last block takes: `[n, 1, h, w]` to `[n, channels, h, w]`.
    pub fn features(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.stem.forward(x);
        let x = self.shallow.iter().fold(x, |x, block| block.forward(x));
        let x = match &self.pyramid {
            Some(pyramid) => pyramid.forward(x),
            None => x,
        };
        let but_last = &self.deep[..BLOCKS - 1];
        but_last.iter().fold(x, |x, block| block.forward(x))
    }

    /// The last block: logits from [`Self::features`], `[n, 1, h, w]`.
    pub fn head(&self, features: Tensor<4>) -> Tensor<4> {
        convolve(&self.head, self.deep[BLOCKS - 1].forward(features))
    }
}

impl ResidualAspp {
    fn new(c: usize, config: &FineConfig, device: &Device) -> Self {
        let concatenate = config.fusion == AsppFusion::Concatenate;
        let dilated = |d: usize| {
            Conv2dConfig::new([c, c], [3, 3])
                .with_dilation([d, d])
                .with_padding(PaddingConfig2d::Explicit(d, d, d, d))
                .init(device)
        };
        Self {
            dilated: config.dilations.iter().map(|&d| dilated(d)).collect(),
            pointwise: concatenate.then(|| same_conv2d([c, c], 1, device)),
            // Three dilated branches, the mean and the 1×1 branch.
            fuse: same_conv2d([if concatenate { 5 * c } else { c }, c], 1, device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let mean = x.clone().mean_dims(&[2, 3]).expand(x.dims());
        let dilated = self.dilated.iter().map(|conv| convolve(conv, x.clone()));
        let joined = match &self.pointwise {
            Some(pointwise) => {
                let own = convolve(pointwise, x.clone());
                Tensor::cat([own].into_iter().chain(dilated).chain([mean]).collect(), 1)
            }
            None => dilated.fold(mean, |sum, branch| sum + branch),
        };
        x + convolve(&self.fuse, joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Reference;

    #[test]
    fn the_pyramid_equals_pytorch_in_both_forms() {
        let device = Device::flex().autodiff();
        for (name, fusion) in [
            ("aspp_sum", AsppFusion::Sum),
            ("aspp_concatenate", AsppFusion::Concatenate),
        ] {
            let config = FineConfig {
                channels: 4,
                region: 16,
                dilations: [2, 3, 4],
                fusion,
            };
            Reference::read(name)
                .check::<_, 4>(ResidualAspp::new(4, &config, &device), |pyramid, mut x| {
                    vec![pyramid.forward(x.remove(0))]
                });
        }
    }
}
