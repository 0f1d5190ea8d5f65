//! As many pairs as possible and, among those, the shortest distances in all: the assignment
//! problem (Kuhn 1955, doi 10.1002/nav.3800020109).

use super::{Candidates, Match, Matching};
use crate::rule::Rule;
use pathfinding::prelude::{Matrix, kuhn_munkres};
use std::collections::BTreeMap;

/// A case that a rule cannot decide.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum MatchError {
    #[error(
        "matching lesions: {references} references and {predictions} predictions lie so close \
         together that they cannot be told apart; is one of the maps noise?"
    )]
    Crowded {
        references: usize,
        predictions: usize,
    },
    #[error(
        "matching lesions: the rule {rule} compares voxels, but only points are given; give maps, \
         or take centroid-5mm"
    )]
    NeedsVoxels { rule: Rule },
    #[error(
        "matching lesions: the rule {rule} measures in voxels, but neither file has a grid; give \
         a map or a lesions.json with its grid, or take centroid-5mm"
    )]
    NoGrid { rule: Rule },
}

/// The largest table of weights, in entries: the solver takes seconds for it.
const MAX_ENTRIES: usize = 1_000_000;
/// Weights are whole numbers: the longest distance has this many units, below a nanometre each.
const UNITS: f64 = 1e10;

pub(super) fn decide(candidates: &Candidates) -> Result<Matching, MatchError> {
    let mut matching = Matching::none(candidates.references, candidates.predictions);
    for cluster in clusters(candidates) {
        for pair in solve(&cluster)? {
            matching.found[pair.reference] = true;
            matching.correct[pair.prediction] = true;
            matching.matches.push(pair);
        }
    }
    matching.matches.sort_by_key(|pair| pair.reference);
    for pair in &matching.matches {
        matching.assigned[pair.reference].push(pair.prediction);
    }
    Ok(matching)
}

/// Pairs in groups that share neither references nor predictions: each is solved alone.
fn clusters(candidates: &Candidates) -> Vec<Vec<Match>> {
    let nodes = candidates.references + candidates.predictions;
    let mut leader: Vec<usize> = (0..nodes).collect();
    fn find(leader: &mut [usize], mut node: usize) -> usize {
        while leader[node] != node {
            leader[node] = leader[leader[node]];
            node = leader[node];
        }
        node
    }
    for pair in &candidates.pairs {
        let a = find(&mut leader, pair.reference);
        let b = find(&mut leader, candidates.references + pair.prediction);
        leader[a.max(b)] = a.min(b);
    }
    let mut clusters: BTreeMap<usize, Vec<Match>> = BTreeMap::new();
    for pair in &candidates.pairs {
        let first = find(&mut leader, pair.reference);
        clusters.entry(first).or_default().push(*pair);
    }
    clusters.into_values().collect()
}

fn solve(pairs: &[Match]) -> Result<Vec<Match>, MatchError> {
    if let [only] = pairs {
        return Ok(vec![*only]);
    }
    let numbered = |of: fn(&Match) -> usize| {
        let mut members: Vec<usize> = pairs.iter().map(of).collect();
        members.sort_unstable();
        members.dedup();
        members
    };
    let references = numbered(|pair| pair.reference);
    let predictions = numbered(|pair| pair.prediction);
    if references.len().saturating_mul(predictions.len()) > MAX_ENTRIES {
        return Err(MatchError::Crowded {
            references: references.len(),
            predictions: predictions.len(),
        });
    }
    // The solver wants no more rows than columns.
    let by_rows = references.len() <= predictions.len();
    let size = [references.len(), predictions.len()];
    let [rows, columns] = if by_rows { size } else { [size[1], size[0]] };
    let longest = pairs.iter().map(|p| p.distance_mm).fold(0.0, f64::max);
    // One pair more outweighs any distances: they sum to less than `rows` longest ones.
    let units = |mm: f64| (mm / longest.max(f64::MIN_POSITIVE) * UNITS) as i64;
    let worth = UNITS as i64 * (rows as i64 + 1) + 1;
    let mut weights = Matrix::new(rows, columns, 0i64);
    let place = |pair: &Match| {
        let r = references.partition_point(|&m| m < pair.reference);
        let p = predictions.partition_point(|&m| m < pair.prediction);
        if by_rows { (r, p) } else { (p, r) }
    };
    for pair in pairs {
        weights[place(pair)] = worth - units(pair.distance_mm);
    }
    let (_, columns_of_rows) = kuhn_munkres(&weights);
    let chosen = pairs.iter().filter(|pair| {
        let (row, column) = place(pair);
        columns_of_rows[row] == column
    });
    Ok(chosen.copied().collect())
}
