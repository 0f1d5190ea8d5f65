//! Where a network's voxels lie.

use super::{Recipe, RecipeError};
use crate::volume::{Grid, Volume};
use nalgebra::{Matrix4, Vector3};

/// Voxels of a prepared image at most: a head of 300 mm at 0.6 mm.
const MOST_VOXELS: u64 = 125_000_000;

impl Recipe {
    /// The grid around the brain: the scan's slices last, the first two axes as close to the
    /// patient's right and front (or top) as they are.
    pub(super) fn grid(&self, brain: &Volume<bool>) -> Result<Grid, RecipeError> {
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

        let range = brain.bounding_box().ok_or(RecipeError::NoBrain)?;
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
