//! Any bytes as a NIfTI file: an error or a volume, never a panic, never much memory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::read_volume_from_bytes;

const LIMITS: ReadLimits = ReadLimits {
    max_voxels: 1 << 20,
    max_dicom_bytes: 1 << 22,
    max_work_bytes: 1 << 30,
};

fuzz_target!(|bytes: &[u8]| {
    for volume in [None, Some(2)] {
        if let Ok((header, voxels, _)) = read_volume_from_bytes(bytes, volume, LIMITS) {
            assert_eq!(
                voxels.voxels().len() as u64,
                header.shape().iter().product::<u64>()
            );
            assert!(voxels.voxels().iter().all(|v| v.is_finite()));
        }
    }
});
