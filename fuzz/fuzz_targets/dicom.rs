//! Any bytes as a DICOM file: an error or volumes, never a panic, never much memory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siderin_image::scan::ReadLimits;
use siderin_image::scan::dicom::read_volumes_from_bytes;
use std::sync::Once;

const LIMITS: ReadLimits = ReadLimits {
    max_voxels: 1 << 20,
    max_dicom_bytes: 1 << 22,
    max_work_bytes: 1 << 30,
};

/// The reader catches panics of the parsers and decoders below it, so a panic counts as a
/// finding only where it leaves the reader: libFuzzer's hook, which aborts at once, is
/// replaced.
static HOOK: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
    HOOK.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let _ = read_volumes_from_bytes(bytes, LIMITS);
});
