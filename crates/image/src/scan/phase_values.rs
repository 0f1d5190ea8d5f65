//! Values of phase: told from those of magnitude, for files that say nothing of themselves, and brought
//! to radians.

use crate::volume::Volume;
use std::borrow::Cow;
use std::f32::consts::PI;

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

/// The phase in rad. Whole numbers that span more than two turns are a scanner's (-4096 to 4095, 0 to 4095
/// and the like): a turn is the next power of two. All else is in rad already, unwrapped or not.
#[must_use]
pub fn phase_in_rad(phase: &Volume<f32>) -> Cow<'_, Volume<f32>> {
    let finite = || phase.voxels().iter().filter(|v| v.is_finite());
    let (low, high) = finite().fold((f32::MAX, f32::MIN), |(low, high), v| {
        (low.min(*v), high.max(*v))
    });
    let span = high - low;
    if span <= 4.0 * PI || !finite().all(|v| v.fract() == 0.0) {
        return Cow::Borrowed(phase);
    }
    let turn = (span + 1.0).log2().ceil().exp2();
    Cow::Owned(phase.map(|v| v / turn * 2.0 * PI))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

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

    #[test]
    fn numbers_of_a_scanner_become_radians() {
        let grid = Grid::axis_aligned([4, 1, 1], [1.0; 3]).unwrap();
        let of = |values: [f32; 4]| {
            let phase = Volume::new(grid.clone(), values.to_vec()).unwrap();
            phase_in_rad(&phase).into_owned().into_voxels()
        };
        let close = |found: Vec<f32>, expected: [f32; 4]| {
            let mut pairs = found.into_iter().zip(expected);
            assert!(pairs.all(|(a, b)| (a - b).abs() < 1e-5));
        };
        // A turn of 4096, and one of 8192. Where a turn begins does not matter.
        close(
            of([0.0, 1024.0, 2048.0, 4095.0]),
            [0.0, PI / 2.0, PI, 4095.0 / 2048.0 * PI],
        );
        close(
            of([-4096.0, 0.0, 2048.0, 4095.0]),
            [-PI, 0.0, PI / 2.0, 4095.0 / 4096.0 * PI],
        );
        for same in [
            [-3.1, 0.0, 0.5, 3.1],
            [-20.5, 0.1, 7.0, 30.0],
            [-1.0, 0.0, 1.0, 2.0],
        ] {
            assert_eq!(of(same), same);
        }
        assert!(of([f32::NAN; 4]).iter().all(|v| v.is_nan()));
    }
}
