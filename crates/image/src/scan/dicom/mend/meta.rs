//! The meta group of a file.

use super::element::{Header, Syntax, has_long_length};
use super::{MAGIC, PREAMBLE, meta_start};
use dicom_dictionary_std::uids;

/// The meta group: Explicit VR Little Endian (PS3.10 7.1).
pub(super) struct Meta {
    /// Element number, VR and value, without the group's length.
    pub(super) elements: Vec<(u16, [u8; 2], Vec<u8>)>,
    pub(super) syntax: Option<String>,
    /// Where the data set begins.
    pub(super) end: usize,
    /// Whether the parser reads it as it is.
    pub(super) is_whole: bool,
}

impl Meta {
    pub(super) fn read(bytes: &[u8]) -> Self {
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
    pub(super) fn written(&self, syntax: &str) -> Vec<u8> {
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
