//! What a scan shows at a place where the other visit has a lesion.

use super::pairing::REACH_MM;
use crate::lesion::Lesion;
use serde::Serialize;
use siderin_image::volume::{Volume, VoxelPoint, WorldPoint};

/// One visit's scan, to look things up in.
#[derive(Debug, Clone)]
pub struct Sight<'a> {
    /// The scan.
    pub scan: &'a Volume<f32>,
    /// The brain on its grid.
    pub brain: &'a Volume<bool>,
    /// Its lesions, best first.
    pub lesions: &'a [Lesion],
    /// What would be lesions at a lower threshold.
    pub faint: &'a [Lesion],
    /// Centres and confidence of everything that was scored, lesions included.
    pub candidates: Vec<(WorldPoint, f32)>,
}

/// What a scan shows at a place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Evidence {
    /// The highest confidence of a candidate closer than [`REACH_MM`] that is not part of a lesion there; none
    /// where nothing was such a candidate.
    pub confidence: Option<f32>,
    /// Signal loss of the darkest voxel within 2 mm, as a share of the median of what lies 4 to 8 mm away in
    /// the brain; none where no brain is around.
    pub loss: Option<f32>,
}

/// A place as one visit shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// In this visit's world, RAS+ mm.
    pub place: WorldPoint,
    /// The lesion found there.
    pub lesion: Option<u16>,
    /// What else is there; none outside of the scan.
    pub evidence: Option<Evidence>,
}

/// Around a place this is looked at for the darkest voxel.
const DARK_MM: f64 = 2.0;
/// What it is compared with.
const AROUND_MM: [f64; 2] = [4.0, 8.0];
/// Fewer voxels are no surroundings.
const LEAST_AROUND: usize = 20;

impl Sight<'_> {
    /// Whether the scan shows a place: it lies within its voxels.
    #[must_use]
    pub fn covers(&self, place: WorldPoint) -> bool {
        self.scan.grid().nearest(place).is_some()
    }

    /// What is at a place; none outside of the scan.
    #[must_use]
    pub fn at(&self, place: WorldPoint) -> Option<Evidence> {
        self.covers(place).then(|| Evidence {
            confidence: self
                .candidates
                .iter()
                .filter(|(center, _)| {
                    let mm = center.distance_mm(place);
                    let mut lesions = self.lesions.iter();
                    // What lies closer to a lesion is that lesion.
                    mm < REACH_MM && !lesions.any(|l| l.center_world.distance_mm(*center) < mm)
                })
                .map(|(_, confidence)| *confidence)
                .max_by(f32::total_cmp),
            loss: self.loss_at(place),
        })
    }

    /// As [`Evidence::loss`].
    pub(super) fn loss_at(&self, place: WorldPoint) -> Option<f32> {
        let grid = self.scan.grid();
        let middle = grid.to_voxel(place).to_array();
        let (shape, spacing) = (grid.shape(), grid.spacing_mm());
        let range = |axis: usize| {
            let steps = AROUND_MM[1] / spacing[axis];
            let first = (middle[axis] - steps).floor().max(0.0) as usize;
            let last = (middle[axis] + steps).ceil().max(0.0) as usize;
            first..(last + 1).min(shape[axis])
        };
        let own = middle.map(|at| at.round().max(0.0) as usize);
        let mut darkest = f32::INFINITY;
        let mut around = Vec::new();
        for k in range(2) {
            for j in range(1) {
                for i in range(0) {
                    let index = [i, j, k];
                    let value = self.scan.at(index);
                    let mm = grid
                        .to_world(VoxelPoint::center_of(index))
                        .distance_mm(place);
                    if mm <= DARK_MM || index == own {
                        darkest = darkest.min(value);
                    } else if (AROUND_MM[0]..=AROUND_MM[1]).contains(&mm) && self.brain.at(index) {
                        around.push(value);
                    }
                }
            }
        }
        if around.len() < LEAST_AROUND {
            return None;
        }
        let half = around.len() / 2;
        let (_, &mut median, _) = around.select_nth_unstable_by(half, f32::total_cmp);
        (median > 0.0 && darkest.is_finite()).then(|| 1.0 - darkest / median)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::volume::Grid;

    #[test]
    fn the_best_candidate_and_the_darkest_voxel_count() {
        let grid = Grid::axis_aligned([40, 40, 10], [1.0, 1.0, 2.0]).unwrap();
        let mut scan = Volume::filled(&grid, 200.0f32);
        scan.set([20, 20, 5], 50.0);
        // Beyond 2 mm, and closer than the surroundings.
        scan.set([23, 20, 5], 1.0);
        let brain = Volume::filled(&grid, true);
        let at = |x: f64| WorldPoint::new(x, 20.0, 10.0);
        let sight = Sight {
            scan: &scan,
            brain: &brain,
            lesions: &[],
            faint: &[],
            candidates: vec![(at(22.0), 0.3), (at(24.5), 0.4), (at(25.5), 0.9)],
        };
        let evidence = sight.at(at(20.0)).unwrap();
        assert_eq!(evidence.confidence, Some(0.4));
        // 50 of 200.
        assert_eq!(evidence.loss, Some(0.75));
        assert_eq!(sight.at(at(5.0)).unwrap().confidence, None);
        assert_eq!(sight.at(at(5.0)).unwrap().loss, Some(0.0));
        // Voxels end half a step beyond their centres, at 39.5 mm.
        assert!(sight.at(at(39.4)).is_some() && sight.at(at(39.6)).is_none());
        let none = Volume::filled(&grid, false);
        let sight = Sight {
            brain: &none,
            ..sight
        };
        assert_eq!(sight.at(at(20.0)).unwrap().loss, None);
    }
}
