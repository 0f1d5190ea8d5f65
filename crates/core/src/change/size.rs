//! Whether a lesion has grown or shrunk.

/// A diameter changes when it is at least this many times the other one …
pub const LEAST_RATIO: f64 = 1.4;
/// … and differs by this much, in mm.
pub const LEAST_CHANGE_MM: f64 = 1.0;

/// Growth (1), shrinking (-1) or neither (0) from one diameter to the next. Blooming, noise and the cut of
/// the slices change the diameter of a lesion that stays as it is; results/compare-visits has by how much.
pub(super) fn trend(before_mm: f64, after_mm: f64) -> i8 {
    let changed =
        |small: f64, large: f64| large >= LEAST_RATIO * small && large - small >= LEAST_CHANGE_MM;
    if changed(before_mm, after_mm) {
        1
    } else if changed(after_mm, before_mm) {
        -1
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_must_be_passed() {
        assert_eq!(trend(4.0, 5.6), 1);
        assert_eq!(trend(4.0, 5.59), 0);
        assert_eq!(trend(5.6, 4.0), -1);
        // 1.5 times, but .9 mm.
        assert_eq!(trend(1.8, 2.7), 0);
        assert_eq!(trend(3.0, 3.0), 0);
    }
}
