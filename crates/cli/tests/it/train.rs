//! Training and studies from the command line, killed, out of disk, and taken up again.
use crate::support::{json, siderin};
use predicates::prelude::*;
use siderin_image::scan::nifti::write_volume;
use siderin_image::volume::{Volume, VoxelPoint};
use siderin_simulate::{PhantomConfig, phantom};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Loose files: three painted heads with masks.
fn write_scans(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for number in 0..4u64 {
        let made = phantom(&PhantomConfig {
            shape: [82, 98, 25],
            spacing_mm: [2.0, 2.0, 6.0],
            balls: 3,
            seed: number,
            ..PhantomConfig::default()
        })
        .unwrap();
        let file = |name: &str| folder.join(format!("head{number}{name}.nii.gz"));
        write_volume(&file(""), &made.scan.map(|v| v.round() as i16)).unwrap();
        let grid = made.scan.grid();
        let mask = Volume::from_fn(grid, |index| {
            let here = grid.to_world(VoxelPoint::center_of(index));
            let mut balls = made.balls.iter();
            u8::from(balls.any(|ball| here.distance_mm(ball.center) <= ball.radius_mm + 2.0))
        });
        write_volume(&file("-lesions"), &mask).unwrap();
    }
}

fn write_config(folder: &Path, epochs: usize) -> std::path::PathBuf {
    let path = folder.join("config.toml");
    fs::write(
        &path,
        format!(
            r#"
name = "tiny"
[model]
architecture = "mmoc-net"
preset = "small"
[model.card.model]
coarse = {{ channels = [2, 2, 4, 4, 4], blocks = [1, 1, 1, 1] }}
fine = {{ channels = 4, region = 16 }}
[model.card.recipe]
plane_spacing_mm = 3.0
[sampling]
size = [1, 32, 32]
batch = 2
per_scan = 4
lesion_share = 0.5
[augment]
flip = 0.5
rotation = {{ chance = 0.5, most = 90.0 }}
[optimiser]
kind = "adam"
learning_rate = 1e-3
[schedule]
epochs = {epochs}
[validation]
every_epochs = 1
thresholds = [0.3, 0.5, 0.7]
"#
        ),
    )
    .unwrap();
    path
}

/// What must not depend on how often a run was stopped: history, last weights, best model.
fn results(run: &Path) -> [Vec<u8>; 3] {
    let read = |name: &str| fs::read(run.join(name)).unwrap();
    let checkpoint = read("checkpoint.safetensors");
    let parts = safetensors::SafeTensors::deserialize(&checkpoint).unwrap();
    [
        read("history.csv"),
        parts.tensor("model").unwrap().data().to_vec(),
        read("best.siderin"),
    ]
}

/// Arguments of a training.
fn arguments(folder: &Path, config: &Path, run: &str) -> Vec<String> {
    let text = |path: &Path| path.to_str().unwrap().to_string();
    vec![
        "train".into(),
        text(config),
        "--data".into(),
        text(&folder.join("scans")),
        "--cache".into(),
        text(&folder.join("cache")),
        "--out".into(),
        text(&folder.join(run)),
        "--threads".into(),
        "1".into(),
    ]
}

#[test]
fn a_model_is_trained_and_detects() {
    let folder = tempfile::tempdir().unwrap();
    write_scans(&folder.path().join("scans"));
    let config = write_config(folder.path(), 1);
    siderin()
        .args(arguments(folder.path(), &config, "run"))
        .assert()
        .success()
        .stderr(predicate::str::contains("scans to learn from"))
        .stdout(
            predicate::str::contains("lesion F1").and(predicate::str::contains("best.siderin")),
        );
    siderin()
        .arg("detect")
        .arg(folder.path().join("scans/head0.nii.gz"))
        .arg("--model")
        .arg(folder.path().join("run/best.siderin"))
        .arg("--out")
        .arg(folder.path().join("found"))
        .assert()
        .success();
    let report = json(&folder.path().join("found/head0/lesions.json"));
    assert!(
        report["model"]["name"]
            .as_str()
            .unwrap()
            .starts_with("tiny")
    );
}

#[test]
fn a_training_that_is_killed_goes_on_to_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    write_scans(&folder.path().join("scans"));
    let config = write_config(folder.path(), 16);
    let quiet = |run: &str| {
        let mut arguments = arguments(folder.path(), &config, run);
        arguments.push("--quiet".into());
        arguments
    };
    siderin().args(quiet("unbroken")).assert().success();

    // Killed as soon as there is a checkpoint, and once more a little later.
    let run = folder.path().join("broken");
    for wait_ms in [0, 150] {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("siderin"))
            .args(quiet("broken"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !run.join("checkpoint.safetensors").exists() {
            assert!(begun.elapsed() < Duration::from_secs(120), "no checkpoint");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(wait_ms));
        // SIGKILL on Unix.
        let _ = child.kill();
        let ended = child.wait().unwrap();
        assert!(
            !ended.success(),
            "it was done before it was killed: give it more to do"
        );
    }
    siderin()
        .args(arguments(folder.path(), &config, "broken"))
        .assert()
        .success()
        .stderr(predicate::str::contains("going on after step"));
    assert!(results(&run) == results(&folder.path().join("unbroken")));
}

/// A limit on the size of files is a disk that is full for all but the smallest.
#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write_scans(&folder.path().join("scans"));
    let config = write_config(folder.path(), 3);
    let quiet = |run: &str| arguments(folder.path(), &config, run);
    siderin().args(quiet("unbroken")).assert().success();
    siderin()
        .args(quiet("run"))
        .args(["--pause-after", "5"])
        .assert()
        .success();
    let run = folder.path().join("run");
    let before = fs::read(run.join("checkpoint.safetensors")).unwrap();
    let binary = assert_cmd::cargo::cargo_bin("siderin");
    let full = Command::new("sh")
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"")
        .arg(binary)
        .args(quiet("run"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&full.stderr).into_owned();
    assert!(!full.status.success(), "{said}");
    assert!(
        said.contains("the training goes on, and this is tried again"),
        "{said}"
    );
    assert!(said.contains("error: keeping the run"), "{said}");
    assert!(fs::read(run.join("checkpoint.safetensors")).unwrap() == before);
    siderin()
        .args(quiet("run"))
        .assert()
        .success()
        .stderr(predicate::str::contains("going on after step 5"));
    assert!(results(&run) == results(&folder.path().join("unbroken")));

    // A best model that a full disk kept away, or that was removed, is written again.
    let best = results(&run)[2].clone();
    fs::remove_file(run.join("best.siderin")).unwrap();
    siderin().args(quiet("run")).assert().success();
    assert!(fs::read(run.join("best.siderin")).unwrap() == best);
}

#[test]
fn a_study_needs_what_it_is_about() {
    let folder = tempfile::tempdir().unwrap();
    write_scans(&folder.path().join("scans"));
    let config = write_config(folder.path(), 1);
    let study = |kind: &str| {
        let mut arguments = arguments(folder.path(), &config, "study");
        arguments.splice(0..1, ["study".to_string(), kind.to_string()]);
        siderin().args(arguments).assert()
    };
    study("cbam")
        .failure()
        .stderr(predicate::str::contains("about rlk-unet"));
    study("folds")
        .failure()
        .stderr(predicate::str::contains("needs a split file"));
    study("cascade")
        .success()
        .stdout(predicate::str::contains("first-stage"));
    // Another study does not go on with it.
    study("folds").failure();
    let config = write_config(folder.path(), 2);
    let mut other = arguments(folder.path(), &config, "study");
    other.splice(0..1, ["study".to_string(), "cascade".to_string()]);
    siderin()
        .args(other)
        .assert()
        .failure()
        .stderr(predicate::str::contains(
            "another kind, config, split or set of scans",
        ));
    let summary = fs::read_to_string(folder.path().join("study/summary.md")).unwrap();
    for arm in ["whole", "first-stage", "no-pyramid", "no-sensitivity"] {
        assert!(summary.contains(arm), "{summary}");
    }
}
