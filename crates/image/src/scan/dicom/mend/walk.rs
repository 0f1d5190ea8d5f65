//! A walk over a data set that lists what has to change in it.

use super::element::{Header, Syntax};
use super::{ITEM, ITEM_END, PIXEL_DATA, SEQUENCE_END, UNDEFINED};

/// As deep as the guard allows.
const MOST_DEPTH: usize = 48;

/// Bytes that are taken away and put in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) at: usize,
    pub(super) remove: usize,
    pub(super) insert: Vec<u8>,
}

/// What has to change in a data set, in its order. Where it cannot be followed, nothing more changes.
pub(super) fn edits_of(data: &[u8], syntax: Syntax) -> Vec<Edit> {
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
