//! From scored candidates to lesions.

use super::{Lesion, SizeClass, sphere_diameter_mm};
use crate::candidates::Candidate;
use crate::volume::{Grid, Volume};
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

/// A candidate with its score and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The candidate.
    pub candidate: Candidate,
    /// Its score, the lesion's confidence.
    pub score: f32,
    /// The outcome.
    pub decision: Decision,
}

/// Goes through candidates from the best score down: those at or above `threshold` become
/// lesions, unless they share a voxel with one that already did.
#[must_use]
pub fn select_lesions(
    grid: &Grid,
    mut scored: Vec<(Candidate, f32)>,
    threshold: f32,
) -> (Vec<Lesion>, Vec<Judged>) {
    scored.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let mut taken: HashSet<usize> = HashSet::new();
    let mut lesions: Vec<Lesion> = Vec::new();
    let judged = scored
        .into_iter()
        .map(|(candidate, score)| {
            let decision = if score < threshold {
                Decision::BelowThreshold
            } else if candidate.voxels.iter().any(|voxel| taken.contains(voxel)) {
                Decision::Duplicate
            } else if lesions.len() == usize::from(u16::MAX) {
                Decision::BeyondLabels
            } else {
                taken.extend(&candidate.voxels);
                lesions.push(lesion(grid, &candidate, score, lesions.len() as u16 + 1));
                Decision::Lesion(lesions.len() as u16)
            };
            Judged {
                candidate,
                score,
                decision,
            }
        })
        .collect();
    (lesions, judged)
}

fn lesion(grid: &Grid, candidate: &Candidate, confidence: f32, id: u16) -> Lesion {
    let volume_mm3 = candidate.voxels.len() as f64 * grid.voxel_volume_mm3();
    let diameter_mm = sphere_diameter_mm(volume_mm3);
    Lesion {
        id,
        center_world: candidate.center_world,
        center_voxel: candidate.center_voxel,
        volume_mm3,
        diameter_mm,
        confidence,
        size_class: SizeClass::of(diameter_mm),
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
    use crate::volume::VoxelPoint;

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

    #[test]
    fn the_best_of_overlapping_candidates_stays() {
        let grid = Grid::axis_aligned([9, 1, 1], [1.0, 1.0, 2.0]).unwrap();
        let scored = vec![
            (candidate(&[1, 2]), 0.6),
            (candidate(&[2, 3]), 0.9),
            (candidate(&[6]), 0.7),
            (candidate(&[8]), 0.2),
        ];
        let (lesions, judged) = select_lesions(&grid, scored, 0.5);
        let decisions: Vec<Decision> = judged.iter().map(|j| j.decision).collect();
        assert_eq!(
            decisions,
            [
                Decision::Lesion(1),
                Decision::Lesion(2),
                Decision::Duplicate,
                Decision::BelowThreshold
            ]
        );
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
