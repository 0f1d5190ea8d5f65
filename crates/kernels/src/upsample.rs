use crate::parallel::Shared;
use crate::size::{SizeError, check_length, product};
use rayon::prelude::*;

/// How values between voxels come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpsampleMode {
    /// That of the voxel whose part of the axis the new one's start lies in (PyTorch's `nearest`).
    Nearest,
    /// On a straight line between the two voxels' centres, along each axis; constant beyond the
    /// outermost centres (PyTorch's `linear`, `bilinear` and `trilinear`, `align_corners=False`).
    Linear,
}

/// Another number of voxels over the same extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upsample {
    /// Channels of all samples.
    pub planes: usize,
    /// Depth, height and width before.
    pub size: [usize; 3],
    /// Depth, height and width after.
    pub to: [usize; 3],
    /// Values between voxels.
    pub mode: UpsampleMode,
}

/// What a new voxel is made of along one axis: two old ones (the second may be the first again) and
/// the share of the second.
#[derive(Debug, Clone, Copy)]
struct Between {
    at: [usize; 2],
    share: f32,
}

impl Between {
    fn shares(&self) -> [(usize, f32); 2] {
        [(self.at[0], 1.0 - self.share), (self.at[1], self.share)]
    }
}

impl Upsample {
    fn axis(&self, axis: usize) -> Vec<Between> {
        let (size, to) = (self.size[axis], self.to[axis]);
        (0..to)
            .map(|v| match self.mode {
                UpsampleMode::Nearest => Between {
                    at: [v * size / to; 2],
                    share: 0.0,
                },
                UpsampleMode::Linear => {
                    let centre = (v as f64 + 0.5) * size as f64 / to as f64 - 0.5;
                    let centre = centre.clamp(0.0, size as f64 - 1.0);
                    let first = centre as usize;
                    Between {
                        at: [first, (first + 1).min(size - 1)],
                        share: (centre - first as f64) as f32,
                    }
                }
            })
            .collect()
    }

    fn check(&self, x: &[f32], y: &[f32]) -> Result<[usize; 2], SizeError> {
        let (input, output) = (product(&self.size)?, product(&self.to)?);
        if input == 0 && output > 0 {
            return Err(SizeError::Impossible(format!("{self:?}")));
        }
        check_length(
            "the input of an up-sampling",
            x,
            product(&[self.planes, input])?,
        )?;
        check_length(
            "the output of an up-sampling",
            y,
            product(&[self.planes, output])?,
        )?;
        Ok([input, output])
    }

    /// # Errors
    /// When a length is not that of the sizes, or there is nothing to make voxels of.
    pub fn forward(&self, x: &[f32], y: &mut [f32]) -> Result<(), SizeError> {
        let [input, output] = self.check(x, y)?;
        if y.is_empty() {
            return Ok(());
        }
        let [depth, height, width] = [0, 1, 2].map(|axis| self.axis(axis));
        y.par_chunks_exact_mut(output)
            .zip(x.par_chunks_exact(input))
            .for_each(|(y, x)| {
                let mut rows = y.chunks_exact_mut(self.to[2]);
                // Old rows are put together before they are stretched.
                let mut row = vec![0.0; self.size[2]];
                for d in &depth {
                    for h in &height {
                        self.rows(*d, *h, |from, share, first| {
                            add(&mut row, &x[from..from + self.size[2]], share, first);
                        });
                        let Some(y) = rows.next() else { return };
                        for (y, w) in y.iter_mut().zip(&width) {
                            let [a, b] = w.at.map(|at| row[at]);
                            // What is infinite stays so where nothing is mixed.
                            *y = if a == b { a } else { a + w.share * (b - a) };
                        }
                    }
                }
            });
        Ok(())
    }

    /// The gradient to the input.
    ///
    /// # Errors
    /// When a length is not that of the sizes, or there is nothing to make voxels of.
    pub fn backward(&self, dy: &[f32], dx: &mut [f32]) -> Result<(), SizeError> {
        let [input, output] = self.check(dx, dy)?;
        if dy.is_empty() {
            dx.fill(0.0);
            return Ok(());
        }
        let [depth, height, width] = [0, 1, 2].map(|axis| self.axis(axis));
        let dx = Shared::new(dx);
        (0..self.planes).into_par_iter().for_each(|plane| {
            // SAFETY: planes are disjoint, and the slice is borrowed till the end.
            let dx = unsafe { dx.slice(plane * input, input) };
            dx.fill(0.0);
            let mut rows = dy[plane * output..][..output].chunks_exact(self.to[2]);
            let mut row = vec![0.0; self.size[2]];
            for d in &depth {
                for h in &height {
                    let Some(dy) = rows.next() else { return };
                    row.fill(0.0);
                    for (dy, w) in dy.iter().zip(&width) {
                        for (at, share) in w.shares() {
                            row[at] += share * dy;
                        }
                    }
                    self.rows(*d, *h, |from, share, _| {
                        add(&mut dx[from..from + row.len()], &row, share, false);
                    });
                }
            }
        });
        Ok(())
    }

    /// The old rows that a new one is made of: where each begins, its share, and whether it is the
    /// first.
    fn rows(&self, d: Between, h: Between, mut each: impl FnMut(usize, f32, bool)) {
        let mut first = true;
        for (d, of_d) in d.shares() {
            for (h, of_h) in h.shares() {
                if of_d * of_h > 0.0 {
                    each((d * self.size[1] + h) * self.size[2], of_d * of_h, first);
                    first = false;
                }
            }
        }
    }
}

/// Adds a share of a row to another, or begins it.
fn add(to: &mut [f32], row: &[f32], share: f32, first: bool) {
    for (to, v) in to.iter_mut().zip(row) {
        *to = if first { share * v } else { *to + share * v };
    }
}
