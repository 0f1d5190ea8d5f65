//! Elements of a data set: how they are written, and what stands before a value.

use super::{ITEM, SEQUENCE_END, Tag};
use dicom_dictionary_std::uids;

/// How elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syntax {
    pub(super) explicit: bool,
    pub(super) big_endian: bool,
}

impl Syntax {
    pub(super) const EXPLICIT: Self = Self {
        explicit: true,
        big_endian: false,
    };
    pub(super) const IMPLICIT: Self = Self {
        explicit: false,
        big_endian: false,
    };

    /// Of a transfer syntax; `None` where the data set is compressed as a whole.
    pub(super) fn of(uid: &str) -> Option<Self> {
        match uid {
            uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => None,
            uids::IMPLICIT_VR_LITTLE_ENDIAN => Some(Self::IMPLICIT),
            // Retired, and still in archives: Explicit VR Big Endian.
            "1.2.840.10008.1.2.2" => Some(Self {
                explicit: true,
                big_endian: true,
            }),
            _ => Some(Self::EXPLICIT),
        }
    }

    /// Of a data set that begins so.
    pub(super) fn guessed(data: &[u8]) -> Self {
        if data.get(4..6).is_some_and(is_vr) {
            Self::EXPLICIT
        } else {
            Self::IMPLICIT
        }
    }

    pub(super) fn uid(self) -> &'static str {
        if self.explicit {
            uids::EXPLICIT_VR_LITTLE_ENDIAN
        } else {
            uids::IMPLICIT_VR_LITTLE_ENDIAN
        }
    }

    pub(super) fn u16(self, raw: [u8; 2]) -> u16 {
        if self.big_endian {
            u16::from_be_bytes(raw)
        } else {
            u16::from_le_bytes(raw)
        }
    }

    pub(super) fn u32(self, raw: [u8; 4]) -> u32 {
        if self.big_endian {
            u32::from_be_bytes(raw)
        } else {
            u32::from_le_bytes(raw)
        }
    }

    pub(super) fn bytes(self, value: u32) -> [u8; 4] {
        if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    pub(super) fn delimiter(self) -> Vec<u8> {
        let words = [SEQUENCE_END.0, SEQUENCE_END.1, 0, 0];
        let raw = |word: u16| {
            if self.big_endian {
                word.to_be_bytes()
            } else {
                word.to_le_bytes()
            }
        };
        words.into_iter().flat_map(raw).collect()
    }
}

/// Value representations with a length of four bytes behind two that are reserved (PS3.5 7.1.2).
pub(super) fn has_long_length(vr: [u8; 2]) -> bool {
    matches!(
        &vr,
        b"OB"
            | b"OD"
            | b"OF"
            | b"OL"
            | b"OV"
            | b"OW"
            | b"SQ"
            | b"SV"
            | b"UC"
            | b"UN"
            | b"UR"
            | b"UT"
            | b"UV"
    )
}

/// What stands before a value.
pub(super) struct Header {
    pub(super) tag: Tag,
    pub(super) vr: [u8; 2],
    pub(super) length: u32,
    /// Bytes of the header itself.
    pub(super) size: usize,
}

impl Header {
    pub(super) fn read(data: &[u8], syntax: Syntax) -> Option<Self> {
        let &[a, b, c, d, e, f, g, h] = data.first_chunk::<8>()?;
        let tag = (syntax.u16([a, b]), syntax.u16([c, d]));
        let four = |raw| syntax.u32(raw);
        if !syntax.explicit || tag.0 == ITEM.0 {
            return Some(Self {
                tag,
                vr: *b"  ",
                length: four([e, f, g, h]),
                size: 8,
            });
        }
        let vr = [e, f];
        if !is_vr(&vr) {
            return None;
        }
        let (length, size) = if has_long_length(vr) {
            let raw: [u8; 4] = data.get(8..12)?.try_into().ok()?;
            (four(raw), 12)
        } else {
            (u32::from(syntax.u16([g, h])), 8)
        };
        Some(Self {
            tag,
            vr,
            length,
            size,
        })
    }
}

/// Whether two bytes are a value representation.
pub(super) fn is_vr(letters: &[u8]) -> bool {
    letters.len() == 2 && letters.iter().all(u8::is_ascii_uppercase)
}
