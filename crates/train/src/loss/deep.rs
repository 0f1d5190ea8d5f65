//! A loss at several resolutions.

use super::Loss;
use burn::tensor::Tensor;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use serde::{Deserialize, Serialize};

/// Σ λₖ · loss of output k, finest first. An output without a weight does not count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeepSupervision {
    /// λₖ; .4 .3 .2 .1 in Cho 2026.
    pub weights: Vec<f64>,
    /// Loss of each output.
    pub loss: Loss,
}

impl DeepSupervision {
    /// λ = .4, .3, .2, .1 over Dice + focal (Cho 2026).
    #[must_use]
    pub fn rlk_unet() -> Self {
        Self {
            weights: vec![0.4, 0.3, 0.2, 0.1],
            loss: Loss::dice_focal(),
        }
    }

    /// `outputs` are logits, finest first; `targets` have their shapes.
    ///
    /// # Panics
    /// When there are not as many targets as outputs, or no output with a weight.
    pub fn forward<const D: usize>(
        &self,
        outputs: Vec<Tensor<D>>,
        targets: Vec<Tensor<D>>,
    ) -> Tensor<1> {
        assert_eq!(outputs.len(), targets.len(), "a target for each output");
        outputs
            .into_iter()
            .zip(targets)
            .zip(&self.weights)
            .map(|((output, target), &weight)| self.loss.forward(output, target) * weight)
            .reduce(|sum, term| sum + term)
            .expect("an output with a weight")
    }
}

/// A target at half the rows and columns. A pixel of foreground is foreground in the coarser one:
/// small microbleeds would vanish otherwise.
#[must_use]
pub fn shrink_target2d(target: Tensor<4>) -> Tensor<4> {
    max_pool2d(target, MaxPoolOptions::new([2, 2]).with_stride([2, 2]))
}

/// A one-hot target coarser by `stride` (slices, rows, columns). Where a coarse voxel holds several
/// classes, the last one stays, which is the microbleed's.
#[must_use]
pub fn shrink_target3d(target: Tensor<5>, stride: [usize; 3]) -> Tensor<5> {
    let [n, c, d, h, w] = target.dims();
    let [sd, sh, sw] = stride;
    let pooled = |x: Tensor<4>, kernel: [usize; 2]| {
        max_pool2d(x, MaxPoolOptions::new(kernel).with_stride(kernel))
    };
    let planes = pooled(target.reshape([n, c * d, h, w]), [sh, sw]);
    let (h, w) = (h / sh, w / sw);
    let present = pooled(planes.reshape([n, c, d, h * w]), [sd, 1]).reshape([n, c, d / sd, h, w]);
    // Class k stays where no later class is present.
    let mut kept = Vec::with_capacity(c);
    let mut free = Tensor::ones([n, 1, d / sd, h, w], &present.device());
    for class in (0..c).rev() {
        let here = present.clone().narrow(1, class, 1) * free.clone();
        free = free - here.clone();
        kept.push(here);
    }
    kept.reverse();
    Tensor::cat(kept, 1)
}
