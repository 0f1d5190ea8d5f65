//! Susceptibility-weighted images: magnitude times a mask made of the phase.
//!
//! Haacke 2004, doi 10.1002/mrm.20198.

use crate::volume::Volume;
use rayon::prelude::*;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Edge of the window of k-space that counts as background, in samples.
const WINDOW: usize = 64;
/// How often the mask is multiplied.
const MASK_POWER: i32 = 4;

/// The susceptibility-weighted magnitude of a complex scan, slice by slice: the phase is
/// high-pass filtered by dividing by the slice under a 64 × 64 Hann window of k-space; where
/// what is left is positive (a higher field, as in veins along it and in the poles of a
/// bleed), the mask falls linearly to 0 at π; the magnitude is multiplied by its fourth power.
#[must_use]
pub fn susceptibility_weighted(scan: &Volume<Complex32>) -> Volume<f32> {
    let [nx, ny, _] = scan.shape();
    let filter = Homodyne::new(nx, ny);
    let mut weighted = scan.map(|_| 0.0f32);
    weighted
        .voxels_mut()
        .par_chunks_mut(nx * ny)
        .zip(scan.voxels().par_chunks(nx * ny))
        .for_each(|(out, slice)| {
            let background = filter.background(slice);
            for ((out, value), low) in out.iter_mut().zip(slice).zip(&background) {
                let phase = (value * low.conj()).arg();
                let mask = 1.0 - phase.max(0.0) / std::f32::consts::PI;
                *out = value.norm() * mask.powi(MASK_POWER);
            }
        });
    weighted
}

/// The low-pass half of a homodyne filter for slices of one size.
struct Homodyne {
    nx: usize,
    ny: usize,
    forward: [Arc<dyn Fft<f32>>; 2],
    backward: [Arc<dyn Fft<f32>>; 2],
    window: [Vec<f32>; 2],
}

impl Homodyne {
    fn new(nx: usize, ny: usize) -> Self {
        let mut planner = FftPlanner::<f32>::new();
        Self {
            nx,
            ny,
            forward: [planner.plan_fft_forward(nx), planner.plan_fft_forward(ny)],
            backward: [planner.plan_fft_inverse(nx), planner.plan_fft_inverse(ny)],
            window: [hann(nx), hann(ny)],
        }
    }

    /// The slice with only the window's frequencies (not normalised: its phase is what
    /// counts).
    fn background(&self, slice: &[Complex32]) -> Vec<Complex32> {
        let (nx, ny) = (self.nx, self.ny);
        let mut rows = slice.to_vec();
        self.forward[0].process(&mut rows);
        let mut columns = vec![Complex32::default(); nx * ny];
        // Columns whose weight is 0 stay empty.
        let inside: Vec<usize> = (0..nx).filter(|&x| self.window[0][x] > 0.0).collect();
        for &x in &inside {
            let column = &mut columns[x * ny..(x + 1) * ny];
            for (y, value) in column.iter_mut().enumerate() {
                *value = rows[y * nx + x] * self.window[0][x];
            }
            self.forward[1].process(column);
            for (value, weight) in column.iter_mut().zip(&self.window[1]) {
                *value *= weight;
            }
            self.backward[1].process(column);
        }
        for (y, row) in rows.chunks_mut(nx).enumerate() {
            for (x, value) in row.iter_mut().enumerate() {
                *value = columns[x * ny + y];
            }
        }
        self.backward[0].process(&mut rows);
        rows
    }
}

/// A Hann window over the middle [`WINDOW`] frequencies, in the order of a transform.
fn hann(length: usize) -> Vec<f32> {
    let half = WINDOW as f32 / 2.0;
    (0..length)
        .map(|i| {
            let frequency = i.min(length - i) as f32;
            if frequency < half {
                0.5 + 0.5 * (std::f32::consts::PI * frequency / half).cos()
            } else {
                0.0
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    #[test]
    fn a_smooth_phase_changes_nothing_and_a_small_one_darkens() {
        let grid = Grid::axis_aligned([128, 120, 1], [1.0; 3]).unwrap();
        let smooth = |i: usize| 1.5 * (2.0 * std::f32::consts::PI * i as f32 / 128.0).sin();
        let scan = Volume::from_fn(&grid, |[i, ..]| Complex32::from_polar(10.0, smooth(i)));
        let plain = susceptibility_weighted(&scan);
        assert!(plain.voxels().iter().all(|v| (v - 10.0).abs() < 0.8));
        let mut spot = scan.clone();
        for (index, phase) in [([60, 60, 0], 1.0f32), ([20, 20, 0], -1.0)] {
            let turned = spot.at(index) * Complex32::cis(phase);
            spot.set(index, turned);
        }
        let weighted = susceptibility_weighted(&spot);
        // (1 − 1/π)⁴ = 0.216 where the phase is positive, nothing where it is negative.
        assert!((weighted.at([60, 60, 0]) / plain.at([60, 60, 0]) - 0.216).abs() < 0.02);
        assert!(weighted.at([20, 20, 0]) > 9.0);
    }
}
