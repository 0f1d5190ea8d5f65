//! Computes the head that is built in: the nine training maps and their mirror images,
//! brought into one frame by their brains' extents, and at each place the most common label.
//!
//! `cargo run --release -p siderin-reproduce --bin average_head -- FOLDER OUT.nii.gz`
#![allow(clippy::unwrap_used)]

use nalgebra::{Matrix4, Vector3};
use rayon::prelude::*;
use siderin_image::scan::{ReadLimits, nifti};
use siderin_image::volume::{Grid, Volume, VoxelPoint, resample_nearest};
use siderin_simulate::head::{Head, tissue_of};

/// The maps of the `train` cohort; those of `dev` and `bench` stay out.
const TRAINING: [&str; 9] = ["01", "02", "04", "05", "06", "08", "09", "10", "12"];

/// A head's frame: origin in the middle of the pallida, and the reach of the cerebrum to
/// either side of it along each axis.
struct Frame {
    origin: Vector3<f64>,
    low: Vector3<f64>,
    high: Vector3<f64>,
}

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let (folder, out) = (arguments.next().unwrap(), arguments.next().unwrap());
    let heads: Vec<Volume<u16>> = TRAINING
        .iter()
        .map(|number| {
            let path = std::path::Path::new(&folder).join(format!("head_{number}.nii.gz"));
            let (_, map, _) = nifti::read_volume(&path, None, ReadLimits::default()).unwrap();
            Head::from_map(&map).unwrap().labels().clone()
        })
        .collect();
    let frames: Vec<Frame> = heads.iter().map(frame).collect();
    let mean = |of: fn(&Frame) -> Vector3<f64>| {
        frames.iter().map(of).sum::<Vector3<f64>>() / frames.len() as f64
    };
    // The mean frame, the same to the left and the right.
    let mut low = mean(|f| f.low - f.origin);
    let mut high = mean(|f| f.high - f.origin);
    let half = 0.5 * (high.x - low.x);
    (low.x, high.x) = (-half, half);

    let grid = target(low, high);
    let placed: Vec<Volume<u16>> = heads
        .par_iter()
        .zip(&frames)
        .map(|(labels, frame)| {
            // One scale per axis; the reach on both sides together decides.
            let scale = (frame.high - frame.low).component_div(&(high - low));
            let middle = 0.5 * (frame.high + frame.low) - 0.5 * (high + low).component_mul(&scale);
            let mut from = Matrix4::from_diagonal(&scale.push(1.0));
            from.fixed_view_mut::<3, 1>(0, 3).copy_from(&middle);
            resample_nearest(labels, &grid, &from, 0).unwrap()
        })
        .collect();
    let [nx, ny, _] = grid.shape();
    let mut average = Volume::filled(&grid, 0u16);
    average
        .voxels_mut()
        .par_chunks_mut(nx * ny)
        .enumerate()
        .for_each(|(k, slice)| {
            for (at, code) in slice.iter_mut().enumerate() {
                *code = commonest(&placed, [at % nx, at / nx, k]);
            }
        });
    nifti::write_volume(std::path::Path::new(&out), &average).unwrap();
}

/// The most common kind of tissue around a voxel (3 × 3 × 3, all maps, both ways), and its
/// most common label; the side of the place breaks ties.
fn commonest(placed: &[Volume<u16>], index: [usize; 3]) -> u16 {
    let grid = placed[0].grid();
    let nx = grid.shape()[0];
    let mut votes: Vec<u16> = Vec::with_capacity(54 * placed.len());
    for n in 0..27isize {
        let step = [n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1];
        let Some([i, j, k]) = grid.neighbour(index, step) else {
            continue;
        };
        votes.extend(placed.iter().map(|p| p.at([i, j, k])));
        votes.extend(placed.iter().map(|p| mirrored(p.at([nx - 1 - i, j, k]))));
    }
    let mut tissues = [0usize; 64];
    for &vote in &votes {
        tissues[tissue_of(vote) as usize] += 1;
    }
    let most = (0..64).rev().max_by_key(|&t| tissues[t]).unwrap();
    votes.retain(|&v| tissue_of(v) as usize == most);
    let right = 2 * index[0] > nx;
    let count = |code: u16| votes.iter().filter(|&&v| v == code).count();
    let mut codes = votes.clone();
    codes.sort_unstable();
    codes.dedup();
    codes
        .into_iter()
        .max_by_key(|&c| (count(c), (c >= 41) == right, std::cmp::Reverse(c)))
        .unwrap()
}

fn frame(labels: &Volume<u16>) -> Frame {
    let grid = labels.grid();
    let mut sum = (Vector3::zeros(), 0.0);
    let mut low = Vector3::repeat(f64::INFINITY);
    let mut high = Vector3::repeat(f64::NEG_INFINITY);
    for (offset, &code) in labels.voxels().iter().enumerate() {
        let at = grid
            .to_world(VoxelPoint::center_of(grid.index(offset)))
            .0
            .coords;
        if matches!(code, 13 | 52) {
            sum = (sum.0 + at, sum.1 + 1.0);
        }
        if matches!(code, 2 | 3 | 41 | 42) {
            low = low.inf(&at);
            high = high.sup(&at);
        }
    }
    Frame {
        origin: sum.0 / sum.1,
        low,
        high,
    }
}

/// 1 mm voxels around the cerebrum with room for skull and neck, mirrored about x = 0.
fn target(low: Vector3<f64>, high: Vector3<f64>) -> Grid {
    let (low, high) = (
        low - Vector3::new(24.0, 26.0, 90.0),
        high + Vector3::new(24.0, 40.0, 22.0),
    );
    let shape: [usize; 3] = std::array::from_fn(|a| (high[a] - low[a]).ceil() as usize);
    let first = Vector3::new(-(shape[0] as f64 - 1.0) / 2.0, low.y, low.z);
    Grid::new(shape, Matrix4::new_translation(&first)).unwrap()
}

/// The code of the same structure on the other side.
fn mirrored(code: u16) -> u16 {
    match code {
        2..=5 => code + 39,
        41..=44 => code - 39,
        7 | 8 => code + 39,
        46 | 47 => code - 39,
        10..=13 => code + 39,
        49..=52 => code - 39,
        17 | 18 => code + 36,
        53 | 54 => code - 36,
        26 => 58,
        58 => 26,
        28 => 60,
        60 => 28,
        _ => code,
    }
}
