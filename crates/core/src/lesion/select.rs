//! From scored candidates to lesions.

use super::{Lesion, NoRegion, SizeClass};
use crate::candidates::{Candidate, SpotKind};
use siderin_image::volume::sphere_diameter_mm;
use siderin_image::volume::{Grid, Volume, WorldPoint};
use std::collections::HashSet;

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is the lesion of this id.
    Lesion(u16),
    /// Its score is below the threshold.
    BelowThreshold,
    /// It shares voxels with a better one.
    Duplicate,
    /// More lesions than labels.
    BeyondLabels,
    /// It is smaller than the model's smallest lesion.
    TooSmall,
    /// No voxel of it lies in the brain.
    OutsideBrain,
    /// Most of its surroundings are no brain tissue.
    OutsideParenchyma,
}

impl Decision {
    /// Name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lesion(_) => "lesion",
            Self::BelowThreshold => "below_threshold",
            Self::Duplicate => "duplicate",
            Self::BeyondLabels => "beyond_labels",
            Self::TooSmall => "too_small",
            Self::OutsideBrain => "outside_brain",
            Self::OutsideParenchyma => "outside_parenchyma",
        }
    }
}

/// A candidate with its score.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredSpot {
    /// The candidate.
    pub candidate: Candidate,
    /// Its score, the lesion's confidence.
    pub score: f32,
    /// What it is likeliest to be if no microbleed, where a network says so.
    pub otherwise: Option<SpotKind>,
}

/// A scored candidate and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The candidate.
    pub spot: ScoredSpot,
    /// The outcome.
    pub decision: Decision,
}

/// Which places repeat one before them that repeats none itself: they share a voxel with it, or their
/// centres are less than `apart_mm` apart. Of each the centre and the voxels.
#[must_use]
pub fn repeats(best_first: &[(WorldPoint, &[usize])], apart_mm: f64) -> Vec<bool> {
    let mut taken: HashSet<usize> = HashSet::new();
    let mut kept: Vec<WorldPoint> = Vec::new();
    best_first
        .iter()
        .map(|(center, voxels)| {
            let repeated = voxels.iter().any(|voxel| taken.contains(voxel))
                || kept.iter().any(|k| k.distance_mm(*center) < apart_mm);
            if !repeated {
                taken.extend(*voxels);
                kept.push(*center);
            }
            repeated
        })
        .collect()
}

/// Goes through candidates from the best score down: those at or above `threshold` become
/// lesions, unless they repeat one that already did (see [`repeats`]).
#[must_use]
pub fn select_lesions(
    grid: &Grid,
    mut scored: Vec<ScoredSpot>,
    threshold: f32,
    apart_mm: f64,
) -> (Vec<Lesion>, Vec<Judged>) {
    // A score that is no number must not hide those that are.
    let ranked = |spot: &ScoredSpot| {
        if spot.score.is_nan() {
            f32::NEG_INFINITY
        } else {
            spot.score
        }
    };
    scored.sort_by(|a, b| ranked(b).total_cmp(&ranked(a)));
    let above = scored.iter().take_while(|spot| spot.score >= threshold);
    let best_first: Vec<(WorldPoint, &[usize])> = above
        .map(|spot| (spot.candidate.center_world, &spot.candidate.voxels[..]))
        .collect();
    let repeated = repeats(&best_first, apart_mm);
    let mut lesions: Vec<Lesion> = Vec::new();
    let judged = scored
        .into_iter()
        .enumerate()
        .map(|(at, spot)| {
            let decision = if at >= repeated.len() {
                Decision::BelowThreshold
            } else if repeated[at] {
                Decision::Duplicate
            } else if lesions.len() == usize::from(u16::MAX) {
                Decision::BeyondLabels
            } else {
                lesions.push(lesion(grid, &spot, lesions.len() as u16 + 1));
                Decision::Lesion(lesions.len() as u16)
            };
            Judged { spot, decision }
        })
        .collect();
    (lesions, judged)
}

/// Candidates below the threshold that would be lesions at a lower one, best first, numbered on from the
/// lesions; none of those that repeat a better one of them or a lesion (see [`repeats`]).
#[must_use]
pub fn faint_lesions(grid: &Grid, judged: &[Judged], from: f32, apart_mm: f64) -> Vec<Lesion> {
    let above: Vec<&Judged> = judged.iter().filter(|j| j.spot.score >= from).collect();
    let best_first: Vec<(WorldPoint, &[usize])> = above
        .iter()
        .map(|j| {
            let candidate = &j.spot.candidate;
            (candidate.center_world, &candidate.voxels[..])
        })
        .collect();
    let lesions = judged
        .iter()
        .filter(|j| matches!(j.decision, Decision::Lesion(_)));
    let first = lesions.count() + 1;
    above
        .iter()
        .zip(repeats(&best_first, apart_mm))
        .filter(|(judged, repeated)| !repeated && judged.decision == Decision::BelowThreshold)
        .zip(first..=usize::from(u16::MAX))
        .map(|((judged, _), id)| lesion(grid, &judged.spot, id as u16))
        .collect()
}

fn lesion(grid: &Grid, spot: &ScoredSpot, id: u16) -> Lesion {
    let candidate = &spot.candidate;
    let volume_mm3 = candidate.voxels.len() as f64 * grid.voxel_volume_mm3();
    let diameter_mm = sphere_diameter_mm(volume_mm3);
    Lesion {
        id,
        center_world: candidate.center_world,
        center_voxel: candidate.center_voxel,
        volume_mm3,
        diameter_mm,
        confidence: spot.score,
        size_class: SizeClass::of(diameter_mm),
        place: Err(NoRegion::NoMap),
        voxels: candidate.voxels.clone(),
    }
}

/// Instance labels on the scan's own grid: each lesion's id, 0 elsewhere.
#[must_use]
pub fn label_volume(grid: &Grid, lesions: &[Lesion]) -> Volume<u16> {
    let mut labels = Volume::filled(grid, 0u16);
    for lesion in lesions {
        for &voxel in &lesion.voxels {
            labels.voxels_mut()[voxel] = lesion.id;
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::{Measures, Spot};
    use siderin_image::volume::VoxelPoint;

    fn candidate(voxels: &[usize]) -> Candidate {
        let measures = Measures {
            isolation: 0.5,
            contrast: 0.5,
            snr: 10.0,
            diameter_mm: 3.0,
            elongation: 1.0,
            flatness: 1.0,
            through: 0.0,
            dark_share: 0.0,
            background: 1.0,
            depth_mm: 9.0,
            cut_off: false,
        };
        let spot = Spot {
            index: [0; 3],
            sigma_mm: 1.0,
            response: 0.5,
            isolation: 0.5,
            depth_mm: 9.0,
        };
        let center_voxel = VoxelPoint::new(0.0, 0.0, 0.0);
        let grid = Grid::axis_aligned([9, 1, 1], [1.0; 3]).unwrap();
        Candidate {
            spot,
            center_voxel,
            center_world: grid.to_world(center_voxel),
            voxels: voxels.to_vec(),
            measures,
        }
    }

    fn spot(voxels: &[usize], score: f32) -> ScoredSpot {
        ScoredSpot {
            candidate: candidate(voxels),
            score,
            otherwise: None,
        }
    }

    #[test]
    fn what_repeats_a_repetition_alone_stays() {
        let at = |x: f64| WorldPoint::new(x, 0.0, 0.0);
        // The second is 3 mm from the first; the third is 3 mm from the second alone; the fourth
        // shares a voxel with the third; the fifth, 4 mm from the third, is apart from all.
        let places: [(WorldPoint, &[usize]); 5] = [
            (at(0.0), &[1]),
            (at(3.0), &[2]),
            (at(6.0), &[3, 4]),
            (at(20.0), &[4]),
            (at(10.0), &[5]),
        ];
        assert_eq!(repeats(&places, 4.0), [false, true, false, true, false]);
        assert_eq!(repeats(&places, 0.0), [false, false, false, true, false]);
    }

    #[test]
    fn the_best_of_overlapping_candidates_stays() {
        let grid = Grid::axis_aligned([9, 1, 1], [1.0, 1.0, 2.0]).unwrap();
        let scored = vec![
            spot(&[1, 2], 0.6),
            spot(&[2, 3], 0.9),
            spot(&[6], 0.7),
            spot(&[8], 0.2),
            spot(&[4], f32::NAN),
        ];
        let (lesions, judged) = select_lesions(&grid, scored, 0.5, 0.0);
        let decisions: Vec<Decision> = judged.iter().map(|j| j.decision).collect();
        assert_eq!(
            decisions,
            [
                Decision::Lesion(1),
                Decision::Lesion(2),
                Decision::Duplicate,
                Decision::BelowThreshold,
                Decision::BelowThreshold
            ]
        );
        // Of those below .5 the one with .2 repeats nothing, and is the third.
        let faint = faint_lesions(&grid, &judged, 0.1, 0.0);
        let told: Vec<(u16, &[usize])> = faint.iter().map(|l| (l.id, &l.voxels[..])).collect();
        assert_eq!(told, [(3, &[8][..])]);
        assert!(faint_lesions(&grid, &judged, 0.3, 0.0).is_empty());
        // At 5 mm it repeats the one at 3: all centres are at 0 here.
        assert!(faint_lesions(&grid, &judged, 0.1, 5.0).is_empty());
        // Two voxels of 2 mm³; the sphere of 4 mm³ has a diameter of 2 (3/π)^(1/3).
        assert_eq!(lesions[0].volume_mm3, 4.0);
        let expected = 2.0 * (3.0 / std::f64::consts::PI).cbrt();
        assert!((lesions[0].diameter_mm - expected).abs() < 1e-12);
        assert_eq!(
            label_volume(&grid, &lesions).voxels(),
            [0, 0, 1, 1, 0, 0, 2, 0, 0]
        );
    }
}
