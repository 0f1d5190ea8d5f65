//! Voxels whose value cannot be, replaced by what is around them.

use super::Volume;

/// Replaces the voxels for which `is_bad` holds by the median of those of their 26 neighbours that are good, or by 0
/// where fewer than half of the neighbours are. Returns how many there were.
pub fn replace_by_neighbours(volume: &mut Volume<f32>, is_bad: impl Fn(f32) -> bool) -> u64 {
    let bad: Vec<usize> = (0..volume.voxels().len())
        .filter(|at| is_bad(volume.voxels()[*at]))
        .collect();
    if bad.is_empty() {
        return 0;
    }
    let shape = volume.shape();
    let strides = [1, shape[0], shape[0] * shape[1]];
    let mut replaced = Vec::with_capacity(bad.len());
    let mut good = Vec::with_capacity(26);
    for &at in &bad {
        let index = volume.grid().index(at);
        let span = |axis: usize| {
            let first = index[axis].saturating_sub(1);
            first..(index[axis] + 2).min(shape[axis])
        };
        good.clear();
        let mut around = 0;
        for k in span(2) {
            for j in span(1) {
                for i in span(0) {
                    let other = i * strides[0] + j * strides[1] + k * strides[2];
                    if other != at {
                        around += 1;
                        good.extend(Some(volume.voxels()[other]).filter(|v| !is_bad(*v)));
                    }
                }
            }
        }
        replaced.push(if good.is_empty() || 2 * good.len() < around {
            0.0
        } else {
            let middle = good.len() / 2;
            *good.select_nth_unstable_by(middle, f32::total_cmp).1
        });
    }
    for (at, value) in bad.iter().zip(replaced) {
        volume.voxels_mut()[*at] = value;
    }
    bad.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    #[test]
    fn a_lone_voxel_becomes_the_median_and_a_region_becomes_zero() {
        let grid = Grid::axis_aligned([8, 5, 3], [1.0; 3]).unwrap();
        // Slices of 1, 2 and 3.
        let mut volume = Volume::from_fn(&grid, |[i, j, k]| match (i, j, k) {
            (1, 2, 1) | (4.., _, _) => f32::NAN,
            (_, _, k) => k as f32 + 1.0,
        });
        let count = replace_by_neighbours(&mut volume, |v| !v.is_finite());
        assert_eq!(count, 1 + 4 * 5 * 3);
        // Of its neighbours 9 are 1, 8 are 2 and 9 are 3.
        assert_eq!(volume.at([1, 2, 1]), 2.0);
        assert_eq!(volume.at([6, 2, 1]), 0.0);
        assert_eq!(volume.at([3, 2, 0]), 1.0);
    }
}
