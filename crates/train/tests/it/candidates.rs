//! A network of candidates from training to detection: both see the same and find the same.
use crate::support::{config, setup, write_brains};
use siderin_evaluate::Rule;
use siderin_image::scan::{Catalog, ReadLimits};
use siderin_net::architectures::Architecture;
use siderin_net::model_file::{Model, ModelCard};
use siderin_net::{CandidateDetector, CandidateJudge, Finder, RegionFinder, detect};
use siderin_train::run::{Outcome, Progress, Setup, TrainError, train};
use std::fs;
use std::path::Path;

fn run(setup: &Setup, out: &Path) -> Result<Outcome, TrainError> {
    train(setup, &setup.config.scans()?, out, &|_: &Progress| ())
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

// One test: burn has one generator of random numbers for the whole process.
#[test]
fn a_network_of_candidates_is_calibrated_and_scored() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_brains(&data, 4);
    let out = folder.path().join("run");
    let setup = Setup {
        score_all: true,
        ..setup(config(Architecture::CandidateNet, &data))
    };
    let best = run(&setup, &out).unwrap().best.unwrap();
    let card = ModelCard::read(&out.join("best.siderin")).unwrap();
    assert!(card.calibration.is_some_and(|line| line.slope > 0.0));
    assert!(card.confidence_meaning.contains("calibrated on the scans"));
    assert_eq!(card.operating.threshold, best.threshold);
    let other = card.other_points.unwrap();
    assert!((other.sensitive..=other.specific).contains(&best.threshold));
    let settings = card.training.settings.to_string();
    assert!(!settings.contains(folder.path().to_str().unwrap()));
    let metrics: serde_json::Value =
        serde_json::from_slice(&read(&out, "scores-validation/metrics.json")).unwrap();
    let f1 = metrics["summary"]["figures"]["micro"]["f1"]["value"].as_f64();
    assert!(
        (f1.unwrap_or(0.0) - best.counts.f1()).abs() < 1e-9,
        "{f1:?}"
    );
    assert!(out.join("scores-train/report.html").is_file());

    // Its sections belong together.
    let said = |change: &dyn Fn(&mut siderin_train::config::TrainConfig)| {
        let mut config = setup.config.clone();
        change(&mut config);
        config.check().unwrap_err().to_string()
    };
    assert!(said(&|c| c.candidates = None).contains("[candidates] is not given"));
    assert!(said(&|c| c.augment.flip = 0.5).contains("[augment]"));
    assert!(said(&|c| c.validation.rule = Rule::Overlap).contains("judged as points"));
    assert!(said(&|c| c.sampling.size = [1, 64, 64]).contains("[1, 32, 32] for candidates"));
    assert!(said(&|c| c.candidates.as_mut().unwrap().noise = 7.0).contains("candidates.noise"));
    let mut missing = setup.clone();
    missing.config.candidates.as_mut().unwrap().regions = Some(folder.path().join("none.siderin"));
    let said = run(&missing, &folder.path().join("other")).unwrap_err();
    assert!(said.to_string().contains("candidates.regions"), "{said}");

    // Detection finds what training scored: all that is right and all that is wrong.
    let device = setup.compute.device();
    let detector = |regions: &Path| {
        let read = |path: &Path| Model::read(path, device).unwrap();
        let regions = RegionFinder::new(read(regions), &setup.compute).unwrap();
        let judge = CandidateJudge::new(read(&out.join("best.siderin")), &setup.compute).unwrap();
        CandidateDetector::new(regions, judge, None)
    };
    let regions = setup
        .config
        .candidates
        .as_ref()
        .unwrap()
        .regions
        .clone()
        .unwrap();
    let finder = Finder::Candidates(Box::new(detector(&regions).unwrap()));
    let mut scored = 0;
    for set in ["scores-train", "scores-validation"] {
        let metrics: serde_json::Value =
            serde_json::from_slice(&read(&out.join(set), "metrics.json")).unwrap();
        for (name, subject) in metrics["subjects"].as_object().unwrap() {
            let anat = data.join(&name[..6]).join("anat");
            let path = anat.join(format!("{name}.nii.gz"));
            let catalog = Catalog::open(&path, ReadLimits::default()).unwrap();
            let scan = catalog
                .choose(None)
                .unwrap()
                .load(name, ReadLimits::default())
                .unwrap();
            let found = detect(&scan, &finder, &|_| ()).unwrap().found.lesions.len() as u64;
            assert_eq!(
                found,
                subject["prediction_count"].as_u64().unwrap(),
                "{name}"
            );
            scored += 1;
        }
    }
    assert_eq!(scored, 4);

    // Other regions are refused: by detection, and by a resumed run.
    let mut other = Model::read(&regions, device).unwrap();
    other.card.name = "others".into();
    other.write(&regions).unwrap();
    let said = detector(&regions).unwrap_err().to_string();
    assert!(
        said.contains("was trained with the regions of region-unet"),
        "{said}"
    );
    let said = run(&setup, &out).unwrap_err().to_string();
    assert!(said.contains("another network of regions"), "{said}");
}
