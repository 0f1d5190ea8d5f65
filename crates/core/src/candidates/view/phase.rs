//! The phase around a candidate without what varies slowly.

use super::{Planes, VIEW_EDGE, within};
use crate::volume::Volume;
use nalgebra::Complex;
use std::f32::consts::PI;

/// Unit phasors of a view's pixels, 0 beyond the scan.
pub(super) struct Phasors {
    values: Vec<Complex<f32>>,
    planes: usize,
}

impl Phasors {
    /// Of the voxels closest to the pixels: between voxels a phase may wrap.
    pub(super) fn sample(phase: &Volume<f32>, view: &Planes) -> Self {
        let grid = phase.grid();
        let (start, steps) = view.in_voxels(grid);
        let mut values = Vec::with_capacity(view.planes * VIEW_EDGE * VIEW_EDGE);
        view.each(|[column, row, plane]| {
            let at =
                start + steps[0] * column as f64 + steps[1] * row as f64 + steps[2] * plane as f64;
            let at: [f64; 3] = at.into();
            let zero = Complex::new(0.0, 0.0);
            values.push(if within(grid, at) {
                let index = std::array::from_fn(|a| {
                    (at[a].round().max(0.0) as usize).min(grid.shape()[a] - 1)
                });
                let value = phase.at(index);
                if value.is_finite() {
                    Complex::from_polar(1.0, value)
                } else {
                    zero
                }
            } else {
                zero
            });
        });
        Self {
            values,
            planes: view.planes,
        }
    }

    /// The mean change of phase from one pixel to the next `stride` further along an axis of `length`.
    fn slope(&self, stride: usize, length: usize) -> f32 {
        let pairs = (0..self.values.len()).filter(|at| (at / stride) % length + 1 < length);
        let turn: Complex<f32> = pairs
            .map(|at| self.values[at + stride] * self.values[at].conj())
            .sum();
        if turn.norm() > 0.0 { turn.arg() } else { 0.0 }
    }
}

/// The phase less its mean and its mean slope along each axis, as a share of π: what the field of
/// coils, of distant air and of the echo's place leave of it. No unwrapping is needed.
pub(super) fn local_phase(phasors: &Phasors) -> Vec<f32> {
    let lengths = [VIEW_EDGE, VIEW_EDGE, phasors.planes];
    let strides = [1, VIEW_EDGE, VIEW_EDGE * VIEW_EDGE];
    let slopes: [f32; 3] = std::array::from_fn(|a| phasors.slope(strides[a], lengths[a]));
    let level: Vec<Complex<f32>> = phasors
        .values
        .iter()
        .enumerate()
        .map(|(at, value)| {
            let ramp: f32 = (0..3)
                .map(|a| slopes[a] * ((at / strides[a]) % lengths[a]) as f32)
                .sum();
            value * Complex::from_polar(1.0, -ramp)
        })
        .collect();
    let mean: Complex<f32> = level.iter().sum();
    level
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_go_and_a_spot_stays() {
        // 0.9 rad a column wraps every seven columns; a spot of 16 pixels is .6 rad above.
        let spot = |column: usize, row: usize, plane: usize| {
            plane == 1 && (14..18).contains(&column) && (14..18).contains(&row)
        };
        let mut values = Vec::new();
        for plane in 0..3 {
            for row in 0..VIEW_EDGE {
                for column in 0..VIEW_EDGE {
                    let ramp = 0.9 * column as f32 - 0.4 * row as f32 + 1.3 * plane as f32 + 2.0;
                    let more = if spot(column, row, plane) { 0.6 } else { 0.0 };
                    values.push(Complex::from_polar(1.0, ramp + more));
                }
            }
        }
        let found = local_phase(&Phasors { values, planes: 3 });
        let at = |column: usize, row: usize, plane: usize| {
            found[(plane * VIEW_EDGE + row) * VIEW_EDGE + column]
        };
        // The spot turns the mean by about .6 · 16 / 3072.
        let inside = 0.6 / PI;
        assert!((at(15, 15, 1) - inside).abs() < 0.003, "{}", at(15, 15, 1));
        assert!(at(3, 28, 0).abs() < 0.003 && at(30, 2, 2).abs() < 0.003);
    }

    #[test]
    fn nothing_is_left_where_there_is_no_scan() {
        let values = vec![Complex::new(0.0, 0.0); 3 * VIEW_EDGE * VIEW_EDGE];
        let found = local_phase(&Phasors { values, planes: 3 });
        assert!(found.iter().all(|v| *v == 0.0));
    }
}
