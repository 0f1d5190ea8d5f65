//! The line through counts, with its band.

use super::mean;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A least-squares line `y = intercept + slope · x`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// Change of y per x.
    pub slope: f64,
    /// y at x = 0.
    pub intercept: f64,
    mean_x: f64,
    /// Sum of squares of x about its mean.
    spread_x: f64,
    n: usize,
    /// Standard deviation of what the line leaves, on n - 2 degrees of freedom.
    residual_sd: f64,
}

/// The line of `y` on `x`; none below three values or where x does not vary.
#[must_use]
pub fn regression(x: &[f64], y: &[f64]) -> Option<Regression> {
    let [mean_x, mean_y] = [mean(x)?, mean(y)?];
    let spread_x: f64 = x.iter().map(|x| (x - mean_x).powi(2)).sum();
    if x.len() < 3 || spread_x <= 0.0 {
        return None;
    }
    let both: f64 = x
        .iter()
        .zip(y)
        .map(|(x, y)| (x - mean_x) * (y - mean_y))
        .sum();
    let slope = both / spread_x;
    let intercept = mean_y - slope * mean_x;
    let left: f64 = x
        .iter()
        .zip(y)
        .map(|(x, y)| (y - intercept - slope * x).powi(2))
        .sum();
    Some(Regression {
        slope,
        intercept,
        mean_x,
        spread_x,
        n: x.len(),
        residual_sd: (left / (x.len() - 2) as f64).sqrt(),
    })
}

impl Regression {
    /// The line's value.
    #[must_use]
    pub fn at(&self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }

    /// Half the width of the 95 % confidence band of the line at x: t·s·√(1/n + (x - x̄)²/Sxx)
    /// (Draper and Smith 1998, section 1.4).
    #[must_use]
    pub fn half_band(&self, x: f64) -> f64 {
        let t = StudentsT::new(0.0, 1.0, (self.n - 2) as f64)
            .map_or(f64::NAN, |t| t.inverse_cdf(0.975));
        let share = 1.0 / self.n as f64 + (x - self.mean_x).powi(2) / self.spread_x;
        t * self.residual_sd * share.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_its_band_by_hand() {
        // x̄ = 1, ȳ = 1; Sxx = 2, Sxy = 2: slope 1, intercept 0; residuals 1/3, -2/3, 1/3 after
        // y = 1/3, 1/3, 7/3.
        let line = regression(&[0.0, 1.0, 2.0], &[1.0 / 3.0, 1.0 / 3.0, 7.0 / 3.0]).unwrap();
        assert!((line.slope - 1.0).abs() < 1e-12 && line.intercept.abs() < 1e-12);
        // s² = (1/9 + 4/9 + 1/9)/1 = 2/3; t(.975, 1) = 12.7062; at x̄: t·s/√3 = 12.7062·√2/3.
        let expected = 12.706_204_736 * 2f64.sqrt() / 3.0;
        assert!((line.half_band(1.0) - expected).abs() < 1e-4);
        assert_eq!(regression(&[1.0; 3], &[1.0; 3]), None);
    }
}
