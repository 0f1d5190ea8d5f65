//! How many lesions a scan has: by scan, by group, by number.

use super::bootstrap::Sample;
use crate::statistics::{
    Regression, bland_altman, concordance, fisher_interval, regression, spearman, weighted_kappa,
};
use crate::subject::SubjectScore;
use crate::voxelwise::ratio;
use serde::{Deserialize, Serialize};
use siderin_core::lesion::BurdenGroup;

/// Counts of reference and prediction side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Burden {
    /// Names of the groups.
    pub groups: [String; 4],
    /// Scans by group of the reference (rows) and of the prediction (columns).
    pub confusion: [[f64; 4]; 4],
    /// 95 % interval of Spearman's ρ by Fisher's z.
    pub spearman_fisher: Option<[f64; 2]>,
    /// Predicted count as a line of the reference count.
    pub regression: Option<Regression>,
}

/// Counts of reference and prediction of each case.
pub(crate) fn counts<'a>(subjects: impl Iterator<Item = &'a SubjectScore>) -> [Vec<f64>; 2] {
    let pairs = subjects.filter_map(|s| s.reference_count.zip(s.prediction_count));
    let (references, predictions) = pairs.map(|(r, p)| (r as f64, p as f64)).unzip();
    [references, predictions]
}

pub(super) fn burden(subjects: &[&SubjectScore]) -> Option<Burden> {
    let [references, predictions] = counts(subjects.iter().copied());
    if references.is_empty() {
        return None;
    }
    let fisher =
        spearman(&references, &predictions).and_then(|r| fisher_interval(r, subjects.len()));
    Some(Burden {
        groups: [0, 1, 5, 10].map(|n| BurdenGroup::of(n).to_string()),
        confusion: confusion(&references, &predictions),
        spearman_fisher: fisher,
        regression: regression(&references, &predictions),
    })
}

fn confusion(references: &[f64], predictions: &[f64]) -> [[f64; 4]; 4] {
    let mut table = [[0.0; 4]; 4];
    let group = |count: f64| BurdenGroup::of(count as usize) as usize;
    for (&reference, &prediction) in references.iter().zip(predictions) {
        table[group(reference)][group(prediction)] += 1.0;
    }
    table
}

pub(super) fn figures(sample: &Sample) -> Vec<(String, Option<f64>)> {
    let [references, predictions] = counts(sample.subjects());
    // Rows: the scan has lesions, has none; columns: some were found, none.
    let mut any = [[0.0; 2]; 2];
    for (r, p) in references.iter().zip(&predictions) {
        any[usize::from(*r < 0.5)][usize::from(*p < 0.5)] += 1.0;
    }
    let [[tp, missed], [fp, tn]] = any;
    let agreement = bland_altman(&references, &predictions);
    let figure = |path: &str, value| (path.to_string(), value);
    vec![
        figure("subject_level/sensitivity", ratio(tp, tp + missed)),
        figure("subject_level/specificity", ratio(tn, tn + fp)),
        figure(
            "subject_level/accuracy",
            ratio(tp + tn, sample.len() as f64),
        ),
        figure("subject_level/f1", ratio(2.0 * tp, 2.0 * tp + fp + missed)),
        figure(
            "burden/weighted_kappa",
            weighted_kappa(&confusion(&references, &predictions)),
        ),
        figure("counts/spearman", spearman(&references, &predictions)),
        figure("counts/concordance", concordance(&references, &predictions)),
        figure("counts/bias", agreement.map(|a| a.bias)),
        figure("counts/lower_limit", agreement.map(|a| a.lower_limit)),
        figure("counts/upper_limit", agreement.map(|a| a.upper_limit)),
    ]
}
