//! Lesions found, missed and made up.

use super::bootstrap::Sample;
use crate::evaluate::rule::Rule;
use crate::evaluate::statistics::{mean, median};
use crate::evaluate::subject::SubjectScore;
use crate::evaluate::voxelwise::ratio;
use std::collections::BTreeMap;

/// Counts that add up.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    pub tp: f64,
    pub fp: f64,
    pub missed: f64,
    pub correct: f64,
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

    pub(super) fn precision(self) -> Option<f64> {
        ratio(self.correct, self.correct + self.fp)
    }

    pub(super) fn recall(self) -> Option<f64> {
        ratio(self.tp, self.tp + self.missed)
    }

    pub(super) fn f1(self, rule: Rule) -> Option<f64> {
        if rule != Rule::Overlap {
            return ratio(2.0 * self.tp, 2.0 * self.tp + self.fp + self.missed);
        }
        let (precision, recall) = (self.precision().unwrap_or(0.0), self.recall()?);
        Some(ratio(2.0 * precision * recall, precision + recall).unwrap_or(0.0))
    }
}

/// A subject's own figures, by name.
type OfSubject = fn(&SubjectScore) -> Option<f64>;
const PER_SUBJECT: [(&str, OfSubject); 6] = [
    ("f1", |s| s.f1),
    ("precision", |s| s.precision),
    ("recall", |s| s.recall),
    ("dice", |s| s.dice),
    ("absolute_count_difference", |s| {
        s.absolute_count_difference.map(|n| n as f64)
    }),
    ("absolute_volume_difference_mm3", |s| {
        s.absolute_volume_difference_mm3
    }),
];

/// How many subjects leave each of their figures undefined.
pub(super) fn undefined(subjects: &[&SubjectScore]) -> BTreeMap<String, usize> {
    PER_SUBJECT
        .iter()
        .map(|(name, of)| {
            let none = subjects.iter().filter(|s| of(s).is_none()).count();
            ((*name).to_string(), none)
        })
        .collect()
}

pub(super) fn figures(sample: &Sample, rule: Rule) -> Vec<(String, Option<f64>)> {
    let all = sample
        .subjects()
        .fold(Tally::default(), |sum, s| sum.plus(Tally::of(s)));
    let scans = sample.len() as f64;
    let mut figures = vec![
        ("micro/tp".to_string(), Some(all.tp)),
        ("micro/fp".to_string(), Some(all.fp)),
        ("micro/fn".to_string(), Some(all.missed)),
        ("micro/precision".to_string(), all.precision()),
        ("micro/recall".to_string(), all.recall()),
        ("micro/f1".to_string(), all.f1(rule)),
    ];
    if rule != Rule::Voxel {
        let false_alarms: Vec<f64> = sample.subjects().map(|s| s.fp as f64).collect();
        figures.extend([
            ("fp_per_scan/mean".to_string(), ratio(all.fp, scans)),
            ("fp_per_scan/median".to_string(), median(&false_alarms)),
            (
                "fp_per_reference_lesion".to_string(),
                ratio(all.fp, all.tp + all.missed),
            ),
        ]);
    }
    for (name, of) in PER_SUBJECT {
        let values: Vec<f64> = sample.subjects().filter_map(of).collect();
        figures.push((format!("per_subject/{name}/mean"), mean(&values)));
        figures.push((format!("per_subject/{name}/median"), median(&values)));
    }
    figures
}
