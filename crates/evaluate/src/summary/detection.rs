//! Lesions found, missed and made up.

use super::bootstrap::Sample;
use crate::measures::{MEASURES, Measure};
use crate::rule::Rule;
use crate::statistics::{mean, median};
use crate::subject::SubjectScore;
use crate::tally::Tally;
use crate::voxelwise::ratio;
use std::collections::BTreeMap;

/// How many subjects leave each of their figures undefined.
pub(super) fn undefined(subjects: &[&SubjectScore]) -> BTreeMap<String, usize> {
    let none_of =
        |of: fn(&SubjectScore) -> Option<f64>| subjects.iter().filter(|s| of(s).is_none()).count();
    let own = MEASURES.iter().map(|m| (m.name.to_string(), none_of(m.of)));
    let mut undefined: BTreeMap<String, usize> = own.collect();
    if subjects.iter().any(|s| s.voxel.is_some()) {
        undefined.extend(super::voxels::undefined(subjects));
    }
    undefined
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
    for Measure { name, of, .. } in MEASURES {
        let values: Vec<f64> = sample.subjects().filter_map(of).collect();
        figures.push((format!("per_subject/{name}/mean"), mean(&values)));
        figures.push((format!("per_subject/{name}/median"), median(&values)));
    }
    figures
}
