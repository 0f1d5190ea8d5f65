//! False alarms of a half-trained network on the scans that it learns from, to be shown to it
//! (hard negatives, as Felzenszwalb 2010 and others mine them).

use crate::data::{Material, Store};
use crate::score::JudgeError;
use siderin_image::preprocess::{Connectivity, connected_components};
use siderin_image::volume::Volume;
use siderin_net::infer::{Flips, Predictor};

/// Probability from which a voxel is part of an alarm.
const ALARM: f32 = 0.5;
/// False alarms of a scan at most: with some hundred spots of the search after them, about half of
/// the samples that hold a spot show one of them.
const MOST: usize = 20;

/// The false alarms of each scan: the voxel with the highest probability of each, the highest of all
/// first.
pub(super) fn false_alarms(
    store: &Store,
    predictor: &Predictor,
    done: &dyn Fn(usize),
) -> Result<Vec<Vec<usize>>, JudgeError> {
    let mut all = Vec::with_capacity(store.len());
    for (at, file) in store.files().iter().enumerate() {
        let (prepared, _) = file.whole()?;
        let prediction = predictor.predict(&prepared, Flips::None)?;
        all.push(of_scan(&prediction.microbleed, &*store.material(at)?));
        done(at + 1);
    }
    Ok(all)
}

/// Alarms within the brain in which no voxel of a lesion lies.
fn of_scan(probability: &Volume<f32>, scan: &Material) -> Vec<usize> {
    let mut alarm = probability.map(|p| p >= ALARM);
    for (inside, brain) in alarm.voxels_mut().iter_mut().zip(&scan.brain) {
        *inside &= brain;
    }
    let (labels, count) = connected_components(&alarm, Connectivity::TwentySix);
    let labels = labels.voxels();
    let mut is_right = vec![false; count + 1];
    for &voxel in scan.lesions.iter().flatten() {
        is_right[labels[voxel] as usize] = true;
    }
    let mut peaks: Vec<Option<(f32, usize)>> = vec![None; count + 1];
    for (voxel, (&p, &label)) in probability.voxels().iter().zip(labels).enumerate() {
        let peak = &mut peaks[label as usize];
        if label > 0 && peak.is_none_or(|(highest, _)| p > highest) {
            *peak = Some((p, voxel));
        }
    }
    let mut wrong: Vec<(f32, usize)> = peaks
        .into_iter()
        .zip(is_right)
        .filter_map(|(peak, is_right)| peak.filter(|_| !is_right))
        .collect();
    wrong.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    wrong
        .into_iter()
        .map(|(_, voxel)| voxel)
        .take(MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::volume::Grid;

    #[test]
    fn an_alarm_away_from_every_lesion_is_mined_at_its_peak() {
        let grid = Grid::axis_aligned([12, 4, 3], [1.0; 3]).unwrap();
        let at = |i: usize, j: usize, k: usize| (k * 4 + j) * 12 + i;
        let mut values = vec![0.1; 144];
        // An alarm of two voxels that touches a lesion, one of three voxels that does not, a likelier
        // one of a single voxel, something too faint, and an alarm outside of the brain.
        for (voxel, p) in [
            (at(1, 1, 1), 0.99),
            (at(2, 2, 1), 0.6),
            (at(5, 1, 0), 0.7),
            (at(6, 1, 0), 0.8),
            (at(6, 2, 1), 0.6),
            (at(10, 3, 2), 0.95),
            (at(10, 0, 0), 0.49),
            (at(0, 3, 2), 0.97),
        ] {
            values[voxel] = p;
        }
        let scan = Material {
            shape: [12, 4, 3],
            spacing_mm: [1.0; 3],
            images: vec![vec![0.0; 144]],
            classes: vec![0; 144],
            brain: (0..144).map(|voxel| voxel != at(0, 3, 2)).collect(),
            lesions: vec![vec![at(2, 2, 1), at(3, 2, 1)], vec![at(8, 0, 2)]],
            spots: Vec::new(),
        };
        let probability = Volume::new(grid, values).unwrap();
        assert_eq!(of_scan(&probability, &scan), [at(10, 3, 2), at(6, 1, 0)]);
    }
}
