//! A study from end to end: every scan is predicted by a network that has not seen it, the
//! predictions are kept, and all are scored together.
use crate::support::{config, setup, write_scans};
use siderin_evaluate::{CaseTable, Companions, ScoreSettings, pair_cases, score_cases, split};
use siderin_image::scan::ReadLimits;
use siderin_net::architectures::Architecture;
use siderin_train::run::Progress;
use siderin_train::study::{Kind, study};
use std::fs;
use std::path::Path;
use std::sync::Mutex;

fn trainings(kind: Kind, architecture: Architecture, folder: &Path) -> usize {
    let count = Mutex::new(0);
    let mut config = config(architecture, &folder.join("data"));
    config.schedule.epochs = 2;
    let table = CaseTable::parse(b"id\nsub-01\nsub-02\nsub-03\nsub-04\nsub-05\nsub-06\n").unwrap();
    let folds = split(&table, 2, &[], 1).unwrap();
    let split_file = folder.join("folds.json");
    fs::write(&split_file, serde_json::to_vec(&folds).unwrap()).unwrap();
    let watch = |progress: &Progress| {
        if matches!(progress, Progress::Step { .. }) {
            *count.lock().unwrap() += 1;
        }
    };
    let out = folder.join("study");
    let arms = study(kind, &setup(config), Some(&split_file), &out, &watch).unwrap();
    for arm in &arms {
        assert_eq!(arm.metrics.subjects.len(), 6, "{}", arm.name);
    }
    *count.lock().unwrap()
}

#[test]
fn cross_validation_predicts_every_scan_and_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    write_scans(&folder.path().join("data"), 6);
    assert!(trainings(Kind::Folds, Architecture::MmocNet, folder.path()) > 0);
    let out = folder.path().join("study");

    // The predictions that were kept score as the study says.
    let cases = pair_cases(
        &folder.path().join("data"),
        &out.join("predictions/all"),
        false,
    )
    .unwrap();
    let metrics: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("scores/all/metrics.json")).unwrap()).unwrap();
    let settings: ScoreSettings = serde_json::from_value(metrics["settings"].clone()).unwrap();
    let limits = ReadLimits::default();
    let scored = score_cases(&cases, &Companions::default(), &settings, limits, &|_| ()).unwrap();
    assert_eq!(scored.len(), 6);
    for (name, case) in &scored {
        let kept = &metrics["subjects"][format!("{name}_T2starw")];
        let counts = [case.score.tp, case.score.fp, case.score.missed];
        let expected = ["tp", "fp", "fn"].map(|key| kept[key].as_u64().unwrap());
        assert_eq!(counts, expected, "{name}");
    }

    // No training saw a scan that it was tested on.
    for fold in ["fold-1", "fold-2"] {
        let division: serde_json::Value = serde_json::from_slice(
            &fs::read(out.join("runs/all").join(fold).join("split.json")).unwrap(),
        )
        .unwrap();
        let tested: serde_json::Value =
            serde_json::from_slice(&fs::read(out.join(format!("folds/all/{fold}.json"))).unwrap())
                .unwrap();
        for side in ["train", "validation"] {
            for (name, _) in division[side].as_object().unwrap() {
                assert!(tested.get(name).is_none());
            }
        }
    }

    assert_eq!(
        trainings(Kind::Folds, Architecture::MmocNet, folder.path()),
        0
    );
}

#[test]
fn one_sequence_is_learnt_from_and_both_are_tested_on_other_people() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_scans(&data, 6);
    // Everybody has an SWI image as well.
    for number in 1..=6 {
        let anat = data.join(format!("sub-{number:02}/anat"));
        let file = |suffix: &str| anat.join(format!("sub-{number:02}_{suffix}.nii.gz"));
        fs::copy(file("T2starw"), file("swi")).unwrap();
    }
    trainings(Kind::Sequences, Architecture::MmocNet, folder.path());
    let out = folder.path().join("study");
    // Two folds of two trainings, each tested on both.
    for training in ["learn-gre", "learn-swi"] {
        let runs = fs::read_dir(out.join("runs").join(training)).unwrap();
        assert_eq!(runs.count(), 2);
    }
    for (arm, suffix) in [("gre-to-swi", "swi"), ("swi-to-gre", "T2starw")] {
        for entry in fs::read_dir(out.join("predictions").join(arm)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(name.ends_with(suffix), "{arm}: {name}");
        }
    }
    let division: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("runs/learn-gre/fold-1/split.json")).unwrap())
            .unwrap();
    for side in ["train", "validation"] {
        for (name, _) in division[side].as_object().unwrap() {
            assert!(name.ends_with("T2starw"), "{name}");
        }
    }
}

#[test]
fn arms_that_differ_in_use_share_a_training_and_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    write_scans(&folder.path().join("data"), 6);
    trainings(Kind::Ring, Architecture::GuidedUnet, folder.path());
    let out = folder.path().join("study");
    let runs: Vec<_> = fs::read_dir(out.join("runs")).unwrap().flatten().collect();
    assert_eq!(runs.len(), 1);
    let summary = fs::read_to_string(out.join("summary.md")).unwrap();
    for mm in 0..=5 {
        assert!(
            summary.contains(&format!("| ring-{mm}mm | 6 |")),
            "{summary}"
        );
    }
    assert!(out.join("comparison/comparison.md").is_file());
}
