//! The pixels of a placed volume.

use super::codestream::{claimed_size, is_plausible_rle};
use super::frame::Frame;
use super::geometry::Placed;
use super::guard::{DicomFileError, dicom_bytes, parse, quietly, root_cause};
use crate::scan::{ReadLimits, stem};
use crate::volume::Volume;
use dicom_dictionary_std::{tags, uids};
use dicom_object::DefaultDicomObject;
use dicom_pixeldata::{DecodedPixelData, PixelDecoder, PixelRepresentation};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// Pixels that cannot be decoded. Positions are along the slice normal.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PixelError {
    #[error(transparent)]
    File(#[from] DicomFileError),
    #[error(
        "decoding pixels: the volume has {voxels} voxels, the limit is {limit}; crop the scan first"
    )]
    TooLarge { voxels: u64, limit: u64 },
    #[error(
        "decoding pixels: the slice at {position_mm:.2} mm is no longer where it was when the folder was read; read it again"
    )]
    Vanished { position_mm: f64 },
    #[error(
        "decoding pixels: the compressed slice at {position_mm:.2} mm is {width} × {height}, its attributes say {columns} × {rows}; the file is damaged, export it again"
    )]
    SizeMismatch {
        position_mm: f64,
        width: u64,
        height: u64,
        columns: u32,
        rows: u32,
    },
    #[error(
        "decoding pixels: the slice at {position_mm:.2} mm cannot be decoded ({why}); convert the series to Explicit VR Little Endian, or export it again"
    )]
    Decode { position_mm: f64, why: String },
    #[error(
        "decoding pixels: two files claim to be the slice at {position_mm:.2} mm (same SOP instance) and show different images; keep the right one (the second is {name})"
    )]
    CopiesDiffer { position_mm: f64, name: String },
    #[error(
        "decoding pixels: the slice at {position_mm:.2} mm has {found} values where {expected} are expected; the file is truncated, export it again"
    )]
    Truncated {
        position_mm: f64,
        found: usize,
        expected: usize,
    },
}

/// Decodes and rescales all slices of a placed volume.
pub(crate) fn load_voxels(placed: &Placed, limits: ReadLimits) -> Result<Volume<f32>, PixelError> {
    let voxels = placed.grid.voxel_count() as u64;
    if voxels > limits.max_voxels {
        return Err(PixelError::TooLarge {
            voxels,
            limit: limits.max_voxels,
        });
    }
    let mut files: BTreeMap<&Path, Vec<(usize, &Frame)>> = BTreeMap::new();
    for (slice, frame) in placed.frames.iter().enumerate() {
        files.entry(&frame.path).or_default().push((slice, frame));
    }
    let decoded: Vec<(usize, Vec<f32>)> = files
        .into_par_iter()
        .map(|(path, slices)| decode_file(path, &slices, limits))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect();
    check_copies(placed, &decoded, limits)?;
    let [nx, ny, _] = placed.grid.shape();
    let mut volume = Volume::filled(&placed.grid, 0.0f32);
    for (slice, values) in decoded {
        volume.voxels_mut()[slice * nx * ny..][..nx * ny].copy_from_slice(&values);
    }
    Ok(volume)
}

/// Refuses copies of a slice that show something else: nothing says which is right.
fn check_copies(
    placed: &Placed,
    decoded: &[(usize, Vec<f32>)],
    limits: ReadLimits,
) -> Result<(), PixelError> {
    let mut files: BTreeMap<&Path, Vec<(usize, &Frame)>> = BTreeMap::new();
    for copy in &placed.copies {
        let slice = placed.frames.iter().position(|f| f.is_image_of(copy));
        if let Some(slice) = slice {
            files.entry(&copy.path).or_default().push((slice, copy));
        }
    }
    files.into_par_iter().try_for_each(|(path, slices)| {
        for copy in decode_file(path, &slices, limits)? {
            if !decoded.contains(&copy) {
                let position_mm = placed.frames[copy.0].position_along_normal_mm();
                let name = stem(path);
                return Err(PixelError::CopiesDiffer { position_mm, name });
            }
        }
        Ok(())
    })
}

fn decode_file(
    path: &Path,
    slices: &[(usize, &Frame)],
    limits: ReadLimits,
) -> Result<Vec<(usize, Vec<f32>)>, PixelError> {
    let position_mm = slices[0].1.position_along_normal_mm();
    let bytes = dicom_bytes(path, limits)?.ok_or(PixelError::Vanished { position_mm })?;
    let object = parse(&bytes, true, limits)?;
    drop(bytes);
    slices
        .par_iter()
        .map(|&(slice, frame)| Ok((slice, decode_frame(&object, frame)?)))
        .collect()
}

pub(super) fn decode_frame(
    object: &DefaultDicomObject,
    frame: &Frame,
) -> Result<Vec<f32>, PixelError> {
    let position_mm = frame.position_along_normal_mm();
    check_claimed_size(object, frame, position_mm)?;
    let refuse = |why: String| PixelError::Decode { position_mm, why };
    let decoded = quietly(|| object.decode_pixel_data_frame(frame.frame_index))
        .ok_or_else(|| refuse("the decoder gave up".into()))?
        .map_err(|error| refuse(root_cause(&error)))?;
    let stored = stored_values(&decoded).map_err(refuse)?;
    // Rescaling is applied here from the frame's own groups, in double precision.
    let expected = frame.rows as usize * frame.columns as usize;
    if stored.len() != expected {
        return Err(PixelError::Truncated {
            position_mm,
            found: stored.len(),
            expected,
        });
    }
    let (slope, intercept) = (frame.rescale_slope, frame.rescale_intercept);
    Ok(stored
        .into_iter()
        .map(|value| (value as f64 * slope + intercept) as f32)
        .collect())
}

/// The values of a frame: of the bits of each cell those that are stored, up to the high bit, with their sign (PS3.5
/// 8.1.1). Bits beside them held overlays once, and whatever was left in memory.
fn stored_values(decoded: &DecodedPixelData) -> Result<Vec<i64>, String> {
    let (allocated, stored) = (decoded.bits_allocated(), decoded.bits_stored());
    if !matches!(allocated, 8 | 16 | 32) || !(1..=allocated).contains(&stored) {
        return Err(format!(
            "BitsStored {stored} does not fit BitsAllocated {allocated}"
        ));
    }
    // Programs that rewrite files leave high bits that cannot be; the bits are the low ones then.
    let high = Some(decoded.high_bit()).filter(|high| (stored - 1..allocated).contains(high));
    let high = high.unwrap_or(stored - 1);
    let (shift, mask) = (high + 1 - stored, (1i64 << stored) - 1);
    let sign = match decoded.pixel_representation() {
        PixelRepresentation::Signed => 1i64 << (stored - 1),
        PixelRepresentation::Unsigned => 0,
    };
    let value = |cell: u32| {
        let value = i64::from(cell) >> shift & mask;
        if value & sign == 0 {
            value
        } else {
            value - mask - 1
        }
    };
    let data = decoded.data();
    Ok(match allocated {
        8 => data.iter().map(|cell| value(u32::from(*cell))).collect(),
        16 => data
            .chunks_exact(2)
            .map(|cell| value(u32::from(u16::from_ne_bytes([cell[0], cell[1]]))))
            .collect(),
        _ => data
            .chunks_exact(4)
            .map(|cell| value(u32::from_ne_bytes([cell[0], cell[1], cell[2], cell[3]])))
            .collect(),
    })
}

/// A compressed frame must be as large as its attributes say.
fn check_claimed_size(
    object: &DefaultDicomObject,
    frame: &Frame,
    position_mm: f64,
) -> Result<(), PixelError> {
    let fragments = object
        .get(tags::PIXEL_DATA)
        .and_then(|element| element.fragments());
    let syntax = object.meta().transfer_syntax().trim_end_matches('\0');
    let raw_bytes = frame.rows as usize * frame.columns as usize * 2;
    for fragment in fragments.unwrap_or_default() {
        if syntax == uids::RLE_LOSSLESS && !is_plausible_rle(fragment, raw_bytes) {
            let why = "its RLE header does not fit".into();
            return Err(PixelError::Decode { position_mm, why });
        }
        if let Some([width, height]) = claimed_size(fragment)
            && (width, height) != (u64::from(frame.columns), u64::from(frame.rows))
        {
            return Err(PixelError::SizeMismatch {
                position_mm,
                width,
                height,
                columns: frame.columns,
                rows: frame.rows,
            });
        }
    }
    Ok(())
}
