//! A walk over a DICOM file before it is read into memory.
//!
//! The parser of dicom-rs reserves and fills what an element claims to hold, and nests as
//! deep as the file does. Files come from anywhere: this walk skips over every value and
//! refuses claims beyond the end of the file, and nesting no scanner writes.

use super::mend::{mended, starts_like_dicom};
use crate::folder::open_file;
use crate::scan::{ReadLimits, Unreachable};
use dicom_core::VR;
use dicom_core::header::DataElementHeader;
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_object::{DefaultDicomObject, FileMetaTable, OpenFileOptions};
use dicom_parser::dataset::LazyDataToken;
use dicom_parser::dataset::lazy_read::LazyDataSetReader;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use std::io::{Cursor, Read};
use std::path::Path;

/// A DICOM file that cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[allow(missing_docs)]
pub enum DicomFileError {
    #[error("reading DICOM: {0}; check that the file can be read")]
    Io(String),
    #[error(
        "reading DICOM: the file has {bytes} bytes, the limit is {limit}; split the series into single-frame files"
    )]
    TooLarge { bytes: u64, limit: u64 },
    #[error("reading DICOM: the file's meta information is damaged ({0}); copy or export it again")]
    Meta(String),
    #[error(
        "reading DICOM: transfer syntax {uid} is not known; convert the file to Explicit VR Little Endian (dcmconv or the PACS can)"
    )]
    TransferSyntax { uid: String },
    #[error(
        "reading DICOM: an element claims {claimed} bytes where {left} are left; the file is truncated or damaged, copy or export it again"
    )]
    Overrun { claimed: u64, left: u64 },
    #[error(
        "reading DICOM: sequences are nested more than {limit} deep; the file is damaged, export it again"
    )]
    TooDeep { limit: usize },
    #[error(
        "reading DICOM: the file holds more than {limit} items in its sequences, which no scan of its size has; export it again"
    )]
    TooManyItems { limit: u64 },
    #[error(
        "reading DICOM: the file says that it holds {frames} frames, the limit is {limit}; split the series into single-frame files"
    )]
    TooManyFrames { frames: f64, limit: usize },
    #[error(
        "reading DICOM: the deflated data set is larger than {limit} bytes; if it is a real scan, convert it to Explicit VR Little Endian"
    )]
    Inflated { limit: u64 },
    #[error("reading DICOM: the data set is damaged ({0}); copy or export the file again")]
    DataSet(String),
    #[error(
        "reading DICOM: {what} is missing; this is not an image of a scan, or it was anonymised too strictly"
    )]
    Missing { what: &'static str },
    #[error("reading DICOM: {why}")]
    NotASlice { why: &'static str },
    #[error(
        "reading DICOM: this is a DICOMDIR, the index of a disc, and holds no image; give the folder that it lies in"
    )]
    Directory,
    #[error(
        "reading DICOM: this file holds no image (its class is {class}); give the MR series of the head"
    )]
    NoImage { class: String },
    #[error("reading DICOM: this is a {what}; give the MR series of the head")]
    OtherModality { what: String },
    #[error(
        "reading DICOM: {name} is {value:?}, expected {wanted}; correct the attribute, or export the series again"
    )]
    NotANumber {
        name: String,
        value: String,
        wanted: String,
    },
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("reading a folder: a file holds {what}; copy or export it again, or take it away")]
    Blank { what: &'static str },
}

const PREAMBLE: usize = 128;
/// Depth of real files is at most about six.
const MAX_DEPTH: usize = 24;

/// The bytes of a file if it is DICOM, `None` if not.
pub(super) fn dicom_bytes(
    path: &Path,
    limits: ReadLimits,
) -> Result<Option<Vec<u8>>, DicomFileError> {
    let io = |error: std::io::Error| DicomFileError::Io(error.to_string());
    let mut file = open_file(path).map_err(io)?;
    let mut start = Vec::with_capacity(132);
    (&mut file).take(132).read_to_end(&mut start).map_err(io)?;
    if !starts_like_dicom(&start) {
        return Ok(None);
    }
    let bytes = file.metadata().map_err(io)?.len();
    if bytes > limits.max_dicom_bytes {
        return Err(DicomFileError::TooLarge {
            bytes,
            limit: limits.max_dicom_bytes,
        });
    }
    let mut content = start;
    file.read_to_end(&mut content).map_err(io)?;
    Ok(Some(content))
}

/// Whether a file starts like DICOM.
pub(crate) fn is_dicom(path: &Path) -> bool {
    let mut start = Vec::with_capacity(132);
    open_file(path)
        .and_then(|file| file.take(132).read_to_end(&mut start))
        .is_ok()
        && starts_like_dicom(&start)
}

/// What is wrong with a file that is no DICOM and lies where DICOM is expected: it is empty, blank, or named as one.
pub(crate) fn blank(path: &Path) -> Option<DicomFileError> {
    let mut start = Vec::with_capacity(PREAMBLE);
    let read = open_file(path).and_then(|file| file.take(PREAMBLE as u64).read_to_end(&mut start));
    let named = path.extension().is_some_and(|extension| {
        ["dcm", "ima"]
            .iter()
            .any(|dicom| extension.eq_ignore_ascii_case(dicom))
    });
    let what = match read {
        Ok(0) => "nothing (0 bytes)",
        Ok(_) if start.iter().all(|byte| *byte == 0) => "nothing but zeros at its start",
        Ok(_) if named => "no DICOM, though its name says so",
        _ => return None,
    };
    Some(DicomFileError::Blank { what })
}

/// Parses the bytes of a DICOM file, up to the pixels or with them.
pub(super) fn parse(
    bytes: &[u8],
    with_pixels: bool,
    limits: ReadLimits,
) -> Result<DefaultDicomObject, DicomFileError> {
    let bytes = &*mended(bytes);
    check(bytes, limits)?;
    let body = bytes.get(128..).unwrap_or_default();
    let mut options = OpenFileOptions::new();
    if !with_pixels {
        options = options.read_until(dicom_dictionary_std::tags::PIXEL_DATA);
    }
    quietly(|| options.from_reader(Cursor::new(body)))
        .ok_or_else(|| DicomFileError::DataSet("the parser gave up".into()))?
        .map_err(|error| DicomFileError::DataSet(root_cause(&error)))
}

/// Refuses files whose elements claim more than the file holds or nest too deep.
fn check(bytes: &[u8], limits: ReadLimits) -> Result<(), DicomFileError> {
    let mut body = Cursor::new(bytes.get(128..).unwrap_or_default());
    check_meta_lengths(body.get_ref())?;
    let meta = quietly(|| FileMetaTable::from_reader(&mut body))
        .ok_or_else(|| DicomFileError::Meta("the parser gave up".into()))?
        .map_err(|error| DicomFileError::Meta(root_cause(&error)))?;
    let uid = meta.transfer_syntax().trim_end_matches('\0').to_string();
    let syntax = TransferSyntaxRegistry
        .get(&uid)
        .ok_or(DicomFileError::TransferSyntax { uid: uid.clone() })?;
    let rest = &body.get_ref()[(body.position() as usize).min(body.get_ref().len())..];
    if uid == dicom_dictionary_std::uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN {
        let limit = inflated_limit(bytes.len(), limits);
        let mut inflated = Vec::new();
        flate2::read::DeflateDecoder::new(rest)
            .take(limit + 1)
            .read_to_end(&mut inflated)
            .map_err(|error| DicomFileError::DataSet(error.to_string()))?;
        if inflated.len() as u64 > limit {
            return Err(DicomFileError::Inflated { limit });
        }
        walk(&inflated, syntax)
    } else {
        walk(rest, syntax)
    }
}

/// Value representations whose length field has two bytes (PS3.5 7.1.2); all others, also
/// ones that do not exist, are read with four.
const SHORT_LENGTH_VRS: [&[u8; 2]; 21] = [
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN",
    b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
];

/// The meta group is Explicit VR Little Endian and starts with its own length (PS3.10
/// 7.1). Checks that its elements fill that length exactly and none claims more than the
/// file holds (`body` starts at `DICM`).
fn check_meta_lengths(body: &[u8]) -> Result<(), DicomFileError> {
    let damaged = |why: &str| Err(DicomFileError::Meta(why.into()));
    let group_length = match body.get(4..16) {
        Some([2, 0, 0, 0, b'U', b'L', 4, 0, a, b, c, d]) => u32::from_le_bytes([*a, *b, *c, *d]),
        _ => return damaged("its length is missing"),
    };
    let end = 16 + group_length as usize;
    if end > body.len() {
        let (claimed, left) = (u64::from(group_length), body.len() as u64 - 16);
        return Err(DicomFileError::Overrun { claimed, left });
    }
    let mut at = 16;
    while at < end {
        let header: Option<[u8; 8]> = body.get(at..at + 8).and_then(|h| h.try_into().ok());
        let Some([2, 0, _, _, vr0, vr1, len0, len1]) = header else {
            return damaged("it holds an element of another group");
        };
        let short = SHORT_LENGTH_VRS.contains(&&[vr0, vr1]);
        let (claimed, header) = if short {
            (u64::from(u16::from_le_bytes([len0, len1])), 8)
        } else {
            let raw = body
                .get(at + 8..at + 12)
                .and_then(|b| <[u8; 4]>::try_from(b).ok());
            (u64::from(u32::from_le_bytes(raw.unwrap_or([0xff; 4]))), 12)
        };
        let left = end.saturating_sub(at + header) as u64;
        if claimed > left {
            return Err(DicomFileError::Overrun { claimed, left });
        }
        at += header + claimed as usize;
    }
    Ok(())
}

/// Image data deflate to a tenth or so; a data set that grows more than this is no image.
fn inflated_limit(deflated: usize, limits: ReadLimits) -> u64 {
    const MOST_GROWTH: u64 = 64;
    const MOST_BYTES: u64 = 1 << 28;
    (deflated as u64 * MOST_GROWTH)
        .min(MOST_BYTES)
        .min(limits.max_dicom_bytes)
}

fn walk(
    data: &[u8],
    syntax: &dicom_encoding::transfer_syntax::TransferSyntax,
) -> Result<(), DicomFileError> {
    let damaged = |error: &dyn std::error::Error| DicomFileError::DataSet(root_cause(error));
    let total = data.len() as u64;
    let mut reader = LazyDataSetReader::new_with_ts(Cursor::new(data), syntax)
        .map_err(|error| damaged(&error))?;
    let (mut depth, mut items) = (0usize, 0u64);
    let most_items = most_items(total);
    while let Some(token) = quietly(|| reader.advance())
        .ok_or_else(|| DicomFileError::DataSet("the parser gave up".into()))?
    {
        let token = token.map_err(|error| damaged(&error))?;
        match token {
            LazyDataToken::SequenceStart { .. }
            | LazyDataToken::PixelSequenceStart
            | LazyDataToken::ItemStart { .. } => {
                depth += 1;
                items += 1;
                if items > most_items {
                    return Err(DicomFileError::TooManyItems { limit: most_items });
                }
                if depth > 2 * MAX_DEPTH {
                    return Err(DicomFileError::TooDeep { limit: MAX_DEPTH });
                }
            }
            LazyDataToken::SequenceEnd | LazyDataToken::ItemEnd => depth = depth.saturating_sub(1),
            LazyDataToken::LazyValue { header, decoder } => {
                check_whole_values(&header)?;
                skip(u64::from(header.len.0), total, decoder)?;
            }
            LazyDataToken::LazyItemValue { len, decoder } => {
                skip(u64::from(len), total, decoder)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Items cost the parser some two thousand bytes each, however little they hold. Those of real files hold attributes.
fn most_items(bytes: u64) -> u64 {
    const FREE: u64 = 1000;
    const LEAST_BYTES: u64 = 48;
    const MOST: u64 = 500_000;
    (FREE + bytes / LEAST_BYTES).min(MOST)
}

/// Values of fixed size must fill their element: where they do not, the parser reads fewer
/// bytes than are there and takes the rest for the next element.
fn check_whole_values(header: &DataElementHeader) -> Result<(), DicomFileError> {
    let size = match header.vr {
        VR::US | VR::SS | VR::OW => 2,
        VR::AT | VR::UL | VR::SL | VR::FL | VR::OF | VR::OL => 4,
        VR::FD | VR::SV | VR::UV | VR::OD | VR::OV => 8,
        _ => 1,
    };
    if header.len.0.is_multiple_of(size) {
        Ok(())
    } else {
        let why = format!(
            "{} bytes do not hold whole {} values",
            header.len.0, header.vr
        );
        Err(DicomFileError::DataSet(why))
    }
}

fn skip<D: dicom_parser::StatefulDecode>(
    claimed: u64,
    total: u64,
    mut decoder: D,
) -> Result<(), DicomFileError> {
    let left = total.saturating_sub(decoder.position());
    if claimed > left {
        return Err(DicomFileError::Overrun { claimed, left });
    }
    decoder
        .skip_bytes(claimed as u32)
        .map_err(|error| DicomFileError::DataSet(root_cause(&error)))
}

/// Runs code of others that may panic on hostile bytes; `None` when it did. The data it
/// works on are thrown away then, so no broken state is seen.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}

/// The innermost message of an error chain, which names the cause.
pub(super) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
