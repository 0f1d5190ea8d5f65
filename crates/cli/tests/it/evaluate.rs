//! `siderin evaluate`, `compare-methods` and `split` from the outside.
use crate::support::{json, siderin, write_map};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const SHAPE: [i16; 3] = [20, 10, 10];

/// Single voxels of the value at places along the first axis.
fn map(path: &Path, places: &[usize], value: f32) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let at = |i: usize| i + 20 * (5 + 10 * 5);
    let lesion = |offset: usize| places.iter().any(|&i| at(i) == offset);
    write_map(path, SHAPE, [1.0, 1.0, 2.0], |offset| {
        if lesion(offset) { value } else { 0.0 }
    });
    path.to_path_buf()
}

fn evaluate(reference: &Path, prediction: &Path, rule: &str, out: &Path) -> assert_cmd::Command {
    let mut command = siderin();
    command
        .args(["evaluate", "--rule", rule, "--bootstrap", "50", "--ref"])
        .arg(reference)
        .arg("--pred")
        .arg(prediction)
        .arg("--out")
        .arg(out);
    command
}

/// Three subjects: two of three found, one of one with a false alarm, none there with one.
fn cohort(folder: &Path) -> [PathBuf; 2] {
    let [truth, found] = ["truth", "found"].map(|name| folder.join(name));
    for (subject, lesions, predicted) in [
        ("sub-01", vec![2, 9, 16], vec![3, 9]),
        ("sub-02", vec![4], vec![4, 15]),
        ("sub-03", vec![], vec![8]),
    ] {
        let anat = truth.join(subject).join("anat");
        map(
            &anat.join(format!("{subject}_desc-lesions_dseg.nii")),
            &lesions,
            1.0,
        );
        map(
            &found.join(format!("{subject}_probseg.nii")),
            &predicted,
            0.75,
        );
    }
    [truth, found]
}

#[test]
fn a_cohort_under_valdo() {
    let at = TempDir::new().unwrap();
    let [truth, found] = cohort(at.path());
    let out = at.path().join("scores");
    evaluate(&truth, &found, "valdo", &out)
        .assert()
        .success()
        .stdout(contains("3 cases under valdo").and(contains("report.html")));
    let metrics = json(&out.join("metrics.json"));
    assert_eq!(metrics["rule"], "valdo");
    assert_eq!(metrics["settings"]["connectivity"], 6);
    let first = &metrics["subjects"]["sub-01"];
    let counts = [&first["tp"], &first["fp"], &first["fn"]].map(|n| n.as_u64().unwrap());
    assert_eq!(counts, [2, 0, 1]);
    // 2·2/(2·2 + 1) = .8; the match at 9 is on the voxel, that at 3 beside it: Dice (1 + 0)/2.
    assert_eq!(first["f1"], 0.8);
    assert_eq!(first["dice"], 0.5);
    assert_eq!(first["absolute_count_difference"], 1);
    // Voxels of 2 mm³: 3·2 - 2·.75·2 = 3.
    assert_eq!(first["absolute_volume_difference_mm3"], 3.0);
    assert_eq!(first["pairs"][0]["distance_mm"], 1.0);
    let third = &metrics["subjects"]["sub-03"];
    assert!(third["f1"].is_null() && third["dice"].is_null() && third["recall"].is_null());
    // Micro: TP 3, FP 2, FN 1.
    assert_eq!(
        metrics["summary"]["figures"]["micro"]["recall"]["value"],
        0.75
    );
    assert_eq!(
        metrics["summary"]["figures"]["micro"]["precision"]["value"],
        0.6
    );
    assert_eq!(metrics["summary"]["undefined"]["f1"], 1);
    let table = fs::read_to_string(out.join("metrics.csv")).unwrap();
    assert!(table.contains("sub-02,valdo,1,1,0,"), "{table}");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("Free-response curve") && page.contains("not a medical device"));
    assert!(!page.contains("http://") && !page.contains("https://"));

    // The same again is refused, or the same bytes.
    let before = fs::read(out.join("metrics.json")).unwrap();
    evaluate(&truth, &found, "valdo", &out)
        .assert()
        .code(1)
        .stderr(contains("--force"));
    evaluate(&truth, &found, "valdo", &out)
        .arg("--force")
        .env("RAYON_NUM_THREADS", "1")
        .assert()
        .success();
    assert_eq!(fs::read(out.join("metrics.json")).unwrap(), before);
}

#[test]
fn every_rule_scores_two_files() {
    let at = TempDir::new().unwrap();
    let truth = map(&at.path().join("t.nii"), &[2, 9], 1.0);
    let found = map(&at.path().join("f.nii"), &[2, 16], 1.0);
    for rule in ["valdo", "centroid-5mm", "centroid-4vox", "overlap", "voxel"] {
        let out = at.path().join(rule);
        evaluate(&truth, &found, rule, &out).assert().success();
        let metrics = json(&out.join("metrics.json"));
        let score = &metrics["subjects"]["t"];
        assert_eq!(
            (&score["tp"], &score["fn"]),
            (&1.into(), &1.into()),
            "{rule}"
        );
        assert!(out.join("report.html").is_file());
    }
    let out = at.path().join("slices");
    evaluate(&truth, &found, "centroid-4vox", &out)
        .args(["--per-slice", "--connectivity", "6"])
        .assert()
        .success();
    let settings = &json(&out.join("metrics.json"))["settings"];
    assert_eq!(settings["per_slice"], true);
    assert_eq!(settings["connectivity"], 6);
    evaluate(&truth, &found, "valdo", &at.path().join("wrong"))
        .arg("--per-slice")
        .assert()
        .code(2)
        .stderr(contains("belongs to centroid-4vox"));
}

#[test]
fn points_are_scored_like_maps() {
    let at = TempDir::new().unwrap();
    let truth = map(&at.path().join("t.nii"), &[2, 9], 1.0);
    let points = at.path().join("p.csv");
    // Voxel [9, 5, 5] lies at (9, 5, 10) mm.
    fs::write(
        &points,
        "x_mm,y_mm,z_mm,confidence\n9,5,12,0.9\n19,9,0,0.2\n",
    )
    .unwrap();
    let out = at.path().join("out");
    evaluate(&truth, &points, "centroid-5mm", &out)
        .assert()
        .success();
    let score = &json(&out.join("metrics.json"))["subjects"]["t"];
    assert_eq!((&score["tp"], &score["fp"]), (&1.into(), &1.into()));
    assert_eq!(score["pairs"][0]["distance_mm"], 2.0);
    evaluate(&truth, &points, "overlap", &at.path().join("no"))
        .assert()
        .code(1)
        .stderr(contains("only points are given").and(contains("p.csv")));
}

#[test]
fn strata_pictures_and_curves_from_what_lies_beside() {
    let at = TempDir::new().unwrap();
    let [truth, found] = cohort(at.path());
    // Region 1 on the left half of the volume, 2 on the rest; scans with sidecars; a table.
    let scans = at.path().join("scans");
    fs::create_dir(&scans).unwrap();
    for subject in ["sub-01", "sub-02", "sub-03"] {
        let anat = truth.join(subject).join("anat");
        let regions = anat.join(format!("{subject}_desc-regions_dseg.nii"));
        write_map(&regions, SHAPE, [1.0, 1.0, 2.0], |o| {
            if o % 20 < 10 { 1.0 } else { 2.0 }
        });
        let scan = scans.join(format!("{subject}_T2starw.nii"));
        write_map(&scan, SHAPE, [1.0, 1.0, 2.0], |o| 100.0 + (o % 7) as f32);
        let sidecar = r#"{"MagneticFieldStrength": 3, "EchoTime": 0.02}"#;
        fs::write(scan.with_extension("json"), sidecar).unwrap();
    }
    let table = at.path().join("participants.tsv");
    fs::write(&table, "participant_id\tsite\nsub-01\tA\nsub-02\tB\n").unwrap();
    // One prediction is a mask: beside probabilities it is sure of what it says.
    map(&found.join("sub-02_probseg.nii"), &[4, 15], 1.0);
    let out = at.path().join("scores");
    evaluate(&truth, &found, "centroid-5mm", &out)
        .arg("--scans")
        .arg(&scans)
        .arg("--table")
        .arg(&table)
        .args([
            "--by",
            "site",
            "--threshold",
            "0.8",
            "--curve-threshold",
            "0.7",
        ])
        .assert()
        .success()
        .stderr(contains("1 of 3 cases have no row in the table"));
    let metrics = json(&out.join("metrics.json"));
    let recall =
        |dimension: &str, level: &str| &metrics["strata"][dimension][level]["recall"]["value"];
    // At .8 only the mask's finding of sub-02 is left: 1 of 4 references.
    assert_eq!(
        metrics["summary"]["figures"]["micro"]["recall"]["value"],
        0.25
    );
    assert_eq!(
        (recall("site", "A"), recall("site", "B")),
        (&0.0.into(), &1.0.into())
    );
    assert!(metrics["strata"]["site"]["unknown"].is_object());
    assert_eq!(recall("field strength", "3.0 T"), 0.25);
    assert_eq!(recall("slice thickness", "over 1.5 to 3 mm"), 0.25);
    // References at 2, 9 and 4 lie in the first region, that at 16 in the second.
    let levels = metrics["strata"]["region"].as_object().unwrap();
    assert_eq!(levels.len(), 2);
    // The curve goes on to .7, where two of sub-01's three are found, too.
    let froc = metrics["curves"]["froc"].as_array().unwrap();
    assert_eq!(froc.last().unwrap()["sensitivity"], 0.75);
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("Missed: sub-01") && page.contains("False alarm: sub-02"));
    assert!(page.contains("data:image/png;base64,"));
    evaluate(&truth, &found, "valdo", &at.path().join("no"))
        .args(["--scans", "nowhere"])
        .assert()
        .code(1)
        .stderr(contains("there is no nowhere"));
    evaluate(&truth, &found, "valdo", &at.path().join("no"))
        .arg("--regions")
        .arg(&scans)
        .assert()
        .code(1)
        .stderr(contains("no map in --regions is named after a case"));
}

#[test]
fn partners_that_are_missing_are_named() {
    let at = TempDir::new().unwrap();
    let [truth, found] = cohort(at.path());
    fs::remove_file(found.join("sub-02_probseg.nii")).unwrap();
    let out = at.path().join("scores");
    evaluate(&truth, &found, "valdo", &out)
        .assert()
        .code(1)
        .stderr(contains("no prediction: sub-02").and(contains("--allow-missing")));
    assert!(!out.exists());
    evaluate(&truth, &found, "valdo", &out)
        .arg("--allow-missing")
        .assert()
        .success();
    let metrics = json(&out.join("metrics.json"));
    assert_eq!(metrics["missing"]["predictions"][0], "sub-02");
    assert_eq!(metrics["subjects"]["sub-02"]["f1"], 0.0);
}

#[test]
fn bad_files_are_refused_by_name_and_nothing_is_written() {
    let at = TempDir::new().unwrap();
    let file = |name: &str| at.path().join(name);
    let truth = map(&file("truth.nii"), &[2], 1.0);
    write_map(&file("other.nii"), [20, 10, 9], [1.0, 1.0, 2.0], |_| 0.0);
    write_map(&file("coarse.nii"), SHAPE, [1.0, 1.0, 3.0], |_| 0.0);
    write_map(&file("nan.nii"), SHAPE, [1.0, 1.0, 2.0], |o| {
        if o == 7 { f32::NAN } else { 0.0 }
    });
    write_map(&file("negative.nii"), SHAPE, [1.0, 1.0, 2.0], |_| -1.0);
    write_map(&file("scan.nii"), SHAPE, [1.0, 1.0, 2.0], |o| {
        o as f32 * 0.37
    });
    fs::write(file("broken.nii"), b"no header").unwrap();
    fs::create_dir(file("empty")).unwrap();
    fs::create_dir(file("twice")).unwrap();
    map(&file("twice/sub-1_mask.nii"), &[1], 1.0);
    map(&file("twice/sub-1_pred.nii"), &[1], 1.0);
    for (name, said) in [
        ("other.nii", "[20, 10, 9]"),
        ("coarse.nii", "mm apart"),
        ("nan.nii", "1 voxels are NaN"),
        ("negative.nii", "a voxel is -1"),
        ("scan.nii", "was the scan itself given"),
        ("broken.nii", "reading NIfTI"),
        ("empty", "holds no lesion map"),
        ("twice", "sub-1 is there twice"),
        ("absent.nii", "does not exist"),
    ] {
        let out = file("out");
        evaluate(&truth, &file(name), "valdo", &out)
            .assert()
            .code(1)
            .stderr(contains(said).and(contains(name)));
        assert!(!out.exists(), "{name} left something behind");
    }
    evaluate(&truth, &truth, "nearest", &file("out"))
        .assert()
        .code(2)
        .stderr(contains("the rules are valdo"));
}

#[test]
fn methods_are_put_side_by_side() {
    let at = TempDir::new().unwrap();
    let [truth, found] = cohort(at.path());
    let scores = |name: &str| at.path().join(name);
    evaluate(&truth, &found, "valdo", &scores("a"))
        .assert()
        .success();
    evaluate(&truth, &truth, "valdo", &scores("perfect"))
        .assert()
        .success();
    evaluate(&truth, &found, "overlap", &scores("c"))
        .assert()
        .success();
    let compare = |first: &str, second: &str| {
        let mut command = siderin();
        command.args(["compare-methods", "--bootstrap", "50"]);
        for name in [first, second] {
            command.arg(scores(name).join("metrics.json"));
        }
        command.arg("--out").arg(scores("comparison"));
        command
    };
    compare("a", "perfect")
        .assert()
        .success()
        .stdout(contains("a minus perfect").and(contains("McNemar")));
    let comparison = json(&scores("comparison/comparison.json"));
    let pair = &comparison["pairs"][0];
    // Four references; the first method finds three of them, the other all.
    let table = ["both", "only_first", "only_second", "neither"];
    let counts = table.map(|name| pair["mcnemar"][name].as_u64().unwrap());
    assert_eq!(counts, [3, 0, 1, 0]);
    // Differences of F1: .8 - 1 and 2/3 - 1; both below 0, so p = 2·1/4.
    assert_eq!(pair["wilcoxon"]["f1"]["cases"], 2);
    assert_eq!(pair["wilcoxon"]["f1"]["p_two_sided"], 0.5);
    assert_eq!(pair["differences"]["micro"]["recall"]["value"], -0.25);
    let tex = fs::read_to_string(scores("comparison/comparison.tex")).unwrap();
    assert!(tex.contains("\\toprule") && tex.contains("95 \\%"));
    compare("a", "c")
        .arg("--force")
        .assert()
        .code(1)
        .stderr(contains("a was scored under valdo"));
}

#[test]
fn folds_are_a_file_that_is_not_overwritten() {
    let at = TempDir::new().unwrap();
    let manifest = at.path().join("participants.tsv");
    let rows: String = (1..=10)
        .map(|n| format!("sub-{n:02}\t{}\n", n % 2))
        .collect();
    fs::write(&manifest, format!("participant_id\tpositive\n{rows}")).unwrap();
    let out = at.path().join("folds.json");
    let split = |seed: &str| {
        let mut command = siderin();
        command.arg("split").arg(&manifest);
        command.args(["--folds", "5", "--stratify", "positive", "--seed", seed]);
        command.arg("--out").arg(&out);
        command
    };
    split("1").assert().success().stdout(contains("positive 1"));
    let folds = json(&out);
    for fold in folds["folds"].as_array().unwrap() {
        let positive = |subject: &serde_json::Value| {
            folds["strata"][subject.as_str().unwrap()] == "positive 1"
        };
        let fold = fold.as_array().unwrap();
        assert_eq!(
            (fold.len(), fold.iter().filter(|s| positive(s)).count()),
            (2, 1)
        );
    }
    let before = fs::read(&out).unwrap();
    split("2")
        .assert()
        .code(1)
        .stderr(contains("must not change"));
    assert_eq!(fs::read(&out).unwrap(), before);
    split("1").arg("--force").assert().success();
    assert_eq!(fs::read(&out).unwrap(), before);
    siderin()
        .arg("split")
        .arg(&manifest)
        .args(["--stratify", "site", "--out"])
        .arg(at.path().join("other.json"))
        .assert()
        .code(1)
        .stderr(contains("no column site; it has positive"));
}
