//! Binary morphology, by voxel neighbourhoods and by balls in millimetres. What lies
//! outside the volume is background.

use super::components::{Connectivity, connected_components};
use super::distance::squared_distance_to_mm2;
use crate::volume::{Grid, Volume};
use ndarray::{Array3, s};
use ndarray_ndimage::{binary_dilation, binary_erosion};

/// Removes, `times` over, voxels that touch the background.
#[must_use]
pub fn erode(mask: &Volume<bool>, connectivity: Connectivity, times: usize) -> Volume<bool> {
    padded(mask, times, |array| {
        binary_erosion(array, &connectivity.kernel().generate(), times)
    })
}

/// Adds, `times` over, voxels that touch the mask.
#[must_use]
pub fn dilate(mask: &Volume<bool>, connectivity: Connectivity, times: usize) -> Volume<bool> {
    padded(mask, times, |array| {
        binary_dilation(array, &connectivity.kernel().generate(), times)
    })
}

/// Erosion, then dilation: removes what is thin.
#[must_use]
pub fn open(mask: &Volume<bool>, connectivity: Connectivity, times: usize) -> Volume<bool> {
    dilate(&erode(mask, connectivity, times), connectivity, times)
}

/// Dilation, then erosion: closes gaps, also those at the volume's border.
#[must_use]
pub fn close(mask: &Volume<bool>, connectivity: Connectivity, times: usize) -> Volume<bool> {
    let kernel = connectivity.kernel().generate();
    padded(mask, times, |array| {
        binary_erosion(&binary_dilation(array, &kernel, times), &kernel, times)
    })
}

/// All voxels within `radius_mm` of the mask.
#[must_use]
pub fn dilate_mm(mask: &Volume<bool>, radius_mm: f64) -> Volume<bool> {
    let limit = (radius_mm * radius_mm) as f32;
    squared_distance_to_mm2(mask).map(|d2| d2 <= limit)
}

/// The voxels of the mask farther than `radius_mm` from its background; the volume's
/// border is no background here.
#[must_use]
pub fn erode_mm(mask: &Volume<bool>, radius_mm: f64) -> Volume<bool> {
    let limit = (radius_mm * radius_mm) as f32;
    squared_distance_to_mm2(&mask.map(|inside| !inside)).map(|d2| d2 > limit)
}

/// Fills background that the mask encloses (6-connected background that does not reach
/// the volume's border).
#[must_use]
pub fn fill_holes(mask: &Volume<bool>) -> Volume<bool> {
    let (labels, count) = connected_components(&mask.map(|inside| !inside), Connectivity::Six);
    let shape = mask.shape();
    let mut reaches_border = vec![false; count + 1];
    for (offset, &label) in labels.voxels().iter().enumerate() {
        let index = mask.grid().index(offset);
        if (0..3).any(|axis| index[axis] == 0 || index[axis] + 1 == shape[axis]) {
            reaches_border[label as usize] = true;
        }
    }
    labels.map(|label| label == 0 || !reaches_border[label as usize])
}

/// Runs `work` on the mask with a rim of background, so that volumes of a single slice
/// and masks at the border are safe, and cuts the rim off again.
fn padded(
    mask: &Volume<bool>,
    times: usize,
    work: impl FnOnce(&Array3<bool>) -> Array3<bool>,
) -> Volume<bool> {
    if times == 0 {
        return mask.clone();
    }
    let rim = times + 1;
    let [nx, ny, nz] = mask.shape();
    let mut array = Array3::from_elem((nz + 2 * rim, ny + 2 * rim, nx + 2 * rim), false);
    let inner = s![rim..rim + nz, rim..rim + ny, rim..rim + nx];
    array.slice_mut(inner).assign(&mask.view().reversed_axes());
    let done = work(&array);
    let grid: &Grid = mask.grid();
    Volume::new(grid.clone(), done.slice(inner).iter().copied().collect())
        .expect("cutting the rim off restores the shape")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid(shape: [usize; 3]) -> Grid {
        Grid::axis_aligned(shape, [1.0, 1.0, 2.0]).unwrap()
    }

    #[test]
    fn a_voxel_grows_to_its_neighbourhood() {
        let mask = Volume::from_fn(&grid([5, 5, 5]), |index| index == [2, 2, 2]);
        let count = |v: &Volume<bool>| v.voxels().iter().filter(|&&x| x).count();
        assert_eq!(count(&dilate(&mask, Connectivity::Six, 1)), 7);
        assert_eq!(count(&dilate(&mask, Connectivity::Eighteen, 1)), 19);
        assert_eq!(count(&dilate(&mask, Connectivity::TwentySix, 1)), 27);
        // Within 2 mm on a 1×1×2 mm grid: 13 in the plane, one above, one below.
        assert_eq!(count(&dilate_mm(&mask, 2.0)), 15);
    }

    #[test]
    fn one_slice_is_enough() {
        let mask = Volume::from_fn(&grid([5, 5, 1]), |[i, j, _]| {
            i > 0 && j > 0 && i < 4 && j < 4
        });
        // The background above and below the slice erodes everything.
        assert!(
            erode(&mask, Connectivity::Six, 1)
                .voxels()
                .iter()
                .all(|&x| !x)
        );
        assert!(
            dilate(&mask, Connectivity::TwentySix, 1)
                .voxels()
                .iter()
                .all(|&x| x)
        );
    }

    #[test]
    fn holes_fill_and_bays_do_not() {
        let ring = Volume::from_fn(&grid([7, 7, 3]), |[i, j, k]| {
            k == 1
                && (i == 1 || i == 5 || j == 1 || j == 5)
                && (1..=5).contains(&i)
                && (1..=5).contains(&j)
        });
        // In 3D the ring is open above and below.
        assert_eq!(fill_holes(&ring), ring);
        let box_mask = Volume::from_fn(&grid([5, 5, 5]), |index| {
            index.iter().all(|&i| (1..=3).contains(&i)) && index != [2, 2, 2]
        });
        assert!(fill_holes(&box_mask).at([2, 2, 2]));
    }

    proptest! {
        #[test]
        fn each_operation_only_adds_or_only_removes(
            bits in prop::collection::vec(any::<bool>(), 5 * 4 * 3),
        ) {
            let mask = Volume::new(grid([5, 4, 3]), bits).unwrap();
            let grown = dilate(&mask, Connectivity::Six, 1);
            let shrunk = erode(&mask, Connectivity::Six, 1);
            let opened = open(&mask, Connectivity::Six, 1);
            let closed = close(&mask, Connectivity::Six, 1);
            for offset in 0..mask.voxels().len() {
                let [m, g, s, o, c] = [&mask, &grown, &shrunk, &opened, &closed].map(|v| v.voxels()[offset]);
                prop_assert!(!s || m);
                prop_assert!(!m || g);
                prop_assert!(!o || m);
                prop_assert!(!m || c);
            }
        }
    }
}
