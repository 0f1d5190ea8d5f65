//! DICOM files that are damaged or mean harm: a clear error and little memory.
use proptest::prelude::*;
use siderin_image::scan::ReadLimits;
use siderin_image::scan::dicom::read_volumes_from_bytes;

const LIMITS: ReadLimits = ReadLimits {
    max_voxels: 1 << 20,
    max_dicom_bytes: 1 << 22,
    max_work_bytes: 1 << 30,
};

fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/dicom/{name}.dcm", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    read_volumes_from_bytes(bytes, LIMITS)
        .unwrap_err()
        .to_string()
}

/// Where an element of this tag starts in an explicit little-endian file.
fn element(bytes: &[u8], group: u16, number: u16) -> usize {
    let tag = [group.to_le_bytes(), number.to_le_bytes()].concat();
    bytes.windows(4).position(|window| window == tag).unwrap()
}

#[test]
fn an_element_that_claims_more_than_the_file_holds() {
    let mut bytes = file("explicit");
    let pixels = element(&bytes, 0x7fe0, 0x0010);
    bytes[pixels + 8..pixels + 12].copy_from_slice(&0xffff_fff0u32.to_le_bytes());
    let said = refusal(&bytes);
    assert!(
        said.contains("claims 4294967280 bytes") && said.contains("export it again"),
        "{said}"
    );
}

#[test]
fn a_meta_element_of_no_known_kind_claims_gigabytes() {
    // Found by fuzzing: an unknown VR is read with a length of four bytes.
    let mut bytes = file("explicit");
    let syntax = element(&bytes, 0x0002, 0x0010);
    bytes[syntax + 4..syntax + 6].copy_from_slice(b"IC");
    assert!(
        refusal(&bytes).contains("reading DICOM"),
        "{}",
        refusal(&bytes)
    );
}

#[test]
fn values_that_do_not_fill_their_element() {
    // Found by fuzzing: the parser reads whole values only and loses its place.
    let mut bytes = file("explicit");
    let position = element(&bytes, 0x0020, 0x0032);
    bytes[position + 4..position + 6].copy_from_slice(b"AT");
    let length = u16::from_le_bytes([bytes[position + 6], bytes[position + 7]]);
    assert!(!length.is_multiple_of(4), "{length}");
    assert!(
        refusal(&bytes).contains("do not hold whole AT values"),
        "{}",
        refusal(&bytes)
    );
}

#[test]
fn an_rle_frame_of_four_billion_segments() {
    let mut bytes = file("rle");
    let pixels = element(&bytes, 0x7fe0, 0x0010);
    // Element header 12, offset table of one entry 12, the fragment's header 8.
    let at = pixels + 32;
    assert_eq!(bytes[at], 2, "two segments of 16-bit values");
    bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(
        refusal(&bytes).contains("RLE header does not fit"),
        "{}",
        refusal(&bytes)
    );
}

#[test]
fn a_code_stream_larger_than_its_attributes() {
    let mut bytes = file("jpeg2000");
    let siz = bytes
        .windows(4)
        .position(|w| w == [0xff, 0x4f, 0xff, 0x51])
        .unwrap();
    bytes[siz + 8..siz + 12].copy_from_slice(&60_000u32.to_be_bytes());
    assert!(refusal(&bytes).contains("is 60000 × 40, its attributes say 36 × 40"));
}

#[test]
fn sequences_nested_without_end() {
    let mut bytes = file("explicit");
    for _ in 0..4000 {
        // A sequence of undefined length with an item of undefined length.
        bytes.extend([
            0x40, 0x00, 0x75, 0x02, b'S', b'Q', 0, 0, 0xff, 0xff, 0xff, 0xff,
        ]);
        bytes.extend([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]);
    }
    assert!(
        refusal(&bytes).contains("nested more than"),
        "{}",
        refusal(&bytes)
    );
}

#[test]
fn a_deflate_bomb() {
    let mut bytes = file("deflated");
    let meta_end = 128 + 4 + 12 + {
        let at = 128 + 4 + 8;
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    };
    bytes.truncate(meta_end);
    let mut encoder = flate2::write::DeflateEncoder::new(bytes, flate2::Compression::best());
    std::io::copy(
        &mut std::io::Read::take(std::io::repeat(0), 64 << 20),
        &mut encoder,
    )
    .unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1 << 18);
    assert!(
        refusal(&bomb).contains("deflated data set is larger"),
        "{}",
        refusal(&bomb)
    );
}

#[test]
fn items_that_hold_nothing() {
    // 100,000 empty items of functional groups: 800 kB that a parser would make 200 MB of.
    let mut bytes = file("explicit");
    bytes.extend([
        0x00, 0x52, 0x30, 0x92, b'S', b'Q', 0, 0, 0xff, 0xff, 0xff, 0xff,
    ]);
    for _ in 0..100_000 {
        bytes.extend([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    }
    bytes.extend([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
    assert!(
        refusal(&bytes).contains("items in its sequences"),
        "{}",
        refusal(&bytes)
    );
}

proptest! {
    #[test]
    fn cut_or_flipped_files_never_panic(
        name in prop::sample::select(vec![
            "explicit", "implicit", "big_endian", "deflated", "enhanced", "rle", "jpeg_lossless",
        ]),
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 0..6),
    ) {
        let mut bytes = file(name);
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        let whole = bytes.len();
        let _ = read_volumes_from_bytes(&bytes, LIMITS);
        bytes.truncate(cut.index(whole));
        let _ = read_volumes_from_bytes(&bytes, LIMITS);
    }
}
