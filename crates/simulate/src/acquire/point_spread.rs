//! What a scanner's voxel sees of the signal around it.
//!
//! Signal is worked out on cells, several to a voxel along each axis, and each voxel is a
//! weighted sum over cells. Where the axis is encoded in k-space, the weights are the
//! transform of the sampled part of k-space under a mild window; along slices of a 2D scan
//! they are the slice's profile. Every voxel depends on its neighbourhood only, so a part of a
//! scan can be simulated alone and is the same.

use siderin_image::volume::Grid;
use std::f64::consts::PI;
use std::ops::Range;

/// Weights of the cells around one voxel, along one axis.
#[derive(Debug, Clone)]
pub(crate) struct PointSpread {
    /// Cells to a voxel.
    pub(crate) cells: usize,
    /// Cell that the first weight is for, counted from the voxel's own first cell.
    pub(crate) first: isize,
    /// One weight per cell; they sum to 1.
    pub(crate) weights: Vec<f32>,
    /// Whether the axis is encoded in k-space: frequencies beyond the acquired ones are
    /// stopped. Else the weights are an average over a slice.
    pub(crate) encoded: bool,
}

/// Reach of a k-space axis in acquired voxels to either side; beyond it the windowed kernel is
/// below 0.5 % and is let run out smoothly.
const REACH_VOXELS: f64 = 4.0;
/// From here on it runs out.
const FLAT_VOXELS: f64 = 3.0;

impl PointSpread {
    /// An axis encoded in k-space up to ±1/(2·`acquired`) per voxel, `acquired` being the
    /// acquired over the reconstructed voxel size, with the outer share `taper` of that range
    /// falling off as a raised cosine (0: a sharp edge and strong ringing, 1: Hann).
    pub(crate) fn encoded(cells: usize, acquired: f64, taper: f64) -> Self {
        // A raised-cosine spectrum of roll-off α is flat to (1−α)/(2T) and 0 from (1+α)/(2T);
        // the sampled range ends at 1/2, so T = 1+α and the tapered share is 2α/(1+α).
        let alpha = taper / (2.0 - taper);
        let period = 1.0 + alpha;
        let kernel = |u: f64| {
            let x = u / acquired;
            if x.abs() >= REACH_VOXELS {
                return 0.0;
            }
            let t = x / period;
            let sinc = if t == 0.0 {
                1.0
            } else {
                (PI * t).sin() / (PI * t)
            };
            let pole = 1.0 - (2.0 * alpha * t).powi(2);
            let roll = if pole.abs() < 1e-9 {
                PI / 4.0
            } else {
                (PI * alpha * t).cos() / pole
            };
            let edge = ((x.abs() - FLAT_VOXELS) / (REACH_VOXELS - FLAT_VOXELS)).clamp(0.0, 1.0);
            sinc * roll * (0.5 + 0.5 * (PI * edge).cos())
        };
        Self::sampled(cells, REACH_VOXELS * acquired, true, kernel)
    }

    /// A slice of this share of the slice distance, its flanks a tenth of it wide.
    pub(crate) fn slice(cells: usize, thickness: f64) -> Self {
        const FLANK: f64 = 0.1;
        let kernel = |u: f64| {
            let from_edge = (thickness / 2.0 - u.abs()) / (FLANK * thickness);
            (from_edge + 0.5).clamp(0.0, 1.0)
        };
        Self::sampled(cells, thickness * (0.5 + FLANK), false, kernel)
    }

    fn sampled(cells: usize, reach: f64, encoded: bool, kernel: impl Fn(f64) -> f64) -> Self {
        let n = cells as f64;
        // Cell c is centred (c + ½)/n − ½ voxels from the voxel's centre.
        let first = ((0.5 - reach) * n - 0.5).ceil() as isize;
        let last = cells as isize - 1 - first;
        let mut weights: Vec<f64> = (first..=last)
            .map(|c| kernel((c as f64 + 0.5) / n - 0.5))
            .collect();
        let sum: f64 = weights.iter().sum();
        for weight in &mut weights {
            *weight /= sum;
        }
        Self {
            cells,
            first,
            weights: weights.into_iter().map(|w| w as f32).collect(),
            encoded,
        }
    }

    /// The voxels among `voxels` that see any of some cells.
    pub(crate) fn voxels_seeing(
        &self,
        cells: &Range<isize>,
        voxels: &Range<usize>,
    ) -> Range<usize> {
        let n = self.cells as isize;
        let taps = self.weights.len() as isize;
        // Voxel v sees cells v·n + first … v·n + first + taps − 1.
        let low = (cells.start - self.first - taps).div_euclid(n) + 1;
        let high = (cells.end - 1 - self.first).div_euclid(n) + 1;
        let start = (low.max(0) as usize).clamp(voxels.start, voxels.end);
        start..(high.max(0) as usize).clamp(start, voxels.end)
    }

    /// The cells that a run of voxels needs.
    pub(crate) fn cells_of(&self, voxels: &Range<usize>) -> Range<isize> {
        let n = self.cells as isize;
        let start = voxels.start as isize * n + self.first;
        let end = (voxels.end as isize - 1) * n + self.first + self.weights.len() as isize;
        start..end
    }
}

/// A scan's grid and how each axis is sampled. The grid's axes are perpendicular.
#[derive(Debug, Clone)]
pub(crate) struct Sampling {
    pub(crate) grid: Grid,
    pub(crate) spread: [PointSpread; 3],
}

impl Sampling {
    /// Size of a cell in mm.
    pub(crate) fn cell_mm(&self) -> [f64; 3] {
        let spacing = self.grid.spacing_mm();
        std::array::from_fn(|a| spacing[a] / self.spread[a].cells as f64)
    }

    /// Centre of a cell along an axis, in mm from the first voxel's centre.
    pub(crate) fn cell_center_mm(&self, axis: usize, cell: isize) -> f64 {
        let n = self.spread[axis].cells as f64;
        ((cell as f64 + 0.5) / n - 0.5) * self.grid.spacing_mm()[axis]
    }

    /// The voxels whose value may change when the signal within `reach_mm` of a place (in mm
    /// from the first voxel's centre, along the grid's axes) does; an axis may come out empty.
    pub(crate) fn voxels_within(&self, center_mm: [f64; 3], reach_mm: f64) -> [Range<usize>; 3] {
        let spacing = self.grid.spacing_mm();
        let shape = self.grid.shape();
        std::array::from_fn(|a| {
            let spread = &self.spread[a];
            let wide = -spread.first as f64 / spread.cells as f64 * spacing[a] + reach_mm;
            let low = ((center_mm[a] - wide) / spacing[a]).floor().max(0.0);
            let high = ((center_mm[a] + wide) / spacing[a]).ceil() + 1.0;
            let end = (high.max(0.0) as usize).min(shape[a]);
            (low as usize).min(end)..end
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The spread's response to a wave of `k` cycles per voxel.
    fn response(spread: &PointSpread, k: f64) -> f64 {
        let n = spread.cells as f64;
        spread
            .weights
            .iter()
            .enumerate()
            .map(|(j, &w)| {
                let u = ((j as isize + spread.first) as f64 + 0.5) / n - 0.5;
                f64::from(w) * (2.0 * PI * k * u).cos()
            })
            .sum()
    }

    #[test]
    fn passes_low_frequencies_and_stops_high_ones() {
        for (acquired, cells) in [(1.0, 2), (1.0, 4), (4.0 / 3.0, 2)] {
            let spread = PointSpread::encoded(cells, acquired, 0.5);
            let sum: f32 = spread.weights.iter().sum();
            assert!((sum - 1.0).abs() < 1e-5);
            // Symmetric about the voxel's centre.
            let mirrored: Vec<f32> = spread.weights.iter().rev().copied().collect();
            assert!(
                spread
                    .weights
                    .iter()
                    .zip(&mirrored)
                    .all(|(a, b)| (a - b).abs() < 1e-6)
            );
            // Flat over the inner half of the sampled range, 0 beyond its end, both within
            // what cutting the kernel off costs.
            assert!((response(&spread, 0.15 / acquired) - 1.0).abs() < 0.03);
            assert!(response(&spread, 0.62 / acquired).abs() < 0.03);
        }
    }

    #[test]
    fn slices_have_their_thickness() {
        // Second moment of a box of 0.8: 0.8²/12 = 0.0533; flanks and cells add a little.
        let spread = PointSpread::slice(16, 0.8);
        let moment: f64 = spread
            .weights
            .iter()
            .enumerate()
            .map(|(j, &w)| {
                let u = ((j as isize + spread.first) as f64 + 0.5) / 16.0 - 0.5;
                f64::from(w) * u * u
            })
            .sum();
        assert!((moment - 0.0533).abs() < 0.003, "{moment}");
    }
}
