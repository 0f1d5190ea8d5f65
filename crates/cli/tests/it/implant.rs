//! `siderin implant`: real scans with microbleeds of known size.

use crate::support::{json, siderin};
use predicates::str::contains;
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::{read_volume, write_volume};
use siderin_image::volume::{Grid, Volume};
use std::fs;
use std::path::{Path, PathBuf};

/// A block of tissue with noise, and its sidecar.
fn block(folder: &Path, name: &str, sidecar: &str) -> PathBuf {
    let grid = Grid::axis_aligned([60, 60, 16], [0.8, 0.8, 2.0]).unwrap();
    let mut random = 1u32;
    let block = Volume::from_fn(&grid, |_| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        500.0 + (random >> 24) as f32 / 16.0
    });
    let path = folder.join(format!("{name}.nii.gz"));
    write_volume(&path, &block).unwrap();
    fs::write(folder.join(format!("{name}.json")), sidecar).unwrap();
    path
}

/// All of the block but its rim.
fn mask(folder: &Path) -> PathBuf {
    let grid = Grid::axis_aligned([60, 60, 16], [0.8, 0.8, 2.0]).unwrap();
    let mask = Volume::from_fn(&grid, |index| {
        u8::from((0..3).all(|a| index[a] > 0 && index[a] + 1 < grid.shape()[a]))
    });
    let path = folder.join("mask.nii.gz");
    write_volume(&path, &mask).unwrap();
    path
}

const KNOWN: &str = r#"{"EchoTime": 0.02, "MagneticFieldStrength": 3, "ScanningSequence": "GR", "ImageType": ["M"]}"#;

#[test]
fn a_real_scan_gets_microbleeds_whose_truth_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let (scan, mask) = (block(folder.path(), "ward 7", KNOWN), mask(folder.path()));
    let out = folder.path().join("out");
    let implant = |lesions: &str| {
        let mut command = siderin();
        command.arg("implant").arg(&scan).arg("--mask").arg(&mask);
        command.args([
            "--lesions",
            lesions,
            "--copies",
            "2",
            "--calcifications",
            "1",
        ]);
        command
            .args(["--core-radius", "0.8,1.2"])
            .arg("--out")
            .arg(&out);
        command.assert()
    };
    implant("3")
        .success()
        .stdout(contains("2 copies, 6 microbleeds, 6 of them visible"));
    let subject = |n: usize| format!("sub-ward7implant{n}");
    let image = |n: usize| {
        let name = format!("{0}/anat/{0}_part-mag_T2starw.nii.gz", subject(n));
        read_volume(&out.join(name), None, ReadLimits::default())
            .unwrap()
            .1
    };
    let (_, before, _) = read_volume(&scan, None, ReadLimits::default()).unwrap();
    let truth = |n: usize| out.join(format!("derivatives/truth/{0}/anat/{0}", subject(n)));
    for n in [1, 2] {
        let record = json(&PathBuf::from(format!("{}_truth.json", truth(n).display())));
        let (_, labels, _) = read_volume(
            Path::new(&format!("{}_desc-lesions_dseg.nii.gz", truth(n).display())),
            None,
            ReadLimits::default(),
        )
        .unwrap();
        let image = image(n);
        assert_eq!(record["mimics"].as_array().unwrap().len(), 1);
        for lesion in record["lesions"].as_array().unwrap() {
            let voxel: Vec<usize> = lesion["center_voxel"]
                .as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_f64().unwrap().round() as usize)
                .collect();
            let at = [voxel[0], voxel[1], voxel[2]];
            assert_eq!(f64::from(labels.at(at)), lesion["id"].as_f64().unwrap());
            // A core of 1 mm takes most of the signal of its voxel.
            assert!(
                image.at(at) < 0.6 * before.at(at),
                "{} {}",
                image.at(at),
                before.at(at)
            );
        }
        // What is far from all is as it was.
        assert_eq!(image.at([0, 0, 0]), before.at([0, 0, 0]));
    }
    assert!(image(1) != image(2));
    // Asked alike it goes on, asked otherwise it is refused.
    fs::remove_dir_all(out.join(subject(2))).unwrap();
    let first = image(1);
    implant("3").success().stdout(contains("1 copy"));
    assert!(image(1) == first && out.join(subject(2)).is_dir());
    implant("4")
        .code(1)
        .stderr(contains("made with other options"));
    // Another scan of the same name is another scan.
    let ward = tempfile::tempdir().unwrap();
    let other = block(ward.path(), "ward 7", KNOWN);
    let bytes = fs::read(&other).unwrap();
    let (_, changed, _) = read_volume(&other, None, ReadLimits::default()).unwrap();
    write_volume(&other, &changed.map(|v| v + 1.0)).unwrap();
    assert_ne!(fs::read(&other).unwrap(), bytes);
    let mut command = siderin();
    command.arg("implant").arg(&other).arg("--mask").arg(&mask);
    command.args(["--lesions", "3", "--copies", "2", "--calcifications", "1"]);
    command
        .args(["--core-radius", "0.8,1.2"])
        .arg("--out")
        .arg(&out);
    command
        .assert()
        .code(1)
        .stderr(contains("of another scan, phase or mask"));
    // The data set is one that `evaluate` and `train` take.
    let mut evaluate = siderin();
    evaluate
        .arg("evaluate")
        .arg("--ref")
        .arg(out.join("derivatives/truth"));
    evaluate
        .arg("--pred")
        .arg(out.join("derivatives/truth"))
        .args(["--rule", "valdo"]);
    evaluate
        .arg("--out")
        .arg(folder.path().join("scores"))
        .assert()
        .success();
}

#[test]
fn what_is_not_known_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mask = mask(folder.path());
    let implant = |sidecar: &str, more: &[&str]| {
        let scan = block(folder.path(), "scan", sidecar);
        let mut command = siderin();
        command
            .arg("implant")
            .arg(scan)
            .arg("--mask")
            .arg(&mask)
            .args(more);
        let out = tempfile::tempdir().unwrap();
        if !more.contains(&"--lesions") {
            command.args(["--lesions", "1"]);
        }
        command.arg("--out").arg(out.path()).assert()
    };
    implant("{}", &[])
        .code(1)
        .stderr(contains("give --b0 in tesla"));
    implant(r#"{"MagneticFieldStrength": 3}"#, &[])
        .code(1)
        .stderr(contains("give --te in ms"));
    implant("{}", &["--b0", "3", "--te", "20"]).success();
    implant("{}", &["--b0", "nan", "--te", "20"])
        .code(1)
        .stderr(contains("main field is NaN"));
    implant(KNOWN, &["--shares", "1,1,1"])
        .code(1)
        .stderr(contains("shares of regions need a map"));
    implant(KNOWN, &["--core-radius", "2"]).code(2);
    implant(KNOWN, &["--lesions", "400"])
        .code(1)
        .stderr(contains("room was found for"));
}
