//! A DICOM file that is already in memory.

use super::frame::frames_of;
use super::geometry::{GeometryError, place};
use super::grouping::group_frames;
use super::guard::{DicomFileError, parse};
use super::pixels::{PixelError, decode_frame};
use crate::scan::ReadLimits;
use crate::volume::Volume;
use std::path::Path;

/// Bytes that are no volume.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum DicomBytesError {
    #[error(transparent)]
    File(#[from] DicomFileError),
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    #[error(transparent)]
    Pixels(#[from] PixelError),
}

/// All volumes of one DICOM file given as bytes; none when it holds no image.
///
/// # Errors
/// When the file is damaged or its frames make no volume.
pub fn read_volumes_from_bytes(
    bytes: &[u8],
    limits: ReadLimits,
) -> Result<Vec<Volume<f32>>, DicomBytesError> {
    let object = parse(bytes, true, limits)?;
    let frames = frames_of(&object, Path::new(""))?.unwrap_or_default();
    let mut volumes = Vec::new();
    for group in group_frames(frames) {
        let placed = place(&group)?;
        let voxels = placed.grid.voxel_count() as u64;
        if voxels > limits.max_voxels {
            return Err(PixelError::TooLarge {
                voxels,
                limit: limits.max_voxels,
            }
            .into());
        }
        let mut values = Vec::new();
        for frame in &placed.frames {
            values.extend(decode_frame(&object, frame)?);
        }
        volumes.push(
            Volume::new(placed.grid, values).expect("each frame gives as many values as it has"),
        );
    }
    Ok(volumes)
}
