//! Losses that compare sums over voxels.

use burn::tensor::Tensor;

/// Keeps a loss defined, and zero, where nothing is there and nothing is found.
const EPSILON: f64 = 1.0;

/// Of `[n, classes, …]`, the sum of each class: `[classes]`.
fn per_class<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let classes = x.dims()[1];
    let samples = x.dims()[0];
    x.reshape([samples as i64, classes as i64, -1])
        .sum_dims_squeeze::<1, _>(&[0, 2])
}

/// The classes after the background, or the only one.
fn foreground(per_class: Tensor<1>) -> Tensor<1> {
    let classes = per_class.dims()[0];
    if classes == 1 {
        per_class
    } else {
        per_class.narrow(0, 1, classes - 1)
    }
}

pub(super) fn dice<const D: usize>(p: Tensor<D>, g: Tensor<D>) -> Tensor<1> {
    let both = foreground(per_class(p.clone() * g.clone()));
    let either = foreground(per_class(p + g));
    let dice = (both * 2.0 + EPSILON) / (either + EPSILON);
    (dice.neg() + 1.0).mean()
}

pub(super) fn sensitivity<const D: usize>(p: Tensor<D>, g: Tensor<D>) -> Tensor<1> {
    let found = foreground(per_class(p * g.clone()));
    let there = foreground(per_class(g));
    ((found + EPSILON) / (there + EPSILON)).neg().mean() + 1.0
}

pub(super) fn focal_tversky<const D: usize>(
    p: Tensor<D>,
    g: Tensor<D>,
    [false_positives, false_negatives]: [f64; 2],
    gamma: f64,
) -> Tensor<1> {
    let both = per_class(p.clone() * g.clone());
    let too_much = per_class(p.clone() * (g.clone().neg() + 1.0));
    let missed = per_class((p.neg() + 1.0) * g);
    let index = (both.clone() + EPSILON)
        / (both + too_much * false_positives + missed * false_negatives + EPSILON);
    // Rounding may take the index past 1, of which no power is taken.
    (index.neg() + 1.0).clamp_min(0.0).powf_scalar(gamma).sum()
}
