//! From what a network says to a probability.

use serde::{Deserialize, Serialize};

/// Platt's line (Platt 1999, "Probabilistic outputs for support vector machines"): from the logarithm
/// of a network's odds to that of the odds that come true.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Above 0, so that the order stays.
    pub slope: f64,
    /// Added to the logarithm.
    pub offset: f64,
}

/// The least slope: what a network says may be worth nothing, but is never turned around.
const LEAST_SLOPE: f64 = 0.05;
/// Steps of Newton's method; ten are usual.
const MOST_STEPS: usize = 200;

impl Calibration {
    /// What changes nothing.
    #[must_use]
    pub fn none() -> Self {
        Self {
            slope: 1.0,
            offset: 0.0,
        }
    }

    /// The probability of log-odds.
    #[must_use]
    pub fn probability(&self, log_odds: f64) -> f64 {
        1.0 / (1.0 + (-(self.slope * log_odds + self.offset)).exp())
    }

    /// The line of greatest likelihood for log-odds and what came true, by Newton's method. Targets are
    /// drawn in by one case each, as Platt has them, so that the line exists whatever comes true.
    #[must_use]
    pub fn fit(cases: &[(f64, bool)]) -> Self {
        let positive = cases.iter().filter(|(_, is)| *is).count() as f64;
        let targets = [
            1.0 / (cases.len() as f64 - positive + 2.0),
            (positive + 1.0) / (positive + 2.0),
        ];
        let mut line = Self::none();
        for _ in 0..MOST_STEPS {
            let around = Around::of(&line, cases, targets);
            let step = around.step(line.slope <= LEAST_SLOPE);
            // Far from the solution Newton's steps may be wild.
            let shrink = 1.0 / (step[0].abs().max(step[1].abs()) / 2.0).max(1.0);
            let before = line;
            line.slope = (line.slope - shrink * step[0]).max(LEAST_SLOPE);
            line.offset -= shrink * step[1];
            let moved = (line.slope - before.slope).abs() + (line.offset - before.offset).abs();
            if moved < 1e-10 {
                break;
            }
        }
        line
    }
}

/// First and second derivatives of the loss at a line.
struct Around {
    gradient: [f64; 2],
    /// By the slope twice, by slope and offset, by the offset twice.
    curvature: [f64; 3],
}

impl Around {
    fn of(line: &Calibration, cases: &[(f64, bool)], targets: [f64; 2]) -> Self {
        // A little curvature keeps cases that are all alike from leaving it without a solution.
        let mut around = Self {
            gradient: [0.0; 2],
            curvature: [1e-9, 0.0, 1e-9],
        };
        for (x, is) in cases {
            let p = line.probability(*x);
            let (error, weight) = (p - targets[usize::from(*is)], p * (1.0 - p));
            around.gradient[0] += error * x;
            around.gradient[1] += error;
            around.curvature[0] += weight * x * x;
            around.curvature[1] += weight * x;
            around.curvature[2] += weight;
        }
        around
    }

    /// Newton's step of slope and offset. At the least slope, of the offset alone where the slope would
    /// fall further.
    fn step(&self, at_least: bool) -> [f64; 2] {
        let ([g, h], [a, b, c]) = (self.gradient, self.curvature);
        let determinant = a * c - b * b;
        if determinant.abs() > 1e-18 {
            let step = [(c * g - b * h) / determinant, (a * h - b * g) / determinant];
            if !(at_least && step[0] > 0.0) {
                return step;
            }
        }
        [0.0, h / c]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_odds(p: f64) -> f64 {
        (p / (1.0 - p)).ln()
    }

    #[test]
    fn a_line_that_is_there_is_found() {
        // 2000 cases at each of five probabilities; true odds are odds^.5 · e^-1, to the nearest case.
        let truth = Calibration {
            slope: 0.5,
            offset: -1.0,
        };
        let mut cases = Vec::new();
        for x in [0.02, 0.2, 0.5, 0.8, 0.98].map(log_odds) {
            let positive = (2000.0 * truth.probability(x)).round() as usize;
            cases.extend((0..2000).map(|at| (x, at < positive)));
        }
        let found = Calibration::fit(&cases);
        assert!((found.slope - 0.5).abs() < 0.01, "{found:?}");
        assert!((found.offset + 1.0).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn whatever_came_true_the_mean_is_right_and_the_order_stays() {
        let turned: Vec<(f64, bool)> = (0..100)
            .map(|at| {
                if at < 10 {
                    (-3.0, true)
                } else {
                    (2.0, at < 11)
                }
            })
            .collect();
        for cases in [
            vec![],
            vec![(2.2, true); 5],
            vec![(-2.2, false); 5],
            vec![(16.0, true), (16.0, false)],
            vec![(4.6, true), (-4.6, false)],
            turned,
        ] {
            let line = Calibration::fit(&cases);
            assert!(
                line.slope >= LEAST_SLOPE && line.offset.is_finite(),
                "{line:?}"
            );
            let count = cases.len() as f64;
            let positive = cases.iter().filter(|(_, is)| *is).count() as f64;
            // Platt's targets: (n + 1) / (n + 2) of those that came true, 1 / (n + 2) of the others.
            let expected = positive * (positive + 1.0) / (positive + 2.0)
                + (count - positive) / (count - positive + 2.0);
            let found: f64 = cases.iter().map(|(x, _)| line.probability(*x)).sum();
            assert!(
                (found - expected).abs() < 1e-3 * count.max(1.0),
                "{cases:?}: {found} {expected}"
            );
        }
    }
}
