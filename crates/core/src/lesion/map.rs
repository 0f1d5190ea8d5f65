//! From a map of probabilities to lesions.

use super::surroundings::parenchyma_share;
use super::{Decision, Lesion, NoRegion, SizeClass};
use serde::{Deserialize, Serialize};
use siderin_image::preprocess::{Connectivity, connected_components};
use siderin_image::volume::sphere_diameter_mm;
use siderin_image::volume::{Volume, VoxelPoint, WorldPoint};

/// Where on a model's curve it is used. It travels with the weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatingPoint {
    /// Probability from which a voxel is part of a lesion.
    pub threshold: f32,
    /// Smaller lesions are dropped.
    pub minimum_mm3: f64,
    /// Lesions whose surroundings within this distance are mostly no parenchyma are dropped
    /// (Kwon 2024 found 2 mm best); none are where there is no distance.
    pub ring_mm: Option<f64>,
}

/// One connected part of the map, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct MapFinding {
    /// Centre of gravity in RAS+ mm.
    pub center_world: WorldPoint,
    /// The same in voxel indices.
    pub center_voxel: VoxelPoint,
    /// Offsets of its voxels, ascending.
    pub voxels: Vec<usize>,
    /// Volume in mm³.
    pub volume_mm3: f64,
    /// Its highest probability.
    pub confidence: f32,
    /// Its mean probability.
    pub mean_probability: f32,
    /// Share of its surroundings that is parenchyma, where it was asked for and there are any.
    pub parenchyma_share: Option<f64>,
    /// The outcome.
    pub decision: Decision,
}

/// Parts of the map at or above the threshold (voxels that share a corner belong together), best
/// first, and the lesions among them. A lesion's confidence is the highest probability in it. Parts
/// that touch no voxel of `brain` are dropped.
///
/// `parenchyma` is what may surround a lesion; both masks lie on the map's grid.
#[must_use]
pub fn lesions_of_map(
    probability: &Volume<f32>,
    brain: &Volume<bool>,
    parenchyma: &Volume<bool>,
    point: &OperatingPoint,
) -> (Vec<Lesion>, Vec<MapFinding>) {
    let above = probability.map(|p| p >= point.threshold && p > 0.0);
    let (labels, count) = connected_components(&above, Connectivity::TwentySix);
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (offset, &label) in labels.voxels().iter().enumerate() {
        if label != 0 {
            parts[label as usize - 1].push(offset);
        }
    }
    drop(labels);
    let surroundings = point.ring_mm.map(|ring_mm| {
        // A neighbouring lesion lies in brain tissue, whatever class its voxels have.
        let mut tissue = parenchyma.clone();
        for (inside, &above) in tissue.voxels_mut().iter_mut().zip(above.voxels()) {
            *inside |= above;
        }
        (ring_mm, tissue)
    });
    let mut findings: Vec<MapFinding> = parts
        .into_iter()
        .map(|voxels| {
            let mut finding = measure(probability, voxels);
            if !finding.voxels.iter().any(|&voxel| brain.voxels()[voxel]) {
                finding.decision = Decision::OutsideBrain;
            } else if finding.volume_mm3 < point.minimum_mm3 {
                finding.decision = Decision::TooSmall;
            } else if let Some((ring_mm, tissue)) = &surroundings {
                finding.parenchyma_share = parenchyma_share(tissue, &finding.voxels, *ring_mm);
                if finding.parenchyma_share.is_some_and(|share| share < 0.5) {
                    finding.decision = Decision::OutsideParenchyma;
                }
            }
            finding
        })
        .collect();
    findings.sort_by(|a, b| {
        b.confidence
            .total_cmp(&a.confidence)
            .then(b.voxels.len().cmp(&a.voxels.len()))
            .then(a.voxels.cmp(&b.voxels))
    });
    let mut lesions = Vec::new();
    let kept = findings
        .iter_mut()
        .filter(|finding| finding.decision == Decision::BeyondLabels);
    for (finding, id) in kept.zip(1..=u16::MAX) {
        finding.decision = Decision::Lesion(id);
        let diameter_mm = sphere_diameter_mm(finding.volume_mm3);
        lesions.push(Lesion {
            id,
            center_world: finding.center_world,
            center_voxel: finding.center_voxel,
            volume_mm3: finding.volume_mm3,
            diameter_mm,
            confidence: finding.confidence,
            size_class: SizeClass::of(diameter_mm),
            place: Err(NoRegion::NoMap),
            voxels: finding.voxels.clone(),
        });
    }
    (lesions, findings)
}

/// A part that no rule has dropped and no label was given yet.
fn measure(probability: &Volume<f32>, voxels: Vec<usize>) -> MapFinding {
    let grid = probability.grid();
    let mut sum = [0.0; 3];
    let (mut highest, mut total) = (0f32, 0f64);
    for &offset in &voxels {
        let index = grid.index(offset);
        for axis in 0..3 {
            sum[axis] += index[axis] as f64;
        }
        let p = probability.voxels()[offset];
        highest = highest.max(p);
        total += f64::from(p);
    }
    let count = voxels.len() as f64;
    let center_voxel = VoxelPoint::new(sum[0] / count, sum[1] / count, sum[2] / count);
    MapFinding {
        center_world: grid.to_world(center_voxel),
        center_voxel,
        volume_mm3: count * grid.voxel_volume_mm3(),
        confidence: highest,
        mean_probability: (total / count) as f32,
        parenchyma_share: None,
        decision: Decision::BeyondLabels,
        voxels,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::volume::Grid;

    const POINT: OperatingPoint = OperatingPoint {
        threshold: 0.5,
        minimum_mm3: 0.0,
        ring_mm: None,
    };

    /// One row of 12 voxels of 1 × 1 × 2 mm.
    fn row(values: [f32; 12]) -> (Volume<f32>, Volume<bool>) {
        let grid = Grid::axis_aligned([12, 1, 1], [1.0, 1.0, 2.0]).unwrap();
        let map = Volume::new(grid.clone(), values.to_vec()).unwrap();
        (map, Volume::filled(&grid, true))
    }

    #[test]
    fn parts_are_ranked_by_their_peaks() {
        let (map, brain) = row([0.0, 0.6, 0.7, 0.0, 0.5, 0.0, 0.9, 0.5, 0.6, 0.0, 0.4, 0.0]);
        let (lesions, findings) = lesions_of_map(&map, &brain, &brain, &POINT);
        let peaks: Vec<f32> = lesions.iter().map(|l| l.confidence).collect();
        assert_eq!(peaks, [0.9, 0.7, 0.5]);
        // Voxels 6, 7 and 8: centre 7, 3 · 2 mm³, mean (.9 + .5 + .6) / 3.
        assert_eq!(lesions[0].center_voxel.to_array(), [7.0, 0.0, 0.0]);
        assert_eq!(lesions[0].volume_mm3, 6.0);
        assert!((findings[0].mean_probability - 2.0 / 3.0).abs() < 1e-6);
        let ids: Vec<u16> = lesions.iter().map(|l| l.id).collect();
        assert_eq!(ids, [1, 2, 3]);
    }

    #[test]
    fn small_parts_are_kept_in_the_table_alone() {
        let (map, brain) = row([0.0, 0.6, 0.7, 0.0, 0.5, 0.0, 0.9, 0.5, 0.6, 0.0, 0.4, 0.0]);
        let point = OperatingPoint {
            minimum_mm3: 4.0,
            ..POINT
        };
        let (lesions, findings) = lesions_of_map(&map, &brain, &brain, &point);
        assert_eq!(lesions.len(), 2);
        assert_eq!(findings[2].decision, Decision::TooSmall);
        // Without brain under them, all are dropped for that.
        let (lesions, findings) = lesions_of_map(&map, &brain.map(|_| false), &brain, &point);
        assert!(lesions.is_empty());
        assert!(
            findings
                .iter()
                .all(|f| f.decision == Decision::OutsideBrain)
        );
    }

    #[test]
    fn an_empty_map_has_no_lesions_at_any_threshold() {
        let (map, brain) = row([0.0; 12]);
        for threshold in [0.0, 0.5] {
            let point = OperatingPoint { threshold, ..POINT };
            assert_eq!(
                lesions_of_map(&map, &brain, &brain, &point),
                (vec![], vec![])
            );
        }
    }

    #[test]
    fn a_lesion_beside_the_brain_is_dropped_and_one_inside_kept() {
        let grid = Grid::axis_aligned([20, 20, 1], [1.0, 1.0, 5.0]).unwrap();
        let tissue = Volume::from_fn(&grid, |[i, _, _]| i < 10);
        let brain = tissue.map(|_| true);
        // One voxel in the tissue, one at 6 mm from it.
        let map = Volume::from_fn(&grid, |index| match index {
            [4, 5, 0] => 0.8,
            [16, 5, 0] => 0.9,
            _ => 0.0,
        });
        let point = OperatingPoint {
            ring_mm: Some(2.0),
            ..POINT
        };
        let (lesions, findings) = lesions_of_map(&map, &brain, &tissue, &point);
        assert_eq!(lesions.len(), 1);
        assert_eq!(lesions[0].center_voxel.to_array(), [4.0, 5.0, 0.0]);
        assert_eq!(findings[0].decision, Decision::OutsideParenchyma);
        assert_eq!(findings[0].parenchyma_share, Some(0.0));
    }
}
