//! Reading NIfTI files in one pass with bounded memory.

use super::header::{DataType, HeaderError, NIFTI1_BYTES, NIFTI2_BYTES, NiftiHeader};
use crate::folder::open_file;
use crate::scan::ReadLimits;
use crate::volume::{Volume, replace_by_neighbours};
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// A NIfTI file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum NiftiError {
    #[error("reading NIfTI: {0}")]
    Header(#[from] HeaderError),
    #[error(
        "reading NIfTI: the header claims {voxels} voxels a volume, the limit is {limit}; the header is damaged, or crop the scan first"
    )]
    TooLarge { voxels: u64, limit: u64 },
    #[error(
        "reading NIfTI: the file holds {volumes} volumes (4D); choose one of 1 to {volumes} with ‹volume›"
    )]
    VolumeNotChosen { volumes: u64 },
    #[error(
        "reading NIfTI: volume {asked} was asked for, the file holds {volumes}; choose one of 1 to {volumes}"
    )]
    NoSuchVolume { asked: u64, volumes: u64 },
    #[error(
        "reading NIfTI: the data end after {found} of {expected} voxels; the file is truncated, copy or export it again"
    )]
    Truncated { found: u64, expected: u64 },
    #[error(
        "reading NIfTI: the compressed file is damaged ({why}); copy or export it again (`gzip -t` checks one)"
    )]
    Damaged { why: String },
    #[error(
        "reading NIfTI: {extra} bytes and more follow where the header says that the data end; the file is damaged, copy or export it again"
    )]
    TooLong { extra: u64 },
    #[error(
        "reading NIfTI: no voxel holds a finite number; the export failed, export the scan again"
    )]
    NothingFinite,
    #[error("reading NIfTI: {0}; check that the file can be read")]
    Io(io::Error),
}

impl From<io::Error> for NiftiError {
    /// What a decompressor says is of these kinds, and no file system is.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidData
            | io::ErrorKind::UnexpectedEof => Self::Damaged {
                why: error.to_string(),
            },
            _ => Self::Io(error),
        }
    }
}

/// The header of a .nii or .nii.gz file (told apart by content, not by name).
///
/// # Errors
/// When the file cannot be opened or holds no usable header.
pub fn read_header(path: &Path) -> Result<NiftiHeader, NiftiError> {
    read_header_from(&mut open(path)?)
}

/// One volume of a .nii or .nii.gz file as real values (scaled by slope and intercept),
/// with the number of NaN or infinite voxels, which [`replace_by_neighbours`] replaces. `volume` counts from 1 and
/// may be left out where the file holds one.
///
/// # Errors
/// [`NiftiError`] for damaged, truncated, oversized files and unchosen volumes.
pub fn read_volume(
    path: &Path,
    volume: Option<u64>,
    limits: ReadLimits,
) -> Result<(NiftiHeader, Volume<f32>, u64), NiftiError> {
    read_volume_from(&mut open(path)?, volume, limits)
}

/// [`read_volume`] from the bytes of a file.
///
/// # Errors
/// As [`read_volume`].
pub fn read_volume_from_bytes(
    bytes: &[u8],
    volume: Option<u64>,
    limits: ReadLimits,
) -> Result<(NiftiHeader, Volume<f32>, u64), NiftiError> {
    read_volume_from(&mut decompressed(bytes)?, volume, limits)
}

fn read_volume_from(
    source: &mut dyn Read,
    volume: Option<u64>,
    limits: ReadLimits,
) -> Result<(NiftiHeader, Volume<f32>, u64), NiftiError> {
    let mut counted = Counted {
        inner: source,
        position: 0,
    };
    let header = read_header_from(&mut counted)?;
    let (grid, _) = header.grid()?;
    let voxels = grid.voxel_count() as u64;
    if voxels > limits.max_voxels {
        return Err(NiftiError::TooLarge {
            voxels,
            limit: limits.max_voxels,
        });
    }
    let volumes = header.volume_count();
    let chosen = match volume {
        None if volumes == 1 => 1,
        None => return Err(NiftiError::VolumeNotChosen { volumes }),
        Some(asked) if (1..=volumes).contains(&asked) => asked,
        Some(asked) => return Err(NiftiError::NoSuchVolume { asked, volumes }),
    };
    let volume_bytes = voxels * header.data_type.bytes() as u64;
    let start = header
        .data_offset
        .saturating_add((chosen - 1).saturating_mul(volume_bytes));
    let gap = start.saturating_sub(counted.position);
    let skipped = io::copy(&mut (&mut counted).take(gap), &mut io::sink())?;
    if skipped < gap {
        return Err(NiftiError::Truncated {
            found: 0,
            expected: voxels,
        });
    }
    let values = decode_values(&mut counted, &header, voxels)?;
    let end = header
        .data_offset
        .saturating_add(volumes.saturating_mul(volume_bytes));
    read_to_end(&mut counted, end)?;
    let mut volume =
        Volume::new(grid, values).expect("as many values were decoded as the grid has");
    let not_finite = replace_by_neighbours(&mut volume, |value| !value.is_finite());
    if not_finite == voxels {
        return Err(NiftiError::NothingFinite);
    }
    Ok((header, volume, not_finite))
}

/// Reads what is left: a checksum stands at the end of compressed data. An uncompressed file has none, and its rest
/// costs little.
fn read_to_end(source: &mut Counted, end: u64) -> Result<(), NiftiError> {
    /// Other programs append what they like, but not more than this.
    const MOST_EXTRA: u64 = 1 << 26;
    let most = end
        .saturating_sub(source.position)
        .saturating_add(MOST_EXTRA);
    let read = io::copy(&mut source.take(most), &mut io::sink())?;
    if read == most {
        return Err(NiftiError::TooLong { extra: MOST_EXTRA });
    }
    Ok(())
}

fn open(path: &Path) -> Result<Box<dyn Read>, NiftiError> {
    decompressed(BufReader::with_capacity(1 << 17, open_file(path)?))
}

/// The bytes, through gzip where they start like it.
fn decompressed<'a>(mut bytes: impl BufRead + 'a) -> Result<Box<dyn Read + 'a>, NiftiError> {
    let compressed = bytes.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if compressed {
        Box::new(BufReader::with_capacity(1 << 17, Members::of(bytes)))
    } else {
        Box::new(bytes)
    })
}

/// A gzip file: its members one after another, and whatever fills up the file's last block behind them. Each member's
/// checksum and length are held against its data at its end.
struct Members<R: BufRead> {
    /// `None` once the last has ended.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    fn of(bytes: R) -> Self {
        Self {
            member: Some(GzDecoder::new(bytes)),
        }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let mut rest = self.member.take().map(GzDecoder::into_inner);
            let goes_on = match &mut rest {
                Some(rest) => rest.fill_buf()?.starts_with(&[0x1f, 0x8b]),
                None => false,
            };
            self.member = rest.filter(|_| goes_on).map(GzDecoder::new);
        }
        Ok(0)
    }
}

fn read_header_from(source: &mut dyn Read) -> Result<NiftiHeader, NiftiError> {
    let mut bytes = Vec::with_capacity(NIFTI2_BYTES);
    source.take(NIFTI1_BYTES as u64).read_to_end(&mut bytes)?;
    let is_version2 = matches!(bytes.get(..4), Some([0x1c, 2, 0, 0] | [0, 0, 2, 0x1c]));
    if is_version2 {
        let rest = (NIFTI2_BYTES - NIFTI1_BYTES) as u64;
        source.take(rest).read_to_end(&mut bytes)?;
    }
    Ok(NiftiHeader::decode(&bytes)?)
}

/// Counts the bytes that went by.
struct Counted<'a> {
    inner: &'a mut dyn Read,
    position: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

/// Values decoded at a time: memory beyond the result stays at this many bytes times 8.
const CHUNK: usize = 1 << 16;
/// Memory for the result is reserved up front to this many voxels only, and then grows
/// with what really arrives: a small file that claims much costs little.
const RESERVE_AT_MOST: u64 = 1 << 26;

fn decode_values(
    source: &mut dyn Read,
    header: &NiftiHeader,
    voxels: u64,
) -> Result<Vec<f32>, NiftiError> {
    let width = header.data_type.bytes();
    let mut values = Vec::with_capacity(voxels.min(RESERVE_AT_MOST) as usize);
    let mut buffer = vec![0u8; CHUNK * width];
    while (values.len() as u64) < voxels {
        let wanted = CHUNK.min((voxels - values.len() as u64) as usize) * width;
        let filled = fill(source, &mut buffer[..wanted])?;
        decode_chunk(&buffer[..filled / width * width], header, &mut values);
        if filled < wanted {
            return Err(NiftiError::Truncated {
                found: values.len() as u64,
                expected: voxels,
            });
        }
    }
    Ok(values)
}

/// Reads until the buffer is full or the source ends.
fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn decode_chunk(bytes: &[u8], header: &NiftiHeader, values: &mut Vec<f32>) {
    let scaling = header.is_scaled();
    let identity = !scaling || (header.slope == 1.0 && header.intercept == 0.0);
    let intercept = if header.intercept.is_finite() {
        header.intercept
    } else {
        0.0
    };
    let (slope, big) = (header.slope, header.big_endian);
    macro_rules! decode {
        ($type:ty) => {{
            const WIDTH: usize = size_of::<$type>();
            let stored = bytes.chunks_exact(WIDTH).map(|raw| {
                let raw: [u8; WIDTH] = raw.try_into().expect("chunks of this size");
                if big {
                    <$type>::from_be_bytes(raw)
                } else {
                    <$type>::from_le_bytes(raw)
                }
            });
            if identity {
                values.extend(stored.map(|v| v as f32));
            } else {
                values.extend(stored.map(|v| (v as f64 * slope + intercept) as f32));
            }
        }};
    }
    match header.data_type {
        DataType::U8 => decode!(u8),
        DataType::I8 => decode!(i8),
        DataType::U16 => decode!(u16),
        DataType::I16 => decode!(i16),
        DataType::U32 => decode!(u32),
        DataType::I32 => decode!(i32),
        DataType::U64 => decode!(u64),
        DataType::I64 => decode!(i64),
        DataType::F32 => decode!(f32),
        DataType::F64 => decode!(f64),
    }
}
