//! `siderin compare` from the outside: two simulated visits, a stranger's scan, three visits, folders.
use crate::support::{json, made_once, shared, siderin};
use nalgebra::{Matrix4, Point3};
use predicates::str::contains;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A person's two visits, the second with six new microbleeds.
fn visits() -> [PathBuf; 2] {
    let folder = made_once("visits", |folder| {
        siderin()
            .args(["simulate", "scan", "--lesions", "6", "--visit2", "6,0"])
            .args(["--seed", "9", "--quiet", "--out"])
            .arg(folder.join("scan"))
            .assert()
            .success();
    });
    let first = folder.join("scan");
    let second = first.join("visit2");
    [first, second]
}

fn scan(visit: &Path) -> PathBuf {
    visit.join("magnitude.nii.gz")
}

fn compare(scans: &[&Path], out: &Path, more: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = siderin();
    command.arg("compare").args(scans).arg("--out").arg(out);
    command.args(more).assert()
}

fn matrix(rows: &Value) -> Matrix4<f64> {
    Matrix4::from_fn(|r, c| rows[r][c].as_f64().unwrap())
}

fn place(value: &Value) -> Point3<f64> {
    Point3::from([0, 1, 2].map(|axis| value[axis].as_f64().unwrap()))
}

#[test]
fn what_is_new_at_the_second_visit_is_told() {
    let at = TempDir::new().unwrap();
    let [first, second] = visits();
    let out = at.path().join("change");
    compare(
        &[&scan(&first), &scan(&second)],
        &out,
        &["--siderosis", "0"],
    )
    .success();
    let change = json(&out.join("change.json"));
    let truth = json(&second.join("truth.json"));

    // Where the scans lie on each other: within 1 mm of the truth at every microbleed.
    let ours = matrix(&change["registration"]["followup_from_baseline"]);
    let theirs = matrix(&truth["followup_from_baseline"]);
    for lesion in json(&first.join("truth.json"))["lesions"]
        .as_array()
        .unwrap()
    {
        let there = place(&lesion["center_world_mm"]);
        let apart = ours.transform_point(&there) - theirs.transform_point(&there);
        assert!(apart.norm() < 1.0, "{apart}");
    }
    assert!(
        change["registration"]["quality"]["agreement"]
            .as_f64()
            .unwrap()
            > 0.7
    );

    // What is called new is new, and most of what can be seen of it is called so.
    let new: Vec<u64> = truth["new"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_u64().unwrap())
        .collect();
    let all = truth["lesions"].as_array().unwrap();
    let is_new = |lesion: &&Value| new.contains(&lesion["id"].as_u64().unwrap());
    let visible: Vec<&Value> = all
        .iter()
        .filter(is_new)
        .filter(|lesion| lesion["visible"] == true)
        .collect();
    let lesions = change["lesions"].as_array().unwrap();
    let called: Vec<Point3<f64>> = lesions
        .iter()
        .filter(|lesion| lesion["status"] == "new")
        .map(|lesion| place(&lesion["followup_world_mm"]))
        .collect();
    let close =
        |a: &Point3<f64>, lesion: &Value| (a - place(&lesion["center_world_mm"])).norm() <= 5.0;
    let found = visible
        .iter()
        .filter(|lesion| called.iter().any(|place| close(place, lesion)));
    assert!(!visible.is_empty() && 2 * found.count() > visible.len());
    let wrong = called
        .iter()
        .filter(|place| !all.iter().filter(is_new).any(|lesion| close(place, lesion)));
    assert_eq!(wrong.count(), 0, "{lesions:?}");

    // The same scanner: sizes are compared, and the grade is by the count.
    assert_eq!(change["sizes_compared"], true);
    let aria_h = &change["aria_h"];
    assert_eq!(aria_h["new_count"].as_u64().unwrap(), called.len() as u64);
    assert_eq!(aria_h["siderosis"], 0);
    let grade = match called.len() {
        0 => "none",
        1..=4 => "mild",
        5..=9 => "moderate",
        _ => "severe",
    };
    assert!(aria_h["grade"] == grade || aria_h["reason"].is_string());
    assert!(
        aria_h["source"]
            .as_str()
            .unwrap()
            .contains("verify against the current label")
    );
    // A row and a head each; every lesion is at some visit.
    let table = fs::read_to_string(out.join("change.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + lesions.len());
    for lesion in lesions {
        let at = |visit: &str| lesion[visit]["lesion"].is_u64();
        assert!(at("baseline") || at("followup"), "{lesion}");
        let carried = ours.transform_point(&place(&lesion["baseline_world_mm"]));
        let apart = (carried - place(&lesion["followup_world_mm"])).norm();
        assert!(apart <= 5.0, "{lesion}");
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("not a medical device") && page.contains("ARIA-H"));
    assert!(!page.contains("http://") && !page.contains("https://"));
    assert_eq!(page.matches("<article").count(), lesions.len());
    assert!(
        fs::read(out.join("report.pdf"))
            .unwrap()
            .starts_with(b"%PDF-")
    );
}

// Takes over 20 s: simulates another person, whom no smaller scan tells apart.
#[test]
fn a_strangers_scan_is_refused_and_leaves_nothing() {
    let Some(heads) = shared("anatomy") else {
        return;
    };
    let at = TempDir::new().unwrap();
    let stranger = at.path().join("stranger");
    siderin()
        .args([
            "simulate",
            "scan",
            "--lesions",
            "3",
            "--seed",
            "6",
            "--quiet",
        ])
        .arg("--head")
        .arg(heads.join("head_18.nii.gz"))
        .arg("--out")
        .arg(&stranger)
        .assert()
        .success();
    let out = at.path().join("change");
    compare(&[&scan(&visits()[0]), &scan(&stranger)], &out, &["--rules"])
        .code(1)
        .stderr(contains("check that both are of the same person"));
    assert!(!out.exists());
}

// Takes over 20 s: registers and searches three whole heads.
#[test]
fn three_visits_make_a_timeline() {
    let at = TempDir::new().unwrap();
    let [first, second] = visits();
    let out = at.path().join("timeline");
    let scans = [scan(&first), scan(&second), scan(&second)];
    let scans: Vec<&Path> = scans.iter().map(PathBuf::as_path).collect();
    compare(&scans, &out, &["--rules", "--quiet", "--paper", "letter"]).success();
    let timeline = json(&out.join("timeline.json"));
    let visits = timeline["visits"].as_array().unwrap();
    assert_eq!(visits.len(), 3);
    assert_eq!(visits[0]["since_first"], Value::Null);
    assert_eq!(visits[1]["since_first"], visits[1]["since_previous"]);
    // The third is the second again: nothing is new since then, and as much since the first.
    let new = |visit: usize, since: &str| visits[visit][since]["counts"]["new"].as_u64().unwrap();
    assert_eq!(new(2, "since_previous"), 0);
    assert_eq!(new(2, "since_first"), new(1, "since_first"));
    for folder in ["visit-2", "visit-3"] {
        assert!(out.join(folder).join("change.json").is_file());
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("Timeline"));
    // There again only by force.
    compare(&scans, &out, &["--rules"])
        .code(1)
        .stderr(contains("give --force to replace it"));
    compare(&scans[..2], &out, &["--rules", "--quiet", "--force"]).success();
    assert!(out.join("change.json").is_file() && !out.join("timeline.json").exists());
}

// Takes over 20 s: registers and searches two whole heads.
#[test]
fn a_scan_that_shows_no_microbleeds_gets_no_grade() {
    let at = TempDir::new().unwrap();
    // Its name says that it is another sequence.
    let flair = at.path().join("sub-1_FLAIR.nii.gz");
    fs::copy(scan(&visits()[1]), &flair).unwrap();
    let out = at.path().join("out");
    compare(&[&scan(&visits()[0]), &flair], &out, &["--rules"])
        .success()
        .stderr(contains("the sequence changed"));
    let change = json(&out.join("change.json"));
    assert_eq!(change["aria_h"]["grade"], Value::Null);
    let reason = change["aria_h"]["reason"].as_str().unwrap();
    assert!(reason.contains("does not suit microbleed detection"));
    assert_eq!(change["sizes_compared"], false);
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("not graded: one of the scans does not suit"));
}

#[test]
fn what_cannot_be_compared_is_said() {
    let at = TempDir::new().unwrap();
    let bad = at.path().join("bad.nii.gz");
    fs::write(&bad, b"no scan").unwrap();
    let out = at.path().join("out");
    let first = scan(&visits()[0]);
    compare(&[&first, &bad], &out, &["--rules"])
        .code(1)
        .stderr(contains("reading the follow-up: "));
    compare(&[&first], &out, &[]).code(2);
    assert!(!out.exists());
}
