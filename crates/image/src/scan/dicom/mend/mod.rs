//! DICOM files that are whole but not as the parser wants them.
//!
//! Archives and scanners leave out what other readers do without: the preamble, the length of the meta group, the
//! delimiter behind compressed pixels; they fill a file's last block with zeros, and write sequences that they do not
//! know as VR UN of undefined length (PS3.5 6.2.2, note 5). Such files are brought into the form that dicom-rs reads;
//! nothing else is changed, and what is damaged stays so.

mod element;
mod meta;
mod walk;

use element::{Syntax, is_vr};
use meta::Meta;
use std::borrow::Cow;
use walk::edits_of;

const PREAMBLE: usize = 128;
const MAGIC: &[u8; 4] = b"DICM";
const UNDEFINED: u32 = u32::MAX;
const ITEM: Tag = (0xfffe, 0xe000);
const ITEM_END: Tag = (0xfffe, 0xe00d);
const SEQUENCE_END: Tag = (0xfffe, 0xe0dd);
const PIXEL_DATA: Tag = (0x7fe0, 0x0010);

type Tag = (u16, u16);

/// Whether a file that starts so is DICOM: a preamble with its magic, a meta group, or a data set alone.
pub(super) fn starts_like_dicom(start: &[u8]) -> bool {
    meta_start(start).is_some() || is_bare(start)
}

/// Where the meta group begins.
fn meta_start(bytes: &[u8]) -> Option<usize> {
    if bytes.get(PREAMBLE..PREAMBLE + 4) == Some(MAGIC) {
        return Some(PREAMBLE + 4);
    }
    if bytes.starts_with(MAGIC) {
        return Some(4);
    }
    (bytes.starts_with(&[2, 0]) && bytes.get(4..6).is_some_and(is_vr)).then_some(0)
}

/// A data set without a meta group begins with an element of group 8.
fn is_bare(bytes: &[u8]) -> bool {
    const LAST_FIRST: u16 = 0x0070;
    const LONGEST_FIRST: u32 = 1024;
    let Some(&[8, 0, low, high, a, b, c, d]) = bytes.first_chunk::<8>() else {
        return false;
    };
    let explicit = is_vr(&[a, b]);
    let length = u32::from_le_bytes([a, b, c, d]);
    let implicit = length.is_multiple_of(2) && length <= LONGEST_FIRST;
    u16::from_le_bytes([low, high]) <= LAST_FIRST && (explicit || implicit)
}

/// The file in the form that dicom-rs reads.
pub(super) fn mended(bytes: &[u8]) -> Cow<'_, [u8]> {
    let meta = Meta::read(bytes);
    let data = bytes.get(meta.end..).unwrap_or_default();
    let syntax = match &meta.syntax {
        Some(uid) => Syntax::of(uid),
        None => Some(Syntax::guessed(data)),
    };
    let edits = syntax.map_or_else(Vec::new, |syntax| edits_of(data, syntax));
    if meta.is_whole && edits.is_empty() {
        return Cow::Borrowed(bytes);
    }
    let mut made = if meta.is_whole {
        bytes[..meta.end].to_vec()
    } else {
        let guessed = Syntax::guessed(data).uid();
        meta.written(meta.syntax.as_deref().unwrap_or(guessed))
    };
    let mut from = 0;
    for edit in &edits {
        made.extend(&data[from..edit.at]);
        made.extend(&edit.insert);
        from = edit.at + edit.remove;
    }
    made.extend(&data[from..]);
    Cow::Owned(made)
}

#[cfg(test)]
mod tests;
