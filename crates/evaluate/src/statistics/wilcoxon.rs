//! Wilcoxon's signed-rank test.

use super::ranks;
use statrs::distribution::{ContinuousCDF, Normal};

/// What is believed instead of "no difference".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    /// Differences tend to be above 0.
    Greater,
    /// Differences tend to be below 0.
    Less,
    /// Either.
    TwoSided,
}

/// The test's outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wilcoxon {
    /// Sum of the ranks of the differences above 0.
    pub positive_ranks: f64,
    /// Differences that are not 0.
    pub n: usize,
    /// Probability of this or more without a difference.
    pub p: f64,
}

/// Up to here the distribution is counted out, if no two differences are equally large.
const EXACT_UP_TO: usize = 50;

/// Wilcoxon's signed-rank test of paired differences (Wilcoxon 1945, doi 10.2307/3001968).
/// Differences of 0 are left out. Exact up to 50 without ties, else the normal approximation
/// with the tie correction and no continuity correction: scipy.stats.wilcoxon's methods "exact" and
/// "asymptotic". The approximation is rough below ten differences. With no difference at all p is
/// 1.
#[must_use]
pub fn wilcoxon(differences: &[f64], alternative: Alternative) -> Wilcoxon {
    let kept: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    let n = kept.len();
    let sizes: Vec<f64> = kept.iter().map(|d| d.abs()).collect();
    let ranked = ranks(&sizes);
    let positive = kept.iter().zip(&ranked).filter(|(d, _)| **d > 0.0);
    let positive_ranks: f64 = positive.map(|(_, rank)| rank).sum();
    let tied = tie_sizes(&ranked);
    let any_zero = n < differences.len();
    let p = if n == 0 {
        1.0
    } else if n <= EXACT_UP_TO && tied.is_empty() && !any_zero {
        exact(positive_ranks, n, alternative)
    } else {
        approximate(positive_ranks, n, &tied, alternative)
    };
    Wilcoxon {
        positive_ranks,
        n,
        p,
    }
}

/// Sizes of the groups of equal ranks.
fn tie_sizes(ranked: &[f64]) -> Vec<f64> {
    let mut sorted = ranked.to_vec();
    sorted.sort_by(f64::total_cmp);
    let groups = sorted
        .chunk_by(|a, b| a == b)
        .map(|group| group.len() as f64);
    groups.filter(|size| *size > 1.0).collect()
}

/// Without ties every subset of 1..=n is equally likely to hold the positive differences.
fn exact(positive_ranks: f64, n: usize, alternative: Alternative) -> f64 {
    let largest = n * (n + 1) / 2;
    let mut ways = vec![0.0f64; largest + 1];
    ways[0] = 1.0;
    for rank in 1..=n {
        for sum in (rank..=largest).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let all = 2f64.powi(n as i32);
    let observed = positive_ranks.round() as usize;
    let at_least: f64 = ways[observed..].iter().sum::<f64>() / all;
    let at_most: f64 = ways[..=observed].iter().sum::<f64>() / all;
    match alternative {
        Alternative::Greater => at_least,
        Alternative::Less => at_most,
        Alternative::TwoSided => (2.0 * at_least.min(at_most)).min(1.0),
    }
}

fn approximate(positive_ranks: f64, n: usize, tied: &[f64], alternative: Alternative) -> f64 {
    let n = n as f64;
    let mean = n * (n + 1.0) / 4.0;
    let ties: f64 = tied.iter().map(|t| t.powi(3) - t).sum();
    let variance = (n * (n + 1.0) * (2.0 * n + 1.0) - 0.5 * ties) / 24.0;
    let z = (positive_ranks - mean) / variance.sqrt();
    let above = Normal::standard().sf(z);
    match alternative {
        Alternative::Greater => above,
        Alternative::Less => 1.0 - above,
        Alternative::TwoSided => (2.0 * above.min(1.0 - above)).min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_three_above_by_hand() {
        // Ranks 1, 2, 3 all positive: one of 8 subsets.
        let w = wilcoxon(&[0.5, 1.0, 2.0], Alternative::Greater);
        assert_eq!((w.positive_ranks, w.n, w.p), (6.0, 3, 0.125));
        assert_eq!(wilcoxon(&[0.5, 1.0, 2.0], Alternative::Less).p, 1.0);
        assert_eq!(wilcoxon(&[0.5, 1.0, 2.0], Alternative::TwoSided).p, 0.25);
        assert_eq!(wilcoxon(&[0.0, 0.0], Alternative::TwoSided).p, 1.0);
    }
}
