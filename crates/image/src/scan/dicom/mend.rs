//! DICOM files that are whole but not as the parser wants them.
//!
//! Archives and scanners leave out what other readers do without: the preamble, the length of the meta group, the
//! delimiter behind compressed pixels; they fill a file's last block with zeros, and write sequences that they do not
//! know as VR UN of undefined length (PS3.5 6.2.2, note 5). Such files are brought into the form that dicom-rs reads;
//! nothing else is changed, and what is damaged stays so.

use dicom_dictionary_std::uids;
use std::borrow::Cow;

const PREAMBLE: usize = 128;
const MAGIC: &[u8; 4] = b"DICM";
const UNDEFINED: u32 = u32::MAX;
const ITEM: Tag = (0xfffe, 0xe000);
const ITEM_END: Tag = (0xfffe, 0xe00d);
const SEQUENCE_END: Tag = (0xfffe, 0xe0dd);
const PIXEL_DATA: Tag = (0x7fe0, 0x0010);
/// As deep as the guard allows.
const MOST_DEPTH: usize = 48;

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

fn is_vr(letters: &[u8]) -> bool {
    letters.len() == 2 && letters.iter().all(u8::is_ascii_uppercase)
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

/// The meta group: Explicit VR Little Endian (PS3.10 7.1).
struct Meta {
    /// Element number, VR and value, without the group's length.
    elements: Vec<(u16, [u8; 2], Vec<u8>)>,
    syntax: Option<String>,
    /// Where the data set begins.
    end: usize,
    /// Whether the parser reads it as it is.
    is_whole: bool,
}

impl Meta {
    fn read(bytes: &[u8]) -> Self {
        let start = meta_start(bytes);
        let mut meta = Self {
            elements: Vec::new(),
            syntax: None,
            end: start.unwrap_or(0),
            is_whole: start == Some(PREAMBLE + 4),
        };
        if start.is_none() {
            return meta;
        }
        let mut length = None;
        while let Some(header) = Header::read(&bytes[meta.end..], Syntax::EXPLICIT) {
            let (group, number) = header.tag;
            let value = meta.end + header.size;
            let Some(content) = bytes.get(value..value + header.length as usize) else {
                break;
            };
            if group != 2 {
                break;
            }
            meta.end = value + content.len();
            if number == 0 {
                length = <[u8; 4]>::try_from(content)
                    .ok()
                    .map(|raw| (u32::from_le_bytes(raw) as usize, meta.end));
                continue;
            }
            if number == 0x0010 {
                let text = String::from_utf8_lossy(content);
                meta.syntax = Some(text.trim_matches(['\0', ' ']).to_string());
            }
            meta.elements.push((number, header.vr, content.to_vec()));
        }
        let counted = length.is_some_and(|(length, from)| from + length == meta.end);
        let needed = [0x0001, 0x0002, 0x0003, 0x0010, 0x0012];
        let there = |wanted: &u16| {
            let mut elements = meta.elements.iter();
            elements.any(|(number, _, value)| number == wanted && !value.is_empty())
        };
        meta.is_whole &= counted && needed.iter().all(there);
        meta
    }

    /// A preamble and a meta group of the same content, and what the parser does not do without.
    fn written(&self, syntax: &str) -> Vec<u8> {
        let needed: [(u16, &[u8; 2], &[u8]); 5] = [
            (0x0001, b"OB", &[0, 1]),
            (0x0002, b"UI", uids::MR_IMAGE_STORAGE.as_bytes()),
            (0x0003, b"UI", b"2.25.1"),
            (0x0010, b"UI", syntax.as_bytes()),
            (0x0012, b"UI", b"2.25.2"),
        ];
        let mut elements = self.elements.clone();
        elements.retain(|(_, _, value)| !value.is_empty());
        for (number, vr, value) in needed {
            if !elements.iter().any(|(there, ..)| *there == number) {
                elements.push((number, *vr, value.to_vec()));
            }
        }
        elements.sort_by_key(|(number, ..)| *number);
        let mut group = Vec::new();
        for (number, vr, mut value) in elements {
            if value.len() % 2 == 1 {
                value.push(0);
            }
            group.extend([2, 0]);
            group.extend(number.to_le_bytes());
            group.extend(vr);
            if has_long_length(vr) {
                group.extend([0, 0]);
                group.extend((value.len() as u32).to_le_bytes());
            } else {
                group.extend((value.len() as u16).to_le_bytes());
            }
            group.extend(value);
        }
        let mut made = vec![0; PREAMBLE];
        made.extend(MAGIC);
        made.extend([2, 0, 0, 0, b'U', b'L', 4, 0]);
        made.extend((group.len() as u32).to_le_bytes());
        made.extend(group);
        made
    }
}

/// How elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Syntax {
    explicit: bool,
    big_endian: bool,
}

impl Syntax {
    const EXPLICIT: Self = Self {
        explicit: true,
        big_endian: false,
    };
    const IMPLICIT: Self = Self {
        explicit: false,
        big_endian: false,
    };

    /// Of a transfer syntax; `None` where the data set is compressed as a whole.
    fn of(uid: &str) -> Option<Self> {
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
    fn guessed(data: &[u8]) -> Self {
        if data.get(4..6).is_some_and(is_vr) {
            Self::EXPLICIT
        } else {
            Self::IMPLICIT
        }
    }

    fn uid(self) -> &'static str {
        if self.explicit {
            uids::EXPLICIT_VR_LITTLE_ENDIAN
        } else {
            uids::IMPLICIT_VR_LITTLE_ENDIAN
        }
    }

    fn u16(self, raw: [u8; 2]) -> u16 {
        if self.big_endian {
            u16::from_be_bytes(raw)
        } else {
            u16::from_le_bytes(raw)
        }
    }

    fn u32(self, raw: [u8; 4]) -> u32 {
        if self.big_endian {
            u32::from_be_bytes(raw)
        } else {
            u32::from_le_bytes(raw)
        }
    }

    fn bytes(self, value: u32) -> [u8; 4] {
        if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    fn delimiter(self) -> Vec<u8> {
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
fn has_long_length(vr: [u8; 2]) -> bool {
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
struct Header {
    tag: Tag,
    vr: [u8; 2],
    length: u32,
    /// Bytes of the header itself.
    size: usize,
}

impl Header {
    fn read(data: &[u8], syntax: Syntax) -> Option<Self> {
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

/// Bytes that are taken away and put in.
#[derive(Debug, PartialEq, Eq)]
struct Edit {
    at: usize,
    remove: usize,
    insert: Vec<u8>,
}

/// What has to change in a data set, in its order. Where it cannot be followed, nothing more changes.
fn edits_of(data: &[u8], syntax: Syntax) -> Vec<Edit> {
    let mut walk = Walk {
        data,
        edits: Vec::new(),
    };
    let mut at = 0;
    while at < data.len() {
        let rest = &data[at..];
        // The last block of a file, filled up; or less than a header.
        if rest.len() < 8 || rest.iter().all(|byte| *byte == 0) {
            walk.edits.push(Edit {
                at,
                remove: rest.len(),
                insert: Vec::new(),
            });
            break;
        }
        match walk.element(at, syntax, 0) {
            Some((end, _)) => at = end,
            None => break,
        }
    }
    walk.edits.sort_by_key(|edit| edit.at);
    walk.edits
}

struct Walk<'a> {
    data: &'a [u8],
    edits: Vec<Edit>,
}

impl Walk<'_> {
    fn header(&self, at: usize, syntax: Syntax) -> Option<Header> {
        Header::read(self.data.get(at..)?, syntax)
    }

    /// Where the element at `at` ends, and how many bytes of it go.
    fn element(&mut self, at: usize, syntax: Syntax, depth: usize) -> Option<(usize, usize)> {
        if depth > MOST_DEPTH {
            return None;
        }
        let header = self.header(at, syntax)?;
        let value = at + header.size;
        let unknown = header.vr == *b"UN";
        if header.length != UNDEFINED {
            let end = value.checked_add(header.length as usize)?;
            if end > self.data.len() {
                return None;
            }
            let removed = if header.vr == *b"SQ" {
                self.items(value, Some(end), syntax, depth)?.1
            } else {
                0
            };
            self.shorten(value - 4, header.length, removed, syntax);
            return Some((end, removed));
        }
        if header.tag == PIXEL_DATA {
            return Some((self.fragments(value, syntax), 0));
        }
        let within = if unknown { Syntax::IMPLICIT } else { syntax };
        let before = self.edits.len();
        let (end, removed) = self.items(value, None, within, depth)?;
        if unknown {
            self.edits.truncate(before);
            self.edits.push(Edit {
                at,
                remove: end - at,
                insert: Vec::new(),
            });
            return Some((end, end - at));
        }
        Some((end, removed))
    }

    /// Where the items of a sequence end, and how many bytes of them go.
    fn items(
        &mut self,
        mut at: usize,
        end: Option<usize>,
        syntax: Syntax,
        depth: usize,
    ) -> Option<(usize, usize)> {
        let mut removed = 0;
        while end.is_none_or(|end| at < end) {
            let header = self.header(at, syntax)?;
            let start = at + header.size;
            match header.tag {
                SEQUENCE_END => return Some((start, removed)),
                ITEM => {
                    let stop = (header.length != UNDEFINED)
                        .then(|| start.checked_add(header.length as usize))
                        .flatten();
                    let (next, gone) = self.item(start, stop, syntax, depth)?;
                    if stop.is_some() {
                        self.shorten(start - 4, header.length, gone, syntax);
                    }
                    at = next;
                    removed += gone;
                }
                _ => return None,
            }
        }
        Some((at, removed))
    }

    fn item(
        &mut self,
        mut at: usize,
        end: Option<usize>,
        syntax: Syntax,
        depth: usize,
    ) -> Option<(usize, usize)> {
        let mut removed = 0;
        while end.is_none_or(|end| at < end) {
            let header = self.header(at, syntax)?;
            if header.tag == ITEM_END {
                return Some((at + header.size, removed));
            }
            let (next, gone) = self.element(at, syntax, depth + 1)?;
            at = next;
            removed += gone;
        }
        Some((at, removed))
    }

    /// A length that counts bytes which go.
    fn shorten(&mut self, at: usize, length: u32, removed: usize, syntax: Syntax) {
        if removed > 0 {
            self.edits.push(Edit {
                at,
                remove: 4,
                insert: syntax.bytes(length - removed as u32).to_vec(),
            });
        }
    }

    /// Where compressed pixels end. Where zeros or nothing stand behind a fragment, the delimiter was left out.
    fn fragments(&mut self, mut at: usize, syntax: Syntax) -> usize {
        loop {
            let rest = self.data.get(at..).unwrap_or_default();
            if rest.iter().all(|byte| *byte == 0) {
                self.edits.push(Edit {
                    at,
                    remove: rest.len(),
                    insert: syntax.delimiter(),
                });
                return self.data.len();
            }
            match self.header(at, syntax) {
                Some(header) if header.tag == SEQUENCE_END => return at + header.size,
                Some(header) if header.tag == ITEM && header.length != UNDEFINED => {
                    at = at.saturating_add(8).saturating_add(header.length as usize);
                    if at > self.data.len() {
                        return self.data.len();
                    }
                }
                _ => return self.data.len(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Explicit VR, little endian.
    fn element(group: u16, number: u16, vr: &[u8; 2], length: u32, value: &[u8]) -> Vec<u8> {
        let mut made = [group.to_le_bytes(), number.to_le_bytes()].concat();
        made.extend(vr);
        if has_long_length(*vr) {
            made.extend([0, 0]);
            made.extend(length.to_le_bytes());
        } else {
            made.extend((length as u16).to_le_bytes());
        }
        made.extend(value);
        made
    }

    fn item(length: u32, value: &[u8]) -> Vec<u8> {
        let mut made = vec![0xfe, 0xff, 0x00, 0xe0];
        made.extend(length.to_le_bytes());
        made.extend(value);
        made
    }

    fn end(number: u16) -> Vec<u8> {
        let mut made = vec![0xfe, 0xff];
        made.extend(number.to_le_bytes());
        made.extend([0; 4]);
        made
    }

    /// The data set as it is read, behind a whole meta group.
    fn data_of(data: &[u8]) -> Vec<u8> {
        let meta = Meta {
            elements: Vec::new(),
            syntax: None,
            end: 0,
            is_whole: false,
        };
        let head = meta.written(uids::EXPLICIT_VR_LITTLE_ENDIAN);
        let file = [head.clone(), data.to_vec()].concat();
        mended(&file)[head.len()..].to_vec()
    }

    #[test]
    fn a_sequence_of_unknown_kind_goes_and_lengths_around_it_follow() {
        let kept = element(0x0018, 0x0081, b"DS", 4, b"20.0");
        // Implicit VR within: tag, length of four bytes.
        let inner = [0x29, 0, 1, 0x10, 4, 0, 0, 0, 1, 2, 3, 4];
        let unknown = element(
            0x0029,
            0x1010,
            b"UN",
            UNDEFINED,
            &[item(inner.len() as u32, &inner), end(0xe0dd)].concat(),
        );
        let with = [kept.clone(), unknown].concat();
        // In a sequence of defined lengths: item 8 + content, in the sequence's own length.
        let sequence = |content: &[u8]| {
            let items = item(content.len() as u32, content);
            element(0x0008, 0x1140, b"SQ", items.len() as u32, &items)
        };
        assert_eq!(data_of(&with), kept);
        assert_eq!(data_of(&sequence(&with)), sequence(&kept));
        // In one of undefined lengths.
        let open = |content: &[u8]| {
            let items = [
                item(UNDEFINED, &[content, &end(0xe00d)].concat()),
                end(0xe0dd),
            ]
            .concat();
            element(0x0008, 0x1140, b"SQ", UNDEFINED, &items)
        };
        assert_eq!(data_of(&open(&sequence(&with))), open(&sequence(&kept)));
    }

    #[test]
    fn what_is_whole_stays_and_blocks_are_not_filled() {
        let whole = [
            element(0x0018, 0x0081, b"DS", 4, b"20.0"),
            // Pixels that end in zeros are pixels.
            element(0x7fe0, 0x0010, b"OW", 600, &[0; 600]),
        ]
        .concat();
        assert_eq!(data_of(&whole), whole);
        for extra in [1, 7, 8, 512] {
            let filled = [whole.clone(), vec![0; extra]].concat();
            assert_eq!(data_of(&filled), whole, "{extra}");
        }
    }

    #[test]
    fn compressed_pixels_get_the_delimiter_that_was_left_out() {
        let fragments = [item(0, &[]), item(4, &[1, 2, 3, 4])].concat();
        let whole = element(
            0x7fe0,
            0x0010,
            b"OB",
            UNDEFINED,
            &[fragments.clone(), end(0xe0dd)].concat(),
        );
        let open = element(0x7fe0, 0x0010, b"OB", UNDEFINED, &fragments);
        assert_eq!(data_of(&whole), whole);
        assert_eq!(data_of(&open), whole);
        assert_eq!(data_of(&[open, vec![0; 32]].concat()), whole);
    }

    #[test]
    fn a_file_without_its_beginning_gets_one() {
        let data = element(0x0008, 0x0060, b"CS", 2, b"MR");
        let made = mended(&data);
        assert!(made.starts_with(&[0; PREAMBLE]) && made.ends_with(&data));
        let meta = Meta::read(&made);
        assert!(meta.is_whole);
        assert_eq!(
            meta.syntax.as_deref(),
            Some(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        );
        // Implicit VR: tag and a length of four bytes.
        let implicit = [8, 0, 0x60, 0, 2, 0, 0, 0, b'M', b'R'];
        let meta = Meta::read(&mended(&implicit));
        assert_eq!(
            meta.syntax.as_deref(),
            Some(uids::IMPLICIT_VR_LITTLE_ENDIAN)
        );
        // A meta group with a wrong length, none, and no preamble.
        let right = mended(&data).into_owned();
        let length = PREAMBLE + 4 + 8;
        let mut wrong = right.clone();
        wrong[length..length + 4].fill(0);
        let mut none = right.clone();
        none.drain(PREAMBLE + 4..length + 4);
        for file in [
            wrong,
            none,
            right[PREAMBLE..].to_vec(),
            right[PREAMBLE + 4..].to_vec(),
        ] {
            assert!(starts_like_dicom(&file));
            assert_eq!(mended(&file), right);
        }
    }

    #[test]
    fn other_files_are_no_dicom() {
        for other in [
            &b"not DICOM"[..],
            &[0; 200],
            &348u32.to_le_bytes(),
            b"",
            &[8, 0, 5],
        ] {
            assert!(!starts_like_dicom(other));
        }
    }
}
