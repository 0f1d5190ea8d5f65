//! One frame: a classic file, or one of an enhanced file's frames.

use super::attributes::{FrameAttributes, first_item};
use super::guard::{DicomFileError, dicom_bytes, parse};
use crate::scan::ReadLimits;
use crate::scan::acquisition::{
    Acquisition, Component, Known, Origin, SequenceHints, component_of_image_type,
};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::DefaultDicomObject;
use nalgebra::{Point3, Vector3};
use std::path::Path;
use std::sync::Arc;

/// GE's private "image type" (0043,xx2F): 0 magnitude, 1 phase, 2 real, 3 imaginary.
const GE_RAW_DATA_TYPE: Tag = Tag(0x0043, 0x102F);
/// Siemens' number of tiles in a mosaic (0019,xx0A).
const SIEMENS_MOSAIC_TILES: Tag = Tag(0x0019, 0x100A);

/// What one frame says of itself. Positions and directions are DICOM's (LPS mm).
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub path: Arc<Path>,
    /// Index of the frame in its file, from 0.
    pub frame_index: u32,
    pub series_uid: String,
    pub sop_uid: String,
    pub image_type: Vec<String>,
    pub instance_number: i64,
    pub acquisition_number: i64,
    pub temporal_position: i64,
    pub rows: u32,
    pub columns: u32,
    /// Centre of the first pixel.
    pub position_lps: Point3<f64>,
    /// Direction in which the column index grows.
    pub row_direction: Vector3<f64>,
    /// Direction in which the row index grows.
    pub column_direction: Vector3<f64>,
    /// Distance between rows and between columns in mm.
    pub pixel_spacing_mm: [f64; 2],
    /// Spacing between slices as declared, which scanners do not all mean alike.
    pub declared_spacing_mm: Option<f64>,
    pub rescale_slope: f64,
    pub rescale_intercept: f64,
    pub acquisition: Arc<Acquisition>,
}

impl Frame {
    /// Unit vector along which slices are stacked: row × column direction.
    pub(crate) fn normal(&self) -> Vector3<f64> {
        self.row_direction.cross(&self.column_direction).normalize()
    }

    /// Position of the slice along its normal in mm.
    pub(crate) fn position_along_normal_mm(&self) -> f64 {
        self.position_lps.coords.dot(&self.normal())
    }
}

/// The frames of a file: `None` when it is not DICOM or holds no image with a place in
/// the patient (a report, a presentation state, a directory).
pub(crate) fn read_frames(
    path: &Path,
    limits: ReadLimits,
) -> Result<Option<Vec<Frame>>, DicomFileError> {
    let Some(bytes) = dicom_bytes(path, limits)? else {
        return Ok(None);
    };
    let object = parse(&bytes, false, limits)?;
    frames_of(&object, path)
}

pub(super) fn frames_of(
    object: &DefaultDicomObject,
    path: &Path,
) -> Result<Option<Vec<Frame>>, DicomFileError> {
    let is_image = object.get(tags::ROWS).is_some() && object.get(tags::COLUMNS).is_some();
    if !is_image {
        return Ok(None);
    }
    let path: Arc<Path> = path.into();
    let shared = first_item(object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let per_frame = object
        .get(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
        .and_then(|element| element.items());
    let declared = object
        .get(tags::NUMBER_OF_FRAMES)
        .and_then(|element| element.to_int::<usize>().ok())
        .unwrap_or(1);
    if declared != per_frame.map_or(1, |items| items.len().max(1)) {
        return Err(DicomFileError::NotASlice {
            why: "the file holds several frames but not the place of each; convert the series \
                  with dcm2niix, or export it as enhanced MR",
        });
    }
    let frames: Result<Vec<Frame>, DicomFileError> = match per_frame {
        Some(items) if !items.is_empty() => items
            .iter()
            .enumerate()
            .map(|(index, own)| {
                let attributes = FrameAttributes {
                    root: object,
                    shared,
                    own: Some(own),
                };
                frame_of(&attributes, Arc::clone(&path), index as u32)
            })
            .collect(),
        _ => {
            let attributes = FrameAttributes {
                root: object,
                shared,
                own: None,
            };
            frame_of(&attributes, path, 0).map(|frame| vec![frame])
        }
    };
    frames.map(Some)
}

fn frame_of(
    a: &FrameAttributes,
    path: Arc<Path>,
    frame_index: u32,
) -> Result<Frame, DicomFileError> {
    use DicomFileError::{Missing, NotASlice};
    if a.integer(tags::SAMPLES_PER_PIXEL, tags::SAMPLES_PER_PIXEL)
        .unwrap_or(1)
        != 1
    {
        return Err(NotASlice {
            why: "this is a colour image, no scan; choose the original series",
        });
    }
    let image_type = image_type(a);
    let tiled = image_type.iter().any(|value| value == "MOSAIC")
        || a.integer(SIEMENS_MOSAIC_TILES, SIEMENS_MOSAIC_TILES)
            .is_some_and(|n| n > 1);
    if tiled {
        return Err(NotASlice {
            why: "the slices are tiled into a Siemens mosaic; convert the series with dcm2niix first",
        });
    }
    let positive = |tag| {
        a.integer(tag, tag)
            .and_then(|n| u32::try_from(n).ok())
            .filter(|&n| n > 0)
    };
    let [rx, ry, rz, cx, cy, cz] = a
        .numbers::<6>(
            tags::PLANE_ORIENTATION_SEQUENCE,
            tags::IMAGE_ORIENTATION_PATIENT,
        )
        .ok_or(Missing {
            what: "ImageOrientationPatient",
        })?;
    let (row, column) = (Vector3::new(rx, ry, rz), Vector3::new(cx, cy, cz));
    let orthonormal = (row.norm() - 1.0).abs() < 0.01
        && (column.norm() - 1.0).abs() < 0.01
        && row.dot(&column).abs() < 0.01;
    if !orthonormal {
        return Err(NotASlice {
            why: "ImageOrientationPatient is not two perpendicular unit vectors; the file is damaged, export it again",
        });
    }
    let position = a
        .numbers::<3>(tags::PLANE_POSITION_SEQUENCE, tags::IMAGE_POSITION_PATIENT)
        .ok_or(Missing {
            what: "ImagePositionPatient",
        })?;
    let pixel_spacing_mm = a
        .numbers::<2>(tags::PIXEL_MEASURES_SEQUENCE, tags::PIXEL_SPACING)
        .filter(|spacing| spacing.iter().all(|&mm| mm > 1e-3 && mm < 1e3))
        .ok_or(Missing {
            what: "PixelSpacing",
        })?;
    let root_text = |tag| a.text(tag, tag);
    let root_integer = |tag| a.integer(tag, tag).unwrap_or(0);
    let transform = tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE;
    Ok(Frame {
        path,
        frame_index,
        series_uid: root_text(tags::SERIES_INSTANCE_UID).unwrap_or_default(),
        sop_uid: root_text(tags::SOP_INSTANCE_UID).unwrap_or_default(),
        instance_number: root_integer(tags::INSTANCE_NUMBER),
        acquisition_number: root_integer(tags::ACQUISITION_NUMBER),
        temporal_position: a
            .integer(tags::FRAME_CONTENT_SEQUENCE, tags::TEMPORAL_POSITION_INDEX)
            .or_else(|| {
                a.integer(
                    tags::TEMPORAL_POSITION_IDENTIFIER,
                    tags::TEMPORAL_POSITION_IDENTIFIER,
                )
            })
            .unwrap_or(0),
        rows: positive(tags::ROWS).ok_or(Missing { what: "Rows" })?,
        columns: positive(tags::COLUMNS).ok_or(Missing { what: "Columns" })?,
        position_lps: Point3::from(position),
        row_direction: row.normalize(),
        column_direction: column.normalize(),
        pixel_spacing_mm,
        declared_spacing_mm: a
            .number(tags::PIXEL_MEASURES_SEQUENCE, tags::SPACING_BETWEEN_SLICES)
            .filter(|&mm| mm > 0.0),
        rescale_slope: a
            .number(transform, tags::RESCALE_SLOPE)
            .filter(|&s| s != 0.0)
            .unwrap_or(1.0),
        rescale_intercept: a.number(transform, tags::RESCALE_INTERCEPT).unwrap_or(0.0),
        acquisition: Arc::new(acquisition_of(a, &image_type)),
        image_type,
    })
}

/// ImageType, or the frame's FrameType with its ComplexImageComponent.
fn image_type(a: &FrameAttributes) -> Vec<String> {
    let frame_type = tags::MR_IMAGE_FRAME_TYPE_SEQUENCE;
    let mut values = a.texts(frame_type, tags::FRAME_TYPE);
    if values.is_empty() {
        values = a.texts(tags::IMAGE_TYPE, tags::IMAGE_TYPE);
    }
    if let Some(component) = a.text(frame_type, tags::COMPLEX_IMAGE_COMPONENT)
        && component != "MIXED"
    {
        values.push(component);
    }
    values
}

fn acquisition_of(a: &FrameAttributes, image_type: &[String]) -> Acquisition {
    let timing = tags::MR_TIMING_AND_RELATED_PARAMETERS_SEQUENCE;
    let known_number = |group, tag, name| {
        a.number(group, tag)
            .filter(|&v| v > 0.0)
            .map(|value| Known {
                value,
                origin: Origin::Dicom(name),
            })
    };
    let known_text = |tag, name| {
        a.text(tag, tag).map(|value| Known {
            value,
            origin: Origin::Dicom(name),
        })
    };
    let te_ms = known_number(
        tags::MR_ECHO_SEQUENCE,
        tags::EFFECTIVE_ECHO_TIME,
        "EffectiveEchoTime",
    )
    .or_else(|| known_number(tags::ECHO_TIME, tags::ECHO_TIME, "EchoTime"));
    let ti_ms =
        known_number(tags::INVERSION_TIME, tags::INVERSION_TIME, "InversionTime").or_else(|| {
            known_number(
                tags::MR_MODIFIER_SEQUENCE,
                tags::INVERSION_TIMES,
                "InversionTimes",
            )
        });
    let field_strength_t = known_number(
        tags::MAGNETIC_FIELD_STRENGTH,
        tags::MAGNETIC_FIELD_STRENGTH,
        "MagneticFieldStrength",
    )
    // Some exports write gauss or millitesla.
    .filter(|known| known.value < 25.0);
    let series_description = known_text(tags::SERIES_DESCRIPTION, "SeriesDescription");
    let component = component_of(a, image_type);
    let mut texts: Vec<String> = series_description
        .iter()
        .map(|known| known.value.clone())
        .collect();
    texts.extend(a.text(tags::PROTOCOL_NAME, tags::PROTOCOL_NAME));
    let mut scanning_sequence = a.texts(tags::SCANNING_SEQUENCE, tags::SCANNING_SEQUENCE);
    scanning_sequence.extend(enhanced_scanning_sequence(a));
    let sequence = SequenceHints {
        scanning_sequence: &scanning_sequence,
        image_type,
        echo_train_length: a.number(timing, tags::ECHO_TRAIN_LENGTH),
        texts: &texts,
        te_ms: te_ms.as_ref().map(|known| known.value),
        ti_ms: ti_ms.as_ref().map(|known| known.value),
        field_strength_t: field_strength_t.as_ref().map(|known| known.value),
    }
    .sequence();
    Acquisition {
        field_strength_t,
        te_ms,
        ti_ms,
        tr_ms: known_number(timing, tags::REPETITION_TIME, "RepetitionTime"),
        flip_angle_deg: known_number(timing, tags::FLIP_ANGLE, "FlipAngle"),
        slice_thickness_mm: known_number(
            tags::PIXEL_MEASURES_SEQUENCE,
            tags::SLICE_THICKNESS,
            "SliceThickness",
        ),
        sequence: Some(Known {
            value: sequence,
            origin: Origin::Derived,
        }),
        component,
        vendor: known_text(tags::MANUFACTURER, "Manufacturer"),
        model: known_text(tags::MANUFACTURER_MODEL_NAME, "ManufacturerModelName"),
        series_description,
        series_number: a
            .integer(tags::SERIES_NUMBER, tags::SERIES_NUMBER)
            .map(|value| Known {
                value,
                origin: Origin::Dicom("SeriesNumber"),
            }),
    }
}

/// The enhanced attributes of the pulse sequence in classic ScanningSequence terms.
fn enhanced_scanning_sequence(a: &FrameAttributes) -> Vec<String> {
    let is = |tag, wanted: &str| a.text(tag, tag).is_some_and(|value| value == wanted);
    let inverted = a
        .text(tags::MR_MODIFIER_SEQUENCE, tags::INVERSION_RECOVERY)
        .is_some_and(|value| value == "YES");
    [
        (is(tags::ECHO_PULSE_SEQUENCE, "GRADIENT"), "GR"),
        (is(tags::ECHO_PULSE_SEQUENCE, "SPIN"), "SE"),
        (is(tags::ECHO_PLANAR_PULSE_SEQUENCE, "YES"), "EP"),
        (inverted, "IR"),
    ]
    .into_iter()
    .filter(|(said, _)| *said)
    .map(|(_, code)| code.to_string())
    .collect()
}

fn component_of(a: &FrameAttributes, image_type: &[String]) -> Option<Known<Component>> {
    let from_type = component_of_image_type(image_type).map(|value| Known {
        value,
        origin: Origin::Dicom("ImageType"),
    });
    let maker = a
        .text(tags::MANUFACTURER, tags::MANUFACTURER)
        .unwrap_or_default();
    if from_type.is_some() || !maker.to_uppercase().starts_with("GE") {
        return from_type;
    }
    let value = match a.integer(GE_RAW_DATA_TYPE, GE_RAW_DATA_TYPE)? {
        0 => Component::Magnitude,
        1 => Component::Phase,
        2 => Component::Real,
        3 => Component::Imaginary,
        _ => return None,
    };
    Some(Known {
        value,
        origin: Origin::Dicom("(0043,102F) of GE"),
    })
}
