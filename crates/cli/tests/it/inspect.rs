//! `siderin inspect` from end to end.
use assert_cmd::Command;
use predicates::prelude::*;
use siderin_image::scan::nifti::write_volume;
use siderin_simulate::{PhantomConfig, phantom};
use std::path::{Path, PathBuf};

fn siderin() -> Command {
    Command::cargo_bin("siderin").unwrap()
}

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// A painted phantom with a sidecar.
fn write_scan(folder: &Path) -> PathBuf {
    let made = phantom(&PhantomConfig::default()).unwrap();
    let path = folder.join("phantom.nii.gz");
    write_volume(&path, &made.scan.map(|v| v.round() as i16)).unwrap();
    let sidecar = r#"{"MagneticFieldStrength": 3, "EchoTime": 0.02, "ScanningSequence": "GR",
        "SliceThickness": 3, "ImageType": ["DERIVED", "PRIMARY", "M"]}"#;
    std::fs::write(folder.join("phantom.json"), sidecar).unwrap();
    path
}

#[test]
fn tells_what_a_scan_is_in_words() {
    let folder = tempfile::tempdir().unwrap();
    siderin()
        .arg("inspect")
        .arg(write_scan(folder.path()))
        .assert()
        .success()
        .stdout(predicate::str::contains(
            "T2*-weighted gradient echo, magnitude",
        ))
        .stdout(predicate::str::contains(
            "164 × 196 × 50 voxels of 1.000 × 1.000 × 3.000 mm, axes RAS",
        ))
        .stdout(predicate::str::contains("suitability suitable"));
}

#[test]
fn tells_it_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let output = siderin()
        .args(["inspect", "--json"])
        .arg(write_scan(folder.path()))
        .arg(repository("crates/image/tests/data/dicom/enhanced.dcm"))
        .output()
        .unwrap();
    assert!(output.status.success());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let scans = report["scans"].as_array().unwrap();
    assert_eq!(scans.len(), 2);
    assert_eq!(scans[0]["grid"]["shape"], serde_json::json!([164, 196, 50]));
    assert_eq!(scans[0]["acquisition"]["te_ms"]["value"], 20.0);
    assert_eq!(
        scans[0]["acquisition"]["te_ms"]["origin"],
        "sidecar EchoTime"
    );
    assert_eq!(scans[0]["suitability"]["verdict"], "suitable");
    // ImagePositionPatient (-5, -6, 0), 0.75 mm columns, 1.5 mm rows, 2 mm slices, in RAS.
    assert_eq!(
        scans[1]["grid"]["world_from_voxel"],
        serde_json::json!([
            [-0.75, 0.0, 0.0, 5.0],
            [0.0, -1.5, 0.0, 6.0],
            [0.0, 0.0, 2.0, 0.0],
            [0.0, 0.0, 0.0, 1.0]
        ])
    );
    assert_eq!(scans[1]["acquisition"]["field_strength_t"]["value"], 3.0);
}

#[test]
fn a_file_that_is_no_scan_is_an_error() {
    siderin()
        .arg("inspect")
        .arg(repository("Cargo.toml"))
        .assert()
        .code(1)
        .stderr(predicate::str::contains(
            "give a .nii, .nii.gz or DICOM file",
        ));
}
