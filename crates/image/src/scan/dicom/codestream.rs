//! The image size a compressed frame claims for itself.
//!
//! Decoders make room for what the code stream says, not for what the DICOM attributes
//! say. A frame whose two sizes differ is damaged or hostile, and is refused before it is
//! decoded.

/// Width and height that a JPEG, JPEG 2000 or JPEG XL code stream claims, where it is one.
pub(super) fn claimed_size(frame: &[u8]) -> Option<[u64; 2]> {
    match frame {
        [0xff, 0xd8, ..] => jpeg_size(frame),
        [0xff, 0x4f, 0xff, 0x51, ..] => jpeg2000_size(frame),
        [0, 0, 0, 12, b'j', b'P', ..] => {
            // A JP2 container: the code stream starts with its SOC and SIZ markers.
            let at = frame
                .windows(4)
                .position(|w| w == [0xff, 0x4f, 0xff, 0x51])?;
            jpeg2000_size(&frame[at..])
        }
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', ..] => jpegxl_size(frame),
        _ => None,
    }
}

/// ITU T.81 B.2.2: a start-of-frame segment holds the height and the width.
fn jpeg_size(frame: &[u8]) -> Option<[u64; 2]> {
    let mut at = 2;
    loop {
        let &[0xff, marker, high, low] = frame.get(at..at + 4)? else {
            return None;
        };
        // SOF0-15 without DHT (C4), JPG (C8) and DAC (CC).
        if (0xc0..=0xcf).contains(&marker) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let &[h1, h0, w1, w0] = frame.get(at + 5..at + 9)? else {
                return None;
            };
            return Some([[w1, w0], [h1, h0]].map(|b| u64::from(u16::from_be_bytes(b))));
        }
        at += if marker == 0xff {
            1
        } else {
            2 + usize::from(u16::from_be_bytes([high, low]))
        };
    }
}

/// ITU T.800 A.5.1: SIZ holds the far corner of the reference grid and the image's offset.
fn jpeg2000_size(frame: &[u8]) -> Option<[u64; 2]> {
    let word = |at: usize| {
        let raw: [u8; 4] = frame.get(at..at + 4)?.try_into().ok()?;
        Some(u64::from(u32::from_be_bytes(raw)))
    };
    Some([
        word(8)?.saturating_sub(word(16)?),
        word(12)?.saturating_sub(word(20)?),
    ])
}

/// ISO/IEC 18181-1 D.2 SizeHeader of a naked code stream (a container is refused by
/// claiming nothing sensible: scanners and archives write naked ones).
fn jpegxl_size(frame: &[u8]) -> Option<[u64; 2]> {
    let Some(stream) = frame.strip_prefix(&[0xff, 0x0a]) else {
        return Some([u64::MAX, u64::MAX]);
    };
    let mut bits = Bits {
        bytes: stream,
        at: 0,
    };
    let small = bits.take(1)? == 1;
    let height = if small {
        (bits.take(5)? + 1) * 8
    } else {
        bits.size_u32()?
    };
    let ratio = bits.take(3)?;
    let width = match ratio {
        0 if small => (bits.take(5)? + 1) * 8,
        0 => bits.size_u32()?,
        1 => height,
        2 => height * 12 / 10,
        3 => height * 4 / 3,
        4 => height * 3 / 2,
        5 => height * 16 / 9,
        6 => height * 5 / 4,
        _ => height * 2,
    };
    Some([width, height])
}

/// Bits of a JPEG XL stream, least significant first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u64> {
        let mut value = 0;
        for bit in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value |= u64::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Some(value)
    }

    /// `U32(1 + u(9), 1 + u(13), 1 + u(18), 1 + u(30))`.
    fn size_u32(&mut self) -> Option<u64> {
        let width = [9, 13, 18, 30][self.take(2)? as usize];
        Some(1 + self.take(width)?)
    }
}

/// Segments an RLE frame can have (PS3.5 G.5).
const MOST_RLE_SEGMENTS: u32 = 15;

/// Whether an RLE frame's header fits the frame, and the frame its `raw_bytes`: packed
/// bytes grow by one in 128 at the worst, and unpack to 64 times as many at most.
pub(super) fn is_plausible_rle(frame: &[u8], raw_bytes: usize) -> bool {
    let word = |at: usize| {
        let raw: Option<[u8; 4]> = frame
            .get(4 * at..4 * at + 4)
            .and_then(|b| b.try_into().ok());
        raw.map(u32::from_le_bytes)
    };
    let Some(segments) = word(0).filter(|n| (1..=MOST_RLE_SEGMENTS).contains(n)) else {
        return false;
    };
    let offsets: Option<Vec<u32>> = (1..=segments as usize).map(word).collect();
    let ordered = offsets.is_some_and(|offsets| {
        offsets.is_sorted() && offsets.iter().all(|&offset| offset as usize <= frame.len())
    });
    ordered && frame.len() <= 2 * raw_bytes + 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_from_hand_made_headers() {
        // SOI, an APP0 of 4 bytes, then SOF3 (lossless): precision 16, 300 × 500.
        let jpeg = [
            0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc3, 0, 11, 16, 0x01, 0x2c, 0x01, 0xf4, 1,
        ];
        assert_eq!(claimed_size(&jpeg), Some([500, 300]));
        let mut siz = vec![0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0];
        for word in [512u32, 256, 12, 6] {
            siz.extend(word.to_be_bytes());
        }
        assert_eq!(claimed_size(&siz), Some([500, 250]));
        // JPEG XL: not small (0), selector 0 (2 bits), height - 1 = 63 in 9 bits, ratio 1
        // (width = height): bits 0 00 111111000 100 → bytes 0b1111_1000, 0b0001_0001 >> …
        let bits: u32 = 63 << 3 | 1 << 12;
        let [a, b, c, _] = bits.to_le_bytes();
        assert_eq!(claimed_size(&[0xff, 0x0a, a, b, c]), Some([64, 64]));
        assert_eq!(claimed_size(&[0xff, 0xd8, 0xff]), None);
    }

    #[test]
    fn rle_headers_must_fit() {
        let mut frame = vec![0u8; 70];
        frame[0] = 2;
        frame[4] = 64;
        frame[8] = 66;
        assert!(is_plausible_rle(&frame, 16));
        frame[3] = 0x80;
        assert!(!is_plausible_rle(&frame, 16));
        assert!(!is_plausible_rle(&[2, 0, 0, 0, 64], 16));
        assert!(!is_plausible_rle(&vec![1; 9000], 16));
    }
}
