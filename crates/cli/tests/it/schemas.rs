//! The documents that other programs read keep to `schemas/`: the ones of every version there was, and the ones that
//! the program writes now.

use crate::support::{json, siderin, write_map};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator, draft202012};
use serde_json::{Value, json};
use siderin_image::scan::nifti::write_volume;
use siderin_simulate::{PhantomConfig, phantom};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const DOCUMENTS: [&str; 3] = ["lesions", "change", "metrics"];

fn schema(document: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    json(&root.join(format!("{document}.schema.json")))
}

/// The versions that a schema describes, the oldest first.
fn versions(schema: &Value) -> Vec<String> {
    let versions = schema["properties"]["schema_version"]["enum"].as_array();
    let texts = versions.unwrap().iter();
    texts.map(|v| v.as_str().unwrap().to_string()).collect()
}

fn current(schema: &Value) -> String {
    versions(schema).pop().unwrap()
}

/// Both numbers of a version.
fn numbers(version: &str) -> [u32; 2] {
    let (first, second) = version.split_once('.').unwrap();
    [first, second].map(|number| number.parse().unwrap())
}

/// What documents of one version hold, to the field: those that came later are not known yet, and those that came up
/// to then have to be there.
fn as_of(version: &str, schema: &Value) -> Value {
    fn visit(version: &str, part: &mut Value) {
        if let Some(fields) = part.get_mut("properties").and_then(Value::as_object_mut) {
            let since = |field: &Value| field.get("x-since")?.as_str().map(numbers);
            fields.retain(|_, field| since(field).is_none_or(|since| since <= numbers(version)));
            let later: Vec<Value> = fields
                .iter()
                .filter(|(_, field)| field.get("x-since").is_some())
                .filter(|(_, field)| field.get("x-when").is_none())
                .map(|(name, _)| json!(name))
                .collect();
            if let Some(required) = part["required"].as_array_mut() {
                required.extend(later);
            }
        }
        match part {
            Value::Object(parts) => parts.values_mut().for_each(|part| visit(version, part)),
            Value::Array(parts) => parts.iter_mut().for_each(|part| visit(version, part)),
            _ => {}
        }
    }
    let mut schema = schema.clone();
    visit(version, &mut schema);
    schema
}

fn validator(schema: &Value) -> Validator {
    draft202012::options().build(schema).unwrap()
}

/// What is wrong with a document, a line each; fields without a name in the schema with the remedy.
fn faults(document: &str, schema: &Value, value: &Value) -> Vec<String> {
    fn tell(document: &str, error: &ValidationError, told: &mut Vec<String>) {
        let place = match error.instance_path().as_str() {
            "" => "at the top",
            path => path,
        };
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => told.push(format!(
                "{place}: schemas/{document}.schema.json does not name {}. Is it new? Then raise the second number \
                 of the document's SCHEMA_VERSION, add the field and the version to the schema (schemas/README.md \
                 says how), and a document of the new version to crates/cli/tests/data/schemas",
                unexpected.join(", ")
            )),
            // Of "this or null" what is wrong with this.
            ValidationErrorKind::AnyOf { context } => {
                let before = told.len();
                for error in context.iter().flatten() {
                    if !matches!(error.kind(), ValidationErrorKind::Type { .. }) {
                        tell(document, error, told);
                    }
                }
                if told.len() == before {
                    told.push(format!("{place}: {error}"));
                }
            }
            _ => told.push(format!("{place}: {error}")),
        }
    }
    let mut told = Vec::new();
    for error in validator(schema).iter_errors(value) {
        tell(document, &error, &mut told);
    }
    told
}

/// Fails unless a document that was written just now is as its schema says.
fn check(document: &str, written: &Value) {
    let schema = schema(document);
    let version = current(&schema);
    assert_eq!(
        written["schema_version"].as_str(),
        Some(version.as_str()),
        "the program writes another version than schemas/{document}.schema.json describes"
    );
    let faults = faults(document, &as_of(&version, &schema), written);
    assert!(faults.is_empty(), "{document}.json: {}", faults.join("\n"));
}

/// Documents that were written once: their kind, their version, their file.
fn kept() -> Vec<(String, String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schemas");
    let files = fs::read_dir(folder).unwrap();
    files
        .map(|file| {
            let path = file.unwrap().path();
            // lesions-1.3.json, metrics-1.0-voxel.json
            let stem = path.file_stem().unwrap().to_str().unwrap().to_string();
            let mut parts = stem.split('-').map(String::from);
            (parts.next().unwrap(), parts.next().unwrap(), path)
        })
        .collect()
}

#[test]
fn documents_of_every_version_stay_valid() {
    for document in DOCUMENTS {
        let schema = schema(document);
        for version in versions(&schema) {
            let of_version = || {
                kept()
                    .into_iter()
                    .filter(|(d, v, _)| *d == document && *v == version)
            };
            assert!(
                of_version().next().is_some(),
                "keep a {document}-{version}.json in crates/cli/tests/data/schemas"
            );
            for (_, _, path) in of_version() {
                let kept = json(&path);
                assert_eq!(kept["schema_version"], version.as_str(), "{path:?}");
                // As anyone validates it, and to the field of its version.
                for schema in [&schema, &as_of(&version, &schema)] {
                    let faults = faults(document, schema, &kept);
                    assert!(faults.is_empty(), "{path:?}: {}", faults.join("\n"));
                }
            }
        }
    }
    for (document, version, path) in kept() {
        assert!(
            DOCUMENTS.contains(&document.as_str()),
            "{path:?} has no schema"
        );
        let known = versions(&schema(&document));
        assert!(
            known.contains(&version),
            "{path:?}: the schema left out {version}"
        );
    }
}

#[test]
fn schemas_describe_every_field() {
    for document in DOCUMENTS {
        let schema = schema(document);
        draft202012::meta::validate(&schema).unwrap_or_else(|error| panic!("{document}: {error}"));
        let versions: Vec<[u32; 2]> = versions(&schema).iter().map(|v| numbers(v)).collect();
        assert!(versions.is_sorted(), "{document}: {versions:?}");
        // Another first number has a schema of its own.
        assert!(versions.iter().all(|version| version[0] == versions[0][0]));
        describe(document, &schema, &schema["$defs"]);
    }
    // What two documents share means the same in both.
    let [lesions, change] = ["lesions", "change"].map(|document| schema(document)["$defs"].clone());
    for (name, part) in lesions.as_object().unwrap() {
        if let Some(other) = change.get(name) {
            assert_eq!(part, other, "{name} differs between lesions and change");
        }
    }
}

/// Every field says what it is and when it is there, and every object is closed.
fn describe(place: &str, part: &Value, defs: &Value) {
    match part {
        Value::Object(parts) => {
            if let Some(fields) = part.get("properties").and_then(Value::as_object) {
                assert_eq!(part["additionalProperties"], false, "{place} is not closed");
                let required = part["required"].as_array().unwrap();
                for (name, field) in fields {
                    let own = field["description"].is_string();
                    let target = field["$ref"]
                        .as_str()
                        .and_then(|to| to.strip_prefix("#/$defs/"));
                    let shared = target.is_some_and(|to| defs[to]["description"].is_string());
                    assert!(own || shared, "{place}/{name} has no description");
                    let is_required = required.contains(&json!(name));
                    let has_reason = ["x-since", "x-when"].map(|key| field[key].is_string());
                    assert!(
                        is_required != has_reason.contains(&true),
                        "{place}/{name} is either required, or says since when or when it is there"
                    );
                }
                assert!(
                    required
                        .iter()
                        .all(|name| fields.contains_key(name.as_str().unwrap()))
                );
            }
            for (name, part) in parts {
                describe(&format!("{place}/{name}"), part, defs);
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| describe(place, part, defs)),
        _ => {}
    }
}

#[test]
fn a_field_that_the_schema_does_not_name_is_told() {
    for (document, version, path) in kept() {
        let schema = as_of(&version, &schema(&document));
        let mut value = json(&path);
        value["surprise"] = json!(1);
        value["software"]["commit"] = json!("0");
        value.as_object_mut().unwrap().remove("research_use");
        let faults = faults(&document, &schema, &value).join("\n");
        assert!(
            faults.contains("at the top: schemas/") && faults.contains("does not name surprise")
        );
        assert!(faults.contains("/software: schemas/") && faults.contains("does not name commit"));
        assert!(
            faults.contains("\"research_use\" is a required property"),
            "{faults}"
        );
    }
    // One that comes later is required from then on, and unknown before.
    let later = json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": {
            "a": {"type": "integer"},
            "b": {"type": "integer", "x-since": "1.4"},
            "c": {"type": "integer", "x-since": "1.4", "x-when": "there is one"},
        }
    });
    let holds = |version: &str, value: Value| validator(&as_of(version, &later)).is_valid(&value);
    assert!(holds("1.3", json!({"a": 1})) && !holds("1.3", json!({"a": 1, "b": 2})));
    assert!(!holds("1.4", json!({"a": 1})) && holds("1.10", json!({"a": 1, "b": 2})));
    assert!(holds("1.4", json!({"a": 1, "b": 2, "c": 3})));
}

/// The painted phantom as a scan in a folder.
fn write_phantom(folder: &Path, name: &str, balls: usize) -> PathBuf {
    let config = PhantomConfig {
        balls,
        ..PhantomConfig::default()
    };
    let path = folder.join(name);
    let scan = phantom(&config).unwrap().scan;
    write_volume(&path, &scan.map(|v| v.round() as i16)).unwrap();
    path
}

#[test]
fn a_detection_writes_lesions_as_the_schema_says() {
    let at = TempDir::new().unwrap();
    let scan = write_phantom(at.path(), "scan.nii", 6);
    // A sidecar fills in what is known of the acquisition.
    let sidecar = r#"{"MagneticFieldStrength": 3, "EchoTime": 0.02, "SeriesDescription": "t2star", "SeriesNumber": 4}"#;
    fs::write(scan.with_extension("json"), sidecar).unwrap();
    let out = at.path().join("out");
    let mut detect = siderin();
    detect
        .args(["detect", "--rules", "--quiet", "--out"])
        .arg(&out);
    detect.arg(&scan).assert().success();
    let lesions = json(&out.join("scan/lesions.json"));
    assert!(!lesions["lesions"].as_array().unwrap().is_empty());
    check("lesions", &lesions);
}

#[test]
fn a_comparison_writes_change_as_the_schema_says() {
    let at = TempDir::new().unwrap();
    let visits = [("first.nii", 4), ("second.nii", 6)];
    let scans = visits.map(|(name, balls)| write_phantom(at.path(), name, balls));
    let out = at.path().join("out");
    let mut compare = siderin();
    compare
        .args(["compare", "--rules", "--quiet", "--out"])
        .arg(&out);
    compare.args(&scans).assert().success();
    let change = json(&out.join("change.json"));
    assert!(!change["lesions"].as_array().unwrap().is_empty());
    check("change", &change);
}

#[test]
fn scores_write_metrics_as_the_schema_says() {
    let at = TempDir::new().unwrap();
    let map = |name: &str, places: &[usize], value: f32| {
        let path = at.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let lesion = |offset: usize| places.iter().any(|place| place + 20 * 55 == offset);
        write_map(&path, [20, 10, 10], [1.0, 1.0, 2.0], |offset| {
            if lesion(offset) { value } else { 0.0 }
        });
    };
    for (case, there, found) in [
        ("sub-1", vec![2, 9, 16], vec![3, 9]),
        ("sub-2", vec![4], vec![4, 15]),
        ("sub-3", vec![], vec![8]),
    ] {
        map(&format!("truth/{case}_dseg.nii"), &there, 1.0);
        map(&format!("found/{case}_probseg.nii"), &found, 0.75);
    }
    let table = at.path().join("cases.csv");
    fs::write(&table, "case,site\nsub-1,A\nsub-2,B\nsub-3,B\n").unwrap();
    for rule in ["valdo", "overlap", "voxel"] {
        let out = at.path().join(rule);
        let mut evaluate = siderin();
        evaluate.args([
            "evaluate",
            "--bootstrap",
            "20",
            "--rule",
            rule,
            "--by",
            "site",
        ]);
        for (option, path) in [
            ("--ref", &at.path().join("truth")),
            ("--pred", &at.path().join("found")),
            ("--table", &table),
            ("--out", &out),
        ] {
            evaluate.arg(option).arg(path);
        }
        evaluate.assert().success();
        check("metrics", &json(&out.join("metrics.json")));
    }
}
