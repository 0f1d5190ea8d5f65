//! Losses that compare voxel by voxel.

use super::{log_probabilities, with_background};
use burn::tensor::Tensor;

/// Cross-entropy of each voxel, `[n, 1, …]`, each class weighed.
pub(super) fn voxelwise<const D: usize>(
    logits: Tensor<D>,
    target: Tensor<D>,
    weights: Option<&[f64]>,
) -> Tensor<D> {
    let log_p = log_probabilities(logits);
    let mut target = with_background(target);
    if let Some(weights) = weights {
        let mut shape = [1; D];
        shape[1] = weights.len();
        let weights: Vec<f32> = weights.iter().map(|&weight| weight as f32).collect();
        let weights = Tensor::<1>::from_floats(weights.as_slice(), &target.device());
        target = target * weights.reshape(shape);
    }
    (log_p * target).sum_dim(1).neg()
}

/// The mean of the largest `share` of the values, one value at least.
pub(super) fn top<const D: usize>(values: Tensor<D>, share: f64) -> Tensor<1> {
    let values = values.reshape([-1]);
    let count = values.dims()[0];
    let kept = ((count as f64 * share) as usize).clamp(1, count);
    values.topk(kept, 0).mean()
}

pub(super) fn focal<const D: usize>(
    logits: Tensor<D>,
    target: Tensor<D>,
    gamma: f64,
    alpha: Option<f64>,
) -> Tensor<1> {
    let log_p = log_probabilities(logits);
    let target = with_background(target);
    let log_p_true = (log_p * target.clone()).sum_dim(1);
    let easy = log_p_true.clone().exp();
    // A voxel that is certain has nothing to learn, and 0 has no power with a slope.
    let hardness = (easy.neg() + 1.0).clamp_min(1e-7).powf_scalar(gamma);
    let loss = (hardness * log_p_true).neg();
    match alpha {
        Some(alpha) => {
            let background = target.narrow(1, 0, 1);
            let weight = background * (1.0 - 2.0 * alpha) + alpha;
            (loss * weight).mean()
        }
        None => loss.mean(),
    }
}
