//! How a scan becomes what a network sees. Training and inference go by one recipe, which travels
//! with the weights.

use super::{
    IntensityError, N4Config, N4Error, bias_field, dilate_mm, min_max, robust_normalise, z_score,
};
use crate::volume::{
    Grid, GridError, Interpolation, ResampleError, Volume, resample, resample_nearest,
};
use nalgebra::{Matrix4, Vector3};
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
/// Voxels of a prepared image at most: a head of 300 mm at 0.6 mm.
const MOST_VOXELS: u64 = 125_000_000;

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

    /// The grid around the brain: the scan's slices last, the first two axes as close to the
    /// patient's right and front (or top) as they are.
    fn grid(&self, brain: &Volume<bool>) -> Result<Grid, RecipeError> {
        let scan = brain.grid();
        let spacing_mm = scan.spacing_mm();
        let to_ras = scan.to_ras();
        let upright = to_ras.source_axis[2];
        let thickest = scan.slice_axis();
        // Where no axis has thicker voxels than the upright one, slices are axial.
        let slices = if spacing_mm[thickest] > 1.01 * spacing_mm[upright] {
            thickest
        } else {
            upright
        };
        // World axes in order, the one across slices put last.
        let across = (0..3)
            .find(|&world| to_ras.source_axis[world] == slices)
            .unwrap_or(2);
        let mut order: Vec<usize> = (0..3).filter(|&world| world != across).collect();
        order.push(across);

        let range = box_of(brain).ok_or(RecipeError::NoBrain)?;
        let mut shape = [0; 3];
        let mut voxels = 1u64;
        let mut axes = Matrix4::identity();
        let mut first = Vector3::zeros();
        for (axis, &world) in order.iter().enumerate() {
            let source = to_ras.source_axis[world];
            let wanted = if source == slices {
                self.slice_spacing_mm
            } else {
                self.plane_spacing_mm
            };
            // In steps of the scan's voxels: size of a new voxel, and where the box begins and ends.
            // The scan's own voxels are kept where they have the right size: new ones between them
            // would blur.
            let wanted = wanted.filter(|mm| (mm / spacing_mm[source] - 1.0).abs() > 0.01);
            let step = wanted.map_or(1.0, |mm| mm / spacing_mm[source]);
            let margin = self.margin_mm / spacing_mm[source];
            let most = scan.shape()[source] as f64;
            let low = (range[source].start as f64 - margin).max(0.0);
            let high = (range[source].end as f64 + margin).min(most);
            let (low, high) = if wanted.is_none() {
                (low.floor(), high.ceil())
            } else {
                (low, high)
            };
            let count = ((high - low) / step - 1e-6).ceil().max(1.0);
            shape[axis] = count as usize;
            voxels = voxels.saturating_mul(count as u64);
            // Voxel edges are at −½: centre the new voxels on the box.
            let begin = 0.5 * (low + high - count * step);
            let (direction, at) = if to_ras.flip[world] {
                (-step, begin + (count - 0.5) * step - 0.5)
            } else {
                (step, begin + 0.5 * step - 0.5)
            };
            let mut column = Vector3::zeros();
            column[source] = direction;
            axes.fixed_view_mut::<3, 1>(0, axis).copy_from(&column);
            first[source] = at;
        }
        if voxels > MOST_VOXELS {
            return Err(RecipeError::TooLarge {
                voxels,
                most: MOST_VOXELS,
            });
        }
        axes.fixed_view_mut::<3, 1>(0, 3).copy_from(&first);
        Ok(Grid::new(shape, scan.world_from_voxel() * axes)?)
    }
}

/// The smallest box of indices around a mask.
fn box_of(mask: &Volume<bool>) -> Option<[std::ops::Range<usize>; 3]> {
    let grid = mask.grid();
    let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
    for (offset, _) in mask.voxels().iter().enumerate().filter(|(_, m)| **m) {
        let index = grid.index(offset);
        for axis in 0..3 {
            low[axis] = low[axis].min(index[axis]);
            high[axis] = high[axis].max(index[axis] + 1);
        }
    }
    (low[0] != usize::MAX).then(|| std::array::from_fn(|axis| low[axis]..high[axis]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::VoxelPoint;

    fn recipe() -> Recipe {
        Recipe {
            plane_spacing_mm: None,
            slice_spacing_mm: None,
            bias_correction: false,
            intensity: IntensityScale::ZScore,
            blank_beyond_mm: None,
            margin_mm: 0.0,
        }
    }

    fn identity(volume: &Volume<f32>) -> RecipeImage<'_> {
        RecipeImage {
            volume,
            image_from_scan: Matrix4::identity(),
        }
    }

    /// 8 × 10 × 4 voxels of 1 × 1 × 3 mm whose value is their offset; the brain is [2..6, 1..9, 1..3].
    fn scan() -> (Volume<f32>, Volume<bool>) {
        let grid = Grid::axis_aligned([8, 10, 4], [1.0, 1.0, 3.0]).unwrap();
        let volume = Volume::from_fn(&grid, |index| grid.offset(index) as f32);
        let brain = Volume::from_fn(&grid, |[i, j, k]| {
            (2..6).contains(&i) && (1..9).contains(&j) && (1..3).contains(&k)
        });
        (volume, brain)
    }

    #[test]
    fn without_a_spacing_voxels_are_the_scans_own() {
        let (volume, brain) = scan();
        let prepared = recipe().prepare(&[identity(&volume)], &brain).unwrap();
        let image = &prepared.images[0];
        assert_eq!(image.shape(), [4, 8, 2]);
        assert!(prepared.brain.voxels().iter().all(|&inside| inside));
        let first = image.grid().to_world(VoxelPoint::center_of([0, 0, 0]));
        assert_eq!(first.to_array(), [2.0, 1.0, 3.0]);
        // The scale is increasing, so order is kept; mean 0 and deviation 1 by definition.
        let values = image.voxels();
        let mean = values.iter().sum::<f32>() / 64.0;
        assert!(mean.abs() < 1e-5 && values[0] < values[1] && values[3] < values[4]);
    }

    #[test]
    fn another_spacing_covers_the_same_box() {
        let (volume, brain) = scan();
        let finer = Recipe {
            plane_spacing_mm: Some(0.5),
            slice_spacing_mm: Some(1.5),
            margin_mm: 1.0,
            ..recipe()
        };
        let prepared = finer.prepare(&[identity(&volume)], &brain).unwrap();
        let grid = prepared.brain.grid();
        // (4 + 2) / .5, (8 + 2) / .5, (6 + 2) / 1.5 = 5.33: one more voxel, put in the middle.
        assert_eq!(grid.shape(), [12, 20, 6]);
        // Edges of the box in mm: 1.5 − 1 = .5 at the left; its first voxel's centre is .25 further.
        let first = grid.to_world(VoxelPoint::center_of([0, 0, 0])).to_array();
        assert!((first[0] - 0.75).abs() < 1e-9 && (first[1] + 0.25).abs() < 1e-9);
        // Across slices: the box is .5 to 8.5 mm, 9 mm are centred on 4.5: 0 to 9.
        assert!((first[2] - 0.75).abs() < 1e-9, "{first:?}");
    }

    #[test]
    fn voxels_of_the_right_size_are_kept_as_they_are() {
        let (volume, brain) = scan();
        let same = Recipe {
            plane_spacing_mm: Some(1.0),
            slice_spacing_mm: Some(3.0),
            margin_mm: 1.3,
            intensity: IntensityScale::MinMax,
            ..recipe()
        };
        let prepared = same.prepare(&[identity(&volume)], &brain).unwrap();
        let image = &prepared.images[0];
        // 1.3 mm more on each side, rounded up to voxels: [0..8, 0..10, 0..4], the whole scan.
        assert_eq!(image.shape(), [8, 10, 4]);
        // Brain values run from offset 90 ([2, 1, 1]) to 229 ([5, 8, 2]).
        for (value, original) in image.voxels().iter().zip(volume.voxels()) {
            assert!((value - (original - 90.0) / 139.0).abs() < 1e-5);
        }
    }

    /// Where a bright spot lies after preparation and back, for scans that lie in any way.
    #[test]
    fn a_spot_comes_back_to_where_it_was() {
        let turned = nalgebra::Rotation3::from_euler_angles(0.2, -0.1, 0.3).to_homogeneous();
        for flips in [[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0], [1.0, -1.0, -1.0]] {
            for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
                let mut axes = Matrix4::zeros();
                axes[(3, 3)] = 1.0;
                let size = [0.9, 1.1, 2.5];
                for axis in 0..3 {
                    axes[(order[axis], axis)] = flips[axis] * size[axis];
                }
                let grid = Grid::new([40, 36, 20], turned * axes).unwrap();
                let spot = [25, 9, 13];
                let volume = Volume::from_fn(&grid, |index| {
                    let near = (0..3).all(|a| index[a].abs_diff(spot[a]) <= 1);
                    if near { 1.0 } else { 0.0 }
                });
                let brain = Volume::filled(&grid, true);
                let finer = Recipe {
                    plane_spacing_mm: Some(0.7),
                    slice_spacing_mm: Some(2.0),
                    intensity: IntensityScale::MinMax,
                    ..recipe()
                };
                let prepared = finer.prepare(&[identity(&volume)], &brain).unwrap();
                let same = Matrix4::identity();
                let image = &prepared.images[0];
                let back = resample(image, &grid, &same, Interpolation::Linear, 0.0).unwrap();
                let (mut sum, mut total) = ([0.0; 3], 0.0);
                for (offset, &value) in back.voxels().iter().enumerate() {
                    let index = grid.index(offset);
                    total += f64::from(value);
                    for axis in 0..3 {
                        sum[axis] += f64::from(value) * index[axis] as f64;
                    }
                }
                for axis in 0..3 {
                    let at = sum[axis] / total;
                    let off_mm = (at - spot[axis] as f64).abs() * size[axis];
                    assert!(
                        off_mm < 0.1,
                        "{flips:?} {order:?}: {off_mm} mm along {axis}"
                    );
                }
            }
        }
    }

    #[test]
    fn another_image_is_laid_by_its_transform() {
        // The other image shows the same, 5 mm to the right: its world is the scan's plus 5 mm.
        let (volume, brain) = scan();
        let mut affine = *volume.grid().world_from_voxel();
        affine[(0, 3)] += 5.0;
        let elsewhere = Grid::new(volume.shape(), affine).unwrap();
        let moved = Volume::new(elsewhere, volume.voxels().to_vec()).unwrap();
        let other = RecipeImage {
            volume: &moved,
            image_from_scan: Matrix4::new_translation(&Vector3::new(5.0, 0.0, 0.0)),
        };
        let prepared = recipe()
            .prepare(&[identity(&volume), other], &brain)
            .unwrap();
        assert_eq!(prepared.images[0].voxels(), prepared.images[1].voxels());
    }

    #[test]
    fn slices_of_cubes_are_axial() {
        // Stored sagittally, with equal spacings.
        let affine = Matrix4::new(
            0.0, 0.0, -1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0,
        );
        let grid = Grid::new([6, 5, 4], affine).unwrap();
        let volume = Volume::from_fn(&grid, |index| grid.offset(index) as f32);
        let brain = Volume::filled(&grid, true);
        let prepared = recipe().prepare(&[identity(&volume)], &brain).unwrap();
        assert_eq!(prepared.brain.grid().axis_codes().to_string(), "RAS");
    }

    #[test]
    fn slices_come_last_and_run_upwards_whatever_the_scan() {
        // A sagittal scan: axis 0 to posterior, axis 1 to inferior, slices (axis 2) to the left.
        let affine = Matrix4::new(
            0.0, 0.0, -3.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0,
        );
        let grid = Grid::new([6, 5, 4], affine).unwrap();
        let volume = Volume::from_fn(&grid, |index| grid.offset(index) as f32);
        let brain = Volume::filled(&grid, true);
        let prepared = recipe().prepare(&[identity(&volume)], &brain).unwrap();
        assert_eq!(prepared.brain.grid().axis_codes().to_string(), "ASR");
        assert_eq!(prepared.brain.shape(), [6, 5, 4]);
        // The scan's last voxel is the most posterior, inferior and left one.
        let values = prepared.images[0].voxels();
        let least = values.iter().copied().fold(f32::INFINITY, f32::min);
        assert_eq!(values[prepared.brain.grid().offset([5, 4, 3])], least);
    }

    #[test]
    fn what_is_far_from_the_brain_is_blank() {
        let (volume, brain) = scan();
        let blank = Recipe {
            blank_beyond_mm: Some(1.0),
            margin_mm: 2.0,
            ..recipe()
        };
        let prepared = blank.prepare(&[identity(&volume)], &brain).unwrap();
        let image = &prepared.images[0];
        // 2 mm of margin, of which the outer is blank: [0] is 2 mm away, [1] is 1 mm. The first
        // slice is one below the brain, 3 mm away.
        assert_eq!(image.at([0, 4, 1]), 0.0);
        assert_ne!(image.at([1, 4, 1]), 0.0);
        assert_eq!(image.at([1, 4, 0]), 0.0);
    }

    #[test]
    fn what_cannot_be_prepared_is_said() {
        let (volume, brain) = scan();
        let none = brain.map(|_| false);
        assert_eq!(
            recipe().prepare(&[identity(&volume)], &none).unwrap_err(),
            RecipeError::NoBrain
        );
        let zero = Recipe {
            plane_spacing_mm: Some(0.0),
            ..recipe()
        };
        assert!(matches!(zero.check(), Err(RecipeError::Setting { .. })));
        let grid = Grid::axis_aligned([500, 500, 200], [10.0, 10.0, 10.0]).unwrap();
        let huge = Volume::filled(&grid, true);
        let fine = Recipe {
            plane_spacing_mm: Some(0.5),
            ..recipe()
        };
        assert!(matches!(
            fine.grid(&huge),
            Err(RecipeError::TooLarge { .. })
        ));
    }
}
