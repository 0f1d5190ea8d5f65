//! A head in a contrast of no protocol in particular, on a coarse grid: what a network learns from
//! that is to know a brain by its shape, not by its greys (Billot 2023, doi
//! 10.1016/j.media.2023.102789).

mod draw;
mod scan;

pub use draw::{ContrastDraw, Signal};

use super::head::{Head, HeadError, shape_head};
use nalgebra::Matrix4;
use scan::{Field, brightness, scan};
use siderin_core::regions::{PartitionError, Region, Side, partition};
use siderin_image::preprocess::{SmoothError, gaussian_smooth};
use siderin_image::volume::{
    GridError, Interpolation, ResampleError, Volume, resample, resample_nearest,
};

/// Voxels of the image and its regions.
pub const ANY_CONTRAST_MM: f64 = 2.0;

/// An image and its regions, on one grid of [`ANY_CONTRAST_MM`].
#[derive(Debug, Clone)]
pub struct AnyContrast {
    /// The image; the brain's mean is 500.
    pub image: Volume<f32>,
    /// Regions as [`siderin_core::regions::Region::code`] has them.
    pub regions: Volume<u8>,
}

/// A head that cannot be shown.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ContrastError {
    #[error(transparent)]
    Head(#[from] HeadError),
    #[error(transparent)]
    Regions(#[from] PartitionError),
    #[error(transparent)]
    Smooth(#[from] SmoothError),
    #[error(transparent)]
    Grid(#[from] GridError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

/// Shows a head as drawn.
///
/// # Errors
/// When the shape is impossible or the head lacks the landmarks of the regions.
pub fn any_contrast(head: &Head, draw: &ContrastDraw) -> Result<AnyContrast, ContrastError> {
    let head = shape_head(head, &draw.shape)?;
    let regions = partition(&head.labels.crop(head.brain_box(0))?)?;
    let sharp = gaussian_smooth(brightness(&head, draw)?, SHARP_MM)?;
    let field = Field::of(&head, draw);
    // What is scanned reaches as far as what is shown.
    let scanned = scan(&sharp, &field.grid(draw.voxel_mm, f64::ceil)?, draw);
    let grid = field.grid([ANY_CONTRAST_MM; 3], f64::floor)?;
    let same = Matrix4::identity();
    let mut image = resample(&scanned, &grid, &same, Interpolation::Linear, 0.0)?;
    let regions = resample_nearest(&regions, &grid, &same, 0)?;
    let scale = BRAIN_LEVEL / brain_mean(&image, &regions);
    for value in image.voxels_mut() {
        *value *= scale;
    }
    let mut made = AnyContrast { image, regions };
    if draw.mirrored {
        made.mirror();
    }
    Ok(made)
}

impl AnyContrast {
    /// Exchanges left and right: of the voxels, and of the regions' sides.
    fn mirror(&mut self) {
        let row = self.image.shape()[0];
        let rows = self.image.voxels_mut().chunks_exact_mut(row);
        rows.for_each(<[f32]>::reverse);
        for regions in self.regions.voxels_mut().chunks_exact_mut(row) {
            regions.reverse();
            for code in regions {
                *code = match Region::of_code(*code) {
                    Some((region, Side::Left)) => region.code(Side::Right),
                    Some((region, Side::Right)) => region.code(Side::Left),
                    None => *code,
                };
            }
        }
    }
}

/// Width of what the map's voxels are blurred by.
const SHARP_MM: f64 = 0.5;
/// The brain's mean in the image.
const BRAIN_LEVEL: f32 = 500.0;

fn brain_mean(image: &Volume<f32>, regions: &Volume<u8>) -> f32 {
    let (mut sum, mut count) = (0.0f64, 0.0f64);
    for (value, region) in image.voxels().iter().zip(regions.voxels()) {
        if *region > 0 {
            sum += f64::from(*value);
            count += 1.0;
        }
    }
    (sum / f64::max(count, 1.0)).max(1e-6) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::{HeadShape, TissueDraw, tissue_of};
    use siderin_core::regions::FLUID_CODE;
    use siderin_image::volume::VoxelPoint;
    use std::collections::BTreeMap;

    #[test]
    fn regions_lie_in_the_image_of_their_head() {
        let head = Head::builtin().unwrap();
        let draw = ContrastDraw {
            shape: HeadShape::as_given(),
            tissue: TissueDraw::as_given(),
            signal: Signal::Painted(BTreeMap::from([
                ("White".into(), 0.5),
                ("Cortex".into(), 1.0),
            ])),
            mirrored: false,
            rotation_deg: [0.0; 3],
            voxel_mm: [1.0; 3],
            cut_mm: [[-10.0; 2]; 3],
            stripped: true,
            shading: 0.0,
            noise: 0.0,
            seed: 1,
        };
        let made = any_contrast(&head, &draw).unwrap();
        let grid = made.image.grid();
        assert_eq!(grid.spacing_mm(), [ANY_CONTRAST_MM; 3]);
        assert!((brain_mean(&made.image, &made.regions) - BRAIN_LEVEL).abs() < 0.1);
        let is_brain = |code: u8| (1..FLUID_CODE).contains(&code);
        let parenchyma = |code: &&u16| tissue_of(**code).is_parenchyma();
        let shaped = shape_head(&head, &draw.shape).unwrap();
        let expected_mm3 = shaped.labels().voxels().iter().filter(parenchyma).count() as f64
            * shaped.labels().grid().voxel_volume_mm3();
        let found = made
            .regions
            .voxels()
            .iter()
            .filter(|c| is_brain(**c))
            .count();
        let found_mm3 = found as f64 * grid.voxel_volume_mm3();
        assert!(
            (found_mm3 / expected_mm3 - 1.0).abs() < 0.02,
            "{found_mm3} {expected_mm3}"
        );
        let mean_x = |right: bool| {
            let of_side = |offset: &usize| {
                let code = made.regions.voxels()[*offset];
                is_brain(code) && (code > 20) == right
            };
            let at = (0..grid.voxel_count())
                .filter(of_side)
                .map(|offset| grid.to_world(VoxelPoint::center_of(grid.index(offset))).0.x);
            let (sum, count) = at.fold((0.0, 0.0), |(sum, n), x| (sum + x, n + 1.0));
            sum / count
        };
        // RAS: the right is where x is larger; hemispheres are some 60 mm wide.
        assert!((40.0..90.0).contains(&(mean_x(true) - mean_x(false))));
        assert_eq!(made.image.at([0, 0, 0]), 0.0);
        let mirrored = any_contrast(
            &head,
            &ContrastDraw {
                mirrored: true,
                ..draw
            },
        )
        .unwrap();
        let [nx, ny, nz] = grid.shape();
        let (here, there) = ([20, ny / 2, nz / 2], [nx - 21, ny / 2, nz / 2]);
        assert_eq!(made.image.at(here), mirrored.image.at(there));
        // The left's region on the right.
        assert!((1..20).contains(&made.regions.at(here)));
        assert_eq!(made.regions.at(here) + 20, mirrored.regions.at(there));
    }
}
