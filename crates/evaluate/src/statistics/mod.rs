//! Statistics that no well-kept crate has, on distributions from `statrs`.

mod agreement;
mod correlation;
mod mcnemar;
mod quantile;
mod regression;
mod wilcoxon;

pub use agreement::{BlandAltman, bland_altman, concordance, weighted_kappa};
pub use correlation::{fisher_interval, spearman};
pub use mcnemar::mcnemar_exact;
pub use quantile::{mean, median, quantile};
pub use regression::{Regression, regression};
pub use wilcoxon::{Alternative, Wilcoxon, wilcoxon};

/// Ranks from 1; equal values share the mean of their ranks.
#[must_use]
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let mean = start as f64 + 0.5 * (group.len() as f64 + 1.0);
        for &at in group {
            ranks[at] = mean;
        }
        start += group.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_mean_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert!(ranks(&[]).is_empty());
    }
}
