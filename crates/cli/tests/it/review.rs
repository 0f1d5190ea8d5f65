//! `siderin review` and `siderin annotate grow`, and the page in a real browser.

#[path = "../../../review/tests/it/support/room.rs"]
mod room;
use crate::support::{missing, siderin};
use predicates::str::contains;
use siderin_image::scan::nifti::write_volume;
use siderin_image::volume::{Grid, Volume};
use std::path::{Path, PathBuf};
use std::process::Command;

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../review/page")
}

/// Node.js running tests in the page's folder.
fn node() -> Option<Command> {
    if Command::new("node").arg("--version").output().is_err() {
        return missing("Node.js (20 or later)");
    }
    let mut command = Command::new("node");
    command.arg("--test").current_dir(page());
    Some(command)
}

#[test]
fn the_pages_own_tests_pass() {
    let Some(mut node) = node() else { return };
    // Those of this folder alone: the others need a browser.
    let mut files: Vec<PathBuf> = std::fs::read_dir(page().join("tests"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "js"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let done = node.args(&files).output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stdout)
    );
}

/// The rooms in which the browser's tests play.
fn furnish(rooms: &Path) {
    let small = rooms.join("small");
    std::fs::create_dir_all(&small).unwrap();
    let shape = [64, 64, 32];
    let places = [
        [20, 20, 16],
        [32, 20, 16],
        [44, 20, 16],
        [20, 32, 12],
        [32, 32, 20],
        [44, 32, 16],
    ];
    // Two more that no finding holds, for a reader to mark.
    let unfound = [[20, 44, 16], [44, 44, 16]];
    let (scan, _) = room::furnish(&small, shape, &places, &unfound);
    std::fs::write(
        scan.with_file_name("sub-01_T2starw.txt"),
        "MRI of the head.\nNo acute infarct. Several dark spots.\n",
    )
    .unwrap();
    let large = rooms.join("large");
    std::fs::create_dir_all(&large).unwrap();
    let shape = [512, 512, 160];
    room::furnish(&large, shape, &room::spots(shape, 300), &[]);
    let visits = rooms.join("visits");
    let simulated = rooms.join("simulated");
    siderin()
        .args([
            "simulate",
            "scan",
            "--protocol",
            "3t-gre-0.85x5",
            "--lesions",
            "6",
        ])
        .args(["--visit2", "2,1", "--quiet", "--out"])
        .arg(&simulated)
        .assert()
        .success();
    std::fs::create_dir_all(&visits).unwrap();
    for (from, to) in [
        ("magnitude.nii.gz", "sub-01_ses-1_T2starw.nii.gz"),
        ("magnitude.json", "sub-01_ses-1_T2starw.json"),
        ("visit2/magnitude.nii.gz", "sub-01_ses-2_T2starw.nii.gz"),
        ("visit2/magnitude.json", "sub-01_ses-2_T2starw.json"),
    ] {
        std::fs::copy(simulated.join(from), visits.join(to)).unwrap();
    }
}

// Takes over 20 s: a real browser goes through every flow, each in a room of its own.
#[test]
fn every_flow_of_the_page_works_in_a_browser() {
    let chromium = std::env::var_os("CHROMIUM").unwrap_or("/usr/bin/chromium".into());
    if !Path::new(&chromium).is_file() {
        return missing("Chromium (/usr/bin/chromium, or the one that CHROMIUM names)")
            .unwrap_or(());
    }
    if !page().join("node_modules/playwright-core").is_dir() {
        return missing("playwright-core (`npm ci` in crates/review/page)").unwrap_or(());
    }
    let Some(mut node) = node() else { return };
    let rooms = tempfile::tempdir().unwrap();
    furnish(rooms.path());
    let mut files: Vec<PathBuf> = std::fs::read_dir(page().join("tests/e2e"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".test.js"))
        .collect();
    files.sort();
    let done = node
        .arg("--test-concurrency=1")
        .args(&files)
        .env("SIDERIN", assert_cmd::cargo::cargo_bin("siderin"))
        .env("ROOMS", rooms.path())
        .env("CHROMIUM", &chromium)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stdout)
    );
}

#[test]
fn lesions_grow_from_scribbles() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let grid = Grid::axis_aligned([40, 30, 20], [1.0; 3]).unwrap();
    let centers = [[12, 15, 10], [28, 15, 10]];
    let scan = Volume::from_fn(&grid, |index| {
        let dark = centers.iter().any(|center| room::is_spot(index, *center));
        if dark {
            20.0
        } else {
            100.0 + (index[0] % 3) as f32
        }
    });
    write_volume(&path("scan.nii.gz"), &scan).unwrap();
    let mut marks = Volume::filled(&grid, 0u8);
    for center in centers {
        marks.set(center, 1);
    }
    write_volume(&path("marks.nii.gz"), &marks).unwrap();
    let grow = |more: &[&str]| {
        let mut command = siderin();
        command
            .args(["annotate", "grow"])
            .args([path("scan.nii.gz"), path("marks.nii.gz")])
            .arg("--out")
            .arg(path("masks.nii.gz"))
            .args(more);
        command.assert()
    };
    // 33 voxels lie within 2 of a voxel: a sphere of 3.98 mm.
    grow(&[])
        .success()
        .stdout(contains("lesion 1: 33 voxels, 4.0 mm"))
        .stdout(contains("lesion 2: 33 voxels"));
    grow(&[])
        .failure()
        .stderr(contains("--force to replace it"));
    grow(&["--force", "--reference", "parent", "--tolerance", "101"])
        .code(2)
        .stderr(contains("not a number from 0 to 100"));
    grow(&[
        "--force",
        "--lesion",
        "label",
        "--reference",
        "seed-average",
    ])
    .success();
    write_volume(&path("marks.nii.gz"), &Volume::filled(&grid, 0u8)).unwrap();
    grow(&["--force"])
        .code(1)
        .stderr(contains("nothing is marked"));
    let other = Grid::axis_aligned([40, 30, 21], [1.0; 3]).unwrap();
    write_volume(&path("marks.nii.gz"), &Volume::filled(&other, 1u8)).unwrap();
    grow(&["--force"])
        .code(1)
        .stderr(contains("draw them on this scan"));
}

#[test]
fn a_room_that_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let review = |args: &[&str]| {
        let mut command = siderin();
        command.args(["review", "--no-browser"]).args(args);
        command.assert()
    };
    let empty = folder.path().to_str().unwrap();
    std::fs::write(folder.path().join("x_T1w.nii.gz"), "").unwrap();
    review(&[empty])
        .code(1)
        .stderr(contains("no scan was found"));
    let nowhere = folder.path().join("nowhere/scan.nii.gz");
    review(&[nowhere.to_str().unwrap()])
        .code(1)
        .stderr(contains("it does not exist"));
    assert!(!folder.path().join("nowhere").exists());
    review(&[empty, "--reader", "consensus"])
        .code(2)
        .stderr(contains("give another name"));
    std::fs::create_dir_all(folder.path().join("siderin-review")).unwrap();
    std::fs::write(
        folder.path().join("siderin-review/review.sqlite"),
        "x".repeat(5000),
    )
    .unwrap();
    review(&[empty])
        .code(1)
        .stderr(contains("damaged or no SQLite file"));
}
