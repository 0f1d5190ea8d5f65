//! Writing single-file NIfTI-1, plain or compressed.

use super::header::NIFTI1_BYTES;
use crate::volume::{Grid, Volume};
use flate2::{Compression, write::GzEncoder};
use nalgebra::{Matrix3, Matrix4, Rotation3, UnitQuaternion};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// A volume that could not be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum WriteError {
    #[error(
        "writing NIfTI: shape {shape:?} has an axis of more than 32767 voxels, the most NIfTI-1 can store; crop the volume"
    )]
    ShapeTooLarge { shape: [usize; 3] },
    #[error("writing NIfTI: {0}")]
    Io(#[from] io::Error),
}

/// A voxel type that NIfTI can store.
pub trait NiftiValue: Copy {
    /// NIfTI datatype code.
    const CODE: i16;
    /// Bits per value.
    const BITS: i16;
    /// Appends the value in little-endian order.
    fn append(self, bytes: &mut Vec<u8>);
}

macro_rules! nifti_value {
    ($type:ty, $code:literal) => {
        impl NiftiValue for $type {
            const CODE: i16 = $code;
            const BITS: i16 = 8 * size_of::<$type>() as i16;
            fn append(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        }
    };
}
nifti_value!(u8, 2);
nifti_value!(i16, 4);
nifti_value!(u16, 512);
nifti_value!(f32, 16);

/// The two ways a NIfTI file places its voxels, each with its code (1 scanner, 2 aligned,
/// 3 Talairach, 4 MNI); a file may have either, both or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Placements {
    /// The affine.
    pub sform: Option<(i32, Matrix4<f64>)>,
    /// The rotation with voxel sizes.
    pub qform: Option<(i32, Matrix4<f64>)>,
}

impl Placements {
    /// A grid in scanner coordinates, both ways.
    #[must_use]
    pub fn scanner(grid: &Grid) -> Self {
        let placed = Some((1, *grid.world_from_voxel()));
        Self {
            sform: placed,
            qform: placed,
        }
    }
}

/// Writes a volume placed in scanner coordinates; the file is compressed where its name ends
/// in `.gz`. A sheared grid has no qform.
///
/// # Errors
/// When an axis is too long for NIfTI-1, or the disk refuses.
pub fn write_volume<T: NiftiValue>(path: &Path, volume: &Volume<T>) -> Result<(), WriteError> {
    write_volume_placed(path, volume, &Placements::scanner(volume.grid()))
}

/// [`write_volume`] with the placements of the file the grid came from, so that every reader
/// sees both in one place, whichever placement it prefers.
///
/// # Errors
/// As [`write_volume`].
pub fn write_volume_placed<T: NiftiValue>(
    path: &Path,
    volume: &Volume<T>,
    placements: &Placements,
) -> Result<(), WriteError> {
    write_with_slope(path, volume, placements, 1.0)
}

/// Writes whole numbers that stand for `slope` times their value: half the bytes of real
/// numbers, and compressible.
///
/// # Errors
/// As [`write_volume`].
pub fn write_volume_scaled(
    path: &Path,
    volume: &Volume<i16>,
    placements: &Placements,
    slope: f32,
) -> Result<(), WriteError> {
    write_with_slope(path, volume, placements, slope)
}

/// The bytes of [`write_volume_scaled`], not compressed.
///
/// # Errors
/// When an axis is too long for NIfTI-1.
pub fn encode_volume_scaled(
    volume: &Volume<i16>,
    placements: &Placements,
    slope: f32,
) -> Result<Vec<u8>, WriteError> {
    let header = encode_header::<i16>(volume.grid(), placements, slope)?;
    let mut bytes = Vec::with_capacity(header.len() + 2 * volume.voxels().len());
    write_to(&mut bytes, &header, volume)?;
    Ok(bytes)
}

fn write_with_slope<T: NiftiValue>(
    path: &Path,
    volume: &Volume<T>,
    placements: &Placements,
    slope: f32,
) -> Result<(), WriteError> {
    let header = encode_header::<T>(volume.grid(), placements, slope)?;
    let file = BufWriter::with_capacity(1 << 17, File::create(path)?);
    let compressed = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    if compressed {
        let mut encoder = GzEncoder::new(file, Compression::fast());
        write_to(&mut encoder, &header, volume)?;
        encoder
            .finish()?
            .into_inner()
            .map_err(|e| e.into_error())?
            .sync_all()?;
    } else {
        let mut file = file;
        write_to(&mut file, &header, volume)?;
        file.into_inner().map_err(|e| e.into_error())?.sync_all()?;
    }
    Ok(())
}

fn write_to<T: NiftiValue>(
    sink: &mut dyn Write,
    header: &[u8],
    volume: &Volume<T>,
) -> io::Result<()> {
    sink.write_all(header)?;
    let mut bytes = Vec::with_capacity(1 << 16);
    for chunk in volume.voxels().chunks(1 << 13) {
        bytes.clear();
        for &value in chunk {
            value.append(&mut bytes);
        }
        sink.write_all(&bytes)?;
    }
    sink.flush()
}

/// The 348 header bytes and the four of an empty extension.
fn encode_header<T: NiftiValue>(
    grid: &Grid,
    placements: &Placements,
    slope: f32,
) -> Result<Vec<u8>, WriteError> {
    let shape = grid.shape();
    let mut bytes = vec![0u8; NIFTI1_BYTES + 4];
    let mut put = |at: usize, raw: &[u8]| bytes[at..at + raw.len()].copy_from_slice(raw);
    put(0, &348i32.to_le_bytes());
    put(40, &3i16.to_le_bytes());
    for axis in 0..7 {
        let extent = shape.get(axis).copied().unwrap_or(1);
        let extent = i16::try_from(extent).map_err(|_| WriteError::ShapeTooLarge { shape })?;
        put(42 + 2 * axis, &extent.to_le_bytes());
    }
    put(70, &T::CODE.to_le_bytes());
    put(72, &T::BITS.to_le_bytes());
    let spacing = placements.qform.map_or(grid.spacing_mm(), |(_, matrix)| {
        std::array::from_fn(|axis| matrix.fixed_view::<3, 1>(0, axis).norm())
    });
    for (axis, size) in spacing.iter().enumerate() {
        put(80 + 4 * axis, &(*size as f32).to_le_bytes());
    }
    put(108, &((NIFTI1_BYTES + 4) as f32).to_le_bytes());
    put(112, &slope.to_le_bytes());
    put(123, &[2]);
    put(76, &1f32.to_le_bytes());
    if let Some((code, matrix)) = &placements.qform
        && let Some((quaternion, handed)) = quaternion_of(matrix, spacing)
    {
        put(76, &(handed as f32).to_le_bytes());
        put(252, &(*code as i16).to_le_bytes());
        for (slot, value) in quaternion.into_iter().enumerate() {
            put(256 + 4 * slot, &(value as f32).to_le_bytes());
        }
        for axis in 0..3 {
            put(268 + 4 * axis, &(matrix[(axis, 3)] as f32).to_le_bytes());
        }
    }
    if let Some((code, matrix)) = &placements.sform {
        put(254, &(*code as i16).to_le_bytes());
        for r in 0..3 {
            for c in 0..4 {
                put(280 + 16 * r + 4 * c, &(matrix[(r, c)] as f32).to_le_bytes());
            }
        }
    }
    put(344, b"n+1\0");
    Ok(bytes)
}

/// The (b, c, d) of the rotation and the handedness (qfac), where the affine is a rotation
/// with voxel sizes and nothing else.
fn quaternion_of(affine: &Matrix4<f64>, spacing: [f64; 3]) -> Option<([f64; 3], f64)> {
    let mut rotation: Matrix3<f64> = affine.fixed_view::<3, 3>(0, 0).into_owned();
    for axis in 0..3 {
        rotation.column_mut(axis).scale_mut(1.0 / spacing[axis]);
    }
    if (rotation.transpose() * rotation - Matrix3::identity()).norm() > 1e-4 {
        return None;
    }
    let handed = if rotation.determinant() < 0.0 {
        -1.0
    } else {
        1.0
    };
    rotation.column_mut(2).scale_mut(handed);
    let rotation = Rotation3::from_matrix_unchecked(rotation);
    let quaternion = UnitQuaternion::from_rotation_matrix(&rotation);
    let sign = if quaternion.w < 0.0 { -1.0 } else { 1.0 };
    Some((
        [quaternion.i, quaternion.j, quaternion.k].map(|v| v * sign),
        handed,
    ))
}
