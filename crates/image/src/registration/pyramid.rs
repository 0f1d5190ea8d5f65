//! An image blurred to one scale, ready to be compared.

use super::RegistrationError;
use crate::preprocess::{SmoothError, gaussian_smooth, otsu_threshold};
use crate::volume::{GridError, Volume, VoxelPoint, block_mean};
use nalgebra::Point3;

/// An image blurred to a scale, where the head is in it, and its range of values.
pub(super) struct PyramidLevel {
    pub image: Volume<f32>,
    /// The scale.
    pub mm: f64,
    /// Voxels above it are head.
    pub head_above: f32,
    /// Mean place of the head, world mm.
    pub head_center: Point3<f64>,
    /// Values at the ends of the histogram.
    pub range: [f32; 2],
}

/// Why an image has no level.
pub(super) enum LevelError {
    Flat,
    Smooth(SmoothError),
    Grid(GridError),
}

impl LevelError {
    pub(super) fn of(self, which: &'static str) -> RegistrationError {
        match self {
            Self::Flat => RegistrationError::Flat { which },
            Self::Smooth(error) => error.into(),
            Self::Grid(error) => error.into(),
        }
    }
}

/// Bins of Otsu's threshold.
const BINS: usize = 128;
/// Voxels this far below Otsu's threshold still are head: grey matter beside bright fat.
const HEAD_SHARE: f32 = 0.5;
/// Brightest voxels beyond the histogram: vessels and fat.
const ABOVE: f64 = 0.005;

impl PyramidLevel {
    pub(super) fn of(image: &Volume<f32>, mm: f64) -> Result<Self, LevelError> {
        let spacing = image.grid().spacing_mm();
        // Two voxels to the scale: fewer would be too few to fill a histogram.
        let factor = spacing.map(|s| ((0.5 * mm / s).round() as usize).max(1));
        let coarse = block_mean(image, factor).map_err(LevelError::Grid)?;
        let image = gaussian_smooth(coarse, 0.5 * mm).map_err(LevelError::Smooth)?;
        let threshold = otsu_threshold(&image, BINS).map_err(|_| LevelError::Flat)? * HEAD_SHARE;
        let grid = image.grid();
        let values = image.voxels();
        let head: Vec<usize> = (0..values.len())
            .filter(|&o| values[o] > threshold)
            .collect();
        let mut bright: Vec<f32> = head.iter().map(|&o| values[o]).collect();
        if bright.is_empty() {
            return Err(LevelError::Flat);
        }
        let top = ((1.0 - ABOVE) * (bright.len() - 1) as f64) as usize;
        let (_, &mut high, _) = bright.select_nth_unstable_by(top, f32::total_cmp);
        let low = values.iter().copied().fold(f32::INFINITY, f32::min);
        if high <= low {
            return Err(LevelError::Flat);
        }
        let sum = head.iter().fold(nalgebra::Vector3::zeros(), |sum, &o| {
            sum + grid.to_world(VoxelPoint::center_of(grid.index(o))).0.coords
        });
        let head_center = Point3::from(sum / head.len() as f64);
        Ok(Self {
            mm,
            head_above: threshold,
            head_center,
            range: [low, high],
            image,
        })
    }
}
