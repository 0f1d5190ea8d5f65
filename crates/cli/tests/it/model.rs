//! Model files, detection by them, and their explanation, from end to end. The networks are tiny and
//! untrained: what they find means nothing, but all of it must arrive where it belongs.
use crate::support::{json as read_json, siderin};
use predicates::prelude::*;
use serde_json::{Value, json};
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::{read_volume, write_volume};
use siderin_image::volume::Volume;
use siderin_net::compute::Compute;
use siderin_net::model_file::{Model, OtherPoints};
use siderin_simulate::{PhantomConfig, phantom};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Sizes of tiny networks.
fn tiny(architecture: &str) -> Value {
    let level = |stride: u8| json!({"kernel": [3, 3, 3], "stride": [stride, stride, stride], "channels": 4, "blocks": 1});
    match architecture {
        "rlk-unet" => json!({"architecture": architecture, "width": 8, "blocks": [1, 1, 1, 1],
            "cbam_skips": 3, "stochastic_depth": [0.0, 0.0, 0.0, 0.0], "dropout": 0.0}),
        "unet3d" => json!({"architecture": architecture, "inputs": 1, "filters": [2, 2, 2, 2]}),
        "mmoc-net" => json!({"architecture": architecture,
            "coarse": {"channels": [2, 2, 2, 2, 2], "blocks": [1, 1, 1, 1]},
            "fine": {"channels": 8, "region": 32, "dilations": [4, 8, 12], "fusion": "sum"}}),
        _ => json!({"architecture": architecture, "inputs": 1, "levels": [level(1), level(2)],
            "norm": "instance"}),
    }
}

/// The card of a preset, as `inspect --json` shows it.
fn card_of(file: &Path) -> Value {
    let shown = siderin()
        .arg("inspect")
        .arg(file)
        .arg("--json")
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&shown.stdout).unwrap();
    report["models"][0]["card"].clone()
}

/// Writes a tiny model, changed by `change`, and says where it is.
fn write_model(folder: &Path, architecture: &str, change: impl Fn(&mut Value)) -> PathBuf {
    let path = folder.join(format!("{architecture}.siderin"));
    let new = |card: Option<&Path>| {
        let mut command = siderin();
        command.args(["model", "new", "--force", "--seed", "2"]);
        command.args(["--architecture", architecture]);
        if let Some(card) = card {
            command.arg("--card").arg(card);
        }
        command.arg("--out").arg(&path).assert().success();
    };
    new(None);
    let mut card = card_of(&path);
    card["model"] = tiny(architecture);
    card["recipe"]["plane_spacing_mm"] = json!(2.0);
    card["recipe"]["slice_spacing_mm"] = json!(4.0);
    card["inference"]["coarse_threshold"] = json!(0.01);
    change(&mut card);
    let file = folder.join("card.json");
    fs::write(&file, card.to_string()).unwrap();
    new(Some(&file));
    path
}

fn write_scan(folder: &Path) -> PathBuf {
    let path = folder.join("h01.nii.gz");
    let made = phantom(&PhantomConfig::default()).unwrap();
    write_volume(&path, &made.scan.map(|v| v.round() as i16)).unwrap();
    path
}

fn map(path: &Path) -> Volume<f32> {
    read_volume(path, None, ReadLimits::default()).unwrap().1
}

fn highest(volume: &Volume<f32>) -> f32 {
    volume.voxels().iter().copied().fold(f32::MIN, f32::max)
}

#[test]
fn every_network_detects_and_is_explained() {
    let at = TempDir::new().unwrap();
    let scan = write_scan(at.path());
    for architecture in ["rlk-unet", "unet3d", "mmoc-net", "guided-unet"] {
        let model = write_model(at.path(), architecture, |card| {
            card["operating"]["ring_mm"] = Value::Null;
            card["operating"]["minimum_mm3"] = json!(0.0);
        });
        let out = at.path().join(architecture);
        let detect = || {
            let mut command = siderin();
            command.arg("detect").arg(&scan).arg("--model").arg(&model);
            command
                .args(["--maps", "--force", "--out"])
                .arg(&out)
                .assert()
                .success();
        };
        detect();
        let folder = out.join("h01");
        let probability = map(&folder.join("probability.nii.gz"));
        assert!(probability.grid().matches(map(&scan).grid(), 1e-3));
        let most = highest(&probability);
        assert!(most > 0.0 && most <= 1.0, "{architecture}: {most}");
        let regions = folder.join("regions.nii.gz").exists();
        assert_eq!(regions, architecture == "guided-unet");
        let document = read_json(&folder.join("lesions.json"));
        assert!(
            document["model"]["name"]
                .as_str()
                .unwrap()
                .contains(architecture)
        );
        assert_eq!(document["model"]["threshold"], 0.5);
        let table = fs::read(folder.join("candidates.csv")).unwrap();
        assert!(table.starts_with(b"rank,lesion_id,decision,score,x_mm"));
        // The same model and scan give the same bytes.
        let before = fs::read(folder.join("probability.nii.gz")).unwrap();
        detect();
        assert_eq!(fs::read(folder.join("probability.nii.gz")).unwrap(), before);

        // Above half of the highest probability, there is a lesion to explain.
        let explained = at.path().join(format!("{architecture}-explained"));
        siderin()
            .arg("explain")
            .arg(&scan)
            .arg("--model")
            .arg(&model)
            .args(["--threshold", &format!("{}", most * 0.5), "--out"])
            .arg(&explained)
            .assert()
            .success();
        let folder = explained.join("h01");
        let lesions = read_json(&folder.join("lesions.json"))["lesions"]
            .as_array()
            .unwrap()
            .len();
        assert!(lesions > 0, "{architecture}");
        let heat = map(&folder.join("heatmap.nii.gz"));
        // Scaled to 1 on the network's grid; interpolation onto the scan's takes some off.
        let most = highest(&heat);
        assert!(most > 0.2 && most <= 1.0001, "{architecture}: {most}");
        let page = fs::read_to_string(folder.join("report.html")).unwrap();
        assert!(page.contains("where the network looked (Grad-CAM)"));
        assert!(page.contains("not trained: random weights"));
    }
}

#[test]
fn a_seed_decides_the_weights_and_inspect_shows_the_card() {
    let at = TempDir::new().unwrap();
    let path = |name: &str| at.path().join(name);
    for (name, seed) in [("a", "1"), ("b", "1"), ("c", "2")] {
        siderin()
            .args([
                "model",
                "new",
                "--architecture",
                "rlk-unet",
                "--seed",
                seed,
                "--out",
            ])
            .arg(path(&format!("{name}.siderin")))
            .assert()
            .success()
            .stdout(predicate::str::contains("rlk-unet (small): 712980 numbers"));
    }
    let bytes = |name: &str| fs::read(path(&format!("{name}.siderin"))).unwrap();
    assert!(bytes("a") == bytes("b") && bytes("a") != bytes("c"));
    siderin()
        .arg("inspect")
        .arg(path("a.siderin"))
        .assert()
        .success()
        .stdout(predicate::str::contains("network     rlk-unet"))
        .stdout(predicate::str::contains(
            "trained     not trained: random weights",
        ))
        .stdout(predicate::str::contains("licence     MIT OR Apache-2.0"));
    siderin()
        .args(["model", "new", "--architecture", "rlk-unet", "--out"])
        .arg(path("a.siderin"))
        .assert()
        .code(1)
        .stderr(predicate::str::contains("the model file exists"));
}

#[test]
fn a_model_is_used_at_the_point_that_is_named() {
    let at = TempDir::new().unwrap();
    let scan = write_scan(at.path());
    let detect = |model: &Path, point: &str| {
        let out = at.path().join(point);
        let mut command = siderin();
        command.arg("detect").arg(&scan).arg("--model").arg(model);
        command
            .args(["--operating-point", point, "--out"])
            .arg(&out);
        (command.assert(), out.join("h01/lesions.json"))
    };
    let untrained = write_model(at.path(), "unet3d", |card| {
        card["operating"]["threshold"] = json!(0.5);
        card["other_points"] = json!({"sensitive": 0.25, "specific": 0.75});
    });
    let (run, _) = detect(&untrained, "specific");
    run.code(1).stderr(predicate::str::contains(
        "knows no operating points; leave --operating-point out, or give --threshold",
    ));
    // As training writes it.
    let mut model = Model::read(&untrained, Compute::cpu().device()).unwrap();
    model.card.other_points = Some(OtherPoints {
        sensitive: 0.25,
        specific: 0.75,
    });
    let path = at.path().join("trained.siderin");
    model.write(&path).unwrap();
    let model = path;
    for (point, threshold) in [("sensitive", 0.25), ("balanced", 0.5), ("specific", 0.75)] {
        let (run, document) = detect(&model, point);
        run.success();
        let method = read_json(&document)["model"].clone();
        assert_eq!(method["threshold"], threshold, "{point}");
        assert_eq!(method["operating_point"], point);
    }
    siderin()
        .arg("inspect")
        .arg(&model)
        .assert()
        .stdout(predicate::str::contains(
            "probability 0.5 or more (sensitive 0.25, specific 0.75)",
        ));
}

#[test]
fn a_borrowed_card_brings_no_provenance_along() {
    let at = TempDir::new().unwrap();
    let path = write_model(at.path(), "unet3d", |card| {
        card["training"]["summary"] = json!("trained on everything");
        card["confidence_meaning"] = json!("calibrated");
        card["operating"]["threshold"] = json!(0.3);
    });
    let card = card_of(&path);
    assert_eq!(card["training"]["summary"], "not trained: random weights");
    assert!(
        card["confidence_meaning"]
            .as_str()
            .unwrap()
            .contains("not calibrated")
    );
    assert_eq!(card["operating"]["threshold"], json!(0.3));
    let newer = at.path().join("card.json");
    let mut card = card;
    card["card_version"] = json!(7);
    fs::write(&newer, card.to_string()).unwrap();
    siderin()
        .args(["model", "new", "--architecture", "unet3d", "--card"])
        .arg(&newer)
        .arg("--out")
        .arg(at.path().join("newer.siderin"))
        .assert()
        .code(1)
        .stderr(predicate::str::contains("has version 7, 1 to 1 are known"));
}

#[test]
fn weights_of_pytorch_are_imported_with_their_provenance() {
    let at = TempDir::new().unwrap();
    let made = write_model(at.path(), "mmoc-net", |card| {
        card["model"]["coarse"] = json!({"channels": [4, 6, 8, 8, 8], "blocks": [2, 2, 1, 2]});
        card["model"]["fine"]["channels"] = json!(4);
    });
    let card = at.path().join("card.json");
    let weights =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../net/tests/reference/values/mmoc_net.pt");
    let out = at.path().join("imported.siderin");
    let import = |more: &[&str]| {
        let mut command = siderin();
        command.args(["model", "import"]).arg(&weights);
        command
            .args(["--architecture", "mmoc-net", "--card"])
            .arg(&card);
        command.args(["--licence", "CC0-1.0", "--summary", "noise, for a test"]);
        command.args(more).arg("--out").arg(&out).assert()
    };
    import(&["--entry", "state_dict"]).success();
    let card = card_of(&out);
    assert_eq!(card["licence"], "CC0-1.0");
    assert_eq!(card["training"]["summary"], "noise, for a test");
    assert_ne!(fs::read(&out).unwrap(), fs::read(&made).unwrap());
    import(&["--force"])
        .code(1)
        .stderr(predicate::str::contains(
            "missing: coarse.decoder.0.0.conv.bias, coarse.decoder.0.0.conv.weight, \
             coarse.decoder.0.0.norm.bias, coarse.decoder.0.0.norm.weight and 248 more",
        ));
}

#[test]
fn a_missing_t1w_is_refused_or_told_and_a_given_one_used() {
    let at = TempDir::new().unwrap();
    let scan = write_scan(at.path());
    let detect = |model: &Path, t1: Option<&Path>| {
        let mut command = siderin();
        command.arg("detect").arg(&scan).arg("--model").arg(model);
        if let Some(t1) = t1 {
            command.arg("--t1").arg(t1);
        }
        command
            .args(["--force", "--out"])
            .arg(at.path().join("out"))
            .assert()
    };
    let codes = || -> Vec<String> {
        let document = read_json(&at.path().join("out/h01/lesions.json"));
        let warnings = document["warnings"].as_array().unwrap();
        warnings
            .iter()
            .map(|w| w["code"].as_str().unwrap().to_string())
            .collect()
    };
    let needs = write_model(at.path(), "guided-unet", |card| {
        card["model"]["inputs"] = json!(2);
    });
    detect(&needs, None)
        .code(1)
        .stderr(predicate::str::contains(
            "needs a T1w image of the same person",
        ));
    // The scan itself stands in for a T1w image: registration has an easy task.
    detect(&needs, Some(&scan)).success();
    assert!(!codes().contains(&"companion_unused".to_string()));
    let can = write_model(at.path(), "guided-unet", |card| {
        card["model"]["inputs"] = json!(2);
        card["t1_optional"] = json!(true);
    });
    detect(&can, None).success();
    assert!(codes().contains(&"t1_missing".to_string()));
    assert!(codes().contains(&"model_not_trained".to_string()));
}

#[test]
fn wrong_models_are_told_before_any_scan_is_touched() {
    let at = TempDir::new().unwrap();
    let scan = write_scan(at.path());
    let good = write_model(at.path(), "unet3d", |_| {});
    let bytes = fs::read(&good).unwrap();
    let cut = at.path().join("cut.siderin");
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let text = at.path().join("text.siderin");
    fs::write(&text, "no model").unwrap();
    let detect = |more: &[&str]| {
        let mut command = siderin();
        command
            .arg("detect")
            .arg(&scan)
            .arg("--out")
            .arg(at.path().join("out"));
        command.args(more).assert()
    };
    let refused = |model: &Path, said: &str| {
        detect(&["--model", model.to_str().unwrap()])
            .code(1)
            .stderr(predicate::str::contains(said));
        assert!(!at.path().join("out").exists());
    };
    refused(&cut, "it was cut off or damaged");
    refused(&text, "it was cut off or damaged");
    refused(Path::new("absent.siderin"), "check that it is there");
    detect(&["--rules", "--device", "gpu"])
        .code(2)
        .stderr(predicate::str::contains("--device is for models"));
    for more in [
        &["--rules", "--maps"][..],
        &["--rules", "--flips"],
        &["--rules", "--operating-point", "specific"],
    ] {
        detect(more).code(2);
    }
    detect(&["--flips"])
        .code(1)
        .stderr(predicate::str::contains(
            "--flips is for networks that make maps",
        ));
    if !cfg!(feature = "gpu") {
        detect(&["--model", good.to_str().unwrap(), "--device", "gpu"])
            .code(1)
            .stderr(predicate::str::contains("built without GPU support"));
    }
    siderin()
        .arg("inspect")
        .arg(&cut)
        .assert()
        .code(1)
        .stderr(predicate::str::contains("it was cut off or damaged"));
}
