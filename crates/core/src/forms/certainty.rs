//! How sure a finding is, by confidence and shape.

use crate::lesion::Lesion;
use nalgebra::{Matrix2, SymmetricEigen};
use serde::{Deserialize, Serialize};
use siderin_image::volume::Grid;

/// Whether a finding is definite (MARS) or certain (BOMBS), or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// 2 to 10 mm, round, and clearly a microbleed.
    Definite,
    /// Less clear, smaller, or not round.
    Possible,
}

/// A definite microbleed's smallest diameter (Gregoire 2009, doi 10.1212/WNL.0b013e3181c34a7d).
pub const SMALLEST_DEFINITE_MM: f64 = 2.0;
/// Length over width in the slice's plane up to which a finding is round; a vein cut along is longer.
pub const ROUND_MOST: f64 = 2.0;

impl Certainty {
    /// Name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Definite => "definite",
            Self::Possible => "possible",
        }
    }

    /// Definite are findings of a confidence of `certain_from` or more, of 2 mm or more, and at most twice as
    /// long as wide in the plane of the slices. `grid` is that of the lesion's voxels.
    #[must_use]
    pub fn of(lesion: &Lesion, grid: &Grid, certain_from: f32) -> Self {
        let is_definite = lesion.confidence >= certain_from
            && lesion.diameter_mm >= SMALLEST_DEFINITE_MM
            && length_over_width(&lesion.voxels, grid) <= ROUND_MOST;
        if is_definite {
            Self::Definite
        } else {
            Self::Possible
        }
    }
}

/// Ratio of the standard deviations along the longest and the shortest axis of the voxels' areas in the
/// plane of the slices: across slices a scan shows no shape. 1 is round.
fn length_over_width(voxels: &[usize], grid: &Grid) -> f64 {
    let spacing = grid.spacing_mm();
    let cut = grid.slice_axis();
    let [a, b] = [(cut + 1) % 3, (cut + 2) % 3];
    let places = voxels.iter().map(|&offset| {
        let index = grid.index(offset);
        [a, b].map(|axis| index[axis] as f64 * spacing[axis])
    });
    let count = voxels.len().max(1) as f64;
    let mut mean = [0.0; 2];
    for place in places.clone() {
        mean[0] += place[0] / count;
        mean[1] += place[1] / count;
    }
    // A voxel is no point: a square of edge s has the variance s² / 12.
    let own = [a, b].map(|axis| spacing[axis].powi(2) / 12.0);
    let mut spread = Matrix2::new(own[0], 0.0, 0.0, own[1]);
    for place in places {
        let [x, y] = [place[0] - mean[0], place[1] - mean[1]];
        spread += Matrix2::new(x * x, x * y, x * y, y * y) / count;
    }
    let variances = SymmetricEigen::new(spread).eigenvalues;
    (variances.max() / variances.min()).sqrt()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::lesion::{NoRegion, SizeClass};
    use siderin_image::volume::sphere_diameter_mm;
    use siderin_image::volume::{VoxelPoint, WorldPoint};

    /// Voxels of 1 × 1 × 4 mm, 20 × 20 × 3 of them.
    pub(in crate::forms) fn grid() -> Grid {
        Grid::axis_aligned([20, 20, 3], [1.0, 1.0, 4.0]).unwrap()
    }

    /// A lesion of these voxels and diameter, at no known place.
    pub(in crate::forms) fn lesion(
        voxels: &[[usize; 3]],
        diameter_mm: f64,
        confidence: f32,
    ) -> Lesion {
        Lesion {
            id: 1,
            center_world: WorldPoint::new(0.0, 0.0, 0.0),
            center_voxel: VoxelPoint::new(0.0, 0.0, 0.0),
            volume_mm3: 1.0,
            diameter_mm,
            confidence,
            size_class: SizeClass::of(diameter_mm),
            place: Err(NoRegion::NoMap),
            voxels: voxels.iter().map(|index| grid().offset(*index)).collect(),
        }
    }

    #[test]
    fn definite_ones_are_sure_round_and_large_enough() {
        let square = [[4, 4, 1], [5, 4, 1], [4, 5, 1], [5, 5, 1]];
        let of = |voxels: &[[usize; 3]], diameter_mm: f64, confidence: f32| {
            Certainty::of(&lesion(voxels, diameter_mm, confidence), &grid(), 0.9)
        };
        assert_eq!(
            of(&square, sphere_diameter_mm(16.0), 0.9),
            Certainty::Definite
        );
        assert_eq!(of(&square, 2.0, 0.89), Certainty::Possible);
        assert_eq!(of(&square, 1.9, 1.0), Certainty::Possible);
        let line = [[4, 4, 1], [5, 4, 1], [6, 4, 1]];
        assert_eq!(of(&line, 3.0, 1.0), Certainty::Possible);
    }

    #[test]
    fn length_is_told_by_squares_of_one_voxel() {
        let of =
            |voxels: &[[usize; 3]]| length_over_width(&lesion(voxels, 1.0, 1.0).voxels, &grid());
        assert_eq!(of(&[[3, 3, 1]]), 1.0);
        // A rectangle of 2 × 1 is twice as long as wide, one of 3 × 1 three times; through slices a column is
        // as round as one of its voxels.
        assert!((of(&[[3, 3, 1], [4, 3, 1]]) - 2.0).abs() < 1e-12);
        assert!((of(&[[3, 3, 1], [3, 4, 1], [3, 5, 1]]) - 3.0).abs() < 1e-12);
        assert_eq!(of(&[[3, 3, 0], [3, 3, 1], [3, 3, 2]]), 1.0);
    }
}
