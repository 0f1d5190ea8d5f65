//! VALDO's rule: everybody to the nearest, and the closest wins.

use super::{Candidates, Match, Matching};

pub(super) fn decide(candidates: &Candidates) -> Matching {
    let mut matching = Matching::none(candidates.references, candidates.predictions);
    let mut best: Vec<Option<Match>> = vec![None; candidates.references];
    for pair in nearest_of_each(candidates).into_iter().flatten() {
        matching.assigned[pair.reference].push(pair.prediction);
        let winner = &mut best[pair.reference];
        if winner.is_none_or(|there| pair.distance_mm < there.distance_mm) {
            *winner = Some(pair);
        }
    }
    for pair in best.into_iter().flatten() {
        matching.found[pair.reference] = true;
        matching.correct[pair.prediction] = true;
        matching.matches.push(pair);
    }
    matching
}

/// Each prediction's nearest reference, if it is close enough. Of references at exactly one
/// distance the one with the lowest coordinates: their order in the file must not matter.
pub(super) fn nearest_of_each(candidates: &Candidates) -> Vec<Option<Match>> {
    let mut nearest: Vec<Option<Match>> = vec![None; candidates.predictions];
    let coordinates = |pair: &Match| {
        let [x, y, z] = candidates.reference_places[pair.reference];
        [z, y, x]
    };
    for pair in &candidates.pairs {
        let there = &mut nearest[pair.prediction];
        let closer = there.is_none_or(|there| {
            let by_distance = pair.distance_mm.total_cmp(&there.distance_mm);
            let [a, b] = [coordinates(pair), coordinates(&there)];
            by_distance
                .then_with(|| a[0].total_cmp(&b[0]))
                .then_with(|| a[1].total_cmp(&b[1]))
                .then_with(|| a[2].total_cmp(&b[2]))
                .is_lt()
        });
        if closer {
            *there = Some(*pair);
        }
    }
    nearest
}
