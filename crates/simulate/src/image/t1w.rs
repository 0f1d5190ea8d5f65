//! A T1-weighted image of the same person in the same place.

use crate::exam::Exam;
use crate::person::Person;
use crate::physics::decay::t1_scale;
use rayon::prelude::*;
use siderin_image::preprocess::SmoothError;
use siderin_image::preprocess::gaussian_smooth;
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, GridError, Volume};

/// Inversion and repetition time of the sequence in ms (as ADNI's at 3 T, about).
const TI_MS: f64 = 1100.0;
const TR_MS: f64 = 2300.0;
/// Signal of white matter in the image.
const WHITE_LEVEL: f64 = 600.0;
const SNR: f64 = 35.0;

/// A T1-weighted image that cannot be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum T1wError {
    #[error(transparent)]
    Smooth(#[from] SmoothError),
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// An inversion-recovery image (|1 − 2e^(−TI/T1) / (1 + e^(−TR/T1))| times density) with the
/// head where it lies in the exam, in voxels of the head's map, with noise. Vessels and
/// microbleeds are not in it.
///
/// # Errors
/// None in practice: the grid is the head's own, moved.
pub fn t1_weighted(person: &Person, exam: &Exam, seed: u64) -> Result<Volume<f32>, T1wError> {
    let maps = person.tissue_maps();
    let scale = t1_scale(exam.echo.b0_t);
    let signal = |density: f64, t1_ms: f64| {
        let t1 = t1_ms * scale;
        let inverted = 1.0 - 2.0 * (-TI_MS / t1).exp() / (1.0 + (-TR_MS / t1).exp());
        density * inverted.abs()
    };
    let mut image = maps.proton_density.clone();
    image
        .voxels_mut()
        .par_iter_mut()
        .zip(maps.t1_ms.voxels())
        .for_each(|(value, &t1)| *value = signal(f64::from(*value), f64::from(t1)) as f32);
    let image = gaussian_smooth(image, 0.5)?;
    let white = person.draw.tissue.constants(crate::head::Tissue::White);
    let gain = (WHITE_LEVEL / signal(white.proton_density, white.t1_ms)) as f32;
    let deviation = WHITE_LEVEL / SNR;
    let grid = image.grid();
    let placed = exam.place().world_from_head.to_homogeneous() * grid.world_from_voxel();
    let grid = Grid::new(grid.shape(), placed)?;
    let mut out = Volume::filled(&grid, 0.0f32);
    let row = grid.shape()[0];
    out.voxels_mut()
        .par_chunks_mut(row)
        .zip(image.voxels().par_chunks(row))
        .enumerate()
        .for_each(|(number, (out, image))| {
            let mut stream = Stream::new(seed, "t1w-noise", number as u64);
            for (out, value) in out.iter_mut().zip(image) {
                let real = f64::from(gain * value) + deviation * stream.normal();
                *out = real.hypot(deviation * stream.normal()) as f32;
            }
        });
    Ok(out)
}
