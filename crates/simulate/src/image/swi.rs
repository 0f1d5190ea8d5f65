//! Susceptibility-weighted images: magnitude times a mask made of the phase.
//!
//! Haacke 2004, doi 10.1002/mrm.20198.

use rayon::prelude::*;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use siderin_image::volume::Volume;
use std::ops::Range;
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
    let smooth = Homodyne::new(scan.shape()).smooth(scan);
    let mut weighted = scan.map(|_| 0.0f32);
    let both = scan.voxels().par_iter().zip(smooth.voxels());
    let out = weighted.voxels_mut().par_iter_mut();
    out.zip(both)
        .for_each(|(out, (value, low))| *out = masked(*value, *low));
    weighted
}

/// A voxel's magnitude under the mask of its phase against the background's.
pub(crate) fn masked(value: Complex32, background: Complex32) -> f32 {
    let phase = (value * background.conj()).arg();
    let mask = 1.0 - phase.max(0.0) / std::f32::consts::PI;
    value.norm() * mask.powi(MASK_POWER)
}

/// The low-pass half of a homodyne filter for slices of one size.
pub(crate) struct Homodyne {
    nx: usize,
    ny: usize,
    forward: [Arc<dyn Fft<f32>>; 2],
    backward: [Arc<dyn Fft<f32>>; 2],
    window: [Vec<f32>; 2],
    /// Frequencies along x whose weight is not 0.
    inside: Vec<usize>,
}

impl Homodyne {
    /// A filter for the slices of a scan of this shape.
    pub(crate) fn new([nx, ny, _]: [usize; 3]) -> Self {
        let mut planner = FftPlanner::<f32>::new();
        let window = [hann(nx), hann(ny)];
        Self {
            nx,
            ny,
            forward: [planner.plan_fft_forward(nx), planner.plan_fft_forward(ny)],
            backward: [planner.plan_fft_inverse(nx), planner.plan_fft_inverse(ny)],
            inside: (0..nx).filter(|&x| window[0][x] > 0.0).collect(),
            window,
        }
    }

    /// Each slice of a whole scan with only the window's frequencies.
    pub(crate) fn smooth(&self, scan: &Volume<Complex32>) -> Volume<Complex32> {
        let plane = self.nx * self.ny;
        let mut smooth = scan.clone();
        smooth
            .voxels_mut()
            .par_chunks_mut(plane)
            .for_each(|slice| self.smooth_rows(slice, 0..self.nx, 0..self.ny));
        smooth
    }

    /// Adds to `smooth` what a change in a part of the scan adds to the smooth scan there.
    pub(crate) fn add_smooth_part(
        &self,
        change: &Volume<Complex32>,
        region: &[Range<usize>; 3],
        smooth: &mut Volume<Complex32>,
    ) {
        let plane = region[0].len() * region[1].len();
        smooth
            .voxels_mut()
            .par_chunks_mut(plane)
            .zip(change.voxels().par_chunks(plane))
            .filter(|(_, change)| change.iter().any(|c| c.norm_sqr() > 0.0))
            .for_each(|(smooth, change)| {
                let mut low = change.to_vec();
                self.smooth_rows(&mut low, region[0].clone(), region[1].clone());
                for (smooth, low) in smooth.iter_mut().zip(low) {
                    *smooth += low;
                }
            });
    }

    /// Filters the columns `xs` and rows `ys` of a slice that is 0 elsewhere, in place.
    fn smooth_rows(&self, part: &mut [Complex32], xs: Range<usize>, ys: Range<usize>) {
        let (nx, ny, wide) = (self.nx, self.ny, xs.len());
        let zero = Complex32::default();
        let mut row = vec![zero; nx];
        let mut columns = vec![zero; self.inside.len() * ny];
        for (y, values) in ys.clone().zip(part.chunks(wide)) {
            row.fill(zero);
            row[xs.clone()].copy_from_slice(values);
            self.forward[0].process(&mut row);
            for (c, &x) in self.inside.iter().enumerate() {
                columns[c * ny + y] = row[x] * self.window[0][x];
            }
        }
        let scale = 1.0 / (nx * ny) as f32;
        for column in columns.chunks_mut(ny) {
            self.forward[1].process(column);
            for (value, weight) in column.iter_mut().zip(&self.window[1]) {
                *value *= weight * scale;
            }
            self.backward[1].process(column);
        }
        for (y, values) in ys.zip(part.chunks_mut(wide)) {
            row.fill(zero);
            for (c, &x) in self.inside.iter().enumerate() {
                row[x] = columns[c * ny + y];
            }
            self.backward[0].process(&mut row);
            values.copy_from_slice(&row[xs.clone()]);
        }
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
    use siderin_image::volume::Grid;

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
        // The spot is in its own background, with the mean of the window over k-space: Hann is
        // 1/2 over 64 of 128 and of 120 samples, m = 0.25 · 0.2667 = 0.0667. Its background's
        // phase is atan2(m sin 1, 1 + m(cos 1 − 1)) = 0.0578, so (1 − 0.9422/π)⁴ = 0.240.
        assert!((weighted.at([60, 60, 0]) / plain.at([60, 60, 0]) - 0.240).abs() < 0.01);
        assert!(weighted.at([20, 20, 0]) > 9.0);
    }
}
