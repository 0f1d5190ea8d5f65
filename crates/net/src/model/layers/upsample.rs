use burn::tensor::Tensor;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};

/// Bilinear up-sampling to a size, pixels at their centres (PyTorch's `align_corners=False`).
pub(crate) fn upsample_bilinear(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    interpolate(
        x,
        InterpolateOptions::new(InterpolateMode::Bilinear)
            .with_align_corners(false)
            .with_output_size(size),
    )
}

/// Each voxel eight times: `[n, c, d, h, w]` to `[n, c, 2d, 2h, 2w]`.
pub(crate) fn upsample_nearest3d(x: Tensor<5>) -> Tensor<5> {
    let [n, c, d, h, w] = x.dims();
    x.reshape([n * c, d, 1, h, 1, w, 1])
        .expand([n * c, d, 2, h, 2, w, 2])
        .reshape([n, c, 2 * d, 2 * h, 2 * w])
}
