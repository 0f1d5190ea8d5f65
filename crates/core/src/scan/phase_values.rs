//! Telling phase from magnitude by the values, for files that say nothing of themselves.

/// Whether values look like phase: a large share is negative and both signs reach about
/// equally far. Magnitudes are never negative; resampled ones ring slightly below zero.
pub(crate) fn looks_like_phase(values: &[f32]) -> bool {
    const NEGATIVE_SHARE: f64 = 0.2;
    let step = (values.len() / 200_000).max(1);
    let (mut count, mut negative, mut low, mut high) = (0u64, 0u64, 0f32, 0f32);
    for &value in values.iter().step_by(step) {
        if value != 0.0 {
            count += 1;
            negative += u64::from(value < 0.0);
            low = low.min(value);
            high = high.max(value);
        }
    }
    let share = negative as f64 / count.max(1) as f64;
    let reach = f64::from(-low) / f64::from(high).max(1e-30);
    share > NEGATIVE_SHARE && (0.5..2.0).contains(&reach)
}

#[cfg(test)]
mod tests {
    use super::looks_like_phase;

    #[test]
    fn phase_is_symmetric_and_magnitude_is_not() {
        let phase: Vec<f32> = (0..1000).map(|i| i as f32 * 8.0 - 4096.0).collect();
        assert!(looks_like_phase(&phase));
        let magnitude: Vec<f32> = (0..1000).map(|i| i as f32).collect();
        assert!(!looks_like_phase(&magnitude));
        // Cubic resampling leaves a few small negative values.
        let ringing: Vec<f32> = (0..1000)
            .map(|i| if i % 5 == 0 { -3.0 } else { 500.0 })
            .collect();
        assert!(!looks_like_phase(&ringing));
    }
}
