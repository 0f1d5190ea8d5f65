//! One shared voxel is enough.

use super::neighbours::ObjectPlace;
use super::{Candidates, Match, MatchError, Matching};
use crate::objects::Object;
use crate::rule::Rule;
use std::collections::{BTreeSet, HashMap};

/// Pairs that share a voxel, by reference and then prediction.
pub(super) fn pairs(
    references: &[Object],
    predictions: &[Object],
    reference_places: &[ObjectPlace],
    prediction_places: &[ObjectPlace],
) -> Result<Vec<Match>, MatchError> {
    let rule = Rule::Overlap;
    let is_point = |object: &Object| object.voxels.is_empty();
    if references.iter().chain(predictions).any(is_point) {
        return Err(MatchError::NeedsVoxels { rule });
    }
    let owner: HashMap<usize, usize> = (0..references.len())
        .flat_map(|r| references[r].voxels.iter().map(move |&voxel| (voxel, r)))
        .collect();
    let mut touching = BTreeSet::new();
    for (prediction, object) in predictions.iter().enumerate() {
        let owners = object.voxels.iter().filter_map(|voxel| owner.get(voxel));
        touching.extend(owners.map(|&reference| (reference, prediction)));
    }
    Ok(touching
        .into_iter()
        .map(|(reference, prediction)| Match {
            reference,
            prediction,
            distance_mm: reference_places[reference].distance_mm(&prediction_places[prediction]),
        })
        .collect())
}

pub(super) fn decide(candidates: &Candidates) -> Matching {
    let mut matching = Matching::none(candidates.references, candidates.predictions);
    for pair in &candidates.pairs {
        matching.assigned[pair.reference].push(pair.prediction);
        matching.found[pair.reference] = true;
        matching.correct[pair.prediction] = true;
    }
    matching.matches.clone_from(&candidates.pairs);
    matching
}
