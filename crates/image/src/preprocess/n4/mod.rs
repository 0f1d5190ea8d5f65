//! Bias field correction N4 (Tustison 2010, doi 10.1109/TMI.2010.2046908).
//!
//! The log intensities' histogram is sharpened by deconvolution, a smooth B-spline field is
//! fitted to what the sharpening moved, and both are repeated until the field settles, then
//! with a finer spline.

mod histogram;
mod spline;

use crate::volume::{GridError, Volume, block_mean};
use histogram::Sharpener;
use spline::Lattice;

/// Settings of N4; the defaults are ITK's.
#[derive(Debug, Clone, PartialEq)]
pub struct N4Config {
    /// Blocks of this many voxels are averaged before the field is estimated.
    pub shrink: [usize; 3],
    /// Iterations at most at each level; each level halves the distance of the spline's knots.
    pub iterations: Vec<usize>,
    /// A level ends when the coefficient of variation of the field's change is below this.
    pub convergence: f64,
    /// Spans of the spline along each axis at the first level.
    pub spans: usize,
    /// Full width at half maximum of the Gaussian deconvolved from the histogram, in log
    /// intensity.
    pub fwhm: f64,
    /// Noise of the Wiener filter of that deconvolution.
    pub wiener_noise: f64,
    /// Bins of the histogram.
    pub bins: usize,
}

impl Default for N4Config {
    fn default() -> Self {
        Self {
            shrink: [1; 3],
            iterations: vec![50; 4],
            convergence: 1e-3,
            spans: 1,
            fwhm: 0.15,
            wiener_noise: 0.01,
            bins: 200,
        }
    }
}

/// Why no field can be estimated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum N4Error {
    #[error(
        "estimating the bias field: the mask is on another grid than the image; give both on one grid"
    )]
    MaskGrid,
    #[error(
        "estimating the bias field: {voxels} voxels in the mask are above zero, at least {least} are needed; check mask and image"
    )]
    TooFewVoxels { voxels: usize, least: usize },
    #[error("estimating the bias field: {what} is {found}, expected {expected}")]
    Setting {
        what: &'static str,
        found: f64,
        expected: &'static str,
    },
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// Voxels below which a histogram tells nothing.
const LEAST_VOXELS: usize = 64;

/// The multiplicative bias field over the whole image, estimated from the voxels above
/// zero where `mask` holds. Dividing the image by it corrects it. The field's mean over
/// the mask is not fixed; near 1 in practice.
///
/// # Errors
/// When mask and image do not fit, hold too little, or a setting is impossible.
pub fn bias_field(
    image: &Volume<f32>,
    mask: &Volume<bool>,
    config: &N4Config,
) -> Result<Volume<f32>, N4Error> {
    check(config)?;
    if !image.grid().matches(mask.grid(), 1e-3) {
        return Err(N4Error::MaskGrid);
    }
    let coarse = block_mean(image, config.shrink)?;
    // A coarse voxel counts where most of its block is in the mask.
    let coarse_mask = block_mean(&mask.map(|m| f32::from(u8::from(m))), config.shrink)?;
    let inside: Vec<bool> = coarse
        .voxels()
        .iter()
        .zip(coarse_mask.voxels())
        .map(|(&value, &share)| value > 0.0 && share > 0.5)
        .collect();
    let voxels = inside.iter().filter(|&&m| m).count();
    if voxels < LEAST_VOXELS {
        return Err(N4Error::TooFewVoxels {
            voxels,
            least: LEAST_VOXELS,
        });
    }
    let log_image: Vec<f64> = coarse
        .voxels()
        .iter()
        .zip(&inside)
        .map(|(&value, &m)| if m { f64::from(value).ln() } else { 0.0 })
        .collect();
    let lattice = estimate(&log_image, &inside, coarse.shape(), config);
    Ok(field_on(image, &lattice, config.shrink, coarse.shape()))
}

fn check(config: &N4Config) -> Result<(), N4Error> {
    let refuse = |what, found, expected| {
        Err(N4Error::Setting {
            what,
            found,
            expected,
        })
    };
    if config.bins < 8 {
        return refuse("bins", config.bins as f64, "8 or more");
    }
    if config.spans < 1 {
        return refuse("spans", config.spans as f64, "1 or more");
    }
    if !(config.fwhm > 0.0 && config.fwhm.is_finite()) {
        return refuse("fwhm", config.fwhm, "above 0");
    }
    if !(config.wiener_noise > 0.0 && config.wiener_noise.is_finite()) {
        return refuse("wiener_noise", config.wiener_noise, "above 0");
    }
    Ok(())
}

/// The log field as a spline over the coarse grid.
fn estimate(log_image: &[f64], inside: &[bool], shape: [usize; 3], config: &N4Config) -> Lattice {
    let sharpener = Sharpener::new(config.bins, config.fwhm, config.wiener_noise);
    let mut lattice = Lattice::zero([config.spans; 3]);
    let mut log_field = vec![0.0; log_image.len()];
    for (level, &iterations) in config.iterations.iter().enumerate() {
        if level > 0 {
            lattice = lattice.refined();
        }
        for _ in 0..iterations {
            let corrected: Vec<f64> = log_image
                .iter()
                .zip(&log_field)
                .map(|(image, field)| image - field)
                .collect();
            let sharpened = sharpener.sharpen(&corrected, inside);
            let moved: Vec<f64> = corrected
                .iter()
                .zip(&sharpened)
                .map(|(before, after)| before - after)
                .collect();
            lattice.add(&Lattice::fit(lattice.spans(), &moved, inside, shape));
            let updated = lattice.values(shape);
            let change = variation(&updated, &log_field, inside);
            log_field = updated;
            if change < config.convergence {
                break;
            }
        }
    }
    lattice
}

/// Coefficient of variation of the ratio of two fields, given as logs.
fn variation(updated: &[f64], previous: &[f64], inside: &[bool]) -> f64 {
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for ((new, old), &m) in updated.iter().zip(previous).zip(inside) {
        if m {
            let ratio = (new - old).exp();
            count += 1.0;
            let delta = ratio - mean;
            mean += delta / count;
            squares += delta * (ratio - mean);
        }
    }
    (squares / (count - 1.0)).sqrt() / mean
}

/// The field at every voxel of the full image.
fn field_on(
    image: &Volume<f32>,
    lattice: &Lattice,
    shrink: [usize; 3],
    coarse_shape: [usize; 3],
) -> Volume<f32> {
    let shape = image.shape();
    // Position of each fine voxel in coarse voxels, as a share of the coarse extent.
    let shares: [Vec<f64>; 3] = std::array::from_fn(|axis| {
        let factor = shrink[axis].clamp(1, shape[axis]) as f64;
        let last = (coarse_shape[axis] - 1).max(1) as f64;
        (0..shape[axis])
            .map(|i| (((i as f64 + 0.5) / factor - 0.5) / last).clamp(0.0, 1.0))
            .collect()
    });
    let values = lattice.values_at(&shares);
    Volume::new(
        image.grid().clone(),
        values.iter().map(|v| v.exp() as f32).collect(),
    )
    .expect("the lattice is evaluated at every voxel")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    #[test]
    fn a_known_field_is_recovered() {
        // Two tissues in 4-voxel blocks under a smooth field of ±20 %.
        let grid = Grid::axis_aligned([48, 48, 32], [2.0; 3]).unwrap();
        let field = |[i, j, _]: [usize; 3]| {
            1.0 + 0.2 * ((i as f64 - 24.0) / 24.0) * (1.0 - (j as f64 / 48.0))
        };
        let tissue = |[i, j, k]: [usize; 3]| {
            if (i / 4 + j / 4 + k / 4) % 2 == 0 {
                100.0
            } else {
                150.0
            }
        };
        let image = Volume::from_fn(&grid, |p| (tissue(p) * field(p)) as f32);
        let mask = Volume::filled(&grid, true);
        let found = bias_field(&image, &mask, &N4Config::default()).unwrap();
        let ratios: Vec<f64> = (0..grid.voxel_count())
            .map(|o| f64::from(found.voxels()[o]) / field(grid.index(o)))
            .collect();
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        let worst = ratios
            .iter()
            .map(|r| (r / mean - 1.0).abs())
            .fold(0.0, f64::max);
        assert!(worst < 0.03, "the field is off by {worst:.3} at worst");
    }

    #[test]
    fn what_cannot_be_estimated_is_said() {
        let grid = Grid::axis_aligned([8, 8, 8], [1.0; 3]).unwrap();
        let image = Volume::filled(&grid, 0.0);
        let mask = Volume::filled(&grid, true);
        assert_eq!(
            bias_field(&image, &mask, &N4Config::default()),
            Err(N4Error::TooFewVoxels {
                voxels: 0,
                least: 64
            })
        );
        let other = Volume::filled(&Grid::axis_aligned([8, 8, 8], [2.0; 3]).unwrap(), true);
        assert_eq!(
            bias_field(&image, &other, &N4Config::default()),
            Err(N4Error::MaskGrid)
        );
    }
}
