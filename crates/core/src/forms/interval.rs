//! Range of the number of microbleeds.

use crate::lesion::{Judged, LARGEST_MICROBLEED_MM, repeats};
use serde::Serialize;
use siderin_image::volume::WorldPoint;

/// How many of a scan's candidates are microbleeds, by their calibrated confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CountInterval {
    /// As many are expected.
    pub expected: f64,
    /// With at least 97.5 % probability there are this many or more.
    pub low: usize,
    /// And this many or fewer.
    pub high: usize,
}

/// Probability left out at either end.
const TAIL: f64 = 0.025;

impl CountInterval {
    /// Of independent findings with these probabilities: their sum has the Poisson binomial distribution
    /// (Hong 2013, doi 10.1016/j.csda.2012.10.006), here by adding one after the other.
    #[must_use]
    pub fn of(probabilities: &[f64]) -> Self {
        let mut chance = vec![1.0];
        for &p in probabilities {
            chance.push(0.0);
            for count in (0..chance.len()).rev() {
                let one_fewer = if count > 0 { chance[count - 1] } else { 0.0 };
                chance[count] = chance[count] * (1.0 - p) + one_fewer * p;
            }
        }
        // The first count at which the probability of as many or fewer is above the tail.
        let quantile = |level: f64| {
            let mut sum = 0.0;
            let reached = |chance: &f64| {
                sum += chance;
                sum > level
            };
            chance
                .iter()
                .position(reached)
                .unwrap_or(probabilities.len())
        };
        Self {
            expected: probabilities.iter().sum(),
            low: quantile(TAIL),
            high: quantile(1.0 - TAIL),
        }
    }
}

/// The interval of all candidates of up to 10 mm, `best_first`, those below the threshold as well; two closer
/// than `apart_mm` are one. What is no candidate, and that candidates of a scan are alike, is not in it.
#[must_use]
pub fn count_interval(best_first: &[Judged], apart_mm: f64) -> CountInterval {
    let places: Vec<(WorldPoint, &[usize])> = best_first
        .iter()
        .map(|judged| {
            let candidate = &judged.spot.candidate;
            (candidate.center_world, &candidate.voxels[..])
        })
        .collect();
    let repeated = repeats(&places, apart_mm);
    let probabilities: Vec<f64> = best_first
        .iter()
        .zip(repeated)
        .filter(|(judged, repeated)| {
            !repeated
                && f64::from(judged.spot.candidate.measures.diameter_mm) <= LARGEST_MICROBLEED_MM
        })
        .map(|(judged, _)| f64::from(judged.spot.score))
        .filter(|p| (0.0..=1.0).contains(p))
        .collect();
    CountInterval::of(&probabilities)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_chances() {
        // Two coins: 0, 1, 2 with ¼, ½, ¼.
        let coins = CountInterval::of(&[0.5, 0.5]);
        assert_eq!((coins.expected, coins.low, coins.high), (1.0, 0, 2));
        let sure = CountInterval::of(&[1.0, 1.0, 0.0]);
        assert_eq!((sure.expected, sure.low, sure.high), (2.0, 2, 2));
        assert_eq!(
            CountInterval::of(&[]),
            CountInterval {
                expected: 0.0,
                low: 0,
                high: 0
            }
        );
        // scipy.stats.binom.ppf([.025, .975], 40, .3) = 7, 18.
        let forty = CountInterval::of(&[0.3; 40]);
        assert_eq!((forty.low, forty.high), (7, 18));
        // Of .01 and .9: none .099, one .892, two .009.
        let two = CountInterval::of(&[0.01, 0.9]);
        assert_eq!((two.low, two.high), (0, 1));
    }
}
