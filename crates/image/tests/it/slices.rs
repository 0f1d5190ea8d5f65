//! DICOM slices made to order, written by dicom-rs.

use dicom_core::{DataElement, PrimitiveValue, VR, dicom_value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use std::path::Path;

/// One classic MR slice of 6 columns and 4 rows.
#[derive(Clone)]
pub(crate) struct Slice {
    pub(crate) series: &'static str,
    pub(crate) uid: String,
    pub(crate) instance: u32,
    pub(crate) position: [f64; 3],
    pub(crate) orientation: [f64; 6],
    pub(crate) thickness_mm: f64,
    pub(crate) declared_spacing_mm: Option<f64>,
    pub(crate) echo_time_ms: f64,
    pub(crate) image_type: &'static str,
    pub(crate) manufacturer: &'static str,
    pub(crate) description: &'static str,
    /// Stored values: `first_value`, `first_value + 1`, …
    pub(crate) first_value: u16,
}

pub(crate) const AXIAL: [f64; 6] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
pub(crate) const SAGITTAL: [f64; 6] = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0];

/// Slice `k` of an axial series with 2 mm slices.
pub(crate) fn axial(k: u32) -> Slice {
    Slice {
        series: "1.2.3",
        uid: format!("1.2.3.{}", k + 1),
        instance: k + 1,
        position: [-5.0, -6.0, 2.0 * f64::from(k)],
        orientation: AXIAL,
        thickness_mm: 2.0,
        declared_spacing_mm: None,
        echo_time_ms: 20.0,
        image_type: "ORIGINAL\\PRIMARY\\M\\ND",
        manufacturer: "SIEMENS",
        description: "gre",
        first_value: 100 * k as u16,
    }
}

impl Slice {
    /// Writes the slice as `folder/name`.
    pub(crate) fn write(&self, folder: &Path, name: &str) {
        self.write_with(folder, name, |_| ());
    }

    /// The same after a change.
    pub(crate) fn write_with(
        &self,
        folder: &Path,
        name: &str,
        change: impl Fn(&mut InMemDicomObject),
    ) {
        let mut object = InMemDicomObject::new_empty();
        let mut text = |tag, vr, value: &str| {
            object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
        };
        let joined = |values: &[f64]| {
            values
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\\")
        };
        text(tags::SOP_CLASS_UID, VR::UI, uids::MR_IMAGE_STORAGE);
        text(tags::SOP_INSTANCE_UID, VR::UI, &self.uid);
        text(tags::SERIES_INSTANCE_UID, VR::UI, self.series);
        text(tags::IMAGE_TYPE, VR::CS, self.image_type);
        text(tags::MODALITY, VR::CS, "MR");
        text(tags::MANUFACTURER, VR::LO, self.manufacturer);
        text(tags::SERIES_DESCRIPTION, VR::LO, self.description);
        text(tags::SCANNING_SEQUENCE, VR::CS, "GR");
        text(tags::ECHO_TIME, VR::DS, &self.echo_time_ms.to_string());
        text(tags::MAGNETIC_FIELD_STRENGTH, VR::DS, "3");
        text(tags::INSTANCE_NUMBER, VR::IS, &self.instance.to_string());
        text(
            tags::SLICE_THICKNESS,
            VR::DS,
            &self.thickness_mm.to_string(),
        );
        if let Some(spacing) = self.declared_spacing_mm {
            text(tags::SPACING_BETWEEN_SLICES, VR::DS, &spacing.to_string());
        }
        text(
            tags::IMAGE_POSITION_PATIENT,
            VR::DS,
            &joined(&self.position),
        );
        text(
            tags::IMAGE_ORIENTATION_PATIENT,
            VR::DS,
            &joined(&self.orientation),
        );
        text(tags::PIXEL_SPACING, VR::DS, "1.5\\0.75");
        text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
        let numbers: [(_, u16); 7] = [
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::ROWS, 4),
            (tags::COLUMNS, 6),
            (tags::BITS_ALLOCATED, 16),
            (tags::BITS_STORED, 16),
            (tags::HIGH_BIT, 15),
            (tags::PIXEL_REPRESENTATION, 0),
        ];
        for (tag, value) in numbers {
            object.put(DataElement::new(tag, VR::US, dicom_value!(U16, [value])));
        }
        let pixels: Vec<u16> = (0..24).map(|n| self.first_value + n).collect();
        object.put(DataElement::new(
            tags::PIXEL_DATA,
            VR::OW,
            PrimitiveValue::U16(pixels.into()),
        ));
        change(&mut object);
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .media_storage_sop_class_uid(uids::MR_IMAGE_STORAGE)
            .media_storage_sop_instance_uid(&self.uid);
        object
            .with_meta(meta)
            .unwrap()
            .write_to_file(folder.join(name))
            .unwrap();
    }
}

/// A folder with these slices under names that say nothing of their order.
pub(crate) fn folder(slices: &[Slice]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (n, slice) in slices.iter().enumerate() {
        slice.write(folder.path(), &format!("{:02}.dcm", (n * 7 + 3) % 31));
    }
    folder
}
