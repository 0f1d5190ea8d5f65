use crate::parallel::Shared;
use crate::size::{SizeError, check_length, product};
use rayon::prelude::*;

/// The largest of each box of voxels that lie side by side, without overlap; what is left over at
/// the end of an axis is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool {
    /// Channels of all samples.
    pub planes: usize,
    /// Depth, height and width of the input.
    pub size: [usize; 3],
    /// Voxels of a box along each axis.
    pub window: [usize; 3],
}

impl MaxPool {
    /// Depth, height and width of the output.
    ///
    /// # Errors
    /// When a window has no voxels.
    pub fn output_size(&self) -> Result<[usize; 3], SizeError> {
        if self.window.contains(&0) {
            return Err(SizeError::Impossible(format!("{self:?}")));
        }
        Ok(std::array::from_fn(|axis| {
            self.size[axis] / self.window[axis]
        }))
    }

    fn check(&self, x: &[f32], y: &[f32]) -> Result<[usize; 3], SizeError> {
        let out = self.output_size()?;
        let input = product(&[&[self.planes], &self.size[..]].concat())?;
        check_length("the input of a pooling", x, input)?;
        let length = product(&[&[self.planes], &out[..]].concat())?;
        check_length("the output of a pooling", y, length)?;
        Ok(out)
    }

    fn input(&self) -> usize {
        self.size.iter().product()
    }

    /// Where the rows of the box of output row `(d, h)` begin.
    fn rows(&self, d: usize, h: usize) -> impl Iterator<Item = usize> + '_ {
        let [depth, height, _] = self.window;
        (0..depth * height).map(move |row| {
            let (d, h) = (d * depth + row / height, h * height + row % height);
            (d * self.size[1] + h) * self.size[2]
        })
    }

    /// # Errors
    /// When a length is not that of the sizes.
    pub fn forward(&self, x: &[f32], y: &mut [f32]) -> Result<(), SizeError> {
        let out = self.check(x, y)?;
        if y.is_empty() {
            return Ok(());
        }
        let wide = self.window[2];
        y.par_chunks_exact_mut(out.iter().product())
            .zip(x.par_chunks_exact(self.input()))
            .for_each(|(y, x)| {
                // The largest across rows, then along what is left of them.
                let mut across = vec![0.0; out[2] * wide];
                for (row, y) in y.chunks_exact_mut(out[2]).enumerate() {
                    across.fill(f32::NEG_INFINITY);
                    for from in self.rows(row / out[1], row % out[1]) {
                        for (most, x) in across.iter_mut().zip(&x[from..]) {
                            *most = larger(*x, *most);
                        }
                    }
                    for (y, across) in y.iter_mut().zip(across.chunks_exact(wide)) {
                        *y = across
                            .iter()
                            .fold(f32::NEG_INFINITY, |most, x| larger(*x, most));
                    }
                }
            });
        Ok(())
    }

    /// The gradient to the input: that to an output belongs to the first largest voxel of its box,
    /// plane by plane, row by row.
    ///
    /// # Errors
    /// When a length is not that of the sizes.
    pub fn backward(&self, x: &[f32], dy: &[f32], dx: &mut [f32]) -> Result<(), SizeError> {
        let out = self.check(x, dy)?;
        check_length("the gradient to the input of a pooling", dx, x.len())?;
        if dy.is_empty() {
            dx.fill(0.0);
            return Ok(());
        }
        let (input, output) = (self.input(), out.iter().product::<usize>());
        let wide = self.window[2];
        let dx = Shared::new(dx);
        (0..self.planes).into_par_iter().for_each(|plane| {
            let x = &x[plane * input..][..input];
            let dy = &dy[plane * output..][..output];
            // SAFETY: planes are disjoint, and the slice is borrowed till the end.
            let dx = unsafe { dx.slice(plane * input, input) };
            dx.fill(0.0);
            let mut rows = Vec::with_capacity(self.window[0] * self.window[1]);
            for (row, dy) in dy.chunks_exact(out[2]).enumerate() {
                rows.clear();
                rows.extend(self.rows(row / out[1], row % out[1]));
                for (column, dy) in dy.iter().enumerate() {
                    let mut place = rows[0] + column * wide;
                    let mut most = x[place];
                    for from in &rows {
                        for at in from + column * wide..from + (column + 1) * wide {
                            // No branch: which is the largest cannot be foretold.
                            let better = x[at] > most || (x[at].is_nan() && !most.is_nan());
                            place = if better { at } else { place };
                            most = if better { x[at] } else { most };
                        }
                    }
                    dx[place] = *dy;
                }
            }
        });
        Ok(())
    }
}

/// The larger of two; what is not a number wins, so that it is not lost.
#[inline(always)]
fn larger(v: f32, most: f32) -> f32 {
    if v > most || v.is_nan() { v } else { most }
}
