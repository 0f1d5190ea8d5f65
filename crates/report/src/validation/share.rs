//! A share of a number of things, and how sure it is.

use std::fmt;

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Those that count.
    pub hits: usize,
    /// All.
    pub of: usize,
}

/// 95 % of a normal distribution are within this many deviations.
const Z: f64 = 1.959_964;

impl Share {
    /// The share; none of nothing.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }

    /// Its 95 % interval (Wilson 1927, doi 10.1080/01621459.1927.10502953).
    #[must_use]
    pub fn interval(self) -> Option<[f64; 2]> {
        let share = self.value()?;
        let n = self.of as f64;
        let middle = share + Z * Z / (2.0 * n);
        let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        Some([
            ((middle - half) / scale).max(0.0),
            ((middle + half) / scale).min(1.0),
        ])
    }
}

impl fmt::Display for Share {
    /// Such as `8 of 10, 80 % (49–94)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(value), Some([low, high])) = (self.value(), self.interval()) else {
            return f.write_str("none");
        };
        write!(
            f,
            "{} of {}, {:.0} % ({:.0}–{:.0})",
            self.hits,
            self.of,
            100.0 * value,
            100.0 * low,
            100.0 * high
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_as_scipy_has_them() {
        // scipy.stats.binomtest(8, 10).proportion_ci(method="wilson"): 0.490162, 0.943318; of 0 of 5: 0, 0.434482.
        let close = |a: f64, b: f64| (a - b).abs() < 1e-5;
        let [low, high] = Share { hits: 8, of: 10 }.interval().unwrap();
        assert!(
            close(low, 0.490_162) && close(high, 0.943_318),
            "{low} {high}"
        );
        let [low, high] = Share { hits: 0, of: 5 }.interval().unwrap();
        assert!(close(low, 0.0) && close(high, 0.434_482), "{low} {high}");
        assert_eq!(Share::default().interval(), None);
        assert_eq!(
            Share { hits: 8, of: 10 }.to_string(),
            "8 of 10, 80 % (49–94)"
        );
    }
}
