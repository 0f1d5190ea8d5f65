//! BIDS sidecars and file names as facts about the acquisition.

use super::acquisition::{
    Acquisition, Component, Known, Origin, SequenceHints, component_of_file_name,
    component_of_image_type, component_of_text,
};
use super::bids::{self, BidsName};
use super::plausible::{ECHO_TIME, FIELD_STRENGTH};
use super::{Note, printable};
use serde_json::{Map, Value};
use std::path::Path;

/// A sidecar larger than this is not one.
const MAX_SIDECAR_BYTES: u64 = 4 << 20;

/// What sidecars and name say of a NIfTI file, and what reading them brought up.
pub(crate) fn acquisition_of_nifti(image: &Path) -> (Acquisition, Vec<Note>) {
    let mut fields = Map::new();
    let mut notes = Vec::new();
    for path in bids::sidecars(image) {
        let small =
            std::fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() <= MAX_SIDECAR_BYTES);
        let content = if small {
            std::fs::read(&path).unwrap_or_default()
        } else {
            Vec::new()
        };
        if let Ok(Value::Object(found)) = serde_json::from_slice(without_mark(&content)) {
            fields.extend(found);
        } else {
            let name = super::stem(&path) + ".json";
            notes.push(Note::SidecarUnreadable { name });
        }
    }
    let acquisition = acquisition_of_fields(&fields, image, &mut notes);
    (acquisition, notes)
}

/// Without the mark that some editors put before UTF-8.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// A field as a number, also where it is text that holds one.
fn number_of(
    fields: &Map<String, Value>,
    name: &'static str,
    notes: &mut Vec<Note>,
) -> Option<f64> {
    let value = fields.get(name)?;
    let number = match value {
        Value::Null => return None,
        Value::String(text) if matches!(text.trim(), "" | "n/a") => return None,
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_f64(),
    };
    let number = number.filter(|number: &f64| number.is_finite());
    if number.is_none() {
        const SHOWN: usize = 40;
        let text = match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        notes.push(Note::NotANumber {
            what: format!("the sidecar's {name}"),
            value: text.chars().take(SHOWN).collect(),
        });
    }
    number
}

fn acquisition_of_fields(
    fields: &Map<String, Value>,
    image: &Path,
    notes: &mut Vec<Note>,
) -> Acquisition {
    let mut number = |name: &'static str, to_unit: f64| {
        let value = number_of(fields, name, notes).filter(|v| *v > 0.0)?;
        Some(Known {
            value: value * to_unit,
            origin: Origin::Sidecar(name),
        })
    };
    let text = |name: &'static str| {
        let value = fields.get(name)?.as_str()?.trim().to_string();
        (!value.is_empty()).then_some(Known {
            value: printable(&value, false),
            origin: Origin::Sidecar(name),
        })
    };
    // BIDS gives times in seconds.
    let mut te_ms = number("EchoTime", 1000.0).or_else(|| number("EchoTime2", 1000.0));
    let mut ti_ms = number("InversionTime", 1000.0);
    let mut tr_ms = number("RepetitionTime", 1000.0);
    let slice_thickness_mm = number("SliceThickness", 1.0);
    let flip_angle_deg = number("FlipAngle", 1.0);
    let echo_train_length = number("EchoTrainLength", 1.0).map(|k| k.value);
    let field_strength_t = number("MagneticFieldStrength", 1.0);
    if let Some(te) = &te_ms
        && !ECHO_TIME.holds(te.value)
        && ECHO_TIME.holds(te.value / 1000.0)
        && te.value >= 1000.0
    {
        notes.push(Note::Milliseconds {
            echo_time: te.value / 1000.0,
        });
        for known in [&mut te_ms, &mut ti_ms, &mut tr_ms].into_iter().flatten() {
            known.value /= 1000.0;
        }
    }
    let te_ms = ECHO_TIME.checked(te_ms, notes);
    let field_strength_t = FIELD_STRENGTH.checked(field_strength_t, notes);
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
        echo_train_length,
        texts: &texts,
        te_ms: te_ms.as_ref().map(|k| k.value),
        ti_ms: ti_ms.as_ref().map(|k| k.value),
        field_strength_t: field_strength_t.as_ref().map(|k| k.value),
    }
    .sequence();
    Acquisition {
        field_strength_t,
        te_ms,
        tr_ms,
        ti_ms,
        flip_angle_deg,
        slice_thickness_mm,
        sequence: Some(Known {
            value: sequence,
            origin: Origin::Derived,
        }),
        component: component_of_image_type(&image_type)
            .map(|value| Known {
                value,
                origin: Origin::Sidecar("ImageType"),
            })
            .or_else(|| component_of_name(image, name.as_ref()))
            .or_else(|| {
                let described = component_of_text(&series_description.as_ref()?.value)?;
                Some(Known {
                    value: described,
                    origin: Origin::Sidecar("SeriesDescription"),
                })
            }),
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

/// BIDS's part entity and suffix, or the words of another name.
fn component_of_name(image: &Path, name: Option<&BidsName>) -> Option<Known<Component>> {
    let value = match (name, name.and_then(|name| name.entity("part"))) {
        (_, Some("mag")) => Component::Magnitude,
        (_, Some("phase")) => Component::Phase,
        (_, Some("real")) => Component::Real,
        (_, Some("imag")) => Component::Imaginary,
        (Some(name), _) => {
            let rec = name.entity("rec").unwrap_or_default();
            component_of_text(&name.suffix).or_else(|| component_of_text(rec))?
        }
        (None, _) => component_of_file_name(&super::stem(image))?,
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
        read(fields, name).0
    }

    fn read(fields: Value, name: &str) -> (Acquisition, Vec<&'static str>) {
        let mut notes = Vec::new();
        let fields = fields.as_object().unwrap();
        let acquisition = acquisition_of_fields(fields, Path::new(name), &mut notes);
        (acquisition, notes.iter().map(Note::code).collect())
    }

    #[test]
    fn times_that_cannot_be_seconds_are_milliseconds() {
        let times = |te: Value, tr: Value| {
            let (a, notes) = read(json!({"EchoTime": te, "RepetitionTime": tr}), "scan.nii");
            let value = |known: Option<Known<f64>>| known.map(|k| k.value);
            (value(a.te_ms), value(a.tr_ms), notes)
        };
        let milliseconds = vec!["milliseconds"];
        assert_eq!(
            times(json!(0.02), json!(0.6)),
            (Some(20.0), Some(600.0), vec![])
        );
        assert_eq!(
            times(json!(20), json!(600)),
            (Some(20.0), Some(600.0), milliseconds.clone())
        );
        assert_eq!(
            times(json!(4.9), json!(30)),
            (Some(4.9), Some(30.0), milliseconds)
        );
        assert_eq!(
            times(json!("0.02"), json!(null)),
            (Some(20.0), None, vec![])
        );
        // Microseconds, and no number at all.
        assert_eq!(
            times(json!(20000), json!(0.6)),
            (None, Some(600.0), vec!["implausible"])
        );
        assert_eq!(
            times(json!("20 ms"), json!([1, 2])),
            (None, None, vec!["not_a_number"; 2])
        );
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
