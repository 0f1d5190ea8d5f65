//! Regions by a network, from end to end. The network is tiny and untrained: what it finds means
//! nothing, but it must arrive on the scan's grid.
use crate::support::{siderin, write_map, write_model};
use predicates::str::contains;
use serde_json::{Value, json};
use siderin_core::regions::{FLUID_CODE, Region, Structure};
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::{read_volume, write_volume};
use siderin_image::volume::Volume;
use siderin_simulate::{PhantomConfig, phantom};
use std::fs;
use std::path::Path;

fn map(path: &Path) -> Volume<f32> {
    read_volume(path, None, ReadLimits::default()).unwrap().1
}

#[test]
fn regions_and_brain_lie_on_the_scans_grid() {
    let at = tempfile::tempdir().unwrap();
    let scan = at.path().join("h01.nii.gz");
    let made = phantom(&PhantomConfig::default()).unwrap();
    write_volume(&scan, &made.scan.map(|v| v.round() as i16)).unwrap();
    let small = json!({"filters": [2, 2, 2, 2]});
    let model = write_model(at.path(), "region-unet", &small);
    let [out, brain] = ["seg.nii.gz", "brain.nii.gz"].map(|name| at.path().join(name));
    siderin()
        .args(["regions", "find"])
        .arg(&scan)
        .arg("--model")
        .arg(&model)
        .arg("--out")
        .arg(&out)
        .arg("--brain")
        .arg(&brain)
        .assert()
        .success();
    let (regions, brain) = (map(&out), map(&brain));
    assert!(regions.grid().matches(map(&scan).grid(), 1e-3));
    for (code, inside) in regions.voxels().iter().zip(brain.voxels()) {
        let code = *code as u8;
        let is_inside = Region::of_code(code).is_some() || code == FLUID_CODE;
        assert!(is_inside || code == 0, "{code}");
        assert_eq!(is_inside, *inside == 1.0);
    }
    // Random weights make all classes about as likely: most of the head is no background.
    assert!(brain.voxels().contains(&1.0));
    let table = fs::read_to_string(at.path().join("seg.tsv")).unwrap();
    assert!(table.starts_with("index\tname\tside\tgroup\n"));

    // A model of regions finds no microbleeds.
    siderin()
        .arg("detect")
        .arg(&scan)
        .arg("--model")
        .arg(&model)
        .arg("--out")
        .arg(at.path().join("found"))
        .assert()
        .code(1)
        .stderr(contains("region-unet makes no map of microbleeds"));
    // And the other way around.
    let other = write_model(at.path(), "unet3d", &small);
    let refused = at.path().join("none.nii.gz");
    siderin()
        .args(["regions", "find"])
        .arg(&scan)
        .arg("--model")
        .arg(&other)
        .arg("--out")
        .arg(&refused)
        .assert()
        .code(1)
        .stderr(contains("is no network of regions"));
    assert!(!refused.exists());
}

#[test]
fn structures_and_what_they_say_of_a_head_are_written() {
    let at = tempfile::tempdir().unwrap();
    let path = |name: &str| at.path().join(name);
    let scan = path("h01.nii.gz");
    let made = phantom(&PhantomConfig::default()).unwrap();
    write_volume(&scan, &made.scan.map(|v| v.round() as i16)).unwrap();
    let sizes = json!({"stem": 2, "filters": [2, 2, 2, 2], "hidden": 2});
    let model = write_model(at.path(), "structure-unet", &sizes);
    let find = |model: &Path, structures: &str| {
        let mut command = siderin();
        command.args(["regions", "find"]).arg(&scan).arg("--model");
        command.arg(model).arg("--out").arg(path("seg.nii.gz"));
        command.arg("--structures").arg(path(structures));
        command.arg("--anatomy").arg(path("anatomy.json")).assert()
    };
    find(&model, "structures.nii.gz").success();
    let (structures, regions) = (map(&path("structures.nii.gz")), map(&path("seg.nii.gz")));
    assert!(structures.grid().matches(regions.grid(), 1e-3));
    let known = |code: &f32| *code == 0.0 || Structure::of_code(*code as u8).is_some();
    assert!(structures.voxels().iter().all(known));
    let anatomy: Value =
        serde_json::from_str(&fs::read_to_string(path("anatomy.json")).unwrap()).unwrap();
    // Random weights place no head: whatever the reason, it is said.
    assert_ne!(anatomy["detail"], "regions", "{anatomy}");
    assert!(!anatomy["reasons"].as_array().unwrap().is_empty());
    assert!(anatomy["volumes"]["tissue_ml"].as_f64().unwrap() > 0.0);

    find(&model, "seg.nii.gz")
        .code(1)
        .stderr(contains("name one file twice"));
    let regions_alone = write_model(at.path(), "region-unet", &json!({"filters": [2, 2, 2, 2]}));
    find(&regions_alone, "structures.nii.gz")
        .code(1)
        .stderr(contains("need a model of the architecture structure-unet"));
}

#[test]
fn a_parcellation_of_somewhere_else_is_refused() {
    let at = tempfile::tempdir().unwrap();
    let path = |name: &str| at.path().join(name);
    let made = phantom(&PhantomConfig::default()).unwrap();
    write_volume(&path("h01.nii.gz"), &made.scan.map(|v| v.round() as i16)).unwrap();
    // Pairs of nuclei in white matter, as boxes that fill the head's corner.
    write_map(&path("aseg.nii"), [60, 60, 30], [1.0; 3], |offset| {
        let (i, j, k) = (offset % 60, offset / 60 % 60, offset / 3600);
        let right = i >= 30;
        let from_middle = if right { i - 30 } else { 29 - i };
        let code = match (from_middle / 5, j / 12, k / 10) {
            (1, 0, 1) => 10,
            (1, 1, 1) => 11,
            (2, 2, 1) => 12,
            (2, 3, 0) => 13,
            (3, 1, 2) => 17,
            _ => 2,
        };
        let other = if code == 17 { 53 } else { code + 39 };
        if right { other as f32 } else { code as f32 }
    });
    siderin()
        .arg("detect")
        .arg(path("h01.nii.gz"))
        .arg("--parcellation")
        .arg(path("aseg.nii"))
        .arg("--out")
        .arg(path("found"))
        .assert()
        .code(1)
        .stderr(contains("overlap too little"));
    assert!(!path("found/h01").exists());
}

#[test]
fn labels_of_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("aseg.nii");
    write_map(&map, [8, 8, 8], [1.0; 3], |_| 2.0);
    siderin()
        .args(["regions", "from-labels"])
        .arg(&map)
        .arg("--out")
        .arg(folder.path().join("regions.nii.gz"))
        .assert()
        .code(1)
        .stderr(contains("its structures do not place it in MNI space"));
}
