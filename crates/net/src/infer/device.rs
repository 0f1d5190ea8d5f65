//! What computes.

use crate::ops::by_burn;
use burn::tensor::Device;

/// Which part of the machine networks run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ComputeDevice {
    /// The processor; always there.
    #[default]
    Cpu,
    /// The processor by burn's own operations instead of the project's kernels: the same results,
    /// slower. To compare, and for the case that a kernel is ever in doubt.
    CpuBurn,
    /// A graphics card by Vulkan, Metal or DX12, in builds with the `gpu` feature.
    Gpu,
}

/// A device that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum DeviceError {
    #[error(
        "opening the GPU: this siderin was built without GPU support; build it with \
         `--features gpu`, or use the CPU"
    )]
    NotBuilt,
    #[error("opening the GPU: {0}; check the graphics driver, or use the CPU")]
    NotFound(String),
}

impl ComputeDevice {
    /// The choice between [`ComputeDevice::Cpu`] and [`ComputeDevice::CpuBurn`] is one for the whole
    /// process: the last one opened counts.
    ///
    /// # Errors
    /// When there is no such device, or the build does not know it.
    pub fn open(self) -> Result<Device, DeviceError> {
        match self {
            Self::Cpu | Self::CpuBurn => {
                by_burn(self == Self::CpuBurn);
                Ok(Device::flex())
            }
            Self::Gpu => open_gpu(),
        }
    }
}

#[cfg(feature = "gpu")]
fn open_gpu() -> Result<Device, DeviceError> {
    Device::wgpu_options()
        .init()
        .map_err(|error| DeviceError::NotFound(error.to_string()))
}

#[cfg(not(feature = "gpu"))]
fn open_gpu() -> Result<Device, DeviceError> {
    Err(DeviceError::NotBuilt)
}
