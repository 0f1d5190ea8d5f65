//! What surrounds a lesion: the clinically derived reduction of false positives of Kwon 2024.

use siderin_image::preprocess::distance_to_mm;
use siderin_image::volume::{Grid, Volume};

/// Slices farther apart than this are not looked across.
const THICK_MM: f64 = 2.0;
/// Stands for slices out of reach.
const OUT_OF_REACH_MM: f64 = 1e6;

/// Share of the voxels within `ring_mm` of a lesion, itself left out, that `brain` holds; none where
/// there are no such voxels. Distances are Euclidean between voxel centres; where slices are more
/// than 2 mm apart, only the lesion's own slices count.
///
/// `voxels` are the lesion's offsets in `brain`, at least one.
pub(super) fn parenchyma_share(
    brain: &Volume<bool>,
    voxels: &[usize],
    ring_mm: f64,
) -> Option<f64> {
    let grid = brain.grid();
    let mut spacing_mm = grid.spacing_mm();
    let slices = grid.slice_axis();
    if spacing_mm[slices] > THICK_MM {
        spacing_mm[slices] = OUT_OF_REACH_MM;
    }
    // The smallest box that holds the ring.
    let shape = grid.shape();
    let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
    for &offset in voxels {
        let index = grid.index(offset);
        for axis in 0..3 {
            // One more than fits: spacings are rounded, and distances decide below.
            let reach = (ring_mm / spacing_mm[axis]) as usize + 1;
            low[axis] = low[axis].min(index[axis].saturating_sub(reach));
            high[axis] = high[axis].max((index[axis] + reach + 1).min(shape[axis]));
        }
    }
    let box_shape = std::array::from_fn(|axis| high[axis] - low[axis]);
    let box_grid = Grid::axis_aligned(box_shape, spacing_mm).ok()?;
    let mut lesion = Volume::filled(&box_grid, false);
    for &offset in voxels {
        let index = grid.index(offset);
        lesion.set(std::array::from_fn(|axis| index[axis] - low[axis]), true);
    }
    let distance = distance_to_mm(&lesion);
    let (mut around, mut inside) = (0usize, 0usize);
    for (at, &mm) in distance.voxels().iter().enumerate() {
        if mm > 0.0 && f64::from(mm) <= ring_mm {
            let index = box_grid.index(at);
            around += 1;
            inside += usize::from(brain.at(std::array::from_fn(|axis| low[axis] + index[axis])));
        }
    }
    (around > 0).then(|| inside as f64 / around as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_leaves_the_lesion_out() {
        // A ball of 9 mm in a brain whose voxels it has taken: its own voxels are no brain.
        let grid = Grid::axis_aligned([31, 31, 31], [1.0; 3]).unwrap();
        let from_center = |i: [usize; 3]| {
            i.map(|a| (a as f64 - 15.0).powi(2))
                .iter()
                .sum::<f64>()
                .sqrt()
        };
        let brain = Volume::from_fn(&grid, |index| from_center(index) > 9.0);
        let voxels: Vec<usize> = (0..grid.voxel_count())
            .filter(|&offset| !brain.voxels()[offset])
            .collect();
        assert_eq!(parenchyma_share(&brain, &voxels, 2.0), Some(1.0));
    }

    #[test]
    fn half_a_ring_in_the_brain_is_half() {
        // One voxel; within 2 mm of it in its plane lie 12 others (4 at 1, 4 at √2, 4 at 2 mm).
        // Brain where i < 10: of the column i = 10, at which the voxel sits, four voxels are in the
        // ring; of i < 10 there are 4.
        let grid = Grid::axis_aligned([21, 21, 3], [1.0, 1.0, 5.0]).unwrap();
        let brain = Volume::from_fn(&grid, |[i, _, k]| i < 10 && k == 1);
        let voxel = [grid.offset([10, 10, 1])];
        assert_eq!(parenchyma_share(&brain, &voxel, 2.0), Some(4.0 / 12.0));
        // With thin slices the ring reaches into the neighbouring slices: a ball of 32 others, of
        // which i < 10 in the middle slice are 4 still.
        let thin = Grid::axis_aligned([21, 21, 5], [1.0; 3]).unwrap();
        let brain = Volume::from_fn(&thin, |[i, _, k]| i < 10 && k == 2);
        let voxel = [thin.offset([10, 10, 2])];
        assert_eq!(parenchyma_share(&brain, &voxel, 2.0), Some(4.0 / 32.0));
    }

    #[test]
    fn no_surroundings_are_no_verdict() {
        let grid = Grid::axis_aligned([2, 1, 1], [1.0; 3]).unwrap();
        let brain = Volume::filled(&grid, true);
        assert_eq!(parenchyma_share(&brain, &[0, 1], 2.0), None);
        // Voxels wider than the ring have no neighbours in it.
        let wide = Grid::axis_aligned([5, 5, 5], [3.0; 3]).unwrap();
        let brain = Volume::filled(&wide, true);
        assert_eq!(parenchyma_share(&brain, &[62], 2.0), None);
    }
}
