//! What people met when medical images reached their programs.

use crate::support::{missing, shared, siderin};
use assert_cmd::cargo::cargo_bin;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use siderin_testing::oracle;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Python with what writes and reads DICOM there.
fn python() -> Option<Command> {
    let packages = "import gdcm, nibabel, numpy, pydicom";
    let probe = Command::new("python3").args(["-c", packages]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return missing("python3 with numpy, nibabel, pydicom and python-gdcm");
    }
    let mut python = Command::new("python3");
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    Some(python)
}

#[test]
fn reported_inputs_are_read_right_or_refused_by_name() {
    let (Some(check), Some(mut python)) = (shared("field-cases/check.py"), python()) else {
        return;
    };
    let out = tempfile::tempdir().unwrap();
    let output = python.arg(check).arg(cargo_bin("siderin")).arg(out.path());
    let output = output.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed: Vec<&str> = said
        .lines()
        .filter(|line| !line.starts_with("PASS"))
        .collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{errors}", failed.join("\n"));
}

/// `candidates.csv` of a scan.
fn candidates(scan: &Path, out: &Path) -> String {
    let mut command = siderin();
    command.args(["detect", "--rules", "--quiet"]).arg(scan);
    command.arg("--out").arg(out).assert().success();
    let name = scan.file_name().unwrap();
    fs::read_to_string(out.join(name).join("candidates.csv")).unwrap()
}

/// The slices of a scan as `dicom_series.py` draws them.
fn series(scan: &Path, folder: PathBuf, seed: u32) -> PathBuf {
    let mut python = python().unwrap();
    let script = python.arg(oracle("dicom_series.py")).arg(scan).arg(&folder);
    let output = script.arg(seed.to_string()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "seed {seed}: {errors}");
    folder
}

#[test]
fn a_series_is_the_same_however_it_is_stored() {
    if python().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let simulated = folder.path().join("simulated");
    let mut simulate = siderin();
    simulate.args([
        "simulate",
        "scan",
        "--protocol",
        "3t-gre-1x3",
        "--lesions",
        "6",
        "--seed",
        "4",
    ]);
    simulate.arg("--out").arg(&simulated).assert().success();
    let scan = fs::read_dir(&simulated)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with("magnitude.nii.gz"))
        .unwrap();
    let plain = series(&scan, folder.path().join("plain"), 0);
    let expected = candidates(&plain, &folder.path().join("out"));
    assert!(expected.lines().count() > 3, "{expected}");
    let mut runner = TestRunner::new(Config {
        cases: 6,
        ..Config::default()
    });
    let same = runner.run(&(1..u32::MAX), |seed| {
        let name = format!("series-{seed}");
        let drawn = series(&scan, folder.path().join(&name), seed);
        let found = candidates(&drawn, &folder.path().join(format!("out-{seed}")));
        fs::remove_dir_all(&drawn).unwrap();
        prop_assert_eq!(&found, &expected);
        Ok(())
    });
    same.unwrap();
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = |name: &str| {
        let path = folder.path().join(name);
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        path
    };
    let scan = folder.path().join("scan.nii");
    let grid = siderin_image::volume::Grid::axis_aligned([8, 8, 4], [1.0; 3]).unwrap();
    let values =
        siderin_image::volume::Volume::from_fn(&grid, |[i, j, k]| (i * 31 + j * 17 + k * 7) as f32);
    siderin_image::scan::nifti::write_volume(&scan, &values).unwrap();
    let _sidecar = pipe("scan.json");
    let timeout = std::time::Duration::from_secs(20);
    let mut inspect = siderin();
    inspect
        .arg("inspect")
        .arg(&scan)
        .timeout(timeout)
        .assert()
        .success();
    let mut inspect = siderin();
    inspect
        .arg("inspect")
        .arg(pipe("pipe.nii"))
        .timeout(timeout)
        .assert()
        .code(1);
    let mut train = siderin();
    train
        .args(["train", "/dev/zero", "--out"])
        .arg(folder.path().join("run"));
    train.timeout(timeout).assert().code(1);
    let mut inspect = siderin();
    inspect
        .arg("inspect")
        .arg(pipe("model.siderin"))
        .timeout(timeout)
        .assert()
        .code(1);
}

#[cfg(unix)]
#[test]
fn names_do_not_steer_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("a\u{1b}[2J\u{202e}b.nii");
    fs::write(&scan, b"no scan").unwrap();
    let mut detect = siderin();
    detect
        .arg("detect")
        .arg(&scan)
        .arg("--out")
        .arg(folder.path().join("out"));
    let output = detect.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("a%1B[2J%E2%80%AEb") && !said.contains('\u{1b}'),
        "{said:?}"
    );
}
