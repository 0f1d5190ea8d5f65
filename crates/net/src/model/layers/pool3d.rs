use burn::tensor::Tensor;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;

/// The largest of each 2 × 2 × 2 voxels: `[n, c, d, h, w]` to `[n, c, d/2, h/2, w/2]`, sizes
/// rounded down.
///
/// burn has no 3D maximum pooling; a maximum over a box is one over its planes, then one across.
pub(crate) fn max_pool3d(x: Tensor<5>) -> Tensor<5> {
    let [n, c, d, h, w] = x.dims();
    let pooled = |x: Tensor<4>, kernel: [usize; 2]| {
        max_pool2d(x, MaxPoolOptions::new(kernel).with_stride(kernel))
    };
    let planes = pooled(x.reshape([n, c * d, h, w]), [2, 2]);
    let across = pooled(planes.reshape([n, c, d, (h / 2) * (w / 2)]), [2, 1]);
    across.reshape([n, c, d / 2, h / 2, w / 2])
}
