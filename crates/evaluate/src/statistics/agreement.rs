//! How well two readings agree.

use super::mean;
use serde::{Deserialize, Serialize};

/// Lin's concordance correlation coefficient, with 1/n variances as first published (Lin 1989,
/// doi 10.2307/2532051). None where neither side varies and their means are equal.
#[must_use]
pub fn concordance(a: &[f64], b: &[f64]) -> Option<f64> {
    let [mean_a, mean_b] = [mean(a)?, mean(b)?];
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - mean_a) * (y - mean_b);
        aa += (x - mean_a).powi(2);
        bb += (y - mean_b).powi(2);
    }
    let n = a.len() as f64;
    let scale = aa + bb + n * (mean_a - mean_b).powi(2);
    (scale > 0.0).then(|| 2.0 * ab / scale)
}

/// Bias and limits of agreement (Bland and Altman 1986, doi 10.1016/S0140-6736(86)90837-8).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BlandAltman {
    /// Mean of second minus first.
    pub bias: f64,
    /// Bias - 1.96 standard deviations.
    pub lower_limit: f64,
    /// Bias + 1.96 standard deviations.
    pub upper_limit: f64,
}

/// Of `b - a`; none below two values.
#[must_use]
pub fn bland_altman(a: &[f64], b: &[f64]) -> Option<BlandAltman> {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    let bias = mean(&differences)?;
    if differences.len() < 2 {
        return None;
    }
    let squares: f64 = differences.iter().map(|d| (d - bias).powi(2)).sum();
    let deviation = (squares / (differences.len() - 1) as f64).sqrt();
    Some(BlandAltman {
        bias,
        lower_limit: bias - 1.96 * deviation,
        upper_limit: bias + 1.96 * deviation,
    })
}

/// Cohen's κ of a table of counts with quadratic weights: 1 - Σ w·observed / Σ w·expected,
/// w = (i - j)² (Cohen 1968, doi 10.1037/h0026256). None where chance alone explains
/// everything: all in one class on both sides.
#[must_use]
pub fn weighted_kappa<const N: usize>(table: &[[f64; N]; N]) -> Option<f64> {
    let total: f64 = table.iter().flatten().sum();
    let rows: [f64; N] = std::array::from_fn(|i| table[i].iter().sum());
    let columns: [f64; N] = std::array::from_fn(|j| table.iter().map(|row| row[j]).sum());
    let (mut observed, mut expected) = (0.0, 0.0);
    for i in 0..N {
        for j in 0..N {
            let weight = (i as f64 - j as f64).powi(2);
            observed += weight * table[i][j];
            expected += weight * rows[i] * columns[j] / total;
        }
    }
    (expected > 0.0).then(|| 1.0 - observed / expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concordance_falls_with_a_shift() {
        let a = [1.0, 2.0, 3.0];
        assert_eq!(concordance(&a, &a), Some(1.0));
        // Variances 2/3 each, covariance 2/3, shift 1: (4/3) / (4/3 + 1) = 4/7.
        let shifted = concordance(&a, &[2.0, 3.0, 4.0]).unwrap();
        assert!((shifted - 4.0 / 7.0).abs() < 1e-12);
        assert_eq!(concordance(&[2.0], &[2.0]), None);
    }

    #[test]
    fn limits_by_hand() {
        // Differences 1, 2, 3: mean 2, deviation 1.
        let b = bland_altman(&[0.0, 0.0, 0.0], &[1.0, 2.0, 3.0]).unwrap();
        let expected = [2.0, 2.0 - 1.96, 2.0 + 1.96];
        for (value, expected) in [b.bias, b.lower_limit, b.upper_limit].iter().zip(expected) {
            assert!((value - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn kappa_by_hand() {
        // Observed disagreement 1 of 4 (weight 1); rows 2, 2, columns 1, 3: expected
        // (2·3 + 2·1)/4 = 2: κ = 1 - 1/2.
        let kappa = weighted_kappa(&[[1.0, 1.0], [0.0, 2.0]]).unwrap();
        assert!((kappa - 0.5).abs() < 1e-12);
        assert_eq!(weighted_kappa(&[[5.0, 0.0], [0.0, 0.0]]), None);
    }
}
