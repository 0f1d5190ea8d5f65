//! Folders of DICOM slices: what is one volume, and what is refused.
use crate::slices::{SAGITTAL, Slice, axial, folder};
use siderin_image::scan::dicom::{GeometryError, read_volumes_from_bytes};
use siderin_image::scan::{Catalog, ChooseError, Component, Note, ReadLimits};
use siderin_image::volume::VoxelPoint;
use std::path::{Path, PathBuf};

fn open(path: &Path) -> Catalog {
    Catalog::open(path, ReadLimits::default()).unwrap()
}

fn series() -> Vec<Slice> {
    (0..5).map(axial).collect()
}

#[test]
fn slices_are_ordered_by_position_whatever_their_names_and_numbers() {
    let mut slices = series();
    for (slice, number) in slices.iter_mut().zip([4, 2, 5, 1, 3]) {
        slice.instance = number;
    }
    let folder = folder(&slices);
    let catalog = open(folder.path());
    let entry = catalog.choose(None).unwrap();
    assert_eq!(entry.grid.shape(), [6, 4, 5]);
    // PixelSpacing is (rows apart, columns apart) = (1.5, 0.75).
    assert_eq!(entry.grid.spacing_mm(), [0.75, 1.5, 2.0]);
    let scan = entry.load("scan", ReadLimits::default()).unwrap();
    // Slice k holds 100 k + column + 6 row.
    assert_eq!(scan.magnitude.at([4, 2, 3]), 300.0 + 4.0 + 12.0);
    // LPS (-5 + 4·0.75, -6 + 2·1.5, 6) is RAS (2, 3, 6).
    let world = entry
        .grid
        .to_world(VoxelPoint::center_of([4, 2, 3]))
        .to_array();
    assert_eq!(world, [2.0, 3.0, 6.0]);
}

#[test]
fn a_missing_slice_is_refused_with_its_place() {
    let mut slices = series();
    slices.remove(2);
    let folder = folder(&slices);
    let refusal = open(folder.path()).choose(None).unwrap_err().to_string();
    assert!(
        refusal.contains("missing between 2.00 mm and 6.00 mm"),
        "{refusal}"
    );
    assert!(refusal.contains("export the complete series"), "{refusal}");
}

#[test]
fn every_other_slice_missing_shows_against_the_declared_spacing() {
    let mut slices: Vec<Slice> = [0, 2, 4].map(axial).to_vec();
    for slice in &mut slices {
        slice.declared_spacing_mm = Some(2.0);
    }
    let catalog = open(folder(&slices).path());
    assert!(matches!(
        catalog.refused[0].error,
        GeometryError::SlicesSkipped { found_mm, declared_mm, .. } if found_mm == 4.0 && declared_mm == 2.0
    ));
}

#[test]
fn a_declared_spacing_that_neither_slices_nor_numbers_bear_out_is_wrong() {
    let mut slices = series();
    for slice in &mut slices {
        slice.declared_spacing_mm = Some(1.0);
    }
    assert!(open(folder(&slices).path()).choose(None).is_ok());
    // Numbers with gaps bear it out: overlapping slices, of which every other is missing.
    for slice in &mut slices {
        slice.instance *= 2;
    }
    assert!(open(folder(&slices).path()).choose(None).is_err());
}

#[test]
fn a_repeated_position_is_refused_with_its_place() {
    let mut slices = series();
    let again = Slice {
        uid: "1.2.3.99".into(),
        instance: 9,
        ..axial(3)
    };
    slices.push(again);
    let refusal = open(folder(&slices).path())
        .choose(None)
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("at 6.00 mm is there 2 times"), "{refusal}");
}

#[test]
fn a_copied_file_is_left_out_and_said() {
    let mut slices = series();
    slices.push(axial(3));
    let catalog = open(folder(&slices).path());
    let entry = catalog.choose(None).unwrap();
    assert_eq!(entry.grid.shape(), [6, 4, 5]);
    assert!(entry.notes.contains(&Note::DuplicateFiles { files: 1 }));
}

#[test]
fn a_series_repeated_as_a_whole_is_several_volumes() {
    let mut slices = series();
    slices.extend(series().into_iter().map(|slice| Slice {
        uid: format!("{}.7", slice.uid),
        instance: slice.instance + 5,
        first_value: slice.first_value + 1000,
        ..slice
    }));
    let folder = folder(&slices);
    let catalog = open(folder.path());
    assert_eq!(catalog.volumes.len(), 2);
    assert!(matches!(
        catalog.choose(None),
        Err(ChooseError::Several { count: 2, .. })
    ));
    let second = catalog
        .choose(Some(2))
        .unwrap()
        .load("scan", ReadLimits::default())
        .unwrap();
    assert_eq!(second.magnitude.at([0, 0, 1]), 1100.0);
    assert!(matches!(
        catalog.choose(Some(3)),
        Err(ChooseError::NoSuchVolume { .. })
    ));
}

#[test]
fn mixed_orientations_are_refused() {
    let mut slices = series();
    slices.push(Slice {
        uid: "1.2.3.50".into(),
        orientation: SAGITTAL,
        ..axial(7)
    });
    let catalog = open(folder(&slices).path());
    let ChooseError::Refused { error, .. } = catalog.choose(None).unwrap_err() else {
        panic!("expected a refusal")
    };
    let GeometryError::MixedOrientation { angle_deg, .. } = *error else {
        panic!("expected a refusal for orientation, got {error}")
    };
    assert!((angle_deg - 90.0).abs() < 1e-6);
}

#[test]
fn a_true_gap_is_kept_as_spacing_and_said() {
    let slices: Vec<Slice> = series()
        .into_iter()
        .map(|slice| Slice {
            thickness_mm: 1.5,
            ..slice
        })
        .collect();
    let catalog = open(folder(&slices).path());
    let entry = catalog.choose(None).unwrap();
    assert_eq!(entry.grid.spacing_mm()[2], 2.0);
    assert!(entry.notes.contains(&Note::SliceGap {
        spacing_mm: 2.0,
        thickness_mm: 1.5
    }));
}

#[test]
fn echoes_and_phase_are_volumes_of_their_own() {
    let mut slices = series();
    let echo = |slice: Slice| Slice {
        uid: format!("{}.2", slice.uid),
        echo_time_ms: 30.0,
        ..slice
    };
    let phase = |slice: Slice| Slice {
        uid: format!("{}.3", slice.uid),
        image_type: "ORIGINAL\\PRIMARY\\P\\ND",
        ..slice
    };
    slices.extend(series().into_iter().map(phase));
    let with_phase = open(folder(&slices).path());
    assert_eq!(with_phase.volumes.len(), 2);
    assert_eq!(
        with_phase.choose(None).unwrap().acquisition.component(),
        Component::Magnitude
    );

    slices.extend(series().into_iter().map(echo));
    let with_echo = open(folder(&slices).path());
    let several = with_echo.choose(None).unwrap_err().to_string();
    assert!(
        several.contains("TE 20.00 ms") && several.contains("TE 30.00 ms"),
        "{several}"
    );
    let number = with_echo
        .volumes
        .iter()
        .find(|entry| entry.acquisition.component() == Component::Phase)
        .map(|entry| entry.number);
    assert!(matches!(
        with_echo.choose(number),
        Err(ChooseError::NotMagnitude { .. })
    ));
}

#[test]
fn slices_that_lie_beside_the_stack_are_refused() {
    for moved in [2, 4] {
        let mut slices = series();
        slices[moved].position[0] += 25.0;
        let refusal = open(folder(&slices).path())
            .choose(None)
            .unwrap_err()
            .to_string();
        let said = format!(
            "the slice at {}.00 mm lies 25.00 mm beside its place",
            2 * moved
        );
        assert!(refusal.contains(&said), "{refusal}");
    }
}

#[test]
fn one_uid_for_all_slices_does_not_drop_them() {
    let slices: Vec<Slice> = series()
        .into_iter()
        .map(|slice| Slice {
            uid: "1.2.3.1".into(),
            ..slice
        })
        .collect();
    let catalog = open(folder(&slices).path());
    assert_eq!(catalog.choose(None).unwrap().grid.shape(), [6, 4, 5]);
}

#[test]
fn a_gap_as_wide_as_the_slices_is_told_from_slices_left_out() {
    // Declared is the gap alone, as some scanners write it; instances run on.
    let mut slices = series();
    for (k, slice) in slices.iter_mut().enumerate() {
        slice.position[2] = 4.0 * k as f64;
        slice.declared_spacing_mm = Some(2.0);
    }
    let catalog = open(folder(&slices).path());
    assert_eq!(catalog.choose(None).unwrap().grid.spacing_mm()[2], 4.0);
}

#[test]
fn a_damaged_slice_at_the_end_is_not_passed_over() {
    let folder = folder(&series());
    std::fs::write(
        folder.path().join("zz.dcm"),
        [vec![0; 128], b"DICM1234".to_vec()].concat(),
    )
    .unwrap();
    let catalog = open(folder.path());
    let refusal = catalog.choose(None).unwrap_err().to_string();
    assert!(
        refusal.contains("1 DICOM files are damaged") && refusal.contains("zz.dcm"),
        "{refusal}"
    );
    assert!(catalog.choose(Some(1)).is_ok());
}

#[test]
fn what_may_have_been_a_slice_is_not_passed_over() {
    let blanks: [(&str, &[u8], &str); 4] = [
        ("zz", b"", "nothing (0 bytes)"),
        ("zz", &[0; 4096], "nothing but zeros"),
        ("zz", &[0; 100], "nothing but zeros"),
        ("zz.IMA", b"no slice", "no DICOM, though"),
    ];
    for (name, content, said) in blanks {
        let folder = folder(&series());
        std::fs::write(folder.path().join(name), content).unwrap();
        let refusal = open(folder.path()).choose(None).unwrap_err().to_string();
        assert!(
            refusal.contains(said) && refusal.contains(name),
            "{refusal}"
        );
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_are_said_and_hidden_folders_are_not_searched() {
    let folder = folder(&series());
    let hidden = folder.path().join(".git");
    std::fs::create_dir(&hidden).unwrap();
    Slice {
        uid: "1.2.3.90".into(),
        first_value: 900,
        ..axial(2)
    }
    .write(&hidden, "old.dcm");
    std::os::unix::fs::symlink("nowhere", folder.path().join(".hidden")).unwrap();
    assert!(open(folder.path()).choose(None).is_ok());
    std::os::unix::fs::symlink("nowhere", folder.path().join("IM6.dcm")).unwrap();
    let refusal = open(folder.path()).choose(None).unwrap_err().to_string();
    assert!(
        refusal.contains("leads nowhere") && refusal.contains("IM6.dcm"),
        "{refusal}"
    );
    let alone = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("nowhere", alone.path().join("IM1.dcm")).unwrap();
    let refusal = Catalog::open(alone.path(), ReadLimits::default())
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("not fetched"), "{refusal}");
}

#[test]
fn bits_beside_the_stored_ones_are_no_part_of_a_value() {
    // Value n of slice k is 100 k + n. Of 16 bits 12 are stored: in the low ones with an overlay above, in the high
    // ones with remains below, and signed ones.
    type Cell = fn(u16) -> u16;
    type Value = fn(f32) -> f32;
    let cases: [(u16, u16, bool, Cell, Value); 3] = [
        (12, 11, false, |v| v | 0xa000, |v| v),
        (12, 15, false, |v| v << 4 | 0x5, |v| v),
        (
            12,
            11,
            true,
            |v| (v.wrapping_neg() & 0x0fff) | 0x3000,
            |v| -v,
        ),
    ];
    for (stored, high, signed, cell, value) in cases {
        let folder = tempfile::tempdir().unwrap();
        for k in 0..5 {
            axial(k).write_with(folder.path(), &format!("{k}.dcm"), |object| {
                use dicom_core::{DataElement, PrimitiveValue, VR, dicom_value};
                use dicom_dictionary_std::tags;
                let representation = u16::from(signed);
                for (tag, number) in [
                    (tags::BITS_STORED, stored),
                    (tags::HIGH_BIT, high),
                    (tags::PIXEL_REPRESENTATION, representation),
                ] {
                    object.put(DataElement::new(tag, VR::US, dicom_value!(U16, [number])));
                }
                let cells: Vec<u16> = (0..24).map(|n| cell(100 * k as u16 + n)).collect();
                let pixels = PrimitiveValue::U16(cells.into());
                object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, pixels));
            });
        }
        let catalog = open(folder.path());
        let entry = catalog.choose(None).unwrap();
        let (volume, _) = entry.read_voxels(ReadLimits::default()).unwrap();
        assert_eq!(
            volume.at([4, 2, 3]),
            value(316.0),
            "{stored} {high} {signed}"
        );
        assert_eq!(volume.at([0, 0, 0]), value(0.0));
    }
}

#[test]
fn a_screenshot_in_the_heap_is_left_out_and_said() {
    let folder = folder(&series());
    // An image without a place: its orientation is no pair of directions.
    let screenshot = Slice {
        uid: "1.2.3.77".into(),
        orientation: [0.0; 6],
        ..axial(9)
    };
    screenshot.write(folder.path(), "screenshot.dcm");
    let catalog = open(folder.path());
    assert_eq!(catalog.choose(None).unwrap().grid.shape(), [6, 4, 5]);
    assert!(matches!(
        catalog.notes[..],
        [Note::OtherImages { files: 1, .. }]
    ));
}

#[test]
fn a_broken_series_of_another_contrast_is_left_out() {
    let mut slices = series();
    let broken = |k: u32| Slice {
        series: "1.9.9",
        uid: format!("1.9.9.{k}"),
        description: "t1w mprage",
        echo_time_ms: 3.0,
        ..axial(k)
    };
    slices.extend([0, 1, 3].map(broken));
    let catalog = open(folder(&slices).path());
    assert_eq!(catalog.choose(None).unwrap().grid.shape(), [6, 4, 5]);
    assert_eq!(catalog.refused.len(), 1);
}

#[test]
fn two_series_in_one_heap_stay_apart() {
    let mut slices = series();
    slices.extend(series().into_iter().map(|slice| Slice {
        series: "1.9.9",
        uid: format!("1.9.9.{}", slice.instance),
        ..slice
    }));
    let folder = folder(&slices);
    std::fs::write(folder.path().join("README.txt"), "not DICOM").unwrap();
    assert_eq!(open(folder.path()).volumes.len(), 2);
}

#[test]
fn every_transfer_syntax_gives_the_same_voxels() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom");
    let mut files: Vec<PathBuf> = std::fs::read_dir(data)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 9);
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let volumes = read_volumes_from_bytes(&bytes, ReadLimits::default());
        if name == "jpeg_extended" {
            // Lossy JPEG of 12 bits has no decoder in pure Rust.
            let refusal = volumes.unwrap_err().to_string();
            assert!(
                refusal.contains("convert the series to Explicit VR"),
                "{refusal}"
            );
            continue;
        }
        let volumes = volumes.unwrap();
        let [volume] = volumes.as_slice() else {
            panic!("{name}: one volume expected")
        };
        // fuzz/make_seeds.py: stored (70 row + 33 column + 100 + slice) mod 4096, then 2 v - 10.
        for (offset, &value) in volume.voxels().iter().enumerate() {
            let [i, j, k] = volume.grid().index(offset);
            let expected = ((70 * j + 33 * i + 100 + k) % 4096) as f32 * 2.0 - 10.0;
            assert_eq!(value, expected, "{name} [{i} {j} {k}]");
        }
        assert_eq!(
            volume.shape()[2],
            if name == "enhanced" { 3 } else { 1 },
            "{name}"
        );
    }
}
