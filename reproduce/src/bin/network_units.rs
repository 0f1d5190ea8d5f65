//! How long each preset takes for one slice or tile of a scan, and how many the scan has.
//!
//!     cargo run --release -p siderin-reproduce --bin network_units -- SCAN.nii.gz [cpu-burn|gpu]
//!
//! Prints a CSV table. The weights are random: they do not change the time.
#![allow(clippy::print_stdout)]

use siderin_image::preprocess::{BrainMaskConfig, Prepared, RecipeImage, brain_mask};
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::read_volume;
use siderin_net::architectures::{Architecture, Network, Preset};
use siderin_net::compute::ComputeDevice;
use siderin_net::infer::{Flips, Predictor};
use siderin_net::model_file::{Model, ModelCard};
use siderin_net::tiling::{Tiling, tile_starts};
use std::error::Error;
use std::time::Instant;

/// Runs that are timed, after one to warm up.
const RUNS: usize = 3;
/// Regions of the cascade's second stage that are timed at once.
const REGIONS: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("a scan is needed")?;
    let kind = match args.next().as_deref() {
        Some("gpu") => ComputeDevice::Gpu,
        Some("cpu-burn") => ComputeDevice::CpuBurn,
        _ => ComputeDevice::Cpu,
    };
    let compute = kind.open()?;
    let device = compute.device();
    let (_, scan, _) = read_volume(path.as_ref(), None, ReadLimits::default())?;
    let brain = brain_mask(&scan, &BrainMaskConfig::default())?;
    println!("architecture,preset,numbers,prepare_s,unit,unit_s,units,scan_s");
    for architecture in Architecture::making_maps() {
        for (preset, name) in [(Preset::Small, "small"), (Preset::Paper, "paper")] {
            let mut card = ModelCard::preset(architecture, preset);
            // Nothing goes to the second stage, which is timed by itself.
            card.inference.coarse_threshold = 0.999_999;
            let start = Instant::now();
            let image = RecipeImage {
                volume: &scan,
                image_from_scan: nalgebra::Matrix4::identity(),
            };
            let prepared = card.recipe.prepare(&[image], &brain)?;
            let prepare_s = start.elapsed().as_secs_f64();
            let network = card.model.init(device)?;
            let model = Model { card, network };
            let numbers = model.numbers();
            let (unit, units, size) = unit_of(&model.card, &prepared);
            let predictor = Predictor::new(
                model.network.clone(),
                &model.card.model,
                model.card.inference.clone(),
                &compute,
            )?;
            let part = middle(&prepared, size)?;
            let unit_s = median_s(|| predictor.predict(&part, Flips::None).map(drop))?;
            let scan_s = prepare_s + unit_s * units as f64;
            println!(
                "{architecture},{name},{numbers},{prepare_s:.2},{unit},{unit_s:.4},{units},{scan_s:.1}"
            );
            if let Network::MmocNet(network) = &model.network {
                let x = burn::tensor::Tensor::<4>::zeros([REGIONS, 1, 32, 32], device);
                let fine = network.fine.as_ref().ok_or("the presets have two stages")?;
                let fine_s = median_s(|| {
                    let out = compute.scope(|| fine.head(fine.features(x.clone())));
                    out.try_into_vec_as::<f32>().map(drop)
                })?;
                println!("{architecture},{name},,,{REGIONS} regions of 32 x 32,{fine_s:.4},,");
            }
        }
    }
    Ok(())
}

/// What the network takes at once: in words, how many the scan has, columns × rows × slices.
fn unit_of(card: &ModelCard, prepared: &Prepared) -> (String, usize, [usize; 3]) {
    let [nx, ny, nz] = prepared.brain.shape();
    let design = card.model.design();
    if design.slices().is_some() {
        return (format!("slice of {nx} x {ny}"), nz, [nx, ny, 1]);
    }
    let tiling = Tiling {
        patch: card.inference.patch,
        overlap: card.inference.overlap,
        stride: design.stride(),
    };
    let [d, h, w] = tiling.tile([nz, ny, nx]);
    let starts = |length, tile| tile_starts(length, tile, tiling.overlap).len();
    let tiles = starts(nz, d) * starts(ny, h) * starts(nx, w);
    (
        format!("tile of {w} x {h} x {d}"),
        tiles,
        [w.min(nx), h.min(ny), d.min(nz)],
    )
}

/// The middle of the prepared images.
fn middle(prepared: &Prepared, size: [usize; 3]) -> Result<Prepared, Box<dyn Error>> {
    let shape = prepared.brain.shape();
    let range = || {
        std::array::from_fn(|axis| {
            let start = (shape[axis] - size[axis]) / 2;
            start..start + size[axis]
        })
    };
    Ok(Prepared {
        images: prepared
            .images
            .iter()
            .map(|image| image.crop(range()))
            .collect::<Result<_, _>>()?,
        brain: prepared.brain.crop(range())?,
    })
}

fn median_s<E>(mut work: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    work()?;
    let mut seconds = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        work()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[RUNS / 2])
}
