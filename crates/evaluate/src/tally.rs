//! Counts and the shares they give.

use super::rule::Rule;
use super::subject::SubjectScore;
use super::voxelwise::ratio;

/// Counts that add up.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) tp: f64,
    pub(super) fp: f64,
    pub(super) missed: f64,
    pub(super) correct: f64,
}

impl Tally {
    pub(super) fn of(subject: &SubjectScore) -> Self {
        Self {
            tp: subject.tp as f64,
            fp: subject.fp as f64,
            missed: subject.missed as f64,
            correct: subject.correct_predictions as f64,
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            tp: self.tp + other.tp,
            fp: self.fp + other.fp,
            missed: self.missed + other.missed,
            correct: self.correct + other.correct,
        }
    }

    pub(super) fn times(self, weight: f64) -> Self {
        Self {
            tp: weight * self.tp,
            fp: weight * self.fp,
            missed: weight * self.missed,
            correct: weight * self.correct,
        }
    }

    /// Share of the predictions that are right.
    pub(super) fn precision(self) -> Option<f64> {
        ratio(self.correct, self.correct + self.fp)
    }

    /// Share of the references that are found.
    pub(super) fn recall(self) -> Option<f64> {
        ratio(self.tp, self.tp + self.missed)
    }

    /// 2TP / (2TP + FP + FN), under `overlap` the harmonic mean of precision and recall; none
    /// without references, 0 without predictions.
    pub(super) fn f1(self, rule: Rule) -> Option<f64> {
        let recall = self.recall()?;
        if rule != Rule::Overlap {
            return ratio(2.0 * self.tp, 2.0 * self.tp + self.fp + self.missed);
        }
        let precision = self.precision().unwrap_or(0.0);
        Some(ratio(2.0 * precision * recall, precision + recall).unwrap_or(0.0))
    }
}
