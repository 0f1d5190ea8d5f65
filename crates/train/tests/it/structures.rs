//! Runs that learn structures from heads drawn on the way.
use crate::support::setup;
use siderin_core::regions::MapDetail;
use siderin_image::scan::nifti::write_volume;
use siderin_image::scan::{ReadLimits, nifti::read_volume};
use siderin_image::volume::Volume;
use siderin_net::RegionFinder;
use siderin_net::model_file::Model;
use siderin_simulate::head::Head;
use siderin_train::config::TrainConfig;
use siderin_train::run::{Outcome, Progress, Setup, TrainError, train};
use std::fs;
use std::path::Path;

/// The built-in head as two maps, one to learn from and one that judges.
fn write_heads(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let map = Head::builtin().unwrap().labels().map(f32::from);
    for name in ["a", "b"] {
        write_volume(&folder.join(format!("{name}.nii.gz")), &map).unwrap();
    }
}

fn config(heads: &Path) -> TrainConfig {
    TrainConfig::from_toml(&format!(
        r#"
name = "tiny"
[model]
architecture = "structure-unet"
preset = "small"
[model.card.model]
stem = 1
filters = [2, 2, 2, 2]
hidden = 4
[heads]
folder = {heads:?}
train = ["a"]
validation = ["b"]
[sampling]
size = [128, 128, 128]
batch = 1
per_scan = 4
lesion_share = 0.0
[optimiser]
kind = "adamw"
learning_rate = 1e-2
[schedule]
epochs = 1
[validation]
every_epochs = 1
scans = 1
"#
    ))
    .unwrap()
}

fn run(setup: &Setup, out: &Path) -> Result<Outcome, TrainError> {
    train(setup, &setup.config.scans()?, out, &|_: &Progress| ())
}

#[test]
fn a_run_on_drawn_heads_is_resumed_and_its_model_finds_regions() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_heads(&at("heads"));
    let whole = setup(config(&at("heads")));
    let unbroken = run(&whole, &at("unbroken")).unwrap();
    assert_eq!((unbroken.steps, unbroken.of), (4, 4));
    let paused = Setup {
        pause_after: Some(3),
        ..whole.clone()
    };
    assert_eq!(run(&paused, &at("broken")).unwrap().steps, 3);
    assert_eq!(run(&paused, &at("broken")).unwrap(), unbroken);
    for file in ["history.csv", "best.siderin"] {
        let [a, b] = ["unbroken", "broken"].map(|run| fs::read(at(run).join(file)).unwrap());
        assert!(a == b, "{file}");
    }
    let compute = &whole.compute;
    let model = Model::read(&at("unbroken/best.siderin"), compute.device()).unwrap();
    let finder = RegionFinder::new(model, compute).unwrap();
    let (_, map, _) = read_volume(&at("heads/a.nii.gz"), None, ReadLimits::default()).unwrap();
    let view = siderin_image::preprocess::head_view(&map).unwrap();
    let found = finder.predict(&view).unwrap();
    let structures: &Volume<u8> = found.structures().unwrap();
    assert_eq!(structures.shape(), view.shape());
    // Four steps place no head.
    let anatomy = found.anatomy().unwrap();
    assert!(anatomy.detail < MapDetail::Regions && !anatomy.reasons.is_empty());
}

#[test]
fn maps_that_are_no_heads_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |config: TrainConfig| {
        let out = folder.path().join("out");
        let said = run(&setup(config), &out).unwrap_err().to_string();
        fs::remove_dir_all(out).unwrap();
        said
    };
    let heads = folder.path().join("heads");
    let said = refusal(config(&heads));
    assert!(said.contains("reading the label map a"), "{said}");
    fs::create_dir_all(&heads).unwrap();
    let grid = siderin_image::volume::Grid::axis_aligned([8; 3], [1.0; 3]).unwrap();
    for name in ["a", "b"] {
        write_volume(
            &heads.join(format!("{name}.nii.gz")),
            &Volume::filled(&grid, 2.0),
        )
        .unwrap();
    }
    let said = refusal(config(&heads));
    assert!(
        said.contains("is no brain") && said.contains("label map a"),
        "{said}"
    );
}
