use super::element::has_long_length;
use super::*;
use dicom_dictionary_std::uids;

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
