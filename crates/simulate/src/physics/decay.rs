//! Magnitude of a spoiled gradient echo, and how its constants go with the field strength.

/// Proton gyromagnetic ratio over 2π in MHz/T (CODATA 2018).
pub(crate) const GAMMA_MHZ_PER_T: f64 = 42.577_478_518;

/// Phase in rad per ppm of relative field: 2π γ B0 TE.
pub(crate) fn phase_per_ppm(b0_t: f64, te_ms: f64) -> f64 {
    2.0 * std::f64::consts::PI * GAMMA_MHZ_PER_T * b0_t * te_ms * 1e-3
}

/// Signal of a spoiled gradient echo at TE = 0 per unit of proton density (Ernst and
/// Anderson 1966, doi 10.1063/1.1719961).
pub(crate) fn spoiled_echo(t1_ms: f64, tr_ms: f64, flip_angle_deg: f64) -> f64 {
    let (sin, cos) = flip_angle_deg.to_radians().sin_cos();
    let e1 = (-tr_ms / t1_ms).exp();
    sin * (1.0 - e1) / (1.0 - cos * e1)
}

/// R2* at a field strength from its value at 3 T: linear, and .62 of it at 1.5 T.
pub(crate) fn r2star_scale(b0_t: f64) -> f64 {
    1.0 + (b0_t - 3.0) * (1.0 - 0.62) / 1.5
}

/// T1 at a field strength from its value at 3 T: the cube root, the trend over tissues of
/// Rooney 2007 (doi 10.1002/mrm.21122).
pub(crate) fn t1_scale(b0_t: f64) -> f64 {
    (b0_t / 3.0).cbrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // 2π · 42.577 MHz/T · 3 T · 20 ms · 1e-6 = 2π · 2.5546 = 16.051 rad per ppm.
        assert!((phase_per_ppm(3.0, 20.0) - 16.051).abs() < 1e-3);
        // TR ≫ T1 and 90°: all of it. At the Ernst angle cos α = E1 the signal is
        // √((1−E1)/(1+E1)); TR = T1: E1 = .36788, √(.63212/1.36788) = .67979.
        assert!((spoiled_echo(1.0, 1e3, 90.0) - 1.0).abs() < 1e-12);
        let ernst = (-1.0f64).exp().acos().to_degrees();
        assert!((spoiled_echo(800.0, 800.0, ernst) - 0.679_79).abs() < 1e-5);
        assert!((r2star_scale(1.5) - 0.62).abs() < 1e-12);
    }
}
