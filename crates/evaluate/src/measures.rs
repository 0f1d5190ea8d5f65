//! The figures of one case, by name.

use super::subject::SubjectScore;

/// A figure that every case has, or leaves undefined.
pub(super) struct Measure {
    /// As in `metrics.json`.
    pub name: &'static str,
    pub of: fn(&SubjectScore) -> Option<f64>,
    pub higher_is_better: bool,
    /// Whether VALDO ranks by it (Sudre 2024, doi 10.1016/j.media.2023.103029).
    pub ranks: bool,
}

pub(super) const MEASURES: [Measure; 6] = [
    Measure {
        name: "f1",
        of: |s| s.f1,
        higher_is_better: true,
        ranks: true,
    },
    Measure {
        name: "dice",
        of: |s| s.dice,
        higher_is_better: true,
        ranks: true,
    },
    Measure {
        name: "absolute_count_difference",
        of: |s| s.absolute_count_difference.map(|n| n as f64),
        higher_is_better: false,
        ranks: true,
    },
    Measure {
        name: "absolute_volume_difference_mm3",
        of: |s| s.absolute_volume_difference_mm3,
        higher_is_better: false,
        ranks: true,
    },
    Measure {
        name: "precision",
        of: |s| s.precision,
        higher_is_better: true,
        ranks: false,
    },
    Measure {
        name: "recall",
        of: |s| s.recall,
        higher_is_better: true,
        ranks: false,
    },
];
