//! Which lesions of two visits are the same.

use pathfinding::prelude::{Matrix, kuhn_munkres};
use siderin_image::volume::WorldPoint;

/// Lesions of two visits whose centres are closer than this in one space are the same. Two microbleeds are
/// rarely closer; what separates the places of one is the registration (below 2 mm) and thick slices.
pub const REACH_MM: f64 = 5.0;
/// The largest table of weights, in entries: the solver takes seconds for it.
const MOST_ENTRIES: usize = 1_000_000;
/// Weights are whole numbers of this part of a millimetre.
const UNITS_PER_MM: f64 = 1e6;

/// Too many lesions to be told apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "comparing visits: {baseline} and {followup} findings are too many to be told apart; is one of the \
     scans noise?"
)]
pub struct PairingError {
    /// At the first visit.
    pub baseline: usize,
    /// At the second.
    pub followup: usize,
}

/// As many pairs as possible within [`REACH_MM`] and, among those, the shortest distances in all: the
/// assignment problem (Kuhn 1955, doi 10.1002/nav.3800020109). Both visits' centres are in one space; pairs
/// are ascending by the first.
pub(super) fn pair(
    baseline: &[WorldPoint],
    followup: &[WorldPoint],
) -> Result<Vec<(usize, usize)>, PairingError> {
    if baseline.is_empty() || followup.is_empty() {
        return Ok(Vec::new());
    }
    if baseline.len().saturating_mul(followup.len()) > MOST_ENTRIES {
        return Err(PairingError {
            baseline: baseline.len(),
            followup: followup.len(),
        });
    }
    // The solver wants no more rows than columns.
    let turned = baseline.len() > followup.len();
    let (rows, columns) = if turned {
        (followup, baseline)
    } else {
        (baseline, followup)
    };
    // One pair more outweighs any distances: they sum to less than `rows` longest ones.
    let worth = ((rows.len() + 1) as f64 * REACH_MM * UNITS_PER_MM) as i64;
    let weights = Matrix::from_fn(rows.len(), columns.len(), |(row, column)| {
        let mm = rows[row].distance_mm(columns[column]);
        if mm < REACH_MM {
            worth - (mm * UNITS_PER_MM) as i64
        } else {
            0
        }
    });
    let (_, columns_of_rows) = kuhn_munkres(&weights);
    let mut pairs: Vec<(usize, usize)> = columns_of_rows
        .into_iter()
        .enumerate()
        .filter(|place| weights[*place] > 0)
        .map(|(row, column)| if turned { (column, row) } else { (row, column) })
        .collect();
    pairs.sort_unstable();
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn along_x(places: &[f64]) -> Vec<WorldPoint> {
        places
            .iter()
            .map(|x| WorldPoint::new(*x, 0.0, 0.0))
            .collect()
    }

    #[test]
    fn as_many_pairs_as_possible_and_the_shortest() {
        // 4 is closest to 3.9, but then 0 would be alone: (0, 3.9) and (4, 8) are two pairs of 3.9 and 4 mm.
        let pairs = pair(&along_x(&[0.0, 4.0]), &along_x(&[3.9, 8.0])).unwrap();
        assert_eq!(pairs, [(0, 0), (1, 1)]);
        // Of one and two the closer; the other way around too.
        assert_eq!(
            pair(&along_x(&[0.0]), &along_x(&[3.0, -2.0])).unwrap(),
            [(0, 1)]
        );
        assert_eq!(
            pair(&along_x(&[3.0, -2.0]), &along_x(&[0.0])).unwrap(),
            [(1, 0)]
        );
    }

    #[test]
    fn what_is_five_millimetres_apart_is_no_pair() {
        assert!(pair(&along_x(&[0.0]), &along_x(&[5.0])).unwrap().is_empty());
        assert_eq!(pair(&along_x(&[0.0]), &along_x(&[4.99])).unwrap().len(), 1);
        assert!(pair(&[], &along_x(&[1.0])).unwrap().is_empty());
    }

    #[test]
    fn noise_is_refused() {
        let many = along_x(&[0.0; 1001]);
        let error = pair(&many, &many).unwrap_err();
        assert_eq!((error.baseline, error.followup), (1001, 1001));
    }
}
