//! Thick slices of the darkest.

use super::Volume;
use rayon::prelude::*;

impl Volume<f32> {
    /// Each voxel becomes the darkest within half of `thickness_mm` along the axis that slices were stacked on
    /// (a minimum-intensity slab, as readers use to tell a vessel from a spot). The grid stays.
    #[must_use]
    pub fn darkest_slab(&self, thickness_mm: f64) -> Self {
        let axis = self.grid().slice_axis();
        let reach = (0.5 * thickness_mm / self.grid().spacing_mm()[axis]).floor() as usize;
        let shape = self.shape();
        let step = [1, shape[0], shape[0] * shape[1]][axis];
        let values = self.voxels();
        let mut slab = self.clone();
        let row = shape[0];
        slab.voxels_mut()
            .par_chunks_mut(row)
            .enumerate()
            .for_each(|(at, darkest)| {
                for (i, value) in darkest.iter_mut().enumerate() {
                    let here = at * row + i;
                    let slice = here / step % shape[axis];
                    let (low, high) = (reach.min(slice), reach.min(shape[axis] - 1 - slice));
                    for other in (here - low * step..=here + high * step).step_by(step) {
                        *value = value.min(values[other]);
                    }
                }
            });
        slab
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    #[test]
    fn the_darkest_of_neighbouring_slices_shows() {
        let grid = Grid::axis_aligned([2, 1, 5], [1.0, 1.0, 2.0]).unwrap();
        let values = vec![9.0, 1.0, 8.0, 2.0, 7.0, 3.0, 6.0, 4.0, 5.0, 5.0];
        let volume = Volume::new(grid, values).unwrap();
        // 4 mm: one slice to either side.
        let slab = volume.darkest_slab(4.0);
        let expected = [8.0, 1.0, 7.0, 1.0, 6.0, 2.0, 5.0, 3.0, 5.0, 4.0];
        assert_eq!(slab.voxels(), expected);
        assert_eq!(volume.darkest_slab(3.9).voxels(), volume.voxels());
    }

    #[test]
    fn slices_may_lie_along_any_axis() {
        let grid = Grid::axis_aligned([3, 2, 1], [3.0, 1.0, 1.0]).unwrap();
        let volume = Volume::new(grid, vec![3.0, 2.0, 1.0, 6.0, 5.0, 4.0]).unwrap();
        let slab = volume.darkest_slab(6.0);
        assert_eq!(slab.voxels(), [2.0, 1.0, 1.0, 5.0, 4.0, 4.0]);
    }
}
