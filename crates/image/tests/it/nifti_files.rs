//! NIfTI files of every kind, and files that are none.
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use siderin_image::scan::nifti::{
    NiftiError, Placements, read_volume, read_volume_from_bytes, write_volume, write_volume_placed,
};
use siderin_image::scan::{Catalog, ReadLimits};
use siderin_image::volume::{Grid, Volume};
use std::io::Write;

const SMALL: ReadLimits = ReadLimits {
    max_voxels: 1 << 20,
    max_dicom_bytes: 1 << 20,
    max_work_bytes: 1 << 30,
};

/// A NIfTI-1 header of 2×3×4 int16 voxels with values 0, 1, … and an sform.
fn plain() -> Vec<u8> {
    let mut bytes = vec![0u8; 352];
    let mut put = |at: usize, raw: &[u8]| bytes[at..at + raw.len()].copy_from_slice(raw);
    put(0, &348i32.to_le_bytes());
    for (slot, value) in [3i16, 2, 3, 4, 1, 1, 1, 1].into_iter().enumerate() {
        put(40 + 2 * slot, &value.to_le_bytes());
    }
    put(70, &4i16.to_le_bytes());
    put(72, &16i16.to_le_bytes());
    for slot in 0..4 {
        put(76 + 4 * slot, &1f32.to_le_bytes());
    }
    put(108, &352f32.to_le_bytes());
    put(254, &1i16.to_le_bytes());
    for (row, values) in [[2f32, 0., 0., -7.], [0., 3., 0., 5.], [0., 0., 4., 1.]]
        .iter()
        .enumerate()
    {
        for (column, value) in values.iter().enumerate() {
            put(280 + 16 * row + 4 * column, &value.to_le_bytes());
        }
    }
    put(344, b"n+1\0");
    bytes.extend((0..24i16).flat_map(i16::to_le_bytes));
    bytes
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    read_volume_from_bytes(bytes, None, SMALL)
        .unwrap_err()
        .to_string()
}

#[test]
fn plain_and_compressed_are_the_same() {
    let (_, plain_voxels, _) = read_volume_from_bytes(&plain(), None, SMALL).unwrap();
    let (_, zipped_voxels, _) = read_volume_from_bytes(&gzipped(&plain()), None, SMALL).unwrap();
    assert_eq!(plain_voxels, zipped_voxels);
    assert_eq!(plain_voxels.at([1, 2, 3]), 23.0);
    assert_eq!(plain_voxels.grid().spacing_mm(), [2.0, 3.0, 4.0]);
}

#[test]
fn scaling_applies_and_zero_slope_means_none() {
    let mut bytes = plain();
    bytes[112..116].copy_from_slice(&0.5f32.to_le_bytes());
    bytes[116..120].copy_from_slice(&10f32.to_le_bytes());
    let (_, scaled, _) = read_volume_from_bytes(&bytes, None, SMALL).unwrap();
    assert_eq!(scaled.at([1, 2, 3]), 21.5);
    bytes[112..116].copy_from_slice(&0f32.to_le_bytes());
    let (_, unscaled, _) = read_volume_from_bytes(&bytes, None, SMALL).unwrap();
    assert_eq!(unscaled.at([1, 2, 3]), 23.0);
}

#[test]
fn a_4d_file_needs_a_choice() {
    let mut bytes = plain();
    bytes[40..42].copy_from_slice(&4i16.to_le_bytes());
    bytes[48..50].copy_from_slice(&2i16.to_le_bytes());
    bytes.extend((100..124i16).flat_map(i16::to_le_bytes));
    assert!(refusal(&bytes).contains("‹volume›"), "{}", refusal(&bytes));
    let (_, second, _) = read_volume_from_bytes(&bytes, Some(2), SMALL).unwrap();
    assert_eq!(second.at([0, 0, 0]), 100.0);
    assert!(matches!(
        read_volume_from_bytes(&bytes, Some(3), SMALL),
        Err(NiftiError::NoSuchVolume {
            asked: 3,
            volumes: 2
        })
    ));
}

#[test]
fn damaged_files_get_a_clear_error() {
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("empty", vec![], "0 bytes"),
        ("header only in part", plain()[..200].to_vec(), "200 bytes"),
        (
            "data cut off",
            plain()[..380].to_vec(),
            "after 14 of 24 voxels",
        ),
        (
            "compressed data cut off",
            gzipped(&plain())[..100].to_vec(),
            "copy or export it again",
        ),
        (
            "text",
            b"this is no image at all, and long enough".repeat(20),
            "not a NIfTI file",
        ),
        (
            "claims 10 GB",
            {
                let mut b = plain();
                for at in [42, 44, 46] {
                    b[at..at + 2].copy_from_slice(&1711i16.to_le_bytes());
                }
                b
            },
            "the limit is",
        ),
        (
            "negative size",
            {
                let mut b = plain();
                b[42..44].copy_from_slice(&(-2i16).to_le_bytes());
                b
            },
            "dimension 1 is -2",
        ),
        (
            "NaN affine",
            {
                let mut b = plain();
                b[280..284].copy_from_slice(&f32::NAN.to_le_bytes());
                b
            },
            "NaN or infinity",
        ),
        (
            "colour",
            {
                let mut b = plain();
                b[70..72].copy_from_slice(&128i16.to_le_bytes());
                b
            },
            "colour",
        ),
    ];
    for (what, bytes, said) in cases {
        let message = refusal(&bytes);
        assert!(message.contains(said), "{what}: {message}");
    }
}

#[test]
fn nan_voxels_are_counted_and_a_file_of_nan_is_refused() {
    let mut bytes = plain();
    bytes[70..72].copy_from_slice(&16i16.to_le_bytes());
    bytes.truncate(352);
    let mut values = [1f32; 24];
    values[3] = f32::NAN;
    values[4] = f32::INFINITY;
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    let (_, volume, not_finite) = read_volume_from_bytes(&bytes, None, SMALL).unwrap();
    // The median of their neighbours, which are all 1.
    assert_eq!(not_finite, 2);
    assert!(volume.voxels().iter().all(|v| *v == 1.0));
    bytes.truncate(352);
    bytes.extend([f32::NAN; 24].iter().flat_map(|v| v.to_le_bytes()));
    assert!(refusal(&bytes).contains("no voxel holds a finite number"));
}

#[test]
fn a_gzip_bomb_is_read_little_further_than_its_header_claims() {
    // 24 voxels are claimed, 256 MB of zeros follow: it is refused after 64 of them.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&plain()).unwrap();
    let zeros = vec![0u8; 1 << 20];
    for _ in 0..256 {
        encoder.write_all(&zeros).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 4 << 20);
    let said = refusal(&bomb);
    assert!(
        said.contains("where the header says that the data end"),
        "{said}"
    );
}

#[test]
fn a_flipped_bit_of_a_compressed_file_is_refused_or_changes_nothing() {
    let (_, expected, _) = read_volume_from_bytes(&plain(), None, SMALL).unwrap();
    let whole = gzipped(&plain());
    let mut refused = 0;
    for bit in 0..8 * whole.len() {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match read_volume_from_bytes(&flipped, None, SMALL) {
            // Time, operating system and the like are no part of the data.
            Ok((_, volume, _)) => assert_eq!(volume, expected, "bit {bit}"),
            Err(_) => refused += 1,
        }
    }
    // All but those of time, system and compressor, and bits that the compressed form does not use: 79 of 1040.
    assert!(
        refused * 10 > 9 * 8 * whole.len(),
        "{refused} of {}",
        8 * whole.len()
    );
}

#[test]
fn members_one_after_another_and_a_filled_last_block_are_whole() {
    let (first, second) = (&plain()[..200], &plain()[200..]);
    let mut members = gzipped(first);
    members.extend(gzipped(second));
    members.extend([0; 512]);
    let (_, expected, _) = read_volume_from_bytes(&plain(), None, SMALL).unwrap();
    let (_, found, _) = read_volume_from_bytes(&members, None, SMALL).unwrap();
    assert_eq!(found, expected);
    // The second member's checksum counts, too.
    let at = members.len() - 512 - 6;
    members[at] ^= 1;
    assert!(refusal(&members).contains("compressed file is damaged"));
}

#[test]
fn labels_come_back_as_written_also_for_other_readers() {
    let affine = nalgebra::Matrix4::new(
        -0.45, 0.02, 0.1, 90.0, 0.01, 0.44, -0.3, -120.5, 0.02, 0.06, 2.9, -40.25, 0.0, 0.0, 0.0,
        1.0,
    );
    let grid = Grid::new([4, 3, 5], affine).unwrap();
    let labels = Volume::from_fn(&grid, |[i, j, k]| (i + 10 * j + 1000 * k) as u16);
    let folder = tempfile::tempdir().unwrap();
    for name in ["labels.nii", "labels.nii.gz"] {
        let path = folder.path().join(name);
        write_volume(&path, &labels).unwrap();
        let (_, back, _) = read_volume(&path, None, SMALL).unwrap();
        assert_eq!(back.map(|v| v as u16).voxels(), labels.voxels());
        assert!(back.grid().matches(&grid, 1e-4));
        // The nifti crate as an independent reader.
        let other = nifti::ReaderOptions::new().read_file(&path).unwrap();
        let header = nifti::NiftiObject::header(&other);
        assert_eq!((header.dim[1], header.dim[2], header.dim[3]), (4, 3, 5));
        assert!((f64::from(header.srow_z[2]) - 2.9).abs() < 1e-6);
    }
}

#[test]
fn both_placements_of_a_file_are_kept_for_files_beside_it() {
    let grid = Grid::axis_aligned([4, 3, 5], [1.0, 2.0, 3.0]).unwrap();
    let mut moved = *grid.world_from_voxel();
    moved[(0, 3)] = 20.0;
    let cases = [
        Placements {
            sform: Some((4, *grid.world_from_voxel())),
            qform: Some((1, moved)),
        },
        Placements {
            sform: None,
            qform: Some((2, *grid.world_from_voxel())),
        },
        Placements {
            sform: None,
            qform: None,
        },
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.nii");
    for placements in cases {
        write_volume_placed(&path, &Volume::filled(&grid, 1u8), &placements).unwrap();
        let (header, _, _) = read_volume(&path, None, SMALL).unwrap();
        assert_eq!(header.placements(), placements);
    }
}

#[test]
fn sizes_that_are_none_are_refused_and_ones_that_differ_are_said() {
    let with = |sizes: [f32; 3], sform: i16| {
        let mut bytes = plain();
        for (a, size) in sizes.into_iter().enumerate() {
            bytes[80 + 4 * a..84 + 4 * a].copy_from_slice(&size.to_le_bytes());
        }
        bytes[254..256].copy_from_slice(&sform.to_le_bytes());
        bytes
    };
    // Without a sform nothing else says how large voxels are.
    for wrong in [0.0, f32::NAN, f32::INFINITY] {
        let said = refusal(&with([2.0, wrong, 4.0], 0));
        assert!(said.contains("voxel size along axis 2"), "{said}");
    }
    // The sform says 2 × 3 × 4 mm.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.nii");
    for (sizes, differ) in [
        ([2.0, 3.0, 4.0], false),
        ([2.0, f32::NAN, 4.0], false),
        ([2.0, 3.03, 4.0], false),
        ([2.0, 3.0, 1.0], true),
    ] {
        std::fs::write(&path, with(sizes, 1)).unwrap();
        let catalog = Catalog::open(&path, SMALL).unwrap();
        let notes = &catalog.volumes[0].notes;
        let found = notes.iter().any(|note| note.code() == "voxel_sizes_differ");
        assert_eq!(found, differ, "{sizes:?} {notes:?}");
        assert_eq!(catalog.volumes[0].grid.spacing_mm(), [2.0, 3.0, 4.0]);
    }
}

#[test]
fn a_catalog_says_what_a_file_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "hello").unwrap();
    let refusal = Catalog::open(&path, SMALL).unwrap_err().to_string();
    assert!(
        refusal.contains("truncated") || refusal.contains("neither NIfTI nor DICOM"),
        "{refusal}"
    );
    let gone = Catalog::open(&folder.path().join("gone.nii"), SMALL)
        .unwrap_err()
        .to_string();
    assert!(gone.contains("does not exist"), "{gone}");
}

proptest! {
    #[test]
    fn flipped_bits_never_panic(at in 0usize..400, bit in 0u8..8, zip in any::<bool>()) {
        let mut bytes = plain();
        let place = at % bytes.len();
        bytes[place] ^= 1 << bit;
        let bytes = if zip { gzipped(&bytes) } else { bytes };
        let _ = read_volume_from_bytes(&bytes, None, SMALL);
    }

    #[test]
    fn any_header_fields_never_panic(fields in prop::collection::vec((0usize..348, any::<u8>()), 1..40)) {
        let mut bytes = plain();
        for (at, value) in fields {
            bytes[at] = value;
        }
        let _ = read_volume_from_bytes(&bytes, None, SMALL);
    }
}
