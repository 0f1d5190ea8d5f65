//! From what a network says to a probability.

use serde::{Deserialize, Serialize};

/// Platt's line through the logarithm of the odds (Platt 1999): of probability `p` with odds
/// `p / (1 - p)` the calibrated odds are `odds^slope · e^offset`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Above 0, so that the order stays.
    pub slope: f64,
    /// Of the logarithm.
    pub offset: f64,
}

/// Probabilities are kept this far from 0 and 1, where odds end.
const EDGE: f64 = 1e-6;

impl Calibration {
    /// What changes nothing.
    #[must_use]
    pub fn none() -> Self {
        Self {
            slope: 1.0,
            offset: 0.0,
        }
    }

    /// The calibrated probability.
    #[must_use]
    pub fn apply(&self, p: f32) -> f32 {
        (1.0 / (1.0 + (-(self.slope * log_odds(p) + self.offset)).exp())) as f32
    }

    /// The line of greatest likelihood for what came true, with a slope above 0. By Newton's method on
    /// targets drawn in by one case each, as Platt has them, so that it exists whatever comes true.
    #[must_use]
    pub fn fit(cases: &[(f32, bool)]) -> Self {
        let positive = cases.iter().filter(|(_, is)| *is).count() as f64;
        let negative = cases.len() as f64 - positive;
        let target = |is: bool| {
            if is {
                (positive + 1.0) / (positive + 2.0)
            } else {
                1.0 / (negative + 2.0)
            }
        };
        let mut line = Self::none();
        for _ in 0..100 {
            let (mut gradient, mut hessian) = ([0.0; 2], [0.0; 3]);
            for (p, is) in cases {
                let x = log_odds(*p);
                let q = 1.0 / (1.0 + (-(line.slope * x + line.offset)).exp());
                let (error, weight) = (q - target(*is), q * (1.0 - q));
                gradient = [gradient[0] + error * x, gradient[1] + error];
                hessian = [
                    hessian[0] + weight * x * x,
                    hessian[1] + weight * x,
                    hessian[2] + weight,
                ];
            }
            // A little stiffness keeps cases that are all alike from leaving it without a solution.
            let (a, b, c) = (hessian[0] + 1e-9, hessian[1], hessian[2] + 1e-9);
            let determinant = a * c - b * b;
            if determinant.abs() < 1e-18 {
                break;
            }
            let step = [
                (c * gradient[0] - b * gradient[1]) / determinant,
                (a * gradient[1] - b * gradient[0]) / determinant,
            ];
            // Far from the solution Newton's steps may be wild.
            let shrink = 1.0 / (step[0].abs().max(step[1].abs()) / 2.0).max(1.0);
            line.slope = (line.slope - shrink * step[0]).max(LEAST_SLOPE);
            line.offset -= shrink * step[1];
            if step[0].abs().max(step[1].abs()) < 1e-10 {
                break;
            }
        }
        line
    }
}

const LEAST_SLOPE: f64 = 0.05;

fn log_odds(p: f32) -> f64 {
    let p = f64::from(p).clamp(EDGE, 1.0 - EDGE);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_there_is_found() {
        // 2000 cases at each of five probabilities; true odds are odds^.5 · e^-1, to the nearest case.
        let truth = Calibration {
            slope: 0.5,
            offset: -1.0,
        };
        let mut cases = Vec::new();
        for p in [0.02f32, 0.2, 0.5, 0.8, 0.98] {
            let positive = (2000.0 * truth.apply(p)).round() as usize;
            cases.extend((0..2000).map(|at| (p, at < positive)));
        }
        let found = Calibration::fit(&cases);
        assert!((found.slope - 0.5).abs() < 0.01, "{found:?}");
        assert!((found.offset + 1.0).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn what_cannot_be_fitted_stays_in_order() {
        for cases in [
            vec![],
            vec![(0.9, true); 5],
            vec![(0.1, false); 5],
            vec![(0.99, true), (0.01, false)],
            vec![(0.9, false), (0.1, true)],
        ] {
            let line = Calibration::fit(&cases);
            assert!(
                line.slope >= LEAST_SLOPE && line.offset.is_finite(),
                "{line:?}"
            );
            assert!(line.apply(0.9) > line.apply(0.1));
        }
        let same = Calibration::none();
        assert!((same.apply(0.3) - 0.3).abs() < 1e-6);
    }
}
