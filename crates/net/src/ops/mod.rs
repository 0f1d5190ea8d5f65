//! The layers of networks: on the processor by the project's own kernels, elsewhere by burn.
//!
//! Weights stay in burn's modules; what is here takes such a module and computes what its `forward`
//! would, faster. [`with_burn`] takes burn's own path instead, to compare the two.

mod autodiff;
mod conv;
mod extension;
mod flex;
mod norm;
mod resample;

use burn::backend::Dispatch;
use burn::tensor::activation::{elu, gelu, leaky_relu, relu};
use burn::tensor::{DType, Device, Tensor};
pub use conv::{conv_batch_norm, convolve, convolve_activate};
use extension::KernelOps;
pub use norm::group_norm;
pub use resample::{
    average_pool3d, max_pool2d, max_pool3d, upsample_bilinear, upsample_linear3d,
    upsample_nearest3d,
};
use siderin_kernels::InstructionSet;
pub use siderin_kernels::{Activation, keep_freed_memory};
use std::cell::Cell;

/// The instruction set that the kernels use on this processor.
#[must_use]
pub fn instructions() -> String {
    format!("{:?}", InstructionSet::detected())
}

thread_local! {
    /// Whether layers of this thread run by burn's own operations on the processor, too.
    static BY_BURN: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` on this thread, by burn's own operations where `by_burn` says so; afterwards all is as before.
pub fn with_burn<T>(by_burn: bool, work: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            BY_BURN.set(self.0);
        }
    }
    let _restore = Restore(BY_BURN.replace(by_burn));
    work()
}

/// Whether the kernels can do what is to be done to `x`: single precision in memory.
fn by_kernels<const D: usize>(x: &Tensor<D>) -> bool {
    // Devices are equal whether they keep gradients or not.
    !BY_BURN.get() && x.dtype() == DType::F32 && x.device() == Device::flex()
}

/// Depth, height and width, depth 1 for images.
fn size_of<const D: usize>(x: &Tensor<D>) -> [usize; 3] {
    let dims = x.dims();
    let mut size = [1; 3];
    size[5 - D..].copy_from_slice(&dims[2..]);
    size
}

/// Voxel by voxel.
pub fn activate<const D: usize>(x: Tensor<D>, activation: Activation) -> Tensor<D> {
    if activation == Activation::None {
        return x;
    }
    if by_kernels(&x) {
        let y = <Dispatch as KernelOps>::kernel_activation(x.into_dispatch(), activation);
        return Tensor::from_dispatch(y);
    }
    match activation {
        Activation::None => x,
        Activation::Relu => relu(x),
        Activation::LeakyRelu(slope) => leaky_relu(x, f64::from(slope)),
        Activation::Elu => elu(x, 1.0),
        Activation::Gelu => gelu(x),
    }
}
