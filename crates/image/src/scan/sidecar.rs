//! BIDS sidecars and file names as facts about the acquisition.

use super::Note;
use super::acquisition::{
    Acquisition, Component, Known, Origin, SequenceHints, component_of_image_type,
};
use super::bids::{self, BidsName};
use serde_json::{Map, Value};
use std::path::Path;

/// A sidecar larger than this is not one.
const MAX_SIDECAR_BYTES: u64 = 4 << 20;

/// What sidecars and name say of a NIfTI file, and a note when a sidecar cannot be read.
pub(crate) fn acquisition_of_nifti(image: &Path) -> (Acquisition, Option<Note>) {
    let mut fields = Map::new();
    let mut note = None;
    for path in bids::sidecars(image) {
        let small = std::fs::metadata(&path).is_ok_and(|m| m.len() <= MAX_SIDECAR_BYTES);
        let content = if small {
            std::fs::read(&path).unwrap_or_default()
        } else {
            Vec::new()
        };
        if let Ok(Value::Object(found)) = serde_json::from_slice(&content) {
            fields.extend(found);
        } else {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            note = Some(Note::SidecarUnreadable { name });
        }
    }
    (acquisition_of_fields(&fields, image), note)
}

fn acquisition_of_fields(fields: &Map<String, Value>, image: &Path) -> Acquisition {
    let number = |name: &'static str, to_unit: f64| {
        let value = fields
            .get(name)?
            .as_f64()
            .filter(|v| v.is_finite() && *v > 0.0)?;
        Some(Known {
            value: value * to_unit,
            origin: Origin::Sidecar(name),
        })
    };
    let text = |name: &'static str| {
        let value = fields.get(name)?.as_str()?.trim().to_string();
        (!value.is_empty()).then_some(Known {
            value,
            origin: Origin::Sidecar(name),
        })
    };
    // BIDS gives times in seconds.
    let te_ms = number("EchoTime", 1000.0).or_else(|| number("EchoTime2", 1000.0));
    let ti_ms = number("InversionTime", 1000.0);
    let field_strength_t = number("MagneticFieldStrength", 1.0).filter(|k| k.value < 25.0);
    let series_description = text("SeriesDescription");
    let image_type = words(fields.get("ImageType"));
    let name = BidsName::of(image);
    let mut texts: Vec<String> = series_description.iter().map(|k| k.value.clone()).collect();
    texts.extend(text("ProtocolName").map(|k| k.value));
    match &name {
        // In BIDS the suffix alone names the contrast; entities are free text.
        Some(name) => texts.insert(0, format!("_{}", name.suffix)),
        None => texts.push(super::stem(image)),
    }
    let sequence = SequenceHints {
        scanning_sequence: &words(fields.get("ScanningSequence")),
        image_type: &image_type,
        echo_train_length: number("EchoTrainLength", 1.0).map(|k| k.value),
        texts: &texts,
        te_ms: te_ms.as_ref().map(|k| k.value),
        ti_ms: ti_ms.as_ref().map(|k| k.value),
        field_strength_t: field_strength_t.as_ref().map(|k| k.value),
    }
    .sequence();
    Acquisition {
        field_strength_t,
        te_ms,
        tr_ms: number("RepetitionTime", 1000.0),
        ti_ms,
        flip_angle_deg: number("FlipAngle", 1.0),
        slice_thickness_mm: number("SliceThickness", 1.0),
        sequence: Some(Known {
            value: sequence,
            origin: Origin::Derived,
        }),
        component: component_of_image_type(&image_type)
            .map(|value| Known {
                value,
                origin: Origin::Sidecar("ImageType"),
            })
            .or_else(|| component_of_name(image, name.as_ref())),
        vendor: text("Manufacturer"),
        model: text("ManufacturersModelName"),
        series_description,
        series_number: fields
            .get("SeriesNumber")
            .and_then(Value::as_i64)
            .map(|value| Known {
                value,
                origin: Origin::Sidecar("SeriesNumber"),
            }),
    }
}

/// A list of words: a JSON array, or one string separated by `\` or `_` as dcm2niix
/// writes ScanningSequence.
fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(values)) => values
            .iter()
            .filter_map(Value::as_str)
            .map(ToString::to_string)
            .collect(),
        Some(Value::String(value)) => value
            .split(['\\', '_'])
            .map(|word| word.trim().to_string())
            .collect(),
        _ => Vec::new(),
    }
}

/// BIDS's part entity, or the endings dcm2niix gives phase, real and imaginary images.
fn component_of_name(image: &Path, name: Option<&BidsName>) -> Option<Known<Component>> {
    let value = match name.and_then(|name| name.entity("part")) {
        Some("mag") => Component::Magnitude,
        Some("phase") => Component::Phase,
        Some("real") => Component::Real,
        Some("imag") => Component::Imaginary,
        _ => {
            let stem = super::stem(image).to_lowercase();
            let ends = |endings: &[&str]| endings.iter().any(|ending| stem.ends_with(ending));
            if ends(&["_ph", "_phase", "-phase"]) || stem == "phase" {
                Component::Phase
            } else if ends(&["_real"]) {
                Component::Real
            } else if ends(&["_imaginary", "_imag"]) {
                Component::Imaginary
            } else {
                return None;
            }
        }
    };
    Some(Known {
        value,
        origin: Origin::FileName,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Sequence;
    use super::*;
    use serde_json::json;

    fn of(fields: Value, name: &str) -> Acquisition {
        acquisition_of_fields(fields.as_object().unwrap(), Path::new(name))
    }

    #[test]
    fn seconds_become_milliseconds_with_their_origin() {
        let acquisition = of(
            json!({"EchoTime": 0.02, "MagneticFieldStrength": 3, "ScanningSequence": "GR", "ImageType": ["ORIGINAL", "PRIMARY", "M"]}),
            "scan.nii",
        );
        let te = acquisition.te_ms.clone().unwrap();
        assert_eq!(
            (te.value, te.origin.to_string()),
            (20.0, "sidecar EchoTime".into())
        );
        assert_eq!(acquisition.sequence(), Sequence::T2StarGre);
        assert_eq!(acquisition.component(), Component::Magnitude);
    }

    #[test]
    fn names_tell_where_sidecars_do_not() {
        assert_eq!(
            of(json!({}), "sub-1_part-phase_T2starw.nii.gz").component(),
            Component::Phase
        );
        assert_eq!(
            of(json!({}), "9_gre_e2_ph.nii").component(),
            Component::Phase
        );
        assert_eq!(
            of(json!({}), "sub-1_acq-ph_T2starw.nii").component(),
            Component::Unknown
        );
        assert_eq!(
            of(json!({}), "sub-1_T2starw.nii").sequence(),
            Sequence::T2StarGre
        );
        assert_eq!(of(json!({}), "sub-1_T1w.nii").sequence(), Sequence::T1w);
    }
}
