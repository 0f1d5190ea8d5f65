//! A whole head on a coarse grid, as the network of regions sees it.

use super::otsu::{OtsuError, otsu_threshold};
use crate::volume::{
    Grid, GridError, Interpolation, ResampleError, Volume, VoxelPoint, block_mean,
    canonical_orientation, resample,
};
use nalgebra::Matrix4;

/// Voxels of a head's view.
pub const HEAD_VIEW_MM: f64 = 2.0;

/// A scan that shows no head.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum HeadViewError {
    #[error("looking at the head: {0}")]
    Otsu(#[from] OtsuError),
    #[error(
        "looking at the head: the scan holds NaN or infinity, or nothing above 0; it is damaged, or no \
         image of a head"
    )]
    NoImage,
    #[error(
        "looking at the head: the scan would have {voxels} voxels of {HEAD_VIEW_MM} mm, at most {most} \
         can be worked on; its voxel sizes are wrong, or it shows more than a head"
    )]
    TooLarge { voxels: u64, most: u64 },
    #[error(transparent)]
    Grid(#[from] GridError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

/// Room around what is bright.
const MARGIN_VOXELS: usize = 4;
const BINS: usize = 256;
/// Fat and vessels are no brighter than this.
const MOST: f32 = 4.0;
/// A field of view of 64 litres, eight times a large head's.
const MOST_VOXELS: u64 = 8_000_000;

/// The scan with its axes in the order closest to R, A, S, in voxels of [`HEAD_VIEW_MM`], cut to what
/// is bright, and divided by the mean of that. A scan that is stored in another order or scaled
/// otherwise looks the same.
///
/// # Errors
/// When all voxels are alike, none is above 0, some are no numbers, or they are too many.
pub fn head_view(scan: &Volume<f32>) -> Result<Volume<f32>, HeadViewError> {
    if !scan.voxels().iter().all(|v| v.is_finite()) {
        return Err(HeadViewError::NoImage);
    }
    let (upright, _) = canonical_orientation(scan)?;
    let spacing = upright.grid().spacing_mm();
    // Means of whole voxels first, so that nothing finer than the view is left.
    let coarse = block_mean(
        &upright,
        spacing.map(|mm| (HEAD_VIEW_MM / mm + 1e-3) as usize),
    )?;
    let grid = view_grid(upright.grid())?;
    let same = Matrix4::identity();
    let view = resample(&coarse, &grid, &same, Interpolation::Linear, 0.0)?;
    let threshold = otsu_threshold(&view, BINS)?;
    let bright = view.map(|v| v > threshold);
    let (sum, count) = view
        .voxels()
        .iter()
        .filter(|v| **v > threshold)
        .fold((0.0f64, 0.0f64), |(sum, n), v| {
            (sum + f64::from(*v), n + 1.0)
        });
    let mean = (sum / f64::max(count, 1.0)) as f32;
    // Not `mean <= 0`: a sum beyond all numbers is no mean, either.
    if !(mean > 0.0 && mean.is_finite()) {
        return Err(HeadViewError::NoImage);
    }
    let scaled = view.map(|v| (v / mean).clamp(0.0, MOST));
    Ok(match bright.bounding_box() {
        Some(range) => scaled.crop(std::array::from_fn(|a| {
            let end = (range[a].end + MARGIN_VOXELS).min(view.shape()[a]);
            range[a].start.saturating_sub(MARGIN_VOXELS)..end
        }))?,
        None => scaled,
    })
}

/// Voxels of the view's size over the same box, about the same middle.
fn view_grid(grid: &Grid) -> Result<Grid, HeadViewError> {
    let (shape, spacing) = (grid.shape(), grid.spacing_mm());
    let stretch = spacing.map(|mm| HEAD_VIEW_MM / mm);
    let size: [usize; 3] =
        std::array::from_fn(|a| ((shape[a] as f64 / stretch[a]).round() as usize).max(1));
    let voxels = size
        .iter()
        .fold(1u64, |all, n| all.saturating_mul(*n as u64));
    if voxels > MOST_VOXELS {
        let most = MOST_VOXELS;
        return Err(HeadViewError::TooLarge { voxels, most });
    }
    // The middles of both boxes, in voxels.
    let first: [f64; 3] = std::array::from_fn(|a| {
        (shape[a] as f64 - 1.0) / 2.0 - (size[a] as f64 - 1.0) / 2.0 * stretch[a]
    });
    let mut affine: Matrix4<f64> = *grid.world_from_voxel();
    let [x, y, z] = first;
    let origin = grid.to_world(VoxelPoint::new(x, y, z)).0;
    for (a, factor) in stretch.iter().enumerate() {
        affine.column_mut(a).scale_mut(*factor);
    }
    affine
        .fixed_view_mut::<3, 1>(0, 3)
        .copy_from(&origin.coords);
    Ok(Grid::new(size, affine)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ball of brightness 300 and radius 20 mm around (30, 40, 24) mm; beside it 10.
    fn ball(grid: &Grid) -> Volume<f32> {
        let middle = crate::volume::WorldPoint::new(30.0, 40.0, 24.0);
        Volume::from_fn(grid, |index| {
            let place = grid.to_world(VoxelPoint::center_of(index));
            if place.distance_mm(middle) < 20.0 {
                300.0
            } else {
                10.0
            }
        })
    }

    #[test]
    fn the_view_is_cut_to_the_head_and_scaled() {
        let view = head_view(&ball(
            &Grid::axis_aligned([60, 80, 24], [1.0, 1.0, 2.0]).unwrap(),
        ));
        let view = view.unwrap();
        // Centres are at .5, 2.5, … mm in the plane and at 0, 2, … across: 20 voxels in each
        // direction of the ball's 40 mm, or 19 with one in the middle, and 4 around; across it is cut
        // by the grid's border.
        let [nx, ny, nz] = view.shape();
        assert_eq!([nx, ny], [28, 28]);
        assert_eq!(nz, 24);
        assert_eq!(view.grid().spacing_mm(), [2.0; 3]);
        let at = view
            .grid()
            .to_voxel(crate::volume::WorldPoint::new(30.0, 40.0, 24.0));
        let value = view.at(at.to_array().map(|v| v.round() as usize));
        // Of the bright ones some lie half in the ball, so their mean is a little lower.
        assert!((1.0..1.1).contains(&value), "{value}");
    }

    #[test]
    fn order_and_scale_of_the_voxels_do_not_matter() {
        let grid = Grid::axis_aligned([60, 80, 24], [1.0, 1.0, 2.0]).unwrap();
        let upright = head_view(&ball(&grid)).unwrap();
        // Columns run from right to left, slices first.
        let affine = Matrix4::new(
            0.0, -1.0, 0.0, 59.0, //
            0.0, 0.0, 1.0, 0.0, //
            2.0, 0.0, 0.0, 0.0, //
            0.0, 0.0, 0.0, 1.0,
        );
        let turned = Grid::new([24, 60, 80], affine).unwrap();
        let other = head_view(&ball(&turned).map(|v| 7.0 * v)).unwrap();
        assert!(other.grid().matches(upright.grid(), 1e-9));
        for (a, b) in upright.voxels().iter().zip(other.voxels()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn what_is_no_scan_of_a_head_is_refused() {
        let grid = Grid::axis_aligned([8, 8, 8], [1.0; 3]).unwrap();
        let of = |value: fn(usize) -> f32| Volume::from_fn(&grid, |[i, _, _]| value(i));
        let refused = |value| head_view(&of(value)).unwrap_err();
        assert!(matches!(refused(|_| 3.0), HeadViewError::Otsu(_)));
        assert_eq!(
            refused(|i| if i == 3 { f32::NAN } else { i as f32 }),
            HeadViewError::NoImage
        );
        assert_eq!(refused(|i| -1.0 - i as f32), HeadViewError::NoImage);
        // Metres taken for millimetres: 8 m are 4000 voxels of 2 mm.
        let metres = Grid::axis_aligned([8, 8, 8], [1000.0; 3]).unwrap();
        let said = head_view(&Volume::from_fn(&metres, |[i, _, _]| i as f32)).unwrap_err();
        let voxels = 4000 * 4000 * 4000;
        assert!(matches!(said, HeadViewError::TooLarge { voxels: v, .. } if v == voxels));
    }
}
