//! From measures to a number between 0 and 1, by rules.

use super::measure::Measures;
use serde::Serialize;

/// Each rule's share of the score, 0 to 1. The score is their product: a microbleed must
/// pass all of them (Gregoire 2009: 2-10 mm, round, well defined, clearly hypointense, not
/// a vessel).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScoreTerms {
    /// Stands out in its slice against opposite sides.
    pub isolated: f32,
    /// Clearly darker than its surroundings.
    pub hypointense: f32,
    /// Stands out from the noise.
    pub above_noise: f32,
    /// Not elongated.
    pub round: f32,
    /// Does not continue in opposite directions.
    pub no_vessel: f32,
    /// Surrounded by brighter tissue on most sides.
    pub free_standing: f32,
    /// Of a size microbleeds have.
    pub size: f32,
    /// Inside the brain, away from its surface.
    pub inside: f32,
}

/// The score of a candidate and the terms it is the product of. Each term rises smoothly
/// between two values, which were set by hand on twelve rough simulated scans of five heads,
/// none of them a head kept for scoring; nothing is learned, and the score is no probability.
#[must_use]
pub fn score(m: &Measures) -> (f32, ScoreTerms) {
    let terms = ScoreTerms {
        isolated: rise(m.isolation, 0.15, 0.4),
        hypointense: rise(m.contrast, 0.3, 0.6),
        above_noise: rise(m.snr, 4.0, 12.0),
        round: 1.0 - rise(m.elongation, 1.3, 2.0),
        no_vessel: 1.0 - rise(m.through, 0.12, 0.4),
        free_standing: 1.0 - rise(m.dark_share, 0.0, 0.2),
        size: rise(m.diameter_mm, 1.5, 3.0) * (1.0 - rise(m.diameter_mm, 10.0, 16.0)),
        inside: rise(m.depth_mm, 0.0, 3.0),
    };
    let product = terms.isolated
        * terms.hypointense
        * terms.above_noise
        * terms.round
        * terms.no_vessel
        * terms.free_standing
        * terms.size
        * terms.inside;
    (if m.cut_off { 0.0 } else { product }, terms)
}

/// 0 below `from`, 1 above `to`, smooth between (3t² - 2t³).
fn rise(value: f32, from: f32, to: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPICAL: Measures = Measures {
        isolation: 0.5,
        contrast: 0.8,
        snr: 40.0,
        diameter_mm: 4.0,
        elongation: 1.2,
        flatness: 1.2,
        through: 0.05,
        dark_share: 0.0,
        background: 1.0,
        depth_mm: 10.0,
        cut_off: false,
    };

    #[test]
    fn a_typical_microbleed_scores_one_and_each_fault_lowers_it() {
        assert_eq!(score(&TYPICAL).0, 1.0);
        let faults = [
            Measures {
                isolation: 0.2,
                ..TYPICAL
            },
            Measures {
                contrast: 0.35,
                ..TYPICAL
            },
            Measures {
                snr: 5.0,
                ..TYPICAL
            },
            Measures {
                elongation: 1.9,
                ..TYPICAL
            },
            Measures {
                through: 0.35,
                ..TYPICAL
            },
            Measures {
                dark_share: 0.16,
                ..TYPICAL
            },
            Measures {
                diameter_mm: 1.8,
                ..TYPICAL
            },
            Measures {
                diameter_mm: 15.0,
                ..TYPICAL
            },
            Measures {
                depth_mm: 0.5,
                ..TYPICAL
            },
            Measures {
                cut_off: true,
                ..TYPICAL
            },
        ];
        for fault in faults {
            assert!(score(&fault).0 < 0.2, "{fault:?}");
        }
    }

    #[test]
    fn the_rise_is_the_cubic() {
        assert_eq!(rise(0.0, 0.0, 1.0), 0.0);
        // 3·0.25² - 2·0.25³ = 0.15625
        assert_eq!(rise(0.25, 0.0, 1.0), 0.15625);
        assert_eq!(rise(2.0, 0.0, 1.0), 1.0);
    }
}
