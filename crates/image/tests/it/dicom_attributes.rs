//! Series whose attributes are odd: read right, said, or refused by name.

use crate::slices::{Slice, axial};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR, dicom_value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use siderin_image::scan::{Catalog, Component, Note, ReadLimits, VolumeEntry};
use std::path::Path;
use tempfile::TempDir;

fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

/// Five slices of 100 k + column + 6 row, each changed.
fn series(change: impl Fn(u32, &mut InMemDicomObject)) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for k in 0..5 {
        axial(k).write_with(folder.path(), &format!("{k}.dcm"), |object| {
            change(k, object);
        });
    }
    folder
}

fn open(folder: &TempDir) -> Catalog {
    Catalog::open(folder.path(), ReadLimits::default()).unwrap()
}

/// What is said of a folder that is no scan.
fn refusal(folder: &TempDir) -> String {
    match Catalog::open(folder.path(), ReadLimits::default()) {
        Err(error) => error.to_string(),
        Ok(catalog) => match catalog.choose(None) {
            Err(error) => error.to_string(),
            Ok(entry) => entry
                .load("scan", ReadLimits::default())
                .expect_err("a refusal")
                .to_string(),
        },
    }
}

fn codes(entry: &VolumeEntry) -> Vec<&'static str> {
    entry.notes.iter().map(Note::code).collect()
}

#[test]
fn decimal_commas_are_read_and_said() {
    let folder = series(|_, object| {
        put(object, tags::RESCALE_SLOPE, VR::DS, "1,5");
        put(object, tags::PIXEL_SPACING, VR::DS, "0,5\\0,75");
    });
    let catalog = open(&folder);
    let entry = catalog.choose(None).unwrap();
    assert_eq!(codes(entry), ["decimal_comma", "decimal_comma"]);
    assert_eq!(entry.grid.spacing_mm(), [0.75, 0.5, 2.0]);
    let (voxels, _) = entry.read_voxels(ReadLimits::default()).unwrap();
    assert_eq!(voxels.at([4, 2, 3]), 1.5 * 316.0);
}

#[test]
fn what_is_no_number_is_refused_with_tag_and_value() {
    for (tag, value, said) in [
        (
            tags::RESCALE_SLOPE,
            "abc",
            "RescaleSlope (0028,1053) is \"abc\"",
        ),
        (
            tags::RESCALE_INTERCEPT,
            "1\\2",
            "RescaleIntercept (0028,1052) is \"1\\\\2\"",
        ),
        (
            tags::PIXEL_SPACING,
            "0.5",
            "PixelSpacing (0028,0030) is \"0.5\"",
        ),
        (
            tags::ECHO_TIME,
            "20 ms",
            "EchoTime (0018,0081) is \"20 ms\"",
        ),
        (
            tags::ECHO_TIME,
            "1,2,3",
            "EchoTime (0018,0081) is \"1,2,3\"",
        ),
        (
            tags::IMAGE_POSITION_PATIENT,
            "0\\0\\nan",
            "ImagePositionPatient (0020,0032)",
        ),
    ] {
        let said_of = refusal(&series(|_, object| put(object, tag, VR::DS, value)));
        assert!(said_of.contains(said), "{said_of}");
    }
}

#[test]
fn numbers_of_another_representation_are_numbers() {
    let folder = series(|_, object| {
        object.put(DataElement::new(
            tags::RESCALE_SLOPE,
            VR::FD,
            dicom_value!(F64, [2.0]),
        ));
        object.put(DataElement::new(
            tags::RESCALE_INTERCEPT,
            VR::UN,
            PrimitiveValue::U8(b"-3 ".to_vec().into()),
        ));
        put(object, tags::ECHO_TIME, VR::LO, "20\\20");
    });
    let catalog = open(&folder);
    let entry = catalog.choose(None).unwrap();
    let (voxels, _) = entry.read_voxels(ReadLimits::default()).unwrap();
    assert_eq!(voxels.at([4, 2, 3]), 2.0 * 316.0 - 3.0);
    assert_eq!(entry.acquisition.te_ms.as_ref().unwrap().value, 20.0);
}

#[test]
fn impossible_facts_are_left_out_and_said() {
    for (tag, value) in [
        (tags::ECHO_TIME, "0.02"),
        (tags::ECHO_TIME, "20000"),
        (tags::MAGNETIC_FIELD_STRENGTH, "15000"),
    ] {
        let folder = series(|_, object| put(object, tag, VR::DS, value));
        let catalog = open(&folder);
        assert_eq!(
            codes(catalog.choose(None).unwrap()),
            ["implausible"],
            "{value}"
        );
    }
}

#[test]
fn other_objects_are_no_scans() {
    type Change = fn(&mut InMemDicomObject);
    let cases: [(Change, &str); 6] = [
        (|o| put(o, tags::MODALITY, VR::CS, "CT"), "modality CT"),
        (|o| put(o, tags::MODALITY, VR::CS, "PT"), "PET"),
        (
            |o| {
                put(o, tags::MODALITY, VR::CS, "");
                put(o, tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE);
            },
            "CT image",
        ),
        (
            |o| {
                put(
                    o,
                    tags::SOP_CLASS_UID,
                    VR::UI,
                    "1.2.840.10008.5.1.4.1.1.7.2",
                );
            },
            "secondary capture",
        ),
        (
            |o| put(o, tags::SOP_CLASS_UID, VR::UI, uids::SEGMENTATION_STORAGE),
            "segmentation",
        ),
        (
            |o| {
                put(o, tags::MANUFACTURER, VR::LO, "UIH");
                put(o, Tag(0x0065, 0x1050), VR::DS, "36");
            },
            "UIH grid",
        ),
    ];
    for (change, said) in cases {
        let said_of = refusal(&series(|_, object| change(object)));
        assert!(said_of.contains(said), "{said_of}");
    }
    // A segmentation beside the scan is left out and named.
    let folder = series(|_, _| ());
    axial(7).write_with(folder.path(), "seg.dcm", |object| {
        put(object, tags::MODALITY, VR::CS, "SEG");
    });
    let catalog = open(&folder);
    assert!(catalog.choose(None).is_ok());
    let note = catalog.notes[0].to_string();
    assert!(note.contains("modality SEG"), "{note}");
}

#[test]
fn descriptions_tell_where_image_types_do_not() {
    for (image_type, description, expected) in [
        ("", "6_Pha_Images", Component::Phase),
        ("DERIVED\\SECONDARY", "SWI mIP 10 mm", Component::Projection),
        ("DERIVED\\PRIMARY\\M", "minIP", Component::Projection),
        (
            "ORIGINAL\\PRIMARY\\M\\ND",
            "gre for mip",
            Component::Magnitude,
        ),
        ("", "Epilepsy^Head", Component::Unknown),
    ] {
        let folder = series(|_, object| {
            put(object, tags::IMAGE_TYPE, VR::CS, image_type);
            put(object, tags::SERIES_DESCRIPTION, VR::LO, description);
        });
        let catalog = open(&folder);
        assert_eq!(
            catalog.volumes[0].acquisition.component(),
            expected,
            "{description}"
        );
    }
}

#[test]
fn slices_that_are_series_of_their_own_are_put_together() {
    let own_series = |k: u32, object: &mut InMemDicomObject| {
        let uid = format!("1.2.3.4.{}", 90 - k);
        put(object, tags::SERIES_INSTANCE_UID, VR::UI, &uid);
    };
    let folder = series(own_series);
    let catalog = open(&folder);
    assert_eq!(catalog.volumes.len(), 1);
    assert_eq!(catalog.volumes[0].grid.shape(), [6, 4, 5]);
    assert_eq!(codes(&catalog.volumes[0]), ["series_per_slice"]);
    // With numbers of their own, too; two echoes stay apart.
    let folder = series(|k, object| {
        own_series(k, object);
        put(object, tags::SERIES_NUMBER, VR::IS, &(k + 3).to_string());
    });
    for k in 0..5 {
        let echo = Slice {
            uid: format!("1.2.9.{k}"),
            echo_time_ms: 30.0,
            first_value: 7,
            ..axial(k)
        };
        echo.write_with(folder.path(), &format!("echo{k}.dcm"), |object| {
            put(
                object,
                tags::SERIES_INSTANCE_UID,
                VR::UI,
                &format!("1.2.8.{k}"),
            );
        });
    }
    let shapes: Vec<_> = open(&folder)
        .volumes
        .iter()
        .map(|v| v.grid.shape())
        .collect();
    assert_eq!(shapes, [[6, 4, 5]; 2]);
    // Slices that make no volume stay what they are.
    let folder = series(|k, object| {
        own_series(k, object);
        put(
            object,
            tags::IMAGE_POSITION_PATIENT,
            VR::DS,
            &format!("0\\0\\{}", k * k),
        );
    });
    assert_eq!(open(&folder).volumes.len(), 5);
}

#[test]
fn copies_with_other_pixels_are_refused() {
    let folder = series(|_, _| ());
    let copy = |folder: &Path, first_value| {
        let copy = Slice {
            first_value,
            ..axial(3)
        };
        copy.write(folder, "copy.dcm");
    };
    copy(folder.path(), 300);
    let catalog = open(&folder);
    let scan = catalog
        .choose(None)
        .unwrap()
        .load("scan", ReadLimits::default());
    assert!(scan.is_ok());
    copy(folder.path(), 301);
    let said = refusal(&folder);
    assert!(
        said.contains("at 6.00 mm") && said.contains("different images"),
        "{said}"
    );
}

#[test]
fn echoes_without_times_are_told_by_their_numbers() {
    // Two echoes of one time, numbered against the order of their instances.
    let folder = tempfile::tempdir().unwrap();
    for (echo, first_value) in [(1, 0u16), (2, 1000)] {
        for k in 0..5 {
            let slice = Slice {
                uid: format!("1.2.3.{echo}.{k}"),
                instance: 10 * (3 - echo) + k,
                first_value: first_value + 100 * k as u16,
                ..axial(k)
            };
            slice.write_with(folder.path(), &format!("{echo}{k}.dcm"), |object| {
                put(object, tags::ECHO_NUMBERS, VR::IS, &echo.to_string());
            });
        }
    }
    let catalog = open(&folder);
    let first = |number| {
        let entry = catalog.choose(Some(number)).unwrap();
        let (voxels, _) = entry.read_voxels(ReadLimits::default()).unwrap();
        voxels.at([0, 0, 2])
    };
    assert_eq!([first(1), first(2)], [200.0, 1200.0]);
}

#[test]
fn repetitions_of_which_nothing_tells_the_order_are_refused() {
    let folder = series(|_, _| ());
    for k in 0..5 {
        let again = Slice {
            uid: format!("1.2.7.{k}"),
            first_value: 3000,
            ..axial(k)
        };
        again.write(folder.path(), &format!("again{k}.dcm"));
    }
    let said = refusal(&folder);
    assert!(said.contains("is there 2 times"), "{said}");
    // Their time does.
    let folder = tempfile::tempdir().unwrap();
    for (time, first_value) in [("120500", 3000), ("120000.5", 7)] {
        for k in 0..5 {
            let slice = Slice {
                uid: format!("1.2.7.{first_value}.{k}"),
                first_value,
                ..axial(k)
            };
            slice.write_with(folder.path(), &format!("{first_value}-{k}.dcm"), |object| {
                put(object, tags::ACQUISITION_TIME, VR::TM, time);
            });
        }
    }
    let catalog = open(&folder);
    let (voxels, _) = catalog.volumes[0]
        .read_voxels(ReadLimits::default())
        .unwrap();
    assert_eq!(voxels.at([0, 0, 0]), 7.0);
}

#[test]
fn slices_missing_at_an_end_are_said() {
    let folder = series(|_, _| ());
    std::fs::remove_file(folder.path().join("0.dcm")).unwrap();
    assert_eq!(codes(&open(&folder).volumes[0]), ["slices_may_be_missing"]);
    let folder = series(|_, object| put(object, tags::IMAGES_IN_ACQUISITION, VR::IS, "5"));
    assert!(codes(&open(&folder).volumes[0]).is_empty());
    std::fs::remove_file(folder.path().join("4.dcm")).unwrap();
    let note = open(&folder).volumes[0].notes[0].to_string();
    assert!(note.contains("counted 5 images, 4 are there"), "{note}");
}

#[test]
fn what_is_no_image_is_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let write = |class: &str, name: &str| {
        let mut object = InMemDicomObject::new_empty();
        put(&mut object, tags::PATIENT_ID, VR::LO, "1");
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .media_storage_sop_class_uid(class)
            .media_storage_sop_instance_uid("1.2.3");
        let path = folder.path().join(name);
        object
            .with_meta(meta)
            .unwrap()
            .write_to_file(&path)
            .unwrap();
        Catalog::open(&path, ReadLimits::default())
            .unwrap_err()
            .to_string()
    };
    let said = write(uids::MEDIA_STORAGE_DIRECTORY_STORAGE, "DICOMDIR");
    assert!(
        said.contains("DICOMDIR") && said.contains("give the folder"),
        "{said}"
    );
    let said = write(uids::BASIC_TEXT_SR_STORAGE, "report");
    assert!(said.contains("Basic Text SR"), "{said}");
    // Beside slices, an index is no slice that is missing.
    for k in 0..5 {
        axial(k).write(folder.path(), &format!("{k}"));
    }
    assert!(open(&folder).choose(None).is_ok());
}

#[test]
fn text_of_files_does_not_steer_the_terminal() {
    let folder = series(|_, object| {
        put(
            object,
            tags::SERIES_DESCRIPTION,
            VR::LO,
            "gre\u{1b}[2J\u{1b}]0;x\u{7}",
        );
    });
    let catalog = open(&folder);
    let description = &catalog.volumes[0].acquisition.series_description;
    let description = &description.as_ref().unwrap().value;
    assert!(!description.contains('\u{1b}'), "{description}");
}
