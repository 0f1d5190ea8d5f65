//! One frame: a classic file, or one of an enhanced file's frames.

use super::attributes::{FrameAttributes, first_item};
use super::grouping::SAME_POSITION_MM;
use super::guard::{DicomFileError, dicom_bytes, parse};
use crate::scan::ReadLimits;
use crate::scan::acquisition::{
    Acquisition, Component, Known, Origin, SequenceHints, component_of_image_type,
    component_of_text,
};
use crate::scan::plausible::{ECHO_TIME, FIELD_STRENGTH};
use crate::scan::{Note, printable};
use dicom_core::Tag;
use dicom_core::dictionary::UidDictionary;
use dicom_dictionary_std::{StandardSopClassDictionary, tags, uids};
use dicom_object::DefaultDicomObject;
use nalgebra::{Point3, Vector3};
use std::path::Path;
use std::sync::Arc;

/// GE's private "image type" (0043,xx2F): 0 magnitude, 1 phase, 2 real, 3 imaginary.
const GE_RAW_DATA_TYPE: Tag = Tag(0x0043, 0x102F);
/// Siemens' number of tiles in a mosaic (0019,xx0A).
const SIEMENS_MOSAIC_TILES: Tag = Tag(0x0019, 0x100A);
/// UIH's number of tiles in a grid (0065,xx50), and what it says of each (0065,xx51).
const UIH_GRID_TILES: Tag = Tag(0x0065, 0x1050);
const UIH_GRID_FRAMES: Tag = Tag(0x0065, 0x1051);

/// Frames of one file: an hour of a functional series.
const MOST_FRAMES: usize = 1 << 16;

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
    pub echo_number: i64,
    /// AcquisitionDateTime, or the time alone; empty where neither is said.
    pub acquisition_time: String,
    /// How many images the scanner says that the acquisition has.
    pub images_in_acquisition: Option<i64>,
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
    /// What reading its attributes brought up.
    pub notes: Vec<Note>,
}

impl Frame {
    /// Unit vector along which slices are stacked: row × column direction.
    pub(crate) fn normal(&self) -> Vector3<f64> {
        self.row_direction.cross(&self.column_direction).normalize()
    }

    /// Whether both claim to be one image: the same instance, frame and place.
    pub(crate) fn is_image_of(&self, other: &Self) -> bool {
        self.sop_uid == other.sop_uid
            && self.frame_index == other.frame_index
            && self.instance_number == other.instance_number
            && (self.position_lps - other.position_lps).norm() < SAME_POSITION_MM
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

/// What is wrong with a DICOM file that holds no image, given alone; none where it is no DICOM or holds one.
pub(crate) fn no_image(path: &Path, limits: ReadLimits) -> Option<DicomFileError> {
    let bytes = dicom_bytes(path, limits).ok()??;
    let object = parse(&bytes, false, limits).ok()?;
    if matches!(frames_of(&object, path), Ok(Some(_))) {
        return None;
    }
    let class = object.meta().media_storage_sop_class_uid();
    let class = class.trim_end_matches(['\0', ' ']);
    Some(if class == uids::MEDIA_STORAGE_DIRECTORY_STORAGE {
        DicomFileError::Directory
    } else {
        let name = StandardSopClassDictionary
            .by_uid(class)
            .map_or_else(|| printable(class, false), |entry| entry.name.to_string());
        DicomFileError::NoImage { class: name }
    })
}

pub(super) fn frames_of(
    object: &DefaultDicomObject,
    path: &Path,
) -> Result<Option<Vec<Frame>>, DicomFileError> {
    let is_image = object.get(tags::ROWS).is_some() && object.get(tags::COLUMNS).is_some();
    if !is_image {
        return if should_be_image(object) {
            let why = "it ends before its image begins".into();
            Err(DicomFileError::DataSet(why))
        } else {
            Ok(None)
        };
    }
    let path: Arc<Path> = path.into();
    let shared = first_item(object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let per_frame = object
        .get(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
        .and_then(|element| element.items());
    let of_file = FrameAttributes::new(object, shared, None);
    refuse_other_objects(&of_file)?;
    let declared = of_file
        .number(tags::NUMBER_OF_FRAMES, tags::NUMBER_OF_FRAMES)?
        .unwrap_or(1.0);
    if declared > MOST_FRAMES as f64 {
        return Err(DicomFileError::TooManyFrames {
            frames: declared,
            limit: MOST_FRAMES,
        });
    }
    if declared != per_frame.map_or(1, |items| items.len().max(1)) as f64 {
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
                let attributes = FrameAttributes::new(object, shared, Some(own));
                frame_of(&attributes, Arc::clone(&path), index as u32)
            })
            .collect(),
        _ => frame_of(&of_file, path, 0).map(|frame| vec![frame]),
    };
    frames.map(Some)
}

/// Whether an object is of a class of MR images, or of none.
fn should_be_image(object: &DefaultDicomObject) -> bool {
    let own = object
        .get(tags::SOP_CLASS_UID)
        .and_then(|class| class.to_str().ok());
    let of_file = object.meta().media_storage_sop_class_uid();
    let class = own.as_deref().unwrap_or(of_file).trim_matches(['\0', ' ']);
    matches!(
        class,
        "" | uids::MR_IMAGE_STORAGE | uids::ENHANCED_MR_IMAGE_STORAGE
    )
}

fn frame_of(
    a: &FrameAttributes,
    path: Arc<Path>,
    frame_index: u32,
) -> Result<Frame, DicomFileError> {
    use DicomFileError::{Missing, NotASlice};
    if a.number(tags::SAMPLES_PER_PIXEL, tags::SAMPLES_PER_PIXEL)?
        .unwrap_or(1.0)
        != 1.0
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
    let grid = a.has(UIH_GRID_FRAMES)
        || a.integer(UIH_GRID_TILES, UIH_GRID_TILES)
            .is_some_and(|n| n > 1);
    if grid && maker(a).starts_with("UIH") {
        return Err(NotASlice {
            why: "the slices are tiled into a UIH grid; convert the series with dcm2niix first",
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
        )?
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
        .numbers::<3>(tags::PLANE_POSITION_SEQUENCE, tags::IMAGE_POSITION_PATIENT)?
        .ok_or(Missing {
            what: "ImagePositionPatient",
        })?;
    let pixel_spacing_mm = a
        .numbers::<2>(tags::PIXEL_MEASURES_SEQUENCE, tags::PIXEL_SPACING)?
        .filter(|spacing| spacing.iter().all(|&mm| mm > 1e-3 && mm < 1e3))
        .ok_or(Missing {
            what: "PixelSpacing",
        })?;
    let root_text = |tag| a.text(tag, tag);
    let root_integer = |tag| a.integer(tag, tag).unwrap_or(0);
    let transform = tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE;
    let (acquisition, mut notes) = acquisition_of(a, &image_type)?;
    let mut frame = Frame {
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
        echo_number: root_integer(tags::ECHO_NUMBERS),
        acquisition_time: a
            .text(
                tags::FRAME_CONTENT_SEQUENCE,
                tags::FRAME_ACQUISITION_DATE_TIME,
            )
            .or_else(|| root_text(tags::ACQUISITION_DATE_TIME))
            .or_else(|| root_text(tags::ACQUISITION_TIME))
            .unwrap_or_default(),
        images_in_acquisition: a.integer(tags::IMAGES_IN_ACQUISITION, tags::IMAGES_IN_ACQUISITION),
        rows: positive(tags::ROWS).ok_or(Missing { what: "Rows" })?,
        columns: positive(tags::COLUMNS).ok_or(Missing { what: "Columns" })?,
        position_lps: Point3::from(position),
        row_direction: row.normalize(),
        column_direction: column.normalize(),
        pixel_spacing_mm,
        declared_spacing_mm: a
            .number(tags::PIXEL_MEASURES_SEQUENCE, tags::SPACING_BETWEEN_SLICES)?
            .filter(|&mm| mm > 0.0),
        rescale_slope: a
            .number(transform, tags::RESCALE_SLOPE)?
            .filter(|&s| s != 0.0)
            .unwrap_or(1.0),
        rescale_intercept: a.number(transform, tags::RESCALE_INTERCEPT)?.unwrap_or(0.0),
        acquisition: Arc::new(acquisition),
        notes: Vec::new(),
        image_type,
    };
    let with_commas = a.with_commas().into_iter();
    notes.extend(with_commas.map(|attribute| Note::DecimalComma { attribute }));
    frame.notes = notes;
    Ok(frame)
}

/// Refuses what is no MR image, or made of one: the modality and, where it is not said, the class of the object tell.
fn refuse_other_objects(a: &FrameAttributes) -> Result<(), DicomFileError> {
    const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";
    let text = |tag| a.text(tag, tag).unwrap_or_default();
    let modality = text(tags::MODALITY).to_uppercase();
    let class = text(tags::SOP_CLASS_UID);
    let secondary = class
        .strip_prefix(SECONDARY_CAPTURE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let what = match (modality.as_str(), class.as_str()) {
        _ if secondary => "secondary capture (a picture of a screen)".into(),
        (_, uids::SEGMENTATION_STORAGE) => "segmentation".into(),
        ("", uids::CT_IMAGE_STORAGE | uids::ENHANCED_CT_IMAGE_STORAGE) => "CT image".into(),
        ("", uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE) => "PET image".into(),
        ("MR" | "", _) => return Ok(()),
        ("PT", _) => "PET image (Modality PT)".into(),
        _ => {
            let modality: String = modality.chars().take(16).collect();
            format!("image of modality {}", printable(&modality, false))
        }
    };
    Err(DicomFileError::OtherModality { what })
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

fn acquisition_of(
    a: &FrameAttributes,
    image_type: &[String],
) -> Result<(Acquisition, Vec<Note>), DicomFileError> {
    let timing = tags::MR_TIMING_AND_RELATED_PARAMETERS_SEQUENCE;
    let known_number = |group, tag, name| {
        let value = a.number(group, tag)?.filter(|&v| v > 0.0);
        Ok::<_, DicomFileError>(value.map(|value| Known {
            value,
            origin: Origin::Dicom(name),
        }))
    };
    // What no voxel's value or place depends on is left out where it is no number, and said.
    let mut notes = Vec::new();
    let mut or_note = |read: Result<Option<Known<f64>>, DicomFileError>| match read {
        Err(DicomFileError::NotANumber { name, value, .. }) => {
            notes.push(Note::NotANumber { what: name, value });
            Ok(None)
        }
        read => read,
    };
    let known_text = |tag, name| {
        a.text(tag, tag).map(|value| Known {
            value,
            origin: Origin::Dicom(name),
        })
    };
    let mut te_ms = known_number(
        tags::MR_ECHO_SEQUENCE,
        tags::EFFECTIVE_ECHO_TIME,
        "EffectiveEchoTime",
    )?;
    if te_ms.is_none() {
        te_ms = known_number(tags::ECHO_TIME, tags::ECHO_TIME, "EchoTime")?;
    }
    let inversion = known_number(tags::INVERSION_TIME, tags::INVERSION_TIME, "InversionTime");
    let mut ti_ms = or_note(inversion)?;
    if ti_ms.is_none() {
        // There may be several: the first.
        let times = tags::MR_MODIFIER_SEQUENCE;
        let first = a.integer(times, tags::INVERSION_TIMES).filter(|&ms| ms > 0);
        ti_ms = first.map(|ms| Known {
            value: ms as f64,
            origin: Origin::Dicom("InversionTimes"),
        });
    }
    let field_strength_t = or_note(known_number(
        tags::MAGNETIC_FIELD_STRENGTH,
        tags::MAGNETIC_FIELD_STRENGTH,
        "MagneticFieldStrength",
    ))?;
    let tr_ms = or_note(known_number(
        timing,
        tags::REPETITION_TIME,
        "RepetitionTime",
    ))?;
    let flip_angle_deg = or_note(known_number(timing, tags::FLIP_ANGLE, "FlipAngle"))?;
    let echoes = or_note(known_number(
        timing,
        tags::ECHO_TRAIN_LENGTH,
        "EchoTrainLength",
    ))?;
    let slice_thickness_mm = or_note(known_number(
        tags::PIXEL_MEASURES_SEQUENCE,
        tags::SLICE_THICKNESS,
        "SliceThickness",
    ))?;
    let te_ms = ECHO_TIME.checked(te_ms, &mut notes);
    let field_strength_t = FIELD_STRENGTH.checked(field_strength_t, &mut notes);
    let series_description = known_text(tags::SERIES_DESCRIPTION, "SeriesDescription");
    let description = series_description.as_ref().map(|known| &*known.value);
    let component = component_of(a, image_type, description);
    let mut texts: Vec<String> = description.iter().map(ToString::to_string).collect();
    texts.extend(a.text(tags::PROTOCOL_NAME, tags::PROTOCOL_NAME));
    let mut scanning_sequence = a.texts(tags::SCANNING_SEQUENCE, tags::SCANNING_SEQUENCE);
    scanning_sequence.extend(enhanced_scanning_sequence(a));
    let sequence = SequenceHints {
        scanning_sequence: &scanning_sequence,
        image_type,
        echo_train_length: echoes.map(|known| known.value),
        texts: &texts,
        te_ms: te_ms.as_ref().map(|known| known.value),
        ti_ms: ti_ms.as_ref().map(|known| known.value),
        field_strength_t: field_strength_t.as_ref().map(|known| known.value),
    }
    .sequence();
    let acquisition = Acquisition {
        field_strength_t,
        te_ms,
        ti_ms,
        tr_ms,
        flip_angle_deg,
        slice_thickness_mm,
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
    };
    Ok((acquisition, notes))
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

/// What ImageType says, else GE's own attribute, else the description. That an image is a projection is often said in the
/// description alone, beside an ImageType that calls it derived.
fn component_of(
    a: &FrameAttributes,
    image_type: &[String],
    description: Option<&str>,
) -> Option<Known<Component>> {
    let known = |value, origin| {
        Some(Known {
            value,
            origin: Origin::Dicom(origin),
        })
    };
    let described = description.and_then(component_of_text);
    let derived = image_type.first().is_none_or(|value| value == "DERIVED");
    if derived && described == Some(Component::Projection) {
        return known(Component::Projection, "SeriesDescription");
    }
    if let Some(value) = component_of_image_type(image_type) {
        return known(value, "ImageType");
    }
    let of_ge = match a.integer(GE_RAW_DATA_TYPE, GE_RAW_DATA_TYPE) {
        _ if !maker(a).starts_with("GE") => None,
        Some(0) => Some(Component::Magnitude),
        Some(1) => Some(Component::Phase),
        Some(2) => Some(Component::Real),
        Some(3) => Some(Component::Imaginary),
        _ => None,
    };
    if let Some(value) = of_ge {
        return known(value, "(0043,102F) of GE");
    }
    described.and_then(|value| known(value, "SeriesDescription"))
}

fn maker(a: &FrameAttributes) -> String {
    let maker = a.text(tags::MANUFACTURER, tags::MANUFACTURER);
    maker.unwrap_or_default().to_uppercase()
}
