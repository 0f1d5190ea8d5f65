//! The kernels as operations that burn can call and differentiate.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};
use siderin_kernels::{Activation, Conv, MaxPool, Norm, Upsample};

/// What a backend must offer so that networks run on the kernels. Tensors are
/// `[n, channels, height, width]` or `[n, channels, depth, height, width]`.
#[backend_extension(Flex, Autodiff)]
pub(super) trait KernelOps: Backend {
    /// A convolution with a bias of `[out]`.
    fn kernel_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        conv: Conv,
    ) -> FloatTensor<Self>;

    /// The transposed convolution of `conv`, whose output is the input of `conv`, with a bias.
    fn kernel_conv_transpose(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        conv: Conv,
    ) -> FloatTensor<Self>;

    /// The normalised values, and means and variances of the sets that were normalised.
    fn kernel_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        norm: Norm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    fn kernel_activation(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self>;

    fn kernel_max_pool(x: FloatTensor<Self>, pool: MaxPool) -> FloatTensor<Self>;

    fn kernel_upsample(x: FloatTensor<Self>, upsample: Upsample) -> FloatTensor<Self>;
}
