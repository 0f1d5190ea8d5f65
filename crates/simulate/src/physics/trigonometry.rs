//! Sine, cosine and their quotients in single precision, without branches, so that the
//! compiler turns a row of them into vector code, with the same bits on every machine.

use std::f32::consts::FRAC_2_PI;

/// Sine and cosine, good to 3e-7 for |x| below 2000 rad. Cody and Waite's reduction with
/// the minimax polynomials of Cephes (Moshier 1989).
#[inline(always)]
pub(crate) fn sin_cos(x: f32) -> (f32, f32) {
    // Adding and taking off 1.5·2²³ rounds to whole numbers without a call.
    const ROUND: f32 = 12_582_912.0;
    let n = (x * FRAC_2_PI + ROUND) - ROUND;
    let quadrant = n as i32;
    // π/2 in three parts, the first two short enough that n times them is exact.
    let r = ((x - n * 1.570_312_5) - n * 4.837_513e-4) - n * 7.549_79e-8;
    let r2 = r * r;
    let sin = r + r * r2 * (-0.166_666_55 + r2 * (0.008_332_161 + r2 * -0.000_195_152_96));
    let cos =
        1.0 - 0.5 * r2 + r2 * r2 * (0.041_666_646 + r2 * (-0.001_388_731_6 + r2 * 2.443_315_7e-5));
    let (s, c) = if quadrant & 1 == 0 {
        (sin, cos)
    } else {
        (cos, sin)
    };
    (
        if quadrant & 2 == 0 { s } else { -s },
        if (quadrant + 1) & 2 == 0 { c } else { -c },
    )
}

/// |sin(x/2) / (x/2)|: what is left of a signal whose phase runs linearly by `x` across a
/// cell.
#[inline(always)]
pub(crate) fn linear_dephasing(x: f32) -> f32 {
    let half = 0.5 * x.abs();
    let small = half < 0.5;
    let h2 = half * half;
    let series = 1.0 - h2 * (1.0 / 6.0 - h2 * (1.0 / 120.0 - h2 / 5040.0));
    let (sin, _) = sin_cos(half);
    let quotient = sin.abs() / half.max(0.5);
    if small { series } else { quotient }
}

/// What of a cell's signal counts along an axis that is encoded in k-space, when its phase runs
/// linearly by `x` across it: all, as long as the run is resolved. A run of up to π per cell is
/// a frequency that the cells hold, and it is the point spread that passes or stops it; what
/// runs faster than 3π/2 would come back as a lower frequency, and is left out.
#[inline(always)]
pub(crate) fn unresolved_dephasing(x: f32) -> f32 {
    const HALF: f32 = std::f32::consts::FRAC_PI_2;
    let left = ((3.0 * HALF - x.abs()) / HALF).clamp(0.0, 1.0);
    left * left * (3.0 - 2.0 * left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_double_precision() {
        for i in -200_000..200_000 {
            let x = i as f32 * 0.007_31;
            let (s, c) = sin_cos(x);
            let (es, ec) = f64::from(x).sin_cos();
            assert!((f64::from(s) - es).abs() < 5e-7, "sin {x}: {s} {es}");
            assert!((f64::from(c) - ec).abs() < 5e-7, "cos {x}: {c} {ec}");
            let half = f64::from(x) / 2.0;
            let expected = if i == 0 {
                1.0
            } else {
                (half.sin() / half).abs()
            };
            assert!(
                (f64::from(linear_dephasing(x)) - expected).abs() < 1e-6,
                "{x}"
            );
        }
    }
}
