//! `siderin validate`: what is found on scans that nobody labelled.

use crate::support::{json, siderin};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use std::fs;

#[test]
fn a_scan_without_labels_says_what_is_found_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut simulate = siderin();
    simulate.args([
        "simulate",
        "scan",
        "--lesions",
        "none",
        "--seed",
        "11",
        "--quiet",
    ]);
    simulate.arg("--out").arg(at("scan")).assert().success();
    let scan = at("scan").join("magnitude.nii.gz");
    let validate = |lesions: &str| {
        let mut command = siderin();
        command
            .arg("validate")
            .arg(&scan)
            .arg("--out")
            .arg(at("out"));
        command
            .args(["--copies", "1", "--lesions", lesions])
            .assert()
    };
    validate("8")
        .success()
        .stdout(contains("of 8 visible").or(contains("visible microbleeds found")));
    let told = json(&at("out").join("validation.json"));
    let points: Vec<&str> = told["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["name"].as_str().unwrap())
        .collect();
    assert_eq!(points, ["sensitive", "balanced", "specific"]);
    let of_scan = &told["scans"][0];
    let implants = of_scan["implants"].as_array().unwrap();
    assert_eq!(
        implants.len() + of_scan["invisible"].as_u64().unwrap() as usize,
        8
    );
    // On the simulator that it was trained on the model finds most of them.
    let found = implants
        .iter()
        .filter(|implant| implant["confidence"].is_number());
    assert!(2 * found.count() > implants.len());
    assert!(implants.iter().all(|implant| implant["group"].is_string()));
    assert!(
        of_scan["scanner"]
            .as_str()
            .unwrap()
            .contains("3.0 T, TE 23.0 ms")
    );
    let page = fs::read_to_string(at("out").join("report.html")).unwrap();
    assert!(page.contains("Microbleeds that were put in") && page.contains("not a medical device"));
    assert!(at("out").join("report.pdf").is_file());
    // Asked again it takes what it has, and writes the same.
    validate("8").success();
    assert_eq!(json(&at("out").join("validation.json")), told);
    validate("9").code(1).stderr(contains("with other options"));
}
