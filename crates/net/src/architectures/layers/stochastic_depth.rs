use burn::tensor::{Distribution, Tensor};

/// Leaves a residual branch out for a random share `rate` of the samples, and scales the others
/// so that the mean stays (Huang 2016, arXiv 1603.09382). Only while training: on a device without
/// gradients the branch is kept as it is.
pub(crate) fn stochastic_depth(branch: Tensor<4>, rate: f64) -> Tensor<4> {
    let device = branch.device();
    if rate == 0.0 || !device.is_autodiff() {
        return branch;
    }
    let keep = 1.0 - rate;
    let samples = branch.dims()[0];
    let kept = Tensor::<4>::random([samples, 1, 1, 1], Distribution::Bernoulli(keep), &device);
    branch * (kept / keep)
}
