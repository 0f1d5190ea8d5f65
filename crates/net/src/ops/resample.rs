use super::extension::KernelOps;
use super::{by_kernels, size_of};
use burn::backend::Dispatch;
use burn::tensor::Tensor;
use burn::tensor::module::{adaptive_avg_pool3d, interpolate, max_pool2d as burn_max_pool2d};
use burn::tensor::ops::{InterpolateMode, InterpolateOptions, MaxPoolOptions};
use siderin_kernels::{Conv, MaxPool, Upsample, UpsampleMode};

/// The largest of each 2 × 2 pixels: `[n, c, h, w]` to `[n, c, h/2, w/2]`, sizes rounded down.
pub fn max_pool2d(x: Tensor<4>) -> Tensor<4> {
    if by_kernels(&x) {
        return max_pool(x, [1, 2, 2]);
    }
    burn_max_pool2d(x, MaxPoolOptions::new([2, 2]).with_stride([2, 2]))
}

/// The largest of each 2 × 2 × 2 voxels: `[n, c, d, h, w]` to `[n, c, d/2, h/2, w/2]`, sizes
/// rounded down.
pub fn max_pool3d(x: Tensor<5>) -> Tensor<5> {
    if by_kernels(&x) {
        return max_pool(x, [2; 3]);
    }
    // burn has no 3D maximum pooling; a maximum over a box is one over its planes, then one across.
    let [n, c, d, h, w] = x.dims();
    let pooled = |x: Tensor<4>, kernel: [usize; 2]| {
        burn_max_pool2d(x, MaxPoolOptions::new(kernel).with_stride(kernel))
    };
    let planes = pooled(x.reshape([n, c * d, h, w]), [2, 2]);
    let across = pooled(planes.reshape([n, c, d, (h / 2) * (w / 2)]), [2, 1]);
    across.reshape([n, c, d / 2, h / 2, w / 2])
}

/// Bilinear up-sampling to a size, pixels at their centres (PyTorch's `align_corners=False`).
pub fn upsample_bilinear(x: Tensor<4>, to: [usize; 2]) -> Tensor<4> {
    if by_kernels(&x) {
        return upsample(x, [1, to[0], to[1]], UpsampleMode::Linear);
    }
    interpolate(
        x,
        InterpolateOptions::new(InterpolateMode::Bilinear)
            .with_align_corners(false)
            .with_output_size(to),
    )
}

/// Each voxel eight times: `[n, c, d, h, w]` to `[n, c, 2d, 2h, 2w]`.
pub fn upsample_nearest3d(x: Tensor<5>) -> Tensor<5> {
    let [n, c, d, h, w] = x.dims();
    if by_kernels(&x) {
        return upsample(x, [2 * d, 2 * h, 2 * w], UpsampleMode::Nearest);
    }
    x.reshape([n * c, d, 1, h, 1, w, 1])
        .expand([n * c, d, 2, h, 2, w, 2])
        .reshape([n, c, 2 * d, 2 * h, 2 * w])
}

/// Twice as many voxels along each axis, on straight lines between the old ones' centres (PyTorch's
/// `trilinear`, `align_corners=False`): `[n, c, d, h, w]` to `[n, c, 2d, 2h, 2w]`.
pub fn upsample_linear3d(x: Tensor<5>) -> Tensor<5> {
    let [_, _, d, h, w] = x.dims();
    if by_kernels(&x) {
        return upsample(x, [2 * d, 2 * h, 2 * w], UpsampleMode::Linear);
    }
    // Half way between a doubled voxel and the mean of its neighbours: ¾ of the one, ¼ of the other.
    (2..5).fold(upsample_nearest3d(x), |x, axis| {
        let length = x.dims()[axis];
        let part = |from, count| x.clone().narrow(axis, from, count);
        let before = Tensor::cat(vec![part(0, 1), part(0, length - 1)], axis);
        let after = Tensor::cat(vec![part(1, length - 1), part(length - 1, 1)], axis);
        x.clone() * 0.5 + (before + after) * 0.25
    })
}

/// The mean of each box of `stride` voxels, which divides the sizes:
/// `[n, c, d, h, w]` to `[n, c, d/s, h/s, w/s]`.
pub fn average_pool3d(x: Tensor<5>, stride: [usize; 3]) -> Tensor<5> {
    let [n, channels, ..] = x.dims();
    let size = size_of(&x);
    if !by_kernels(&x) {
        return adaptive_avg_pool3d(x, std::array::from_fn(|axis| size[axis] / stride[axis]));
    }
    // A mean is a convolution of each channel by itself, all weights the same.
    let conv = Conv {
        batch: n,
        channels: [channels; 2],
        size,
        kernel: stride,
        stride,
        padding: [[0; 2]; 3],
        dilation: [1; 3],
        groups: channels,
    };
    let voxels: usize = stride.iter().product();
    let [d, h, w] = stride;
    let share = Tensor::<5>::full([channels, 1, d, h, w], 1.0 / voxels as f64, &x.device());
    let none = Tensor::<1>::zeros([channels], &x.device());
    Tensor::from_dispatch(<Dispatch as KernelOps>::kernel_conv(
        x.into_dispatch(),
        share.into_dispatch(),
        none.into_dispatch(),
        conv,
    ))
}

fn max_pool<const D: usize>(x: Tensor<D>, window: [usize; 3]) -> Tensor<D> {
    let pool = MaxPool {
        planes: x.dims()[0] * x.dims()[1],
        size: size_of(&x),
        window,
    };
    Tensor::from_dispatch(<Dispatch as KernelOps>::kernel_max_pool(
        x.into_dispatch(),
        pool,
    ))
}

fn upsample<const D: usize>(x: Tensor<D>, to: [usize; 3], mode: UpsampleMode) -> Tensor<D> {
    let upsample = Upsample {
        planes: x.dims()[0] * x.dims()[1],
        size: size_of(&x),
        to,
        mode,
    };
    Tensor::from_dispatch(<Dispatch as KernelOps>::kernel_upsample(
        x.into_dispatch(),
        upsample,
    ))
}
