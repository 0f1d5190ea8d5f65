//! What networks compute on, and by whose operations.

use crate::ops::with_burn;
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
         the feature `gpu`, or use the CPU"
    )]
    NotBuilt,
    #[error("opening the GPU: {0}; check the graphics driver, or use the CPU")]
    NotFound(String),
}

impl ComputeDevice {
    /// # Errors
    /// When there is no such device, or the build does not know it.
    pub fn open(self) -> Result<Compute, DeviceError> {
        let device = match self {
            Self::Cpu | Self::CpuBurn => Device::flex(),
            Self::Gpu => open_gpu()?,
        };
        Ok(Compute {
            device,
            by_burn: self == Self::CpuBurn,
        })
    }
}

/// A device, and whose operations run on it.
#[derive(Debug, Clone)]
pub struct Compute {
    device: Device,
    by_burn: bool,
}

impl Compute {
    /// The processor, by the project's kernels.
    #[must_use]
    pub fn cpu() -> Self {
        Self {
            device: Device::flex(),
            by_burn: false,
        }
    }

    /// Where tensors lie.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Runs networks by these operations. Layers ask while they run on this thread, so two choices can work side
    /// by side.
    pub fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        with_burn(self.by_burn, work)
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
