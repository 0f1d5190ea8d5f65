//! How counts go together.

use super::ranks;

/// Spearman's rank correlation: Pearson's of the ranks, equal values sharing theirs (Spearman
/// 1904, doi 10.2307/1412159). None where one side does not vary.
#[must_use]
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    pearson(&ranks(a), &ranks(b))
}

fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let [mean_a, mean_b] = [super::mean(a)?, super::mean(b)?];
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    (aa > 0.0 && bb > 0.0).then(|| (ab / (aa * bb).sqrt()).clamp(-1.0, 1.0))
}

/// 95 % interval of a correlation by Fisher's z: tanh(artanh r ± 1.96/√(n-3)) (Fisher 1921), as
/// system 1's paper does for ρ. None below 4 values; a perfect correlation has none either.
#[must_use]
pub fn fisher_interval(correlation: f64, n: usize) -> Option<[f64; 2]> {
    if n < 4 || correlation.abs() >= 1.0 {
        return None;
    }
    let half = Z_95 / ((n - 3) as f64).sqrt();
    let z = correlation.atanh();
    Some([(z - half).tanh(), (z + half).tanh()])
}

/// The standard normal's quantile at .975.
pub(super) const Z_95: f64 = 1.959_963_984_540_054;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotone_is_one_and_constant_has_none() {
        let a = [1.0, 2.0, 3.0, 10.0];
        assert_eq!(spearman(&a, &[0.0, 5.0, 6.0, 7.0]), Some(1.0));
        assert_eq!(spearman(&a, &[2.0; 4]), None);
    }

    #[test]
    fn the_interval_of_a_published_correlation() {
        // Cho 2026: ρ = .93, 72 scans, interval .89 to .96.
        let [low, high] = fisher_interval(0.93, 72).unwrap();
        assert!((low - 0.89).abs() < 0.005 && (high - 0.96).abs() < 0.005);
        assert_eq!(fisher_interval(0.93, 3), None);
    }
}
