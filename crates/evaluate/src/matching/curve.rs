//! What each prediction adds when the threshold falls to its confidence.

use super::Candidates;
use super::nearest::nearest_of_each;
use crate::objects::Object;
use crate::rule::Rule;
use serde::{Deserialize, Serialize};

/// A prediction on the way from the highest confidence to the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurveStep {
    /// Its confidence.
    pub confidence: f64,
    /// References that are found from here on and were not before.
    pub found: usize,
    /// Whether it is a false alarm.
    pub false_alarm: bool,
}

/// One step per prediction, from the highest confidence down. Summed up to any confidence they
/// give what the rule would count with only the predictions that are at least that confident:
/// for the one-to-one rules a prediction is right exactly if it lets one more reference be
/// found (an augmenting path; Berge 1957, doi 10.1073/pnas.43.9.842). None where a prediction
/// has no confidence.
pub(crate) fn curve_steps(
    candidates: &Candidates,
    predictions: &[Object],
) -> Option<Vec<CurveStep>> {
    let confidences: Vec<f64> = predictions
        .iter()
        .map(|object| object.confidence)
        .collect::<Option<_>>()?;
    let mut order: Vec<usize> = (0..predictions.len()).collect();
    order.sort_by(|&a, &b| confidences[b].total_cmp(&confidences[a]));
    let gains = gains(candidates, &order);
    let steps = order
        .iter()
        .zip(gains)
        .map(|(&prediction, (found, false_alarm))| CurveStep {
            confidence: confidences[prediction],
            found,
            false_alarm,
        });
    Some(steps.collect())
}

/// References newly found, and whether it is a false alarm, for each prediction in order.
fn gains(candidates: &Candidates, order: &[usize]) -> Vec<(usize, bool)> {
    let mut near: Vec<Vec<usize>> = vec![Vec::new(); candidates.predictions];
    if candidates.rule == Rule::Valdo {
        for pair in nearest_of_each(candidates).into_iter().flatten() {
            near[pair.prediction].push(pair.reference);
        }
    } else {
        for pair in &candidates.pairs {
            near[pair.prediction].push(pair.reference);
        }
    }
    match candidates.rule {
        Rule::Overlap | Rule::Voxel => {
            let mut found = vec![false; candidates.references];
            order
                .iter()
                .map(|&prediction| {
                    let touched = &near[prediction];
                    let new = touched
                        .iter()
                        .filter(|&&r| !std::mem::replace(&mut found[r], true))
                        .count();
                    (new, touched.is_empty())
                })
                .collect()
        }
        Rule::Valdo | Rule::Centroid5Mm | Rule::Centroid4Vox => {
            let mut owner = vec![None; candidates.references];
            // Which prediction asked for a reference last: marks of each search without clearing.
            let mut asked_by = vec![usize::MAX; candidates.references];
            order
                .iter()
                .map(|&prediction| {
                    let right = augment(prediction, &near, &mut owner, &mut asked_by);
                    (usize::from(right), !right)
                })
                .collect()
        }
    }
}

/// Gives a prediction a reference, moving others if that makes room. Without recursion: chains can
/// be as long as there are lesions in a row.
fn augment(
    prediction: usize,
    near: &[Vec<usize>],
    owner: &mut [Option<usize>],
    asked_by: &mut [usize],
) -> bool {
    // Each entry: a prediction that wants a reference, and how many it has asked already.
    let mut chain: Vec<(usize, usize)> = vec![(prediction, 0)];
    let mut wanted: Vec<usize> = Vec::new();
    while let Some(&mut (asking, ref mut tried)) = chain.last_mut() {
        let Some(&reference) = near[asking].get(*tried) else {
            chain.pop();
            wanted.pop();
            continue;
        };
        *tried += 1;
        if std::mem::replace(&mut asked_by[reference], prediction) == prediction {
            continue;
        }
        wanted.push(reference);
        match owner[reference] {
            None => {
                for (&(asking, _), &reference) in chain.iter().zip(&wanted) {
                    owner[reference] = Some(asking);
                }
                return true;
            }
            Some(there) => chain.push((there, 0)),
        }
    }
    false
}
