//! The header of both versions as one value.

use super::write::Placements;
use crate::volume::{Grid, GridError};
use nalgebra::{Matrix3, Matrix4, Quaternion, UnitQuaternion, Vector3};

/// Bytes of a NIfTI-1 header.
pub(super) const NIFTI1_BYTES: usize = 348;
/// Bytes of a NIfTI-2 header.
pub(super) const NIFTI2_BYTES: usize = 540;

/// Numeric types whose values are one real number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DataType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl DataType {
    /// The type of a NIfTI datatype code.
    fn from_code(code: i16) -> Result<Self, HeaderError> {
        Ok(match code {
            2 => Self::U8,
            256 => Self::I8,
            512 => Self::U16,
            4 => Self::I16,
            768 => Self::U32,
            8 => Self::I32,
            1280 => Self::U64,
            1024 => Self::I64,
            16 => Self::F32,
            64 => Self::F64,
            32 | 1792 | 2048 => return Err(HeaderError::ComplexType { code }),
            128 | 2304 => return Err(HeaderError::ColourType { code }),
            _ => return Err(HeaderError::UnknownType { code }),
        })
    }

    /// Bytes of one value.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

/// A header that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum HeaderError {
    #[error(
        "the file holds {bytes} bytes, fewer than a NIfTI header (348); it is empty or truncated, copy or export it again"
    )]
    TooShort { bytes: usize },
    #[error(
        "this is not a NIfTI file: its first field is {found}, expected 348 (NIfTI-1) or 540 (NIfTI-2); give a .nii or .nii.gz file"
    )]
    NotNifti { found: i32 },
    #[error(
        "the header's magic is {found:?}, expected \"n+1\" or \"n+2\"; the file is damaged, export the scan again"
    )]
    Magic { found: String },
    #[error("this is one half of an .hdr/.img pair; convert it to a single .nii file first")]
    Pair,
    #[error(
        "the number of dimensions is {found}, expected 1 to 7; the header is damaged, export the scan again"
    )]
    DimensionCount { found: i64 },
    #[error(
        "dimension {axis} is {found}, expected 1 or more; the header is damaged, export the scan again"
    )]
    Dimension { axis: usize, found: i64 },
    #[error(
        "the header's dimensions {dims:?} multiply beyond 64 bits; the header is damaged, export the scan again"
    )]
    TooManyVoxels { dims: Vec<u64> },
    #[error("datatype {code} is complex; export the magnitude (and the phase apart, for ‹phase›)")]
    ComplexType { code: i16 },
    #[error("datatype {code} is a colour image, no scan; choose the original grey-level series")]
    ColourType { code: i16 },
    #[error(
        "datatype {code} is not one this reader knows (integers and floats of 8 to 64 bits); convert the file to float32"
    )]
    UnknownType { code: i16 },
    #[error(
        "the data would start at byte {found}, expected {least} or later; the header is damaged, export the scan again"
    )]
    DataOffset { found: f64, least: usize },
    #[error(
        "the voxel size along axis {axis} is {found} and no sform says it; expected a number of mm above 0, write the sizes into the header"
    )]
    VoxelSize { axis: usize, found: f64 },
    #[error("the {what} of the values is {found}; the header is damaged, export the scan again")]
    Scaling { what: &'static str, found: f64 },
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// Which of the header's three ways of placing the volume was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// The sform affine.
    Sform,
    /// The qform quaternion.
    Qform,
    /// Voxel sizes alone: orientation and origin are unknown.
    SizesOnly,
}

/// A NIfTI-1 or -2 header, decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct NiftiHeader {
    /// 1 or 2.
    pub version: u8,
    /// Whether numbers are stored with the most significant byte first.
    pub big_endian: bool,
    /// Extent of each dimension, at least three.
    pub dims: Vec<u64>,
    /// How a value is stored.
    pub data_type: DataType,
    /// First byte of the voxel data.
    pub data_offset: u64,
    /// Stored value times `slope` plus `intercept` is the value (slope 0 means unscaled).
    pub slope: f64,
    /// See `slope`.
    pub intercept: f64,
    /// The quaternion placement with its code, where the header has one.
    pub qform: Option<(i32, Matrix4<f64>)>,
    /// The affine placement with its code, where the header has one.
    pub sform: Option<(i32, Matrix4<f64>)>,
    /// Voxel sizes in mm (absolute values) as pixdim has them, 0, NaN or infinite where it has none.
    pub voxel_sizes_mm: [f64; 3],
}

impl NiftiHeader {
    /// Decodes the first bytes of an (uncompressed) file: 348 suffice for version 1, 540
    /// for version 2.
    ///
    /// # Errors
    /// [`HeaderError`] names the field, what it holds and what it should.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let too_short = HeaderError::TooShort { bytes: bytes.len() };
        let size: [u8; 4] = bytes
            .get(..4)
            .and_then(|b| b.try_into().ok())
            .ok_or(too_short.clone())?;
        let (version, big_endian) = match (i32::from_le_bytes(size), i32::from_be_bytes(size)) {
            (348, _) => (1, false),
            (540, _) => (2, false),
            (_, 348) => (1, true),
            (_, 540) => (2, true),
            (found, _) => return Err(HeaderError::NotNifti { found }),
        };
        let length = if version == 1 {
            NIFTI1_BYTES
        } else {
            NIFTI2_BYTES
        };
        let fields = Fields {
            bytes: bytes.get(..length).ok_or(too_short)?,
            big_endian,
        };
        let header = if version == 1 {
            Self::decode_version1(&fields)
        } else {
            Self::decode_version2(&fields)
        }?;
        for (what, found) in [("slope", header.slope), ("intercept", header.intercept)] {
            if found.is_infinite() || what == "intercept" && header.is_scaled() && found.is_nan() {
                return Err(HeaderError::Scaling { what, found });
            }
        }
        Ok(header)
    }

    /// Whether values are scaled: some writers leave a slope of NaN for none, as others do of 0.
    pub(super) fn is_scaled(&self) -> bool {
        self.slope != 0.0 && self.slope.is_finite()
    }

    fn decode_version1(f: &Fields) -> Result<Self, HeaderError> {
        check_magic(&f.bytes[344..348], b"n+1\0", b"ni1\0")?;
        let unit_mm = unit_in_mm(f.bytes[123]);
        let dims = check_dims(std::array::from_fn(|d| i64::from(f.i16(40 + 2 * d))))?;
        let pixdim: [f64; 4] = std::array::from_fn(|d| f64::from(f.f32(76 + 4 * d)));
        let quaternion = [256, 260, 264].map(|at| f64::from(f.f32(at)));
        let offset = [268, 272, 276].map(|at| f64::from(f.f32(at)));
        let sform = Matrix4::from_fn(|r, c| {
            if r == 3 {
                f64::from(u8::from(c == 3))
            } else {
                f64::from(f.f32(280 + 16 * r + 4 * c))
            }
        });
        Ok(Self {
            version: 1,
            big_endian: f.big_endian,
            data_type: DataType::from_code(f.i16(70))?,
            data_offset: check_offset(f64::from(f.f32(108)), NIFTI1_BYTES)?,
            slope: f64::from(f.f32(112)),
            intercept: f64::from(f.f32(116)),
            qform: placed(i32::from(f.i16(252)), || {
                qform_matrix(pixdim, quaternion, offset, unit_mm)
            })
            // Without sizes there is no matrix.
            .filter(|_| sizes_mm(pixdim, unit_mm).into_iter().all(is_size)),
            sform: placed(i32::from(f.i16(254)), || scaled(sform, unit_mm)),
            voxel_sizes_mm: sizes_mm(pixdim, unit_mm),
            dims,
        })
    }

    fn decode_version2(f: &Fields) -> Result<Self, HeaderError> {
        check_magic(&f.bytes[4..8], b"n+2\0", b"ni2\0")?;
        let unit_mm = unit_in_mm((f.i32(500) & 0xff) as u8);
        let dims = check_dims(std::array::from_fn(|d| f.i64(16 + 8 * d)))?;
        let pixdim: [f64; 4] = std::array::from_fn(|d| f.f64(104 + 8 * d));
        let quaternion = [352, 360, 368].map(|at| f.f64(at));
        let offset = [376, 384, 392].map(|at| f.f64(at));
        let sform = Matrix4::from_fn(|r, c| {
            if r == 3 {
                f64::from(u8::from(c == 3))
            } else {
                f.f64(400 + 32 * r + 8 * c)
            }
        });
        Ok(Self {
            version: 2,
            big_endian: f.big_endian,
            data_type: DataType::from_code(f.i16(12))?,
            data_offset: check_offset(f.i64(168) as f64, NIFTI2_BYTES)?,
            slope: f.f64(176),
            intercept: f.f64(184),
            qform: placed(f.i32(344), || {
                qform_matrix(pixdim, quaternion, offset, unit_mm)
            })
            // Without sizes there is no matrix.
            .filter(|_| sizes_mm(pixdim, unit_mm).into_iter().all(is_size)),
            sform: placed(f.i32(348), || scaled(sform, unit_mm)),
            voxel_sizes_mm: sizes_mm(pixdim, unit_mm),
            dims,
        })
    }

    /// How many 3D volumes the file holds (the product of dimensions 4 and up).
    #[must_use]
    pub fn volume_count(&self) -> u64 {
        self.dims[3..].iter().product()
    }

    /// Both placements, to be written beside the voxels again.
    #[must_use]
    pub fn placements(&self) -> Placements {
        Placements {
            sform: self.sform,
            qform: self.qform,
        }
    }

    /// The voxel sizes of pixdim, where all are there and one differs from those of `grid` by more than a fiftieth.
    pub(crate) fn other_sizes_mm(&self, grid: &Grid) -> Option<[f64; 3]> {
        const CLOSE: f64 = 0.02;
        let sizes = self.voxel_sizes_mm;
        let mut both = sizes.into_iter().zip(grid.spacing_mm());
        let differ = both.any(|(size, spacing)| (size / spacing - 1.0).abs() > CLOSE);
        (sizes.into_iter().all(is_size) && differ).then_some(sizes)
    }

    /// Shape of one volume.
    #[must_use]
    pub fn shape(&self) -> [u64; 3] {
        [self.dims[0], self.dims[1], self.dims[2]]
    }

    /// The grid of one volume: the sform where it is set, else the qform, else voxel
    /// sizes alone.
    ///
    /// # Errors
    /// When the placement is damaged, or the shape too large for this computer.
    pub fn grid(&self) -> Result<(Grid, Placement), HeaderError> {
        let shape = self
            .shape()
            .map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        if let Some((_, matrix)) = self.sform {
            return Ok((Grid::new(shape, matrix)?, Placement::Sform));
        }
        if let Some(axis) = (0..3).find(|a| !is_size(self.voxel_sizes_mm[*a])) {
            return Err(HeaderError::VoxelSize {
                axis: axis + 1,
                found: self.voxel_sizes_mm[axis],
            });
        }
        if let Some((_, matrix)) = self.qform {
            return Ok((Grid::new(shape, matrix)?, Placement::Qform));
        }
        Ok((
            Grid::axis_aligned(shape, self.voxel_sizes_mm)?,
            Placement::SizesOnly,
        ))
    }
}

/// Big- or little-endian access to header fields; every offset is inside the slice.
struct Fields<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

macro_rules! field {
    ($name:ident, $type:ty) => {
        fn $name(&self, at: usize) -> $type {
            let mut raw = [0u8; size_of::<$type>()];
            raw.copy_from_slice(&self.bytes[at..at + size_of::<$type>()]);
            if self.big_endian {
                <$type>::from_be_bytes(raw)
            } else {
                <$type>::from_le_bytes(raw)
            }
        }
    };
}

impl Fields<'_> {
    field!(i16, i16);
    field!(i32, i32);
    field!(i64, i64);
    field!(f32, f32);
    field!(f64, f64);
}

fn check_magic(found: &[u8], single: &[u8; 4], pair: &[u8; 4]) -> Result<(), HeaderError> {
    if found == single {
        Ok(())
    } else if found == pair {
        Err(HeaderError::Pair)
    } else {
        Err(HeaderError::Magic {
            found: found.escape_ascii().to_string(),
        })
    }
}

/// Extents of the dimensions in use, padded with ones to three.
fn check_dims(dim: [i64; 8]) -> Result<Vec<u64>, HeaderError> {
    if !(1..=7).contains(&dim[0]) {
        return Err(HeaderError::DimensionCount { found: dim[0] });
    }
    let mut dims = Vec::with_capacity(7);
    for axis in 1..=dim[0] as usize {
        let extent = u64::try_from(dim[axis]).ok().filter(|&n| n > 0);
        dims.push(extent.ok_or(HeaderError::Dimension {
            axis,
            found: dim[axis],
        })?);
    }
    dims.resize(dims.len().max(3), 1);
    let count = dims.iter().try_fold(8u64, |count, &n| count.checked_mul(n));
    match count {
        Some(_) => Ok(dims),
        None => Err(HeaderError::TooManyVoxels { dims }),
    }
}

fn check_offset(found: f64, least: usize) -> Result<u64, HeaderError> {
    // Some writers leave the offset at zero and mean "right behind the header".
    if found == 0.0 {
        return Ok(least as u64 + 4);
    }
    if found.is_finite() && found >= least as f64 && found < 1e15 {
        Ok(found as u64)
    } else {
        Err(HeaderError::DataOffset { found, least })
    }
}

/// Millimetres per spatial unit of xyzt_units (1 metre, 2 mm, 3 µm, 0 unknown: mm).
fn unit_in_mm(xyzt_units: u8) -> f64 {
    match xyzt_units & 7 {
        1 => 1000.0,
        3 => 0.001,
        _ => 1.0,
    }
}

fn placed(code: i32, matrix: impl Fn() -> Matrix4<f64>) -> Option<(i32, Matrix4<f64>)> {
    (code > 0).then(|| (code, matrix()))
}

fn scaled(mut matrix: Matrix4<f64>, unit_mm: f64) -> Matrix4<f64> {
    matrix.fixed_view_mut::<3, 4>(0, 0).scale_mut(unit_mm);
    matrix
}

fn sizes_mm(pixdim: [f64; 4], unit_mm: f64) -> [f64; 3] {
    std::array::from_fn(|a| pixdim[a + 1].abs() * unit_mm)
}

fn is_size(mm: f64) -> bool {
    mm > 0.0 && mm.is_finite()
}

/// Method 2 of nifti1.h: rotation by a unit quaternion, voxel sizes, and the handedness
/// in pixdim[0].
fn qform_matrix(
    pixdim: [f64; 4],
    [b, c, d]: [f64; 3],
    offset: [f64; 3],
    unit_mm: f64,
) -> Matrix4<f64> {
    let squares = b * b + c * c + d * d;
    // As nifti1_io: rounding may leave b, c, d a little too long for a unit quaternion.
    let quaternion = if squares > 1.0 {
        Quaternion::new(0.0, b, c, d)
    } else {
        Quaternion::new((1.0 - squares).sqrt(), b, c, d)
    };
    let rotation: Matrix3<f64> = UnitQuaternion::from_quaternion(quaternion)
        .to_rotation_matrix()
        .into_inner();
    let handed = if pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    let sizes = sizes_mm(pixdim, unit_mm);
    let scale = Matrix3::from_diagonal(&Vector3::new(sizes[0], sizes[1], sizes[2] * handed));
    let mut matrix = Matrix4::identity();
    matrix
        .fixed_view_mut::<3, 3>(0, 0)
        .copy_from(&(rotation * scale));
    for axis in 0..3 {
        matrix[(axis, 3)] = offset[axis] * unit_mm;
    }
    matrix
}
