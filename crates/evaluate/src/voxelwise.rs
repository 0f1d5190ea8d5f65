//! Voxels counted one by one, as system 3 (MMOC-Net) reports.

use serde::{Deserialize, Serialize};
use siderin_image::volume::Volume;

/// A table of voxels: reference against prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VoxelCounts {
    /// Lesion in both.
    pub tp: u64,
    /// Lesion in the prediction only.
    pub fp: u64,
    /// Lesion in the reference only.
    #[serde(rename = "fn")]
    pub missed: u64,
    /// Lesion in neither.
    pub tn: u64,
}

/// Measures of a table; those without a meaning (0/0) are none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VoxelMeasures {
    /// Dice similarity coefficient: 2TP / (2TP + FP + FN) (Dice 1945, doi 10.2307/1932409).
    pub dsc: Option<f64>,
    /// F-measure that weighs recall twice: 5TP / (5TP + 4FN + FP) (van Rijsbergen 1979).
    pub f2: Option<f64>,
    /// Sensitivity: TP / (TP + FN).
    pub sen: Option<f64>,
    /// Precision: TP / (TP + FP).
    pub pre: Option<f64>,
    /// Jaccard coefficient: TP / (TP + FP + FN) (Jaccard 1901).
    pub jsc: Option<f64>,
    /// Matthews correlation coefficient (Matthews 1975, doi 10.1016/0005-2795(75)90109-9).
    pub mcc: Option<f64>,
}

/// Voxel counts of a case: of the volume, and of each slice with reference lesion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoxelScore {
    /// All voxels.
    pub volume: VoxelCounts,
    /// Measures of all voxels.
    pub measures: VoxelMeasures,
    /// Each slice in which the reference has a lesion, along the axis of the slices.
    pub lesion_slices: Vec<VoxelCounts>,
}

impl VoxelCounts {
    fn add(&mut self, reference: bool, prediction: bool) {
        match (reference, prediction) {
            (true, true) => self.tp += 1,
            (false, true) => self.fp += 1,
            (true, false) => self.missed += 1,
            (false, false) => self.tn += 1,
        }
    }

    /// Both tables together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            tp: self.tp + other.tp,
            fp: self.fp + other.fp,
            missed: self.missed + other.missed,
            tn: self.tn + other.tn,
        }
    }

    /// The measures of the table.
    #[must_use]
    pub fn measures(self) -> VoxelMeasures {
        let [tp, fp, missed, tn] = [self.tp, self.fp, self.missed, self.tn].map(|n| n as f64);
        let product = (tp + fp) * (tp + missed) * (tn + fp) * (tn + missed);
        VoxelMeasures {
            dsc: ratio(2.0 * tp, 2.0 * tp + fp + missed),
            f2: ratio(5.0 * tp, 5.0 * tp + 4.0 * missed + fp),
            sen: ratio(tp, tp + missed),
            pre: ratio(tp, tp + fp),
            jsc: ratio(tp, tp + fp + missed),
            mcc: ratio(tp * tn - fp * missed, product.sqrt()),
        }
    }
}

/// A share; none of nothing.
pub(super) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole != 0.0).then(|| part / whole)
}

/// Counts the voxels of two masks on one grid; a mask that is not given has no lesion.
pub(super) fn voxel_score(
    reference: Option<&Volume<bool>>,
    prediction: Option<&Volume<bool>>,
) -> Option<VoxelScore> {
    let grid = reference.or(prediction)?.grid();
    let axis = grid.slice_axis();
    let mut slices = vec![VoxelCounts::default(); grid.shape()[axis]];
    let at = |mask: Option<&Volume<bool>>, offset: usize| mask.is_some_and(|m| m.voxels()[offset]);
    for offset in 0..grid.voxel_count() {
        let slice = grid.index(offset)[axis];
        slices[slice].add(at(reference, offset), at(prediction, offset));
    }
    let volume = slices
        .iter()
        .fold(VoxelCounts::default(), |sum, slice| sum.plus(*slice));
    slices.retain(|slice| slice.tp + slice.missed > 0);
    Some(VoxelScore {
        volume,
        measures: volume.measures(),
        lesion_slices: slices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::volume::Grid;

    #[test]
    fn measures_of_a_table_by_hand() {
        let counts = VoxelCounts {
            tp: 6,
            fp: 2,
            missed: 3,
            tn: 89,
        };
        let m = counts.measures();
        // 12/17, 30/44, 6/9, 6/8, 6/11.
        let expected = [12.0 / 17.0, 30.0 / 44.0, 6.0 / 9.0, 0.75, 6.0 / 11.0];
        for (value, expected) in [m.dsc, m.f2, m.sen, m.pre, m.jsc].into_iter().zip(expected) {
            assert!((value.unwrap() - expected).abs() < 1e-12);
        }
        // (6·89 - 2·3) / √(8·9·91·92) = 528 / √602784.
        let mcc = 528.0 / 602_784f64.sqrt();
        assert!((m.mcc.unwrap() - mcc).abs() < 1e-12);
    }

    #[test]
    fn nothing_anywhere_is_undefined() {
        let m = VoxelCounts {
            tn: 9,
            ..VoxelCounts::default()
        }
        .measures();
        assert_eq!(
            [m.dsc, m.f2, m.sen, m.pre, m.jsc, m.mcc],
            [None; 6],
            "0/0 has no value"
        );
    }

    #[test]
    fn slices_without_reference_lesion_are_left_out() {
        let grid = Grid::axis_aligned([2, 2, 3], [1.0, 1.0, 3.0]).unwrap();
        let mut reference = Volume::filled(&grid, false);
        let mut prediction = reference.clone();
        reference.set([0, 0, 1], true);
        reference.set([1, 0, 1], true);
        prediction.set([0, 0, 1], true);
        prediction.set([0, 0, 2], true);
        let score = voxel_score(Some(&reference), Some(&prediction)).unwrap();
        let slice = VoxelCounts {
            tp: 1,
            fp: 0,
            missed: 1,
            tn: 2,
        };
        assert_eq!(score.lesion_slices, [slice]);
        assert_eq!((score.volume.fp, score.volume.tn), (1, 9));
        let empty = voxel_score(Some(&reference), None).unwrap();
        assert_eq!(empty.volume.missed, 2);
    }
}
