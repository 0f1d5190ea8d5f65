//! Signal relative to its surroundings.

use nalgebra::Matrix4;
use rayon::prelude::*;
use siderin_image::preprocess::{SmoothError, gaussian_smooth};
use siderin_image::volume::{
    GridError, Interpolation, ResampleError, Volume, block_mean, resample,
};

/// Why the relative signal cannot be computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum RelativeError {
    #[error(transparent)]
    Grid(#[from] GridError),
    #[error(transparent)]
    Smooth(#[from] SmoothError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

/// Width of the Gaussian that makes the local mean, in mm: wider than any microbleed,
/// narrower than coil shading.
pub const LOCAL_MEAN_SIGMA_MM: f64 = 9.0;
/// The local mean is computed on voxels of about this edge.
const COARSE_MM: f64 = 3.0;
/// Fluid, fat and inflow are cut at this multiple of the local mean: tissue amid bright
/// fluid is no dark spot.
const BRIGHTEST: f32 = 1.2;

/// The scan divided by its local mean over the brain: about 1 in tissue, near 0 in a void.
/// Coil shading and depth-dependent weighting cancel. Values are cut to 0..1.2.
///
/// # Errors
/// Never for an existing scan and a mask on its grid; the types ask for it.
pub fn relative_signal(
    scan: &Volume<f32>,
    brain: &Volume<bool>,
) -> Result<Volume<f32>, RelativeError> {
    let factor = scan
        .grid()
        .spacing_mm()
        .map(|mm| (COARSE_MM / mm).round().max(1.0) as usize);
    let mut masked = scan.clone();
    for (value, &inside) in masked.voxels_mut().iter_mut().zip(brain.voxels()) {
        if !inside {
            *value = 0.0;
        }
    }
    let signal = gaussian_smooth(block_mean(&masked, factor)?, LOCAL_MEAN_SIGMA_MM)?;
    drop(masked);
    let weight = gaussian_smooth(
        block_mean(&brain.map(|m| f32::from(u8::from(m))), factor)?,
        LOCAL_MEAN_SIGMA_MM,
    )?;
    let mut mean = signal;
    for (value, &share) in mean.voxels_mut().iter_mut().zip(weight.voxels()) {
        // Far outside the brain there is no mean; it is not used there.
        *value = if share > 1e-4 { *value / share } else { 0.0 };
    }
    let mut relative = resample(
        &mean,
        scan.grid(),
        &Matrix4::identity(),
        Interpolation::Linear,
        0.0,
    )?;
    relative
        .voxels_mut()
        .par_iter_mut()
        .zip(scan.voxels())
        .for_each(|(local, &value)| {
            *local = if *local > 0.0 {
                (value / *local).clamp(0.0, BRIGHTEST)
            } else {
                1.0
            };
        });
    Ok(relative)
}

/// Standard deviation of the noise in a relative signal, from second differences along
/// the two in-plane axes: their median absolute value over the brain, divided by
/// 0.6745 · √6 for Gaussian noise (Σ of squared weights 1, -2, 1 is 6). Structure adds to
/// it, so it is an upper estimate.
#[must_use]
pub fn noise_level(relative: &Volume<f32>, brain: &Volume<bool>) -> f32 {
    let grid = relative.grid();
    let shape = grid.shape();
    let strides = [1, shape[0], shape[0] * shape[1]];
    let values = relative.voxels();
    let mut differences = Vec::new();
    for axis in (0..3).filter(|&axis| axis != grid.slice_axis() && shape[axis] > 2) {
        let stride = strides[axis];
        // A few hundred thousand samples settle a median.
        let step = (values.len() / 400_000).max(1) | 1;
        for offset in (stride..values.len() - stride).step_by(step) {
            if brain.voxels()[offset - stride]
                && brain.voxels()[offset]
                && brain.voxels()[offset + stride]
            {
                let second =
                    values[offset - stride] - 2.0 * values[offset] + values[offset + stride];
                differences.push(second.abs());
            }
        }
    }
    if differences.is_empty() {
        return 0.0;
    }
    let middle = differences.len() / 2;
    let (_, &mut median, _) = differences.select_nth_unstable_by(middle, f32::total_cmp);
    median / (0.6745 * 6f32.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::volume::Grid;

    #[test]
    fn shading_cancels() {
        let grid = Grid::axis_aligned([60, 60, 20], [1.0, 1.0, 3.0]).unwrap();
        let scan = Volume::from_fn(&grid, |[i, _, _]| 100.0 + 2.0 * i as f32);
        let brain = Volume::filled(&grid, true);
        let relative = relative_signal(&scan, &brain).unwrap();
        // In the middle the mean of a ramp is the ramp.
        assert!((relative.at([30, 30, 10]) - 1.0).abs() < 0.01);
    }

    #[test]
    fn noise_of_a_known_level() {
        // Triangular noise of two uniform sums has variance 2 · w²/12.
        let grid = Grid::axis_aligned([64, 64, 8], [1.0, 1.0, 3.0]).unwrap();
        let mut state = 1u64;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        let width = 0.2;
        let volume = Volume::from_fn(&grid, |_| 1.0 + width * (uniform() + uniform() - 1.0));
        let brain = Volume::filled(&grid, true);
        let expected = width * (2.0f32 / 12.0).sqrt();
        let found = noise_level(&volume, &brain);
        assert!((found / expected - 1.0).abs() < 0.05, "{found} {expected}");
    }
}
