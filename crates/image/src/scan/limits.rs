//! Bounds on what reading a file may cost.

use super::LoadError;

/// What reading may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Voxels of one volume at most (each becomes four bytes).
    pub max_voxels: u64,
    /// Bytes of one DICOM file at most.
    pub max_dicom_bytes: u64,
    /// Memory that detection may take for one scan.
    pub max_work_bytes: u64,
}

impl ReadLimits {
    /// Memory that detection takes for a voxel of the scan, besides what its networks take.
    pub const WORK_BYTES_A_VOXEL: u64 = 24;

    /// Refuses a scan whose detection would take more memory than it may.
    pub(super) fn check_work(&self, voxels: u64) -> Result<(), LoadError> {
        let bytes = voxels.saturating_mul(Self::WORK_BYTES_A_VOXEL);
        if bytes > self.max_work_bytes {
            return Err(LoadError::TooMuchWork {
                voxels,
                bytes,
                limit: self.max_work_bytes,
            });
        }
        Ok(())
    }

    /// Refuses a scan whose detection would take more memory than there is.
    pub(super) fn check_memory(voxels: u64) -> Result<(), LoadError> {
        let bytes = voxels.saturating_mul(Self::WORK_BYTES_A_VOXEL);
        // What the system refuses now it would refuse later, and then end the process.
        let there = usize::try_from(bytes)
            .is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok());
        if there {
            Ok(())
        } else {
            Err(LoadError::NoMemory { bytes })
        }
    }
}

impl Default for ReadLimits {
    /// 2^29 voxels: 2 GiB in memory, more than a whole head at 0.3 mm; DICOM files of
    /// 4 GiB; and 12 GiB for the work, all of those voxels.
    fn default() -> Self {
        Self {
            max_voxels: 1 << 29,
            max_dicom_bytes: 4 << 30,
            max_work_bytes: 12 << 30,
        }
    }
}
