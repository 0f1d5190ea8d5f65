//! `siderin detect` from end to end, on a phantom with known truth.
use assert_cmd::Command;
use flate2::read::GzDecoder;
use predicates::prelude::*;
use siderin_image::preprocess::{BrainMaskConfig, brain_mask};
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::{read_volume, write_volume};
use siderin_image::volume::{Volume, WorldPoint};
use siderin_simulate::{Phantom, PhantomConfig, phantom};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::TempDir;

fn siderin() -> Command {
    Command::cargo_bin("siderin").unwrap()
}

/// `siderin detect --rules`: a phantom is no head in which a network finds a brain.
fn by_rules() -> Command {
    let mut command = siderin();
    command.args(["detect", "--rules"]);
    command
}

/// `siderin detect --rules scan --out out`.
fn detect(scan: &Path, out: &Path) -> Command {
    let mut command = by_rules();
    command.arg(scan).arg("--out").arg(out);
    command
}

/// A phantom scan as `folder/name`, with its truth.
fn write_phantom(folder: &Path, name: &str, config: &PhantomConfig) -> (PathBuf, Phantom) {
    let made = phantom(config).unwrap();
    let path = folder.join(name);
    write_volume(&path, &made.scan.map(|v| v.round() as i16)).unwrap();
    (path, made)
}

fn small() -> PhantomConfig {
    PhantomConfig::default()
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn labels(folder: &Path) -> Volume<f32> {
    read_volume(&folder.join("lesions.nii.gz"), None, ReadLimits::default())
        .unwrap()
        .1
}

/// What a scan's folder holds.
const FILES: [&str; 8] = [
    "candidates.csv",
    "forms.csv",
    "forms.json",
    "lesions.csv",
    "lesions.json",
    "lesions.nii.gz",
    "report.html",
    "report.pdf",
];

#[test]
fn finds_the_balls_of_a_phantom_and_writes_everything() {
    let at = TempDir::new().unwrap();
    let (scan, truth) = write_phantom(at.path(), "h01.nii.gz", &small());
    let out = at.path().join("out");
    detect(&scan, &out)
        .assert()
        .success()
        .stdout(predicate::str::contains(
            "[1/1] h01: 6 microbleed candidates (burden group 5-9)",
        ));

    let folder = out.join("h01");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, FILES);
    assert_eq!(
        fs::read_dir(&out).unwrap().count(),
        1,
        "nothing but the scan's folder"
    );

    let document = json(&folder.join("lesions.json"));
    assert_eq!(document["schema_version"], "1.4");
    assert_eq!(
        document["grid"]["shape"],
        serde_json::json!(truth.scan.shape())
    );
    assert_eq!(document["counts"]["microbleeds"], 6);
    assert_eq!(document["counts"]["burden_group"], "5-9");
    let (_, read, _) = read_volume(&scan, None, ReadLimits::default()).unwrap();
    let brain = brain_mask(&read, &BrainMaskConfig::default()).unwrap();
    let voxels = brain.voxels().iter().filter(|inside| **inside).count();
    // Voxels of 3 mm³, rounded to 100 mm³.
    let brain_ml = document["quality"]["brain_ml"].as_f64().unwrap();
    assert!(
        (brain_ml - voxels as f64 * 0.003).abs() <= 0.05 + 1e-9,
        "{brain_ml}"
    );
    assert!((0.001..0.1).contains(&document["quality"]["noise"].as_f64().unwrap()));
    assert_eq!(
        document["quality"]["fluid_to_tissue"],
        serde_json::Value::Null
    );
    let lesions = document["lesions"].as_array().unwrap();
    let labels = labels(&folder);
    assert!(labels.grid().matches(truth.scan.grid(), 1e-3));
    for ball in &truth.balls {
        let near = lesions.iter().find(|lesion| {
            let c = lesion["center_world_mm"].as_array().unwrap();
            let [x, y, z] = [0, 1, 2].map(|a| c[a].as_f64().unwrap());
            WorldPoint::new(x, y, z).distance_mm(ball.center) < 1.5
        });
        let lesion = near.unwrap_or_else(|| panic!("{ball:?} was not found"));
        assert_eq!(lesion["region"], serde_json::Value::Null);
        assert_eq!(lesion["region_reason"], "no region map of this scan exists");
        // The label volume holds the lesion's id at its centre, and its volume.
        let center = lesion["center_voxel"].as_array().unwrap();
        let index = [0, 1, 2].map(|a| center[a].as_f64().unwrap().round() as usize);
        let id = lesion["id"].as_u64().unwrap();
        assert_eq!(labels.at(index) as u64, id);
        let voxels = labels.voxels().iter().filter(|v| **v as u64 == id).count();
        let volume = lesion["volume_mm3"].as_f64().unwrap();
        assert!((voxels as f64 * 3.0 - volume).abs() < 1e-6);
    }
    let forms = json(&folder.join("forms.json"));
    assert_eq!(forms["not_filled"], "no region map of this scan exists");
    assert_eq!(forms["mars"], serde_json::Value::Null);
    assert_eq!(forms["count"]["microbleeds"], 6);
    // Rules have no probabilities; one visit has no grade.
    assert_eq!(forms["count"]["interval"], serde_json::Value::Null);
    assert_eq!(forms["aria_h"], serde_json::Value::Null);
    let table = fs::read_to_string(folder.join("forms.csv")).unwrap();
    assert_eq!(table.lines().count(), 1);
    let table = fs::read_to_string(folder.join("lesions.csv")).unwrap();
    assert_eq!(table.lines().count(), 7);
    let candidates = fs::read_to_string(folder.join("candidates.csv")).unwrap();
    assert!(candidates.contains("below_threshold"));
    let report = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(report.contains("not a medical device"));
    assert!(report.contains("could not be filled in: no region map"));
    assert!(report.contains(&format!("brain {brain_ml:.0} ml; noise up to")));
    assert_eq!(report.matches("<article").count(), 6);
    assert!(
        !report.contains("http://") && !report.contains("https://"),
        "self-contained"
    );
}

#[test]
fn the_same_scan_gives_the_same_bytes_on_any_number_of_threads() {
    let at = TempDir::new().unwrap();
    let (scan, _) = write_phantom(at.path(), "h01.nii", &small());
    let run = |threads: &str| {
        let out = at.path().join(threads);
        siderin()
            .env("RAYON_NUM_THREADS", threads)
            .args(["detect", "--rules", "--quiet", "--out"])
            .arg(&out)
            .arg(&scan)
            .assert()
            .success();
        [
            "lesions.json",
            "candidates.csv",
            "lesions.nii.gz",
            "report.html",
            "report.pdf",
        ]
        .map(|name| fs::read(out.join("h01").join(name)).unwrap())
    };
    assert!(
        run("1") == run("3"),
        "results differ between 1 and 3 threads"
    );
}

#[test]
fn a_phantom_without_balls_has_no_finding() {
    let at = TempDir::new().unwrap();
    let config = PhantomConfig {
        balls: 0,
        seed: 5,
        ..small()
    };
    let (scan, _) = write_phantom(at.path(), "clean.nii.gz", &config);
    detect(&scan, &at.path().join("out")).assert().success();
    let folder = at.path().join("out/clean");
    assert_eq!(
        json(&folder.join("lesions.json"))["counts"]["microbleeds"],
        0
    );
    assert!(labels(&folder).voxels().iter().all(|v| *v == 0.0));
    let report = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(report.contains("This does not rule out microbleeds"));
}

#[test]
fn one_bad_input_does_not_stop_the_others() {
    let at = TempDir::new().unwrap();
    let (good, _) = write_phantom(at.path(), "good.nii.gz", &small());
    let bad = at.path().join("bad.nii");
    fs::write(&bad, b"").unwrap();
    let out = at.path().join("out");
    by_rules()
        .args([&bad, &good])
        .args(["--jobs", "2", "--out"])
        .arg(&out)
        .assert()
        .code(1)
        .stderr(predicate::str::contains("error: bad: "))
        .stdout(predicate::str::contains("good: 6 microbleed candidates"));
    assert!(out.join("good/report.html").exists());
    assert!(!out.join("bad").exists());
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn results_are_replaced_only_by_force_and_nothing_else_is() {
    let at = TempDir::new().unwrap();
    let (scan, _) = write_phantom(at.path(), "h01.nii.gz", &small());
    let out = at.path().join("out");
    fs::create_dir_all(out.join("h01")).unwrap();
    fs::create_dir_all(out.join("other")).unwrap();
    fs::write(out.join("h01/lesions.json"), b"old").unwrap();
    let detect = || {
        let mut command = by_rules();
        command.arg(&scan).arg("--out").arg(&out);
        command
    };
    detect()
        .assert()
        .code(1)
        .stderr(predicate::str::contains("--force"));
    assert_eq!(fs::read(out.join("h01/lesions.json")).unwrap(), b"old");
    detect().arg("--force").assert().success();
    assert_eq!(
        json(&out.join("h01/lesions.json"))["counts"]["microbleeds"],
        6
    );
    assert!(out.join("other").exists());

    // The input itself, or anything that is no result, is never replaced.
    let heap = at.path().join("heap");
    fs::create_dir(&heap).unwrap();
    fs::write(heap.join("slice.dcm"), b"irreplaceable").unwrap();
    siderin()
        .args(["detect", "--rules", "heap", "--out", ".", "--force"])
        .current_dir(at.path())
        .assert()
        .code(1)
        .stderr(predicate::str::contains("holds other files"));
    assert!(heap.join("slice.dcm").exists());
}

#[test]
fn a_killed_run_leaves_no_half_result_and_the_next_one_finishes() {
    let at = TempDir::new().unwrap();
    let (scan, _) = write_phantom(at.path(), "h01.nii.gz", &small());
    let out = at.path().join("out");
    for wait_ms in [50, 300, 700] {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("siderin"))
            .args(["detect", "--rules"])
            .arg(&scan)
            .args(["--force", "--quiet", "--out"])
            .arg(&out)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        if out.join("h01").exists() {
            assert_eq!(
                fs::read_dir(out.join("h01")).unwrap().count(),
                FILES.len(),
                "after {wait_ms} ms"
            );
        }
    }
    by_rules()
        .arg(&scan)
        .args(["--force", "--out"])
        .arg(&out)
        .assert()
        .success();
    assert_eq!(fs::read_dir(out.join("h01")).unwrap().count(), FILES.len());
    assert_eq!(
        fs::read_dir(&out).unwrap().count(),
        1,
        "what was left behind is gone"
    );
}

#[test]
fn wrong_usage_exits_with_two() {
    let at = TempDir::new().unwrap();
    let out = at.path().join("out");
    for arguments in [
        vec!["detect"],
        vec!["detect", "a.nii"],
        vec!["detect", "a.nii", "--out", "x", "--threshold", "1.5"],
        vec!["detect", "a.nii", "--out", "x", "--volume", "0"],
        vec!["detect", "a.nii", "--out", "x", "--rules", "--maps"],
        vec![
            "detect",
            "a.nii",
            "--out",
            "x",
            "--threshold",
            "0.5",
            "--operating-point",
            "balanced",
        ],
        vec!["detect", "a.nii", "b.nii", "--t1", "t.nii", "--out", "x"],
        vec!["detect", "one/a.nii", "two/a.nii.gz", "--out", "x"],
        vec!["nonsense"],
    ] {
        siderin()
            .args(&arguments)
            .current_dir(at.path())
            .assert()
            .code(2);
    }
    siderin()
        .args(["detect", "gone.nii", "--out"])
        .arg(&out)
        .assert()
        .code(1);
}

#[test]
fn the_phase_must_be_of_the_same_acquisition() {
    let at = TempDir::new().unwrap();
    let (scan, made) = write_phantom(at.path(), "h01.nii.gz", &small());
    let phase = at.path().join("h01_phase.nii");
    write_volume(&phase, &made.scan.map(|v| v.sin())).unwrap();
    let detect = |phase: &Path| {
        let mut command = by_rules();
        command
            .arg(&scan)
            .args(["--force", "--out"])
            .arg(at.path().join("out"));
        command.arg("--phase").arg(phase);
        command
    };
    detect(&phase)
        .assert()
        .success()
        .stderr(predicate::str::contains("the phase was read"));
    let cropped = made.scan.crop([0..100, 0..100, 0..40]).unwrap();
    let other = at.path().join("other.nii");
    write_volume(&other, &cropped).unwrap();
    detect(&other)
        .assert()
        .code(1)
        .stderr(predicate::str::contains("has another shape"));
    by_rules()
        .arg(&phase)
        .arg("--out")
        .arg(at.path().join("out"))
        .assert()
        .code(1)
        .stderr(predicate::str::contains("give the magnitude as INPUT"));
}

#[test]
#[cfg(target_os = "linux")] // Other systems do not limit address space.
fn hostile_files_cost_little_memory() {
    let at = TempDir::new().unwrap();
    // A packed header that claims 32767³ voxels, and a plain one of 1 GB without any data.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut header = vec![0u8; 352];
    header[..4].copy_from_slice(&348i32.to_le_bytes());
    for (slot, value) in [3i16, 1000, 1000, 500].into_iter().enumerate() {
        header[40 + 2 * slot..42 + 2 * slot].copy_from_slice(&value.to_le_bytes());
    }
    header[70..72].copy_from_slice(&4i16.to_le_bytes());
    for at in [80, 84, 88] {
        header[at..at + 4].copy_from_slice(&1f32.to_le_bytes());
    }
    header[108..112].copy_from_slice(&352f32.to_le_bytes());
    header[344..348].copy_from_slice(b"n+1\0");
    let mut claims_much = header.clone();
    for at in [42, 44, 46] {
        claims_much[at..at + 2].copy_from_slice(&i16::MAX.to_le_bytes());
    }
    std::io::Write::write_all(&mut encoder, &claims_much).unwrap();
    fs::write(at.path().join("claims.nii.gz"), encoder.finish().unwrap()).unwrap();
    fs::write(at.path().join("short.nii"), &header).unwrap();
    for (name, said) in [
        ("claims.nii.gz", "the limit is"),
        ("short.nii", "truncated"),
    ] {
        let scan = at.path().join(name);
        let limited = format!(
            "ulimit -v 1500000; exec {} detect {} --out {}",
            assert_cmd::cargo::cargo_bin!("siderin").display(),
            scan.display(),
            at.path().join("out").display()
        );
        let output = std::process::Command::new("sh")
            .args(["-c", &limited])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{name}: {errors}");
        assert!(errors.contains(said), "{name}: {errors}");
    }
}

#[test]
fn labels_are_written_as_sixteen_bit_integers() {
    let at = TempDir::new().unwrap();
    let (scan, _) = write_phantom(at.path(), "h01.nii.gz", &small());
    detect(&scan, &at.path().join("out")).assert().success();
    let packed = fs::File::open(at.path().join("out/h01/lesions.nii.gz")).unwrap();
    let mut header = [0u8; 72];
    GzDecoder::new(packed).read_exact(&mut header).unwrap();
    // NIfTI datatype 512 is uint16.
    assert_eq!(i16::from_le_bytes([header[70], header[71]]), 512);
}
