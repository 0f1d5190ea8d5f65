//! NIfTI-1 and NIfTI-2 files: header, reading within bounds, writing.
//!
//! Fields and their meaning: <https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h>
//! and nifti2.h. The `nifti` crate reads NIfTI-1 only and allocates what a header claims;
//! scans come from anywhere, so both versions are read here, within limits.

mod header;
mod read;
mod write;

pub use header::{DataType, HeaderError, NiftiHeader, Placement};
pub use read::{NiftiError, read_header, read_volume, read_volume_from_bytes};
pub use write::{
    NiftiValue, Placements, WriteError, encode_volume_scaled, write_volume, write_volume_placed,
    write_volume_scaled,
};
