//! `siderin simulate` and `demo` from the outside.
use crate::support::{json, siderin, write_map};
use flate2::read::GzDecoder;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::read_volume;
use std::fs;
use std::io::Read;
use std::path::Path;

/// A protocol that is simulated in seconds.
fn quick_protocol(folder: &Path) -> String {
    let path = folder.join("quick.toml");
    fs::write(
        &path,
        "name = 'quick'\nb0_t = 3.0\nte_ms = 20\ntr_ms = 600\nflip_angle_deg = 20\n\
         voxel_mm = [2.0, 2.0, 5.0]\nencoding = '2d'\n",
    )
    .unwrap();
    path.to_string_lossy().into_owned()
}

/// Header and voxels of a compressed NIfTI file.
fn nifti(path: &Path) -> (Vec<u8>, Vec<u8>) {
    let mut bytes = Vec::new();
    GzDecoder::new(fs::File::open(path).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    let voxels = bytes.split_off(352);
    (bytes, voxels)
}

// Takes over 20 s: two visits of a whole head are simulated.
#[test]
fn a_scan_with_a_second_visit_and_its_truth() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("scan");
    siderin()
        .args([
            "simulate",
            "scan",
            "--lesions",
            "9",
            "--seed",
            "3",
            "--visit2",
            "2,1",
            "--t1w",
        ])
        .arg("--protocol")
        .arg(quick_protocol(folder.path()))
        .arg("--out")
        .arg(&out)
        .assert()
        .success()
        .stdout(contains("9 microbleeds").and(contains("second visit: 10 microbleeds")));
    for file in [
        "magnitude.nii.gz",
        "magnitude.json",
        "phase.nii.gz",
        "phase.json",
        "t1w.nii.gz",
        "truth.nii.gz",
        "truth.json",
        "regions.nii.gz",
        "regions.tsv",
        "visit2/magnitude.nii.gz",
        "visit2/truth.json",
    ] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let sidecar = json(&out.join("magnitude.json"));
    assert_eq!(sidecar["EchoTime"], 0.02);
    assert_eq!(sidecar["MagneticFieldStrength"], 3.0);
    let truth = json(&out.join("truth.json"));
    let lesions = truth["lesions"].as_array().unwrap();
    assert_eq!(lesions.len(), 9);
    // The mask holds the visible ones by their numbers, and nothing else.
    let (_, mask) = nifti(&out.join("truth.nii.gz"));
    let in_mask: std::collections::BTreeSet<u16> = mask
        .chunks_exact(2)
        .map(|b| u16::from_le_bytes([b[0], b[1]]))
        .filter(|&v| v > 0)
        .collect();
    let visible: std::collections::BTreeSet<u16> = lesions
        .iter()
        .filter(|l| l["visible"] == true)
        .map(|l| l["id"].as_u64().unwrap() as u16)
        .collect();
    assert_eq!(in_mask, visible);
    assert!(
        truth["mimics"]
            .as_array()
            .unwrap()
            .iter()
            .all(|m| m["kind"].is_string())
    );

    let later = json(&out.join("visit2/truth.json"));
    assert_eq!(later["new"].as_array().unwrap().len(), 2);
    assert_eq!(later["resolved"].as_array().unwrap().len(), 1);
    // The transform brings the old lesions to their new places.
    let matrix = &later["followup_from_baseline"];
    let number = |v: &Value| v.as_f64().unwrap();
    let mut compared = 0;
    for old in lesions {
        let Some(new) = later["lesions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|l| l["id"] == old["id"])
        else {
            continue;
        };
        for row in 0..3 {
            let from = &old["center_world_mm"];
            let moved: f64 = (0..3)
                .map(|c| number(&matrix[row][c]) * number(&from[c]))
                .sum::<f64>()
                + number(&matrix[row][3]);
            assert!((moved - number(&new["center_world_mm"][row])).abs() < 0.01);
        }
        compared += 1;
    }
    assert_eq!(compared, 8);
    // What was simulated can be read back as a scan.
    siderin()
        .arg("inspect")
        .arg(out.join("magnitude.nii.gz"))
        .assert()
        .success()
        .stdout(contains("T2*-weighted").and(contains("TE 20.00 ms")));

    // The folder is kept: a second run is refused and changes nothing.
    siderin()
        .args(["simulate", "scan", "--out"])
        .arg(&out)
        .assert()
        .code(1)
        .stderr(contains("a folder of this name exists"));
}

#[test]
fn impossible_requests_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("scan");
    let refused = |head: &str, protocol: &str, reason: &str| {
        siderin()
            .args([
                "simulate",
                "scan",
                "--head",
                head,
                "--protocol",
                protocol,
                "--out",
            ])
            .arg(&out)
            .assert()
            .code(1)
            .stderr(contains(reason));
        assert!(!out.exists());
    };
    refused("builtin", "9t-magic", "one of 3t-gre-0.45x3");
    let late = quick_protocol(folder.path());
    let text = fs::read_to_string(&late).unwrap();
    fs::write(&late, text.replace("te_ms = 20", "te_ms = 900")).unwrap();
    refused("builtin", &late, "TE must be above 0 and below TR");
    fs::write(&late, text.replace("[2.0, 2.0, 5.0]", "[2.0, 0.0, 5.0]")).unwrap();
    refused("builtin", &late, "voxel_mm[1] is 0");
    let map = folder.path().join("head.nii");
    let head = map.to_string_lossy().into_owned();
    write_map(&map, [8, 8, 8], [1.0; 3], |_| 1234.0);
    refused(
        &head,
        "3t-gre-1x3",
        "codes that are not in the table (1234: 512 voxels)",
    );
    write_map(&map, [8, 8, 8], [1.0, 1.0, 3.0], |_| 2.0);
    refused(&head, "3t-gre-1x3", "the map must be isotropic");
    refused(
        "nowhere.nii.gz",
        "3t-gre-1x3",
        "reading the head nowhere.nii.gz",
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

/// What `siderin simulate cohort` says.
fn cohort(file: &Path, out: &Path) -> assert_cmd::assert::Assert {
    let mut command = siderin();
    command.args(["simulate", "cohort"]).arg(file);
    command.arg("--out").arg(out).assert()
}

// Takes over 20 s: a cohort is simulated twice, once killed on the way.
#[test]
fn a_cohort_is_taken_up_where_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("cohort");
    let file = folder.path().join("small.toml");
    fs::write(
        &file,
        "name = 'small'\nseed = 5\nheads = ['builtin']\n[[scans]]\nprotocol = '3t-gre-0.85x5'\n\
         count = 2\nwithout_lesions = 1\nlesions = [4]\n",
    )
    .unwrap();
    let run = || cohort(&file, &out).success();
    run().stdout(contains("[2/2]"));
    let first = out.join("sub-001/anat/sub-001_part-mag_T2starw.nii.gz");
    let bytes = fs::read(&first).unwrap();
    // A run that was killed between the two renames left truth without a scan.
    fs::remove_dir_all(out.join("sub-001")).unwrap();
    run()
        .stdout(contains("[1/1] sub-001"))
        .stderr(contains("1 of 2 scans are there already"));
    assert_eq!(fs::read(&first).unwrap(), bytes);
    let truth = out.join("derivatives/truth/sub-001/anat/sub-001_truth.json");
    assert_eq!(json(&truth)["lesions"].as_array().unwrap().len(), 4);
    assert!(out.join("dataset_description.json").is_file());
    // The detector takes the data set as it is, and its truth for no scan.
    siderin()
        .arg("inspect")
        .arg(&out)
        .assert()
        .success()
        .stdout(contains("sub-002"));
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("seed = 5", "seed = 6")).unwrap();
    cohort(&file, &out)
        .code(1)
        .stderr(contains("with other settings"));
}

#[test]
fn the_field_of_a_ball() {
    let folder = tempfile::tempdir().unwrap();
    let (chi, field) = (
        folder.path().join("chi.nii"),
        folder.path().join("field.nii.gz"),
    );
    let place = |o: usize| [o % 40, o / 40 % 40, o / 1600].map(|i| i as f64 - 19.5);
    write_map(&chi, [40, 40, 40], [1.0; 3], |o| {
        f32::from(u8::from(place(o).iter().map(|v| v * v).sum::<f64>() < 36.0))
    });
    siderin()
        .args(["simulate", "field"])
        .arg(&chi)
        .args(["--b0-dir", "-2,0,0", "--out"])
        .arg(&field)
        .assert()
        .success()
        .stdout(contains("GiB"));
    let (_, voxels) = nifti(&field);
    let at = |i: usize, j: usize, k: usize| {
        let o = 4 * (i + 40 * (j + 40 * k));
        f32::from_le_bytes(voxels[o..o + 4].try_into().unwrap())
    };
    // χ = 1, a = 6: along the field at 12.5 mm (6/12.5)³·2/3 = 0.0737, across −0.0369.
    assert!(
        (at(32, 19, 19) - 0.0737).abs() < 0.004,
        "{}",
        at(32, 19, 19)
    );
    assert!(
        (at(19, 32, 19) + 0.0369).abs() < 0.003,
        "{}",
        at(19, 32, 19)
    );
    siderin()
        .args(["simulate", "field"])
        .arg(&chi)
        .args(["--b0-dir", "0,0,0", "--out"])
        .arg(folder.path().join("none.nii.gz"))
        .assert()
        .code(1)
        .stderr(contains("must be finite and not zero"));
    assert!(!folder.path().join("none.nii.gz").exists());
}

#[test]
fn a_cohort_of_any_contrast_has_regions_and_no_lesions() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("cohort");
    let file = folder.path().join("any.toml");
    fs::write(
        &file,
        "name = 'any'\nseed = 5\nheads = ['builtin']\n[[scans]]\nprotocol = 'any-contrast'\n\
         count = 2\nwithout_lesions = 2\n",
    )
    .unwrap();
    let run = || cohort(&file, &out).success();
    run().stdout(contains("[2/2]").and(contains("any-contrast, 0 microbleeds")));
    let read = |path: &str| {
        read_volume(&out.join(path), None, ReadLimits::default())
            .unwrap()
            .1
    };
    let image = read("sub-001/anat/sub-001_acq-anycontrast_T2starw.nii.gz");
    let truth = |name: &str| {
        read(&format!(
            "derivatives/truth/sub-001/anat/sub-001_{name}.nii.gz"
        ))
    };
    let (regions, lesions) = (truth("desc-regions_dseg"), truth("desc-lesions_dseg"));
    let spacing = image.grid().spacing_mm();
    assert!(
        spacing.iter().all(|mm| (mm - 2.0).abs() < 1e-3),
        "{spacing:?}"
    );
    assert!(regions.grid().matches(image.grid(), 1e-3));
    // The built-in head has a brain of some 1.2 l, of which up to a half may be cut off.
    let inside = regions.voxels().iter().filter(|v| **v > 0.0).count() * 8;
    assert!((400_000..1_900_000).contains(&inside), "{inside} mm³");
    assert!(lesions.voxels().iter().all(|v| *v == 0.0));
    run().stderr(contains("2 of 2 scans are there already"));
}

// Takes over 20 s: the demo as a newcomer runs it.
#[test]
fn the_demo_needs_nothing_and_names_the_report() {
    let folder = tempfile::tempdir().unwrap();
    siderin()
        .current_dir(folder.path())
        .arg("demo")
        .assert()
        .success()
        .stdout(contains("were found").and(contains("open siderin-demo/magnitude/report.html")));
    assert!(
        folder
            .path()
            .join("siderin-demo/magnitude/report.html")
            .is_file()
    );
    // Once more: the scan is there, the report is made again.
    siderin()
        .current_dir(folder.path())
        .arg("demo")
        .assert()
        .success()
        .stdout(contains("were found"));
}

#[test]
fn a_t1w_image_is_laid_onto_its_scan() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    siderin()
        .args(["simulate", "scan", "--lesions", "none", "--t1w", "--quiet"])
        .arg("--protocol")
        .arg(quick_protocol(folder.path()))
        .arg("--out")
        .arg(at("scan"))
        .assert()
        .success();
    let register = |moving: &str, out: &str| {
        let mut command = siderin();
        command.arg("register").arg(at(moving));
        command
            .arg(at("scan/magnitude.nii.gz"))
            .arg("--out")
            .arg(at(out));
        command
    };
    register("scan/t1w.nii.gz", "laid")
        .assert()
        .success()
        .stdout(contains("normalised mutual information"));
    // Both were made in one place: the transform is the identity.
    let found = json(&at("laid/registration.json"));
    let shift = found["shift_mm"].as_f64().unwrap();
    let turn = found["rotation_deg"].as_f64().unwrap();
    assert!(shift < 1.0 && turn < 0.7, "{shift} mm, {turn}°");
    let grid = |path: &Path| nifti(path).0[40..48].to_vec();
    assert_eq!(
        grid(&at("laid/registered.nii.gz")),
        grid(&at("scan/magnitude.nii.gz"))
    );
    register("scan/t1w.nii.gz", "laid")
        .assert()
        .code(1)
        .stderr(contains("--force"));
    write_map(&at("flat.nii"), [9, 9, 9], [2.0; 3], |_| 5.0);
    register("flat.nii", "no")
        .assert()
        .code(1)
        .stderr(contains("the moving image has no contrast"));
    assert!(!at("no").exists());
}
