//! The default model from the outside: what it finds in a simulated scan, and that it does not mind how the
//! scan is stored.
use crate::support::{json, made_once, siderin};
use nalgebra::Matrix4;
use serde_json::Value;
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::{read_volume, write_volume};
use siderin_image::volume::{Grid, Volume};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A simulated scan with microbleeds.
fn simulated() -> PathBuf {
    let folder = made_once("simulated", |folder| {
        siderin()
            .args(["simulate", "scan", "--lesions", "12", "--seed", "11"])
            .args(["--quiet", "--out"])
            .arg(folder.join("scan"))
            .assert()
            .success();
    });
    folder.join("scan")
}

fn detect(scan: &Path, out: &Path, more: &[&str]) -> Value {
    siderin()
        .args(["detect", "--quiet", "--out"])
        .arg(out)
        .arg(scan)
        .args(more)
        .assert()
        .success();
    let name = scan.file_name().unwrap().to_str().unwrap();
    let stem = name.strip_suffix(".nii.gz").unwrap();
    json(&out.join(stem).join("lesions.json"))
}

/// Place and confidence of each lesion, surest first.
fn lesions(document: &Value) -> Vec<([f64; 3], f64)> {
    let all = document["lesions"].as_array().unwrap();
    all.iter()
        .map(|lesion| (place(lesion), lesion["confidence"].as_f64().unwrap()))
        .collect()
}

fn place(lesion: &Value) -> [f64; 3] {
    [0, 1, 2].map(|axis| lesion["center_world_mm"][axis].as_f64().unwrap())
}

fn distance_mm(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    let squares = (0..3).map(|axis| (a[axis] - b[axis]).powi(2));
    squares.sum::<f64>().sqrt()
}

// Takes over 20 s: three operating points of the default model on a whole head.
#[test]
fn a_scan_needs_nothing_but_itself() {
    let at = TempDir::new().unwrap();
    let scan = simulated().join("magnitude.nii.gz");
    let found = |point: &str| {
        let more = ["--operating-point", point, "--maps"];
        detect(&scan, &at.path().join(point), &more)
    };
    let [sensitive, balanced, specific] = ["sensitive", "balanced", "specific"].map(found);
    assert_eq!(balanced["model"]["operating_point"], "balanced");
    assert!(
        at.path()
            .join("balanced/magnitude/regions.nii.gz")
            .is_file()
    );

    // Each point finds what the next one finds, and more.
    let [many, some, few] = [&sensitive, &balanced, &specific].map(lesions);
    assert_eq!(some[..few.len()], few);
    assert_eq!(many[..some.len()], some);

    // Half of what can be seen is found where misses count, and hardly a false alarm made where those do.
    let truth = json(&simulated().join("truth.json"));
    let seen: Vec<[f64; 3]> = truth["lesions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|lesion| lesion["visible"] == true)
        .map(place)
        .collect();
    let close = |a: &[f64; 3], b: &[f64; 3]| distance_mm(a, b) <= 5.0;
    let found = seen
        .iter()
        .filter(|lesion| many.iter().any(|(at, _)| close(lesion, at)))
        .count();
    assert!(2 * found >= seen.len(), "{found} of {}", seen.len());
    let wrong = few
        .iter()
        .filter(|(at, _)| !seen.iter().any(|lesion| close(lesion, at)))
        .count();
    assert!(!few.is_empty() && wrong <= 1, "{wrong} of {}", few.len());

    // A brain of an adult, fluid about as bright as tissue, some noise; nothing of it is unusual.
    let quality = |name: &str| balanced["quality"][name].as_f64().unwrap();
    assert!((900.0..1800.0).contains(&quality("brain_ml")));
    assert!((0.6..2.0).contains(&quality("fluid_to_tissue")));
    assert!((0.0..0.2).contains(&quality("noise")));
    let codes = balanced["warnings"].as_array().unwrap();
    for code in [
        "unusual_contrast",
        "noisy",
        "brain_volume",
        "model_not_trained",
    ] {
        assert!(
            codes.iter().all(|warning| warning["code"] != code),
            "{code}"
        );
    }
}

/// All numbers in a part of a form.
fn sum(part: &Value) -> u64 {
    match part {
        Value::Number(number) => number.as_u64().unwrap(),
        Value::Object(parts) => parts.values().map(sum).sum(),
        _ => 0,
    }
}

#[test]
fn lesions_lie_in_regions() {
    let at = TempDir::new().unwrap();
    let document = detect(&simulated().join("magnitude.nii.gz"), at.path(), &[]);
    let lesions = document["lesions"].as_array().unwrap();
    assert!(!lesions.is_empty());
    for lesion in lesions {
        // A region and a side, or a reason.
        let known = lesion["region"].is_string();
        assert_eq!(lesion["side"].is_string(), known);
        assert_eq!(lesion["region_reason"].is_null(), known);
        // RAS: what lies far right of the head's middle is right.
        let x = lesion["center_world_mm"][0].as_f64().unwrap();
        if known && x.abs() > 15.0 {
            assert_eq!(lesion["side"], if x > 0.0 { "right" } else { "left" });
        }
    }
    assert!(lesions.iter().any(|lesion| lesion["region"].is_string()));

    // Each microbleed is on one line of each form, left, right or unclear, sure or not.
    let forms = json(&at.path().join("magnitude/forms.json"));
    let counted = |form: &str| -> u64 {
        let lines = forms[form]["lines"].as_array().unwrap();
        lines.iter().map(sum).sum()
    };
    let microbleeds = document["counts"]["microbleeds"].as_u64().unwrap();
    assert_eq!(
        (counted("mars"), counted("bombs")),
        (microbleeds, microbleeds)
    );
    assert_eq!(sum(&forms["mars"]["total"]), microbleeds);
    let definite = lesions
        .iter()
        .filter(|lesion| lesion["certainty"] == "definite");
    assert_eq!(
        sum(&forms["mars"]["total"]["definite"]),
        definite.count() as u64
    );
    let interval = &forms["count"]["interval"];
    assert!(interval["low"].as_u64() <= interval["high"].as_u64());
    let table = fs::read_to_string(at.path().join("magnitude/forms.csv")).unwrap();
    // A head, 17 lines with 2 × 3 cells, 8 with 4 × 3.
    assert_eq!(table.lines().count(), 1 + 17 * 6 + 8 * 12);
    let table = std::fs::read_to_string(at.path().join("magnitude/lesions.csv")).unwrap();
    assert!(
        table
            .lines()
            .next()
            .unwrap()
            .ends_with(",region,side,group,mni_x_mm,mni_y_mm,mni_z_mm")
    );
}

#[test]
fn the_model_can_be_written_out_and_given_back() {
    let at = TempDir::new().unwrap();
    let write = || {
        let mut command = siderin();
        command.args(["model", "default", "--out"]).arg(at.path());
        command
    };
    write().assert().success();
    let refused = write().assert().code(1);
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(
        said.contains("regions.siderin exists in the folder"),
        "{said}"
    );
    write().arg("--force").assert().success();
    let (regions, candidates) = (
        at.path().join("regions.siderin"),
        at.path().join("candidates.siderin"),
    );
    let scan = simulated().join("magnitude.nii.gz");
    let given = [
        "--model",
        candidates.to_str().unwrap(),
        "--regions",
        regions.to_str().unwrap(),
    ];
    let own = detect(&scan, &at.path().join("own"), &[]);
    let other = detect(&scan, &at.path().join("given"), &given);
    assert_eq!(own, other);
}

/// The same scan with its axes in another order, some of them turned around.
fn stored(scan: &Volume<f32>, order: [usize; 3], turned: [bool; 3]) -> Volume<f32> {
    let shape = scan.shape();
    let mut new_from_old = Matrix4::zeros();
    new_from_old[(3, 3)] = 1.0;
    for (new, old) in order.into_iter().enumerate() {
        new_from_old[(new, old)] = if turned[new] { -1.0 } else { 1.0 };
        new_from_old[(new, 3)] = if turned[new] {
            shape[old] as f64 - 1.0
        } else {
            0.0
        };
    }
    let old_from_new = new_from_old.try_inverse().unwrap();
    let affine = scan.grid().world_from_voxel() * old_from_new;
    let grid = Grid::new(order.map(|axis| shape[axis]), affine).unwrap();
    Volume::from_fn(&grid, |index| {
        let mut old = [0; 3];
        for (new, axis) in order.into_iter().enumerate() {
            old[axis] = match turned[new] {
                true => shape[axis] - 1 - index[new],
                false => index[new],
            };
        }
        scan.at(old)
    })
}

// Takes over 20 s: the default model on a whole head, stored in six ways.
#[test]
fn how_a_scan_is_stored_changes_nothing() {
    let at = TempDir::new().unwrap();
    let original = simulated().join("magnitude.nii.gz");
    let expected = lesions(&detect(&original, &at.path().join("out"), &[]));
    assert!(!expected.is_empty());
    let (_, scan, _) = read_volume(&original, None, ReadLimits::default()).unwrap();

    let straight = [false; 3];
    let shift = [31.0, -12.5, 7.0];
    let mut moved = *scan.grid().world_from_voxel();
    for (axis, mm) in shift.into_iter().enumerate() {
        moved[(axis, 3)] += mm;
    }
    let moved = Grid::new(scan.shape(), moved).unwrap();
    let variants = [
        (
            "mirrored",
            stored(&scan, [0, 1, 2], [true, true, false]),
            [0.0; 3],
        ),
        (
            "upended",
            stored(&scan, [0, 1, 2], [false, false, true]),
            [0.0; 3],
        ),
        ("turned", stored(&scan, [1, 0, 2], straight), [0.0; 3]),
        (
            "sagittal",
            stored(&scan, [1, 2, 0], [true, false, false]),
            [0.0; 3],
        ),
        ("scaled", scan.map(|v| v * 0.0137), [0.0; 3]),
        (
            "moved",
            Volume::new(moved, scan.voxels().to_vec()).unwrap(),
            shift,
        ),
    ];
    for (name, volume, shift) in variants {
        let path = at.path().join(format!("{name}.nii.gz"));
        write_volume(&path, &volume).unwrap();
        let found = lesions(&detect(&path, &at.path().join("out"), &[]));
        assert_eq!(found.len(), expected.len(), "{name}");
        let mut change = 0.0;
        for (place, confidence) in &expected {
            let moved = [0, 1, 2].map(|axis| place[axis] + shift[axis]);
            let off = |other: &[f64; 3]| distance_mm(other, &moved);
            let close = found.iter().min_by(|a, b| off(&a.0).total_cmp(&off(&b.0)));
            let (there, other) = close.unwrap();
            assert!(off(there) < 1.0, "{name}: {} mm", off(there));
            change += (other - confidence).abs() / expected.len() as f64;
        }
        assert!(change < 0.05, "{name}: {change}");
    }
}

#[test]
fn it_shows_where_it_looked() {
    let at = TempDir::new().unwrap();
    let scan = simulated().join("magnitude.nii.gz");
    siderin()
        .args(["explain", "--quiet", "--out"])
        .arg(at.path())
        .arg(&scan)
        .assert()
        .success();
    let folder = at.path().join("magnitude");
    let found = lesions(&json(&folder.join("lesions.json")));
    let read = |path: &Path| read_volume(path, None, ReadLimits::default()).unwrap().1;
    let heat = read(&folder.join("heatmap.nii.gz"));
    let grid = heat.grid();
    let mut warm = vec![0f32; found.len()];
    for (offset, value) in heat.voxels().iter().enumerate().filter(|(_, v)| **v > 0.0) {
        let index = grid.index(offset);
        let place = grid.to_world(siderin_image::volume::VoxelPoint::center_of(index));
        // Heat lies in a lesion's view, whose corners are 11.4 mm from its middle, in its slice of 3 mm.
        let own = found
            .iter()
            .enumerate()
            .filter(|(_, (center, _))| distance_mm(center, &place.to_array()) < 12.0);
        let mut near = 0;
        for (lesion, _) in own {
            warm[lesion] = warm[lesion].max(*value);
            near += 1;
        }
        assert!(near > 0, "{place:?} {value}");
    }
    // The largest of each is 1 on a pixel of 1 mm; the closest voxel of 1 mm is up to half of one away along
    // both axes, where lines leave a quarter.
    assert!(
        warm.iter().all(|most| (0.25..=1.0001).contains(most)),
        "{warm:?}"
    );
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("where the network looked (Grad-CAM)"));
}
