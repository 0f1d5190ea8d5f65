//! Two images of one head in one space.
//!
//! Rigid registration by normalised mutual information (Studholme 1999, doi
//! 10.1016/S0031-3203(98)00091-0), from coarse to fine: contrasts may differ, grids, coverage and
//! orientation too.

mod agreement;
mod information;
mod pose;
mod pyramid;
mod search;

pub use agreement::agreement;
pub use information::Quality;

use crate::preprocess::SmoothError;
use crate::volume::{GridError, ResampleError, Volume};
use information::{Measure, Similarity};
use nalgebra::Isometry3;
use pyramid::PyramidLevel;

/// A rigid registration.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// From the moving image's world mm to the fixed image's.
    pub fixed_from_moving: Isometry3<f64>,
    /// How well they agree.
    pub quality: Quality,
}

/// Images that cannot be registered.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RegistrationError {
    #[error(
        "registering: the {which} image has no contrast (it is the same everywhere); check that \
         the file holds an image"
    )]
    Flat { which: &'static str },
    #[error(
        "registering: wherever the images were laid, less than a quarter of the fixed one was \
         covered; check that both show the same part of one head"
    )]
    NoOverlap,
    #[error(transparent)]
    Smooth(#[from] SmoothError),
    #[error(transparent)]
    Grid(#[from] GridError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

/// Below this [`Quality::sharpness`] the similarity hardly falls when the pose is 3 mm off; the tests
/// hold that right poses are above it.
pub const LEAST_SHARPNESS: f64 = 0.002;
/// Scales in mm: the first is searched whole, the others refine.
const LEVELS_MM: [f64; 3] = [8.0, 4.0, 2.0];
/// Poses that go on from each.
const KEPT: [usize; 3] = [2, 1, 1];

/// Lays `moving` onto `fixed`. Tested on heads that are turned by up to 30° and moved by up to 40 mm,
/// one of them cut off at the top and bottom.
///
/// # Errors
/// [`RegistrationError`]: an image without contrast, or images that never overlap.
pub fn register_rigid(
    moving: &Volume<f32>,
    fixed: &Volume<f32>,
) -> Result<Registration, RegistrationError> {
    let level = |mm: f64| -> Result<Similarity, RegistrationError> {
        let moving = PyramidLevel::of(moving, mm).map_err(|e| e.of("moving"))?;
        let fixed = PyramidLevel::of(fixed, mm).map_err(|e| e.of("fixed"))?;
        Ok(Similarity::new(moving, fixed))
    };
    let mut similarity = level(LEVELS_MM[0])?;
    let pivot = similarity.fixed.head_center;
    let mut poses = search::everywhere(&similarity, pivot);
    for (&mm, &kept) in LEVELS_MM.iter().zip(&KEPT) {
        if mm != LEVELS_MM[0] {
            similarity = level(mm)?;
        }
        poses = search::refined(&similarity, &poses, 0.5 * mm, Measure::Covered);
        poses.truncate(kept);
    }
    let finest = LEVELS_MM[LEVELS_MM.len() - 1];
    poses = search::refined(&similarity, &poses, finest, Measure::Normalised);
    let pose = poses.first().ok_or(RegistrationError::NoOverlap)?;
    let quality = similarity.quality(pose);
    if quality.overlap < information::LEAST_OVERLAP {
        return Err(RegistrationError::NoOverlap);
    }
    Ok(Registration {
        fixed_from_moving: pose.moving_from_fixed().inverse(),
        quality,
    })
}
