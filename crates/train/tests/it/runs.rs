//! Whole runs of tiny networks: the same seed gives the same history, a run that is taken up again
//! ends where an unbroken one does, and bad data are refused before anything is trained.
use crate::support::{config, setup, write_brains, write_scan, write_scans};
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::{read_volume, write_volume};
use siderin_image::volume::{Grid, Volume};
use siderin_net::architectures::Architecture;
use siderin_net::model_file::{Model, ModelCard};
use siderin_train::run::{Outcome, Progress, Setup, TrainError, train};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// burn has one generator of random numbers for the whole process: one run at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn run(setup: &Setup, out: &Path) -> Result<Outcome, TrainError> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    train(setup, &setup.config.scans()?, out, &|_: &Progress| ())
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

/// What a run leaves that must not depend on when it was made: history, last weights, best model.
fn results(folder: &Path) -> [Vec<u8>; 3] {
    let checkpoint = read(folder, "checkpoint.safetensors");
    let parts = safetensors::SafeTensors::deserialize(&checkpoint).unwrap();
    [
        read(folder, "history.csv"),
        parts.tensor("model").unwrap().data().to_vec(),
        read(folder, "best.siderin"),
    ]
}

// Takes over 20 s: every architecture is trained twice.
#[test]
fn a_run_that_is_taken_up_again_ends_as_an_unbroken_one() {
    // The network of structures draws its heads: see `structures`.
    let of_scans = Architecture::ALL
        .iter()
        .filter(|a| **a != Architecture::StructureUnet);
    for &architecture in of_scans {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        match architecture {
            Architecture::CandidateNet => write_brains(&data, 4),
            _ => write_scans(&data, 4),
        }
        let mut whole = setup(config(architecture, &data));
        if architecture == Architecture::RegionUnet {
            whole.config.optimiser.average_steps = Some(3);
        }
        let at = |name: &str| folder.path().join(name);
        let unbroken = run(&whole, &at("unbroken")).unwrap();
        assert_eq!((unbroken.steps, unbroken.of), (12, 12), "{architecture}");

        // Not at the end of an epoch, and in the middle of a row of the history.
        let paused = Setup {
            pause_after: Some(5),
            cache: Some(at("unbroken/prepared")),
            loaders: 1,
            ..whole.clone()
        };
        assert_eq!(run(&paused, &at("broken")).unwrap().steps, 5);
        let ended = run(&paused, &at("broken")).unwrap();
        assert_eq!(ended.steps, 10);
        let ended = run(
            &Setup {
                pause_after: None,
                ..paused.clone()
            },
            &at("broken"),
        )
        .unwrap();
        assert_eq!(ended, unbroken);
        let (a, b) = (results(&at("unbroken")), results(&at("broken")));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&a[0]), text(&b[0]), "{architecture}: histories");
        assert!(a[1] == b[1], "{architecture}: weights differ");
        assert!(a[2] == b[2], "{architecture}: best models differ");

        // The same seed gives the same, byte by byte, and another seed something else.
        run(&whole, &at("again")).unwrap();
        assert!(
            results(&at("again")) == a,
            "{architecture}: not the same again"
        );
        let mut other = whole.clone();
        other.config.seed = 6;
        other.cache = paused.cache.clone();
        run(&other, &at("other")).unwrap();
        assert!(results(&at("other"))[0] != a[0]);
    }
}

#[test]
fn a_run_leaves_what_it_is_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_scans(&data, 4);
    let out = folder.path().join("run");
    let setup = Setup {
        score_all: true,
        ..setup(config(Architecture::MmocNet, &data))
    };
    let outcome = run(&setup, &out).unwrap();
    let history = String::from_utf8(read(&out, "history.csv")).unwrap();
    let rows: Vec<&str> = history.lines().collect();
    // A row at each end of an epoch (4, 8 and 12), with the scores, and one at ten steps.
    assert_eq!(rows.len(), 1 + 4, "{history}");
    assert!(rows[0].starts_with("step,epoch,learning_rate,loss,f1"));
    assert!(rows[1].starts_with("4,1.0000,"));
    let model = Model::read(&out.join("best.siderin"), setup.compute.device()).unwrap();
    assert_eq!(model.card.name, "tiny");
    let best = outcome.best.unwrap();
    assert_eq!(model.card.operating.threshold, best.threshold);
    let other = model.card.other_points.unwrap();
    assert!((other.sensitive..=other.specific).contains(&best.threshold));
    let summary = &model.card.training.summary;
    assert!(summary.contains("steps on 2 scans"), "{summary}");
    // No place of a file travels with the model.
    let settings = model.card.training.settings.to_string();
    assert!(!settings.contains(folder.path().to_str().unwrap()));
    for file in [
        "config.toml",
        "split.json",
        "versions.json",
        "speed.csv",
        "curves.svg",
        "scores-train/metrics.json",
        "scores-validation/report.html",
    ] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let metrics: serde_json::Value =
        serde_json::from_slice(&read(&out, "scores-validation/metrics.json")).unwrap();
    let figures = &metrics["summary"]["figures"];
    // The scorer's own figure is what the run picked the weights by.
    let f1 = figures["micro"]["f1"]["value"].as_f64().unwrap_or(0.0);
    assert!((f1 - best.counts.f1()).abs() < 1e-9, "{f1} {figures}");
}

#[test]
fn another_config_or_other_scans_do_not_go_on_with_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_scans(&data, 4);
    let out = folder.path().join("run");
    let first = Setup {
        pause_after: Some(1),
        ..setup(config(Architecture::MmocNet, &data))
    };
    run(&first, &out).unwrap();
    let mut other = first.clone();
    other.config.optimiser.learning_rate = 1e-4;
    let said = run(&other, &out).unwrap_err().to_string();
    assert!(said.contains("another config"), "{said}");
    write_scan(&data, "sub-09", 2, 9);
    let said = run(&first, &out).unwrap_err().to_string();
    assert!(said.contains("another set of scans"), "{said}");
    let foreign = folder.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("thesis.docx"), "x").unwrap();
    let said = run(&first, &foreign).unwrap_err().to_string();
    assert!(said.contains("other files"), "{said}");
}

#[test]
fn a_run_that_stops_getting_better_ends_early_and_stays_ended() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_scans(&data, 4);
    let mut early = setup(config(Architecture::MmocNet, &data));
    // A rate at which nothing moves: the second judgement is no better than the first.
    early.config.optimiser.learning_rate = 1e-30;
    early.config.optimiser.weight_decay = 0.0;
    early.config.optimiser.accumulate = 2;
    early.config.optimiser.clip_norm = Some(1.0);
    early.config.schedule.warm_up_epochs = 0.0;
    early.config.validation.patience = Some(1);
    early.config.data.memory_gib = 0.0;
    let out = folder.path().join("run");
    let outcome = run(&early, &out).unwrap();
    // Two batches a step: two steps an epoch of four batches.
    assert_eq!((outcome.steps, outcome.of), (4, 6));
    assert!(outcome.stopped_early);
    let before = results(&out);
    assert_eq!(run(&early, &out).unwrap(), outcome);
    assert!(results(&out) == before);
}

#[test]
fn memory_changes_nothing_and_scans_that_judge_may_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let (data, judges) = (folder.path().join("data"), folder.path().join("judges"));
    write_scans(&data, 3);
    write_scans(&judges, 3);
    let mut given = setup(config(Architecture::Unet3d, &data));
    given.config.data.validation = vec![judges];
    given.config.validation.scans = 2;
    let scans = given.config.scans().unwrap();
    assert_eq!((scans.train.len(), scans.validation.len()), (3, 2));
    // Both data sets name their people alike: said, and told apart by the data set.
    assert_eq!(scans.on_both_sides, ["sub-01", "sub-02", "sub-03"]);
    assert_eq!(scans.train[0].name, "data.sub-01_T2starw");
    run(&given, &folder.path().join("held")).unwrap();
    given.config.data.memory_gib = 0.0;
    run(&given, &folder.path().join("read")).unwrap();
    let [held, read] = ["held", "read"].map(|run| results(&folder.path().join(run)));
    assert_eq!(held[0], read[0]);

    given.config.data.validation = given.config.data.train.clone();
    let said = given.config.scans().unwrap_err().to_string();
    assert!(said.contains("called data.sub-01"), "{said}");
}

#[test]
fn fine_tuning_begins_with_the_weights_of_another_model() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_scans(&data, 4);
    let first = setup(config(Architecture::MmocNet, &data));
    let out = folder.path().join("first");
    run(&first, &out).unwrap();
    let mut second = first.clone();
    second.config.model.start = Some(out.join("best.siderin"));
    // A rate at which nothing moves: what is kept is what it began with.
    second.config.optimiser.learning_rate = 1e-30;
    second.config.optimiser.weight_decay = 0.0;
    second.config.schedule.epochs = 2;
    second.config.schedule.warm_up_epochs = 0.0;
    run(&second, &folder.path().join("second")).unwrap();
    let read = |run: &str| {
        let path = folder.path().join(run).join("best.siderin");
        Model::read(&path, first.compute.device()).unwrap()
    };
    let weights = |model: Model| {
        let bytes = model.to_bytes().unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let view = tensors.tensor("coarse.head.weight").unwrap();
        view.data().to_vec()
    };
    assert_eq!(weights(read("first")), weights(read("second")));
    let summary = read("second").card.training.summary;
    assert!(summary.contains("starting from another model"), "{summary}");

    let mut other = second.clone();
    other.config.model.architecture = Architecture::Unet3d;
    other.config.model.card = None;
    let said = run(&other, &folder.path().join("third")).unwrap_err();
    assert!(said.to_string().contains("model.architecture"), "{said}");
}

/// Four good scans, and what `spoil` does to them.
fn spoilt(spoil: impl Fn(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_scans(&data, 4);
    spoil(&data);
    let prepared = Mutex::new(0);
    let setup = setup(config(Architecture::MmocNet, &data));
    let out = folder.path().join("run");
    let scans = setup.config.scans().map_err(TrainError::from);
    let failed = scans.and_then(|scans| {
        train(&setup, &scans, &out, &|progress: &Progress| {
            if matches!(progress, Progress::Step { .. }) {
                *prepared.lock().unwrap() += 1;
            }
        })
    });
    assert_eq!(*prepared.lock().unwrap(), 0, "training began");
    failed.unwrap_err().to_string()
}

fn mask_of(data: &Path, subject: &str) -> PathBuf {
    let anat = data.join(subject).join("anat");
    anat.join(format!("{subject}_desc-lesions_dseg.nii.gz"))
}

fn read_mask(path: &Path) -> Volume<f32> {
    read_volume(path, None, ReadLimits::default()).unwrap().1
}

#[test]
fn a_mask_on_another_grid_is_refused_with_the_scans_name() {
    let said = spoilt(|data| {
        let path = mask_of(data, "sub-02");
        let mask = read_mask(&path);
        let mut affine = *mask.grid().world_from_voxel();
        affine[(2, 3)] += 6.0;
        let moved = Grid::new(mask.shape(), affine).unwrap();
        write_volume(&path, &Volume::new(moved, mask.voxels().to_vec()).unwrap()).unwrap();
    });
    assert!(said.contains("1 of 4 cannot be used"), "{said}");
    assert!(
        said.contains("sub-02_T2starw: reading the labels: corners"),
        "{said}"
    );
}

#[test]
fn a_scan_without_labels_is_refused() {
    let said = spoilt(|data| fs::remove_file(mask_of(data, "sub-03")).unwrap());
    assert!(
        said.contains("no file of lesions: sub-03_T2starw"),
        "{said}"
    );
}

#[test]
fn a_cohort_without_lesions_is_refused() {
    let said = spoilt(|data| {
        for subject in ["sub-01", "sub-02", "sub-03"] {
            let path = mask_of(data, subject);
            write_volume(&path, &read_mask(&path).map(|_| 0u8)).unwrap();
        }
    });
    assert!(
        said.contains("no scan to learn from has a lesion"),
        "{said}"
    );
}

#[test]
fn labels_that_are_no_mask_are_refused() {
    let said = spoilt(|data| {
        let path = mask_of(data, "sub-01");
        write_volume(&path, &read_mask(&path).map(|v| 0.4 * v)).unwrap();
    });
    assert!(said.contains("as of probabilities"), "{said}");
}

#[test]
fn a_network_with_regions_needs_maps_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_scans(&data, 4);
    let map = data.join("sub-01/anat/sub-01_desc-regions_dseg.nii.gz");
    fs::remove_file(map).unwrap();
    let setup = setup(config(Architecture::GuidedUnet, &data));
    let said = run(&setup, &folder.path().join("run"))
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("sub-01_T2starw: it has no map of regions"),
        "{said}"
    );
}

#[test]
fn a_config_says_what_is_wrong_with_it() {
    let text = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/small/unet3d.toml"),
    )
    .unwrap();
    let said = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        siderin_train::config::TrainConfig::from_toml(&text.replace(from, to))
            .unwrap_err()
            .to_string()
    };
    assert!(said("batch = 8", "batchs = 8").contains("batchs"));
    assert!(
        said("size = [32, 32, 32]", "size = [30, 32, 32]").contains("multiples of [16, 16, 16]")
    );
    assert!(said("kind = \"adam\"", "kind = \"sgd\"").contains("sgd"));
    assert!(
        said(
            "preset = \"small\"",
            "preset = \"small\"\n[model.card.recipe]\nplane = 1.0"
        )
        .contains("plane")
    );
    assert!(said("lesion_share = 0.35", "lesion_share = 1.5").contains("0 to 1"));
    assert!(said("mining_epochs = 7", "mining_epochs = 0").contains("1 or more"));
    assert!(said("spot_share = 0.45", "spot_share = 0.0").contains("mining_epochs"));
}

#[test]
fn every_config_that_comes_along_is_right() {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let mut count = 0;
    for name in ["t2star", "three-sequences"] {
        let path = configs.join("valdo").join(format!("{name}.toml"));
        let text = fs::read_to_string(&path).unwrap();
        let config = siderin_train::config::TrainConfig::from_toml(&text).unwrap();
        let inputs = config.card().unwrap().model.design().inputs();
        assert_eq!(inputs, if name == "t2star" { 1 } else { 3 });
    }
    for size in ["small", "paper"] {
        for architecture in Architecture::making_maps() {
            let path = configs.join(size).join(format!("{architecture}.toml"));
            let text = fs::read_to_string(&path).unwrap();
            let config = siderin_train::config::TrainConfig::from_toml(&text)
                .unwrap_or_else(|error| panic!("{size} {architecture}: {error}"));
            assert_eq!(config.model.architecture, architecture);
            let card: ModelCard = config.card().unwrap();
            assert!(card.name.contains(size) && card.name.contains(architecture.name()));
            count += 1;
        }
    }
    assert_eq!(count, 8);
    for (name, architecture) in [
        ("regions", Architecture::RegionUnet),
        ("candidates", Architecture::CandidateNet),
    ] {
        let path = configs.join("default").join(format!("{name}.toml"));
        let text = fs::read_to_string(path).unwrap();
        let config = siderin_train::config::TrainConfig::from_toml(&text).unwrap();
        assert_eq!(config.model.architecture, architecture);
    }
    // Goes on from a model that the folder holds.
    let folder = tempfile::tempdir().unwrap();
    let any = folder.path().join("any.siderin");
    let device = burn::tensor::Device::flex();
    let card = ModelCard::preset(
        Architecture::RegionUnet,
        siderin_net::architectures::Preset::Small,
    );
    let network = card.model.init(&device).unwrap();
    Model { card, network }.write(&any).unwrap();
    let text = fs::read_to_string(configs.join("default/regions-t2star.toml")).unwrap();
    let text = text.replace("regions-any.siderin", any.to_str().unwrap());
    let config = siderin_train::config::TrainConfig::from_toml(&text).unwrap();
    assert_eq!(config.model.architecture, Architecture::RegionUnet);
}
