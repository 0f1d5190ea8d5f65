//! Bounds on what reading a file may cost.

/// What reading may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Voxels of one volume at most (each becomes four bytes).
    pub max_voxels: u64,
    /// Bytes of one DICOM file at most.
    pub max_dicom_bytes: u64,
}

impl Default for ReadLimits {
    /// 2^29 voxels: 2 GiB in memory, more than a whole head at 0.3 mm; and DICOM files of
    /// 4 GiB.
    fn default() -> Self {
        Self {
            max_voxels: 1 << 29,
            max_dicom_bytes: 4 << 30,
        }
    }
}
