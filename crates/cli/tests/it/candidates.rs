//! Candidates judged by a network, from end to end. The networks are tiny and untrained: what they say
//! means nothing, but it must arrive in the results.
use crate::support::{siderin, write_model};
use predicates::str::contains;
use serde_json::json;
use siderin_core::candidates::SpotKind;
use siderin_image::scan::nifti::write_volume;
use siderin_simulate::{PhantomConfig, phantom};
use std::fs;
use std::path::Path;

#[test]
fn candidates_are_judged_and_kinds_are_named() {
    let at = tempfile::tempdir().unwrap();
    let scan = at.path().join("h01.nii.gz");
    let made = phantom(&PhantomConfig::default()).unwrap();
    write_volume(&scan, &made.scan.map(|v| v.round() as i16)).unwrap();
    let regions = write_model(at.path(), "region-unet", &json!({"filters": [2, 2, 2, 2]}));
    let small = json!({"channels": [2, 3, 4], "hidden": 4});
    let judge = write_model(at.path(), "candidate-net", &small);
    let out = at.path().join("found");
    siderin()
        .arg("detect")
        .arg(&scan)
        .arg("--model")
        .arg(&judge)
        .arg("--regions")
        .arg(&regions)
        .args(["--threshold", "0.01", "--out"])
        .arg(&out)
        .assert()
        .success();
    let folder = out.join("h01");
    let mut table = csv::Reader::from_path(folder.join("candidates.csv")).unwrap();
    let headers = table.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (score, otherwise) = (column("score"), column("otherwise"));
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert!(!rows.is_empty() && rows.len() <= 200);
    for row in &rows {
        assert!((0.0..=1.0).contains(&row[score].parse::<f64>().unwrap()));
        let named = |kind: &SpotKind| kind.name() == &row[otherwise];
        assert!(SpotKind::ALL[1..].iter().any(named));
    }
    let document: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("lesions.json")).unwrap()).unwrap();
    assert!(!document["lesions"].as_array().unwrap().is_empty());
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("region-unet (small)") && page.contains("candidate-net (small)"));

    assert!(
        page.contains("not been trained") || page.contains("random"),
        "untrained networks are told"
    );
    // Each of the two is refused in the other's place.
    let said = |model: &Path, regions: &Path| {
        let mut command = siderin();
        command.arg("detect").arg(&scan);
        command
            .arg("--model")
            .arg(model)
            .arg("--regions")
            .arg(regions);
        command.arg("--out").arg(at.path().join("none"));
        command.assert().code(1)
    };
    said(&judge, &judge).stderr(contains("is no network of regions"));
    said(&regions, &regions).stderr(contains("--regions is for models of candidates"));
}
