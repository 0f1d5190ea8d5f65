//! How much of a brain both visits show.

use nalgebra::Isometry3;
use siderin_image::volume::{Volume, VoxelPoint, WorldPoint, sphere_radius_mm};
use std::f64::consts::PI;

/// Every so many voxels of the brain are looked up in the other scan.
const STEP: usize = 7;

/// The share of a brain that another scan's voxels show, of what this scan shows of it.
pub(super) fn shared<T: Copy>(
    brain: &Volume<bool>,
    other: &Volume<T>,
    other_from_brain: &Isometry3<f64>,
) -> f64 {
    let (grid, theirs) = (brain.grid(), other.grid());
    let (mut all, mut both) = (0usize, 0usize);
    let voxels = brain.voxels().iter().enumerate().step_by(STEP);
    for (offset, _) in voxels.filter(|(_, inside)| **inside) {
        let place = grid.to_world(VoxelPoint::center_of(grid.index(offset)));
        all += 1;
        both += usize::from(
            theirs
                .nearest(WorldPoint(other_from_brain * place.0))
                .is_some(),
        );
    }
    both as f64 / all.max(1) as f64
}

/// An estimate of the share of a brain that lies beyond the first and the last slice: of a ball of the volume
/// seen, the caps whose bases are the areas of brain in these slices.
pub(super) fn beyond_the_ends(brain: &Volume<bool>) -> f64 {
    let grid = brain.grid();
    let axis = grid.slice_axis();
    let last = grid.shape()[axis] - 1;
    let (mut all, mut ends) = (0usize, [0usize; 2]);
    for (offset, _) in brain.voxels().iter().enumerate().filter(|(_, b)| **b) {
        all += 1;
        let slice = grid.index(offset)[axis];
        ends[0] += usize::from(slice == 0);
        ends[1] += usize::from(slice == last);
    }
    let seen_mm3 = all as f64 * grid.voxel_volume_mm3();
    if seen_mm3 <= 0.0 {
        return 0.0;
    }
    let radius = sphere_radius_mm(seen_mm3);
    let slice_mm = grid.spacing_mm()[axis];
    let caps: f64 = ends
        .iter()
        .map(|count| {
            let area = *count as f64 * grid.voxel_volume_mm3() / slice_mm;
            // A base of radius r is cut √(R² - r²) from the middle; one wider than the ball halves it.
            let height = radius - (radius * radius - area / PI).max(0.0).sqrt();
            PI * height * height * (3.0 * radius - height) / 3.0
        })
        .sum();
    caps / (seen_mm3 + caps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::volume::Grid;

    #[test]
    fn what_the_other_scan_does_not_reach_is_not_shared() {
        let grid = Grid::axis_aligned([20, 20, 20], [2.0; 3]).unwrap();
        let brain = Volume::filled(&grid, true);
        let here = Isometry3::identity();
        assert_eq!(shared(&brain, &brain, &here), 1.0);
        // A shift by a quarter of the 40 mm.
        let away = Isometry3::translation(0.0, 0.0, 10.0);
        assert!((shared(&brain, &brain, &away) - 0.75).abs() < 0.01);
    }

    #[test]
    fn caps_of_a_ball_are_beyond_the_ends() {
        // A ball of radius 60 mm, its middle 30 mm above the first slice: cut off there is a cap of height
        // 30 mm, π 30² (180 - 30) / 3 = 141,372 of 904,779 mm³, 15.6 %. The ball of what is left has a radius
        // of 56.7 mm, on which the base of radius 52 mm stands higher: 33.9 mm, 17.2 %.
        let grid = Grid::axis_aligned([64, 64, 50], [2.0; 3]).unwrap();
        let ball = Volume::from_fn(&grid, |[i, j, k]| {
            let [x, y, z] = [i as f64 - 31.5, j as f64 - 31.5, k as f64 - 14.5].map(|v| 2.0 * v);
            x * x + y * y + z * z <= 3600.0
        });
        let radius = (0.75 * (904_779.0 - 141_372.0) / PI).cbrt();
        let height = radius - (radius * radius - (3600.0 - 29.0f64.powi(2))).sqrt();
        let cap = PI * height * height * (3.0 * radius - height) / 3.0;
        let expected = cap / (904_779.0 - 141_372.0 + cap);
        let found = beyond_the_ends(&ball);
        assert!((found - expected).abs() < 0.01, "{found} {expected}");
        let inner = Volume::from_fn(&grid, |[i, j, k]| {
            (10..50).contains(&i) && (10..50).contains(&j) && (10..40).contains(&k)
        });
        assert_eq!(beyond_the_ends(&inner), 0.0);
        assert_eq!(beyond_the_ends(&Volume::filled(&grid, false)), 0.0);
    }
}
