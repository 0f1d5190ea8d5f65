//! DICOM images: classic single-frame and enhanced multi-frame MR.
//!
//! A file is read in two steps, so that a heap of thousands costs little: first the
//! attributes of every frame (`frame`), from which volumes are grouped (`grouping`)
//! and placed (`geometry`); then the pixels of the chosen volume only (`pixels`).

mod attributes;
mod codestream;
mod frame;
mod geometry;
mod grouping;
mod guard;
mod in_memory;
mod mend;
mod pixels;

pub(crate) use frame::{Frame, no_image, read_frames};
pub use geometry::GeometryError;
pub(crate) use geometry::{Placed, place};
pub(crate) use grouping::group_frames;
pub use guard::DicomFileError;
pub(crate) use guard::{blank, is_dicom};
pub use in_memory::{DicomBytesError, read_volumes_from_bytes};
pub use pixels::PixelError;
pub(crate) use pixels::load_voxels;
