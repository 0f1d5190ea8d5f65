//! Small data sets of painted heads, and configs of tiny networks.
#![allow(dead_code, unreachable_pub)] // Each test binary uses some of it.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use siderin_image::scan::nifti::write_volume;
use siderin_image::volume::{Volume, VoxelPoint};
use siderin_net::architectures::{Architecture, ModelConfig, Preset, RegionUnetConfig};
use siderin_net::compute::Compute;
use siderin_net::model_file::{Model, ModelCard};
use siderin_simulate::{PhantomConfig, phantom};
use siderin_train::config::TrainConfig;
use siderin_train::run::Setup;
use std::fs;
use std::path::Path;

/// Writes `count` scans in BIDS layout with masks and maps of regions; the last one has no lesions.
pub fn write_scans(folder: &Path, count: usize) {
    write_some(folder, count, &painted);
}

/// As [`write_scans`], but of each scan only a part that is brain everywhere, and dark balls.
pub fn write_brains(folder: &Path, count: usize) {
    write_some(folder, count, &|balls, seed| {
        let head = painted(balls, seed);
        let shape = head.scan.shape();
        // ±44 mm in the plane and ±24 mm through it, of voxels of 2 and 6 mm.
        let range = std::array::from_fn(|axis| {
            let half = [22, 22, 4][axis];
            shape[axis] / 2 - half..shape[axis] / 2 + half
        });
        Painted {
            scan: head.scan.crop(range.clone()).unwrap(),
            mask: head.mask.crop(range.clone()).unwrap(),
            regions: head.regions.crop(range).unwrap(),
        }
    });
}

fn write_some(folder: &Path, count: usize, paint: &dyn Fn(usize, u64) -> Painted) {
    for number in 0..count {
        let balls = if number + 1 == count {
            0
        } else {
            3 + number % 3
        };
        let made = paint(balls, number as u64);
        write_painted(folder, &format!("sub-{:02}", number + 1), &made);
    }
}

/// Writes one scan.
pub fn write_scan(folder: &Path, subject: &str, balls: usize, seed: u64) {
    write_painted(folder, subject, &painted(balls, seed));
}

/// A head with dark balls, and what is true of it.
struct Painted {
    scan: Volume<i16>,
    mask: Volume<u8>,
    regions: Volume<u8>,
}

fn painted(balls: usize, seed: u64) -> Painted {
    let made = phantom(&PhantomConfig {
        shape: [82, 98, 25],
        spacing_mm: [2.0, 2.0, 6.0],
        balls,
        seed,
        ..PhantomConfig::default()
    })
    .unwrap();
    let grid = made.scan.grid();
    let mask = Volume::from_fn(grid, |index| {
        let here = grid.to_world(VoxelPoint::center_of(index));
        let inside =
            |ball: &siderin_simulate::Ball| here.distance_mm(ball.center) <= ball.radius_mm + 2.0;
        u8::from(made.balls.iter().any(inside))
    });
    // Left frontal in front, cerebellum behind.
    let regions = Volume::from_fn(grid, |[i, j, k]| match (made.brain.at([i, j, k]), j > 49) {
        (true, true) => 9u8,
        (true, false) => 2,
        (false, _) => 0,
    });
    Painted {
        scan: made.scan.map(|v| v.round() as i16),
        mask,
        regions,
    }
}

fn write_painted(folder: &Path, subject: &str, made: &Painted) {
    let anat = folder.join(subject).join("anat");
    fs::create_dir_all(&anat).unwrap();
    let file = |name: &str| anat.join(format!("{subject}_{name}.nii.gz"));
    write_volume(&file("T2starw"), &made.scan).unwrap();
    write_volume(&file("desc-lesions_dseg"), &made.mask).unwrap();
    write_volume(&file("desc-regions_dseg"), &made.regions).unwrap();
}

/// Sets what a network of regions adds to its outputs so that all is tissue: the 8 logits of what lies inside
/// far up, the 8 of fluid far down, those of 13 regions and the side to 0.
struct AllTissue;

impl ModuleMapper for AllTissue {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if param.dims()[..] != [8 + 8 + 13 + 1] {
            return param;
        }
        param.map(|tensor| {
            let logits = [[100.0f32; 8], [-100.0; 8]].concat();
            let logits = [logits, vec![0.0; 14]].concat();
            Tensor::from_data(TensorData::new(logits, [30]), &tensor.device())
        })
    }
}

/// A config of a tiny network of candidates. The brain is found by a network with random weights, for
/// which everything is tissue (see [`write_brains`]); it is written beside the data.
fn candidate_config(data: &Path) -> TrainConfig {
    let device = Device::flex();
    device.seed(3);
    let mut card = ModelCard::preset(Architecture::RegionUnet, Preset::Small);
    card.model = ModelConfig::RegionUnet(RegionUnetConfig { filters: [2; 4] });
    let network = card.model.init(&device).unwrap().map(&mut AllTissue);
    let regions = data.with_file_name("regions.siderin");
    Model { card, network }.write(&regions).unwrap();
    TrainConfig::from_toml(&format!(
        r#"
name = "tiny"
seed = 5
[model]
architecture = "candidate-net"
preset = "small"
[model.card.model]
channels = [2, 3, 4]
hidden = 4
[candidates]
regions = {regions:?}
phase_dropout = 0.5
contrast = 0.2
noise = 0.05
depth_mm = 1.0
[data]
train = [{data:?}]
share = 0.34
[sampling]
size = [1, 32, 32]
batch = 2
per_scan = 4
lesion_share = 0.5
spot_share = 0.25
[optimiser]
kind = "adamw"
learning_rate = 1e-3
[schedule]
epochs = 3
warm_up_epochs = 1.0
cosine = true
[validation]
every_epochs = 1
thresholds = [0.3, 0.5, 0.7]
"#
    ))
    .unwrap()
}

/// A config that trains a tiny network in seconds, with every kind of augmentation.
pub fn config(architecture: Architecture, data: &Path) -> TrainConfig {
    if architecture == Architecture::CandidateNet {
        return candidate_config(data);
    }
    let (model, size) = match architecture {
        Architecture::RlkUnet => (
            "width = 8\nblocks = [1, 1, 1, 1]\nstochastic_depth = [0.0, 0.2, 0.2, 0.5]\ndropout = 0.1",
            "[3, 32, 32]",
        ),
        Architecture::Unet3d => ("filters = [2, 2, 4, 4]", "[16, 16, 16]"),
        Architecture::MmocNet => (
            "coarse = { channels = [2, 2, 4, 4, 4], blocks = [1, 1, 1, 1] }\n\
             fine = { channels = 4, region = 16 }",
            "[1, 32, 32]",
        ),
        Architecture::GuidedUnet => (
            "levels = [{ kernel = [1, 3, 3], stride = [1, 1, 1], channels = 4, blocks = 1 }, \
             { kernel = [3, 3, 3], stride = [1, 2, 2], channels = 4, blocks = 1 }]",
            "[4, 32, 32]",
        ),
        Architecture::RegionUnet => ("filters = [2, 2, 4, 4]", "[32, 32, 32]"),
        Architecture::StructureUnet | Architecture::CandidateNet => {
            unreachable!("has a config of its own")
        }
    };
    let (shares, flip) = match architecture {
        Architecture::RegionUnet => ("lesion_share = 0.0", 0.0),
        _ => (
            "lesion_share = 0.5\nspot_share = 0.25\nmining_epochs = 1",
            0.5,
        ),
    };
    let inference = match architecture {
        Architecture::Unet3d => "patch = [32, 32, 32]",
        _ => "patch = [8, 48, 48]",
    };
    TrainConfig::from_toml(&format!(
        r#"
name = "tiny"
seed = 5

[model]
architecture = "{architecture}"
preset = "small"
[model.card.model]
{model}
[model.card.recipe]
plane_spacing_mm = 3.0
slice_spacing_mm = 6.0
bias_correction = false
[model.card.inference]
{inference}

[data]
train = [{data:?}]
share = 0.34

[sampling]
size = {size}
batch = 2
per_scan = 4
{shares}
regions = 4

[augment]
flip = {flip:?}
rotation = {{ chance = 0.5, most = 20.0 }}
tilt = {{ chance = 0.5, most = 10.0 }}
zoom = {{ chance = 0.5, most = 0.2 }}
elastic = {{ chance = 0.5, most = 2.0 }}
curve = {{ chance = 0.5, most = 0.5 }}
scale = {{ chance = 0.5, most = 0.2 }}
shift = {{ chance = 0.5, most = 0.2 }}
noise = {{ chance = 0.5, most = 0.1 }}
blur = {{ chance = 0.5, most = 2.0 }}
bias = {{ chance = 0.5, most = 0.3 }}
thicker_slices = {{ chance = 0.5, most = 18.0 }}

[optimiser]
kind = "adamw"
learning_rate = 1e-3
weight_decay = 1e-2

[schedule]
epochs = 3
warm_up_epochs = 1.0
cosine = true

[validation]
every_epochs = 1
thresholds = [0.3, 0.5, 0.7]
"#
    ))
    .unwrap()
}

pub fn setup(config: TrainConfig) -> Setup {
    Setup {
        config,
        cache: None,
        loaders: 2,
        compute: Compute::cpu(),
        score_all: false,
        pause_after: None,
    }
}
