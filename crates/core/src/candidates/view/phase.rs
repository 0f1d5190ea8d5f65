//! The phase around a candidate without what varies slowly.

use super::{Planes, within};
use nalgebra::Complex;
use siderin_image::volume::Volume;
use std::f32::consts::PI;
use std::ops::Range;

/// Unit phasors of the voxels around a view, 0 where the phase is no number.
struct Phasors {
    start: [usize; 3],
    shape: [usize; 3],
    values: Vec<Complex<f32>>,
}

const ZERO: Complex<f32> = Complex::new(0.0, 0.0);

/// The phase of a view's pixels less its mean and its mean slope along each axis, as a share of π: what
/// the field of coils, of distant air and of the echo's place leave of it. Beyond the scan 0.
///
/// Slopes are means over neighbouring voxels and are taken off voxel by voxel, so nothing needs
/// unwrapping; what is left turns slowly enough to be interpolated, as complex numbers.
pub(super) fn local_phase(phase: &Volume<f32>, view: &Planes) -> Vec<f32> {
    let grid = phase.grid();
    let (start, steps) = view.in_voxels(grid);
    let mut places = Vec::new();
    view.each(|[column, row, plane]| {
        let at = start + steps[0] * column as f64 + steps[1] * row as f64 + steps[2] * plane as f64;
        places.push(<[f64; 3]>::from(at));
    });
    let range = around(&places, grid.shape());
    let phasors = Phasors::level(phase, range);
    let values: Vec<Complex<f32>> = places
        .iter()
        .map(|at| {
            if within(grid, *at) {
                phasors.at(*at)
            } else {
                ZERO
            }
        })
        .collect();
    let mean: Complex<f32> = values.iter().sum();
    values
        .iter()
        .map(|value| {
            let left = value * mean.conj();
            if left.norm() > 0.0 {
                left.arg() / PI
            } else {
                0.0
            }
        })
        .collect()
}

/// The voxels around places that lie in the grid, at least one.
fn around(places: &[[f64; 3]], shape: [usize; 3]) -> [Range<usize>; 3] {
    std::array::from_fn(|axis| {
        let along = places.iter().map(|at| at[axis]);
        let low = along.clone().fold(f64::INFINITY, f64::min).floor();
        let high = along.fold(f64::NEG_INFINITY, f64::max).ceil();
        let first = (low.max(0.0) as usize).min(shape[axis] - 1);
        let last = (high.max(0.0) as usize).min(shape[axis] - 1);
        first..last.max(first) + 1
    })
}

impl Phasors {
    /// Of a part of the phase, its mean slope taken off.
    fn level(phase: &Volume<f32>, range: [Range<usize>; 3]) -> Self {
        let shape = range.clone().map(|r| r.len());
        let mut values = Vec::with_capacity(shape.iter().product());
        for k in range[2].clone() {
            for j in range[1].clone() {
                for i in range[0].clone() {
                    let value = phase.at([i, j, k]);
                    values.push(if value.is_finite() {
                        Complex::from_polar(1.0, value)
                    } else {
                        ZERO
                    });
                }
            }
        }
        let mut phasors = Self {
            start: range.map(|r| r.start),
            shape,
            values,
        };
        let slopes: [f32; 3] = std::array::from_fn(|axis| phasors.slope(axis));
        for at in 0..phasors.values.len() {
            let index = phasors.index(at);
            let ramp: f32 = (0..3).map(|a| slopes[a] * index[a] as f32).sum();
            phasors.values[at] *= Complex::from_polar(1.0, -ramp);
        }
        phasors
    }

    fn stride(&self, axis: usize) -> usize {
        self.shape[..axis].iter().product()
    }

    fn index(&self, at: usize) -> [usize; 3] {
        std::array::from_fn(|axis| at / self.stride(axis) % self.shape[axis])
    }

    /// The mean change of phase from one voxel to the next.
    fn slope(&self, axis: usize) -> f32 {
        let stride = self.stride(axis);
        let inner = |at: &usize| self.index(*at)[axis] + 1 < self.shape[axis];
        let turn: Complex<f32> = (0..self.values.len())
            .filter(inner)
            .map(|at| self.values[at + stride] * self.values[at].conj())
            .sum();
        if turn.norm() > 0.0 { turn.arg() } else { 0.0 }
    }

    /// Between voxels, at a place in those of the whole scan.
    fn at(&self, place: [f64; 3]) -> Complex<f32> {
        let inside: [f64; 3] = std::array::from_fn(|axis| {
            let last = (self.shape[axis] - 1) as f64;
            (place[axis] - self.start[axis] as f64).clamp(0.0, last)
        });
        let low = inside.map(|v| v as usize);
        let mut sum = ZERO;
        for corner in 0..8 {
            let mut weight = 1.0;
            let mut at = 0;
            for axis in 0..3 {
                let upper = corner >> axis & 1;
                let share = (inside[axis] - low[axis] as f64) as f32;
                weight *= if upper == 1 { share } else { 1.0 - share };
                at += (low[axis] + upper).min(self.shape[axis] - 1) * self.stride(axis);
            }
            sum += self.values[at] * weight;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FINE, Lattice, PHASE_PLANES, VIEW_EDGE};
    use super::*;
    use crate::candidates::view::axes::view_axes;
    use nalgebra::{Matrix4, Rotation3, Vector3};
    use siderin_image::volume::{Grid, VoxelPoint, WorldPoint};

    /// Views in the middle of a ramp in the world, with a spot of 2.5 mm that is above it.
    fn found(grid: &Grid, rad_per_mm: [f64; 3], spot_rad: f64) -> Vec<f32> {
        let middle = grid.shape().map(|n| n as f64 / 2.0);
        let center = grid.to_world(VoxelPoint::new(middle[0], middle[1], middle[2]));
        let phase = Volume::from_fn(grid, |index| {
            let at = grid.to_world(VoxelPoint::center_of(index));
            let ramp: f64 = at
                .to_array()
                .iter()
                .zip(rad_per_mm)
                .map(|(x, s)| x * s)
                .sum();
            let more = if at.distance_mm(center) < 2.5 {
                spot_rad
            } else {
                0.0
            };
            // Wrapped.
            let (sin, cos) = (ramp + more).sin_cos();
            sin.atan2(cos) as f32
        });
        let axes = view_axes(grid);
        let view = Lattice::new(WorldPoint(center.0), &axes, &FINE);
        local_phase(&phase, &view.of_planes(PHASE_PLANES))
    }

    #[test]
    fn a_ramp_goes_whatever_the_voxels_are() {
        // 1.2 rad a mm are 1.08 and 1.32 rad a voxel of .9 and 1.1 mm, and 2.4 rad a slice of 2 mm.
        for spacing in [[0.9, 0.9, 2.0], [1.1, 0.7, 2.0], [0.3, 0.3, 0.8]] {
            let turned = Rotation3::from_axis_angle(&Vector3::x_axis(), 0.3).to_homogeneous();
            let scaled = Matrix4::new_nonuniform_scaling(&Vector3::from(spacing));
            let shape = spacing.map(|mm| (40.0 / mm) as usize);
            let grid = Grid::new(shape, turned * scaled).unwrap();
            for rad_per_mm in [[0.0; 3], [1.2, 0.0, 0.0], [-0.6, 0.9, 0.4]] {
                let found = found(&grid, rad_per_mm, 0.0);
                let most = found.iter().fold(0.0f32, |most, v| most.max(v.abs()));
                assert!(most * PI < 0.02, "{spacing:?} {rad_per_mm:?}: {most}");
            }
        }
    }

    #[test]
    fn a_spot_stays() {
        let grid = Grid::axis_aligned([60, 60, 30], [0.7, 0.7, 1.5]).unwrap();
        let found = found(&grid, [0.7, -0.4, 0.3], 0.6);
        let at = |column: usize, row: usize, plane: usize| {
            found[(plane * VIEW_EDGE + row) * VIEW_EDGE + column] * PI
        };
        // The spot is 1.9 % of the ball's box of 16 × 16 × 3 mm in the middle plane: it turns the mean
        // by about .6 · .08 at most.
        assert!((at(16, 16, 1) - 0.6).abs() < 0.06, "{}", at(16, 16, 1));
        assert!(at(3, 28, 1).abs() < 0.06 && at(30, 2, 1).abs() < 0.06);
    }

    #[test]
    fn nothing_is_left_where_there_is_no_phase() {
        let grid = Grid::axis_aligned([30, 30, 3], [1.0; 3]).unwrap();
        let none = Volume::filled(&grid, f32::NAN);
        let axes = view_axes(&grid);
        // Half of the view lies beyond the grid.
        let view = Lattice::new(WorldPoint::new(0.0, 15.0, 1.0), &axes, &FINE);
        let planes = view.of_planes(PHASE_PLANES);
        assert!(local_phase(&none, &planes).iter().all(|v| *v == 0.0));
        let some = local_phase(&none.map(|_| 1.0), &planes);
        assert!(some.iter().all(|v| v.abs() < 1e-5));
    }
}
