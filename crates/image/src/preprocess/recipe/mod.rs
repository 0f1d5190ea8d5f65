//! How a scan becomes what a network sees. Training and inference go by one recipe, which travels
//! with the weights.

mod grid;

use super::{
    IntensityError, N4Config, N4Error, bias_field, dilate_mm, min_max, robust_normalise, z_score,
};
use crate::volume::{GridError, Interpolation, ResampleError, Volume, resample, resample_nearest};
use nalgebra::Matrix4;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Spacing inside a slice in mm; the scan's own where there is none.
    pub plane_spacing_mm: Option<f64>,
    /// Spacing of slices in mm; the scan's own where there is none.
    pub slice_spacing_mm: Option<f64>,
    /// Whether N4 takes shading out.
    pub bias_correction: bool,
    /// What intensities become.
    pub intensity: IntensityScale,
    /// Voxels farther from the brain than this are set to 0; all are kept where there is none.
    pub blank_beyond_mm: Option<f64>,
    /// How far the images reach beyond the brain.
    pub margin_mm: f64,
}

/// A scale that scans can be compared on, taken from the voxels of the brain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntensityScale {
    /// Mean 0, standard deviation 1.
    ZScore,
    /// Smallest 0, largest 1.
    MinMax,
    /// 1st percentile 0, 99th 1.
    Percentiles,
}

impl fmt::Display for IntensityScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ZScore => "mean 0 and standard deviation 1 over the brain",
            Self::MinMax => "0 to 1 over the brain",
            Self::Percentiles => "1st percentile of the brain 0, 99th 1",
        })
    }
}

/// One image for a recipe, and where it lies.
#[derive(Debug, Clone, Copy)]
pub struct RecipeImage<'a> {
    /// Voxels on their own grid.
    pub volume: &'a Volume<f32>,
    /// From the scan's world mm to this image's; the identity for the scan itself.
    pub image_from_scan: Matrix4<f64>,
}

/// What a network sees.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// One image a channel, all on one grid whose third axis runs across slices.
    pub images: Vec<Volume<f32>>,
    /// The brain on that grid.
    pub brain: Volume<bool>,
}

/// A recipe that cannot be followed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum RecipeError {
    #[error(
        "preparing a scan: {what} is {value} mm, expected {expected}; the model file is damaged or made by hand"
    )]
    Setting {
        what: &'static str,
        value: f64,
        expected: &'static str,
    },
    #[error("preparing a scan: the brain mask is empty")]
    NoBrain,
    #[error(
        "preparing a scan: the brain would have {voxels} voxels at the model's spacing, at most \
         {most} can be worked on; the scan's voxel sizes are wrong, or it shows more than a head"
    )]
    TooLarge { voxels: u64, most: u64 },
    #[error(transparent)]
    Grid(#[from] GridError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
    #[error(transparent)]
    Intensity(#[from] IntensityError),
    #[error(transparent)]
    Bias(#[from] N4Error),
}

/// N4 works on voxels of about this size; shading has no finer detail.
const BIAS_SPACING_MM: f64 = 4.0;

impl Recipe {
    /// # Errors
    /// Names the setting that no scan can be prepared with.
    pub fn check(&self) -> Result<(), RecipeError> {
        let spacing = 0.05..=20.0;
        let grown = 0.0..=100.0;
        let settings = [
            (
                "plane_spacing_mm",
                self.plane_spacing_mm,
                &spacing,
                "0.05 to 20",
            ),
            (
                "slice_spacing_mm",
                self.slice_spacing_mm,
                &spacing,
                "0.05 to 20",
            ),
            ("blank_beyond_mm", self.blank_beyond_mm, &grown, "0 to 100"),
            ("margin_mm", Some(self.margin_mm), &grown, "0 to 100"),
        ];
        for (what, value, range, expected) in settings {
            if let Some(value) = value.filter(|value| !range.contains(value)) {
                return Err(RecipeError::Setting {
                    what,
                    value,
                    expected,
                });
            }
        }
        Ok(())
    }

    /// Images of one person as a network sees them: on a grid around the brain, shading removed,
    /// intensities on one scale. The first image is the scan, whose slices the grid follows.
    ///
    /// # Errors
    /// When there is no brain, nothing to scale, or more voxels than memory should hold.
    pub fn prepare(
        &self,
        images: &[RecipeImage],
        brain: &Volume<bool>,
    ) -> Result<Prepared, RecipeError> {
        self.check()?;
        let grid = self.grid(brain)?;
        let brain = resample_nearest(brain, &grid, &Matrix4::identity(), false)?;
        let blanked = match self.blank_beyond_mm {
            Some(beyond) if beyond > 0.0 => Some(dilate_mm(&brain, beyond)),
            Some(_) => Some(brain.clone()),
            None => None,
        };
        let images = images
            .iter()
            .map(|image| self.image(image, &brain, blanked.as_ref()))
            .collect::<Result<_, RecipeError>>()?;
        Ok(Prepared { images, brain })
    }

    fn image(
        &self,
        image: &RecipeImage,
        brain: &Volume<bool>,
        kept: Option<&Volume<bool>>,
    ) -> Result<Volume<f32>, RecipeError> {
        let grid = brain.grid();
        let mut laid = resample(
            image.volume,
            grid,
            &image.image_from_scan,
            Interpolation::Linear,
            0.0,
        )?;
        if self.bias_correction {
            let spacing = grid.spacing_mm();
            let shape = grid.shape();
            let config = N4Config {
                shrink: std::array::from_fn(|axis| {
                    ((BIAS_SPACING_MM / spacing[axis]).round() as usize).clamp(1, shape[axis])
                }),
                ..N4Config::default()
            };
            let field = bias_field(&laid, brain, &config)?;
            for (value, field) in laid.voxels_mut().iter_mut().zip(field.voxels()) {
                *value /= field;
            }
        }
        let mut scaled = match self.intensity {
            IntensityScale::ZScore => z_score(&laid, brain)?,
            IntensityScale::MinMax => min_max(&laid, brain)?,
            IntensityScale::Percentiles => robust_normalise(&laid, brain)?,
        };
        if let Some(kept) = kept {
            for (value, &kept) in scaled.voxels_mut().iter_mut().zip(kept.voxels()) {
                if !kept {
                    *value = 0.0;
                }
            }
        }
        Ok(scaled)
    }
}

#[cfg(test)]
mod tests;
