//! Two methods on the same lesions.

use statrs::distribution::{Binomial, DiscreteCDF};

/// Two-sided p of McNemar's test, exact: among the lesions that only one of two methods finds,
/// either is as likely to be the one (McNemar 1947, doi 10.1007/BF02295996). 1 where there is
/// no such lesion.
#[must_use]
pub fn mcnemar_exact(only_first: u64, only_second: u64) -> f64 {
    let n = only_first + only_second;
    let Ok(binomial) = Binomial::new(0.5, n) else {
        return f64::NAN;
    };
    (2.0 * binomial.cdf(only_first.min(only_second))).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_tables_by_hand() {
        // P(X ≤ 1 of 6) = 7/64; twice that.
        assert!((mcnemar_exact(1, 5) - 14.0 / 64.0).abs() < 1e-12);
        assert!((mcnemar_exact(5, 1) - 14.0 / 64.0).abs() < 1e-12);
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        assert_eq!(mcnemar_exact(3, 3), 1.0);
    }
}
