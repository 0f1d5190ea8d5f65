//! Slice by slice, each with its neighbours.

use super::Stack;
use super::tiles::{LEAST_WEIGHT, gaussian_weights, tile_starts};
use burn::tensor::{Device, Tensor, TensorData};

/// Probabilities from a network that takes a slice between its neighbours as three channels,
/// `[1, 3, h, w]`, and gives `[1, 1, h, w]`. The first and last slice are their own neighbour. Of
/// each slice the part with the brain is looked at; beyond it the probability is 0. Where that part
/// is larger than a tile, each pixel's probability is the mean over the tiles that cover it, by their
/// weights there.
pub(crate) fn over_slices(
    stack: &Stack,
    tiling: &SliceTiling,
    device: &Device,
    forward: impl Fn(Tensor<4>) -> Tensor<4>,
) -> Vec<f32> {
    let [nx, ny, nz] = stack.shape;
    let mut out = vec![0.0; nx * ny * nz];
    let mut one = vec![0f32; nx * ny];
    for (k, probabilities) in out.chunks_exact_mut(nx * ny).enumerate() {
        let Some(whole) = Window::around_brain(stack, k, tiling.multiple) else {
            continue;
        };
        let neighbours = [k.saturating_sub(1), k, (k + 1).min(nz - 1)];
        let tiles = whole.tiles(tiling);
        if let [window] = tiles[..] {
            let output = forward(window.take(stack, &neighbours, device));
            window.keep(output, probabilities, [nx, ny]);
            continue;
        }
        let mut total = vec![0f32; nx * ny];
        for window in tiles.into_iter().filter(|w| w.shows_brain(stack, k)) {
            let output = forward(window.take(stack, &neighbours, device));
            window.keep(output, &mut one, [nx, ny]);
            for (at, weight) in window.weights([nx, ny]) {
                probabilities[at] += weight * one[at];
                total[at] += weight;
            }
        }
        for (sum, total) in probabilities.iter_mut().zip(total) {
            if total > 0.0 {
                *sum /= total;
            }
        }
    }
    out
}

/// How the part of a slice that a network looks at is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SliceTiling {
    /// Columns and rows of a tile.
    pub(crate) size: [usize; 2],
    /// Share of a tile that the next one covers again, 0 to below 1.
    pub(crate) overlap: f64,
    /// What columns and rows must be multiples of; they are filled up with zeros.
    pub(crate) multiple: usize,
}

/// Pixels around the brain that are looked at as well: what surrounds a lesion at its border.
const MARGIN: usize = 16;

/// The part of a slice that a network looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// First column and row.
    start: [usize; 2],
    /// Columns and rows; those beyond the slice are zeros.
    size: [usize; 2],
}

impl Window {
    /// The brain of a slice with what surrounds it, in multiples of `multiple`; none where there is
    /// no brain.
    pub(crate) fn around_brain(stack: &Stack, slice: usize, multiple: usize) -> Option<Self> {
        let [nx, ny, _] = stack.shape;
        let brain = &stack.brain[slice * nx * ny..][..nx * ny];
        let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
        for (at, _) in brain.iter().enumerate().filter(|(_, inside)| **inside) {
            for (axis, place) in [at % nx, at / nx].into_iter().enumerate() {
                low[axis] = low[axis].min(place);
                high[axis] = high[axis].max(place + 1);
            }
        }
        if low[0] == usize::MAX {
            return None;
        }
        let start = low.map(|first| first.saturating_sub(MARGIN));
        Some(Self {
            start,
            size: std::array::from_fn(|axis| {
                let end = (high[axis] + MARGIN).min(stack.shape[axis]);
                (end - start[axis]).next_multiple_of(multiple)
            }),
        })
    }

    /// The window as tiles that overlap; as it is where it is no larger than one.
    fn tiles(&self, tiling: &SliceTiling) -> Vec<Self> {
        let size: [usize; 2] = std::array::from_fn(|axis| {
            tiling.size[axis]
                .next_multiple_of(tiling.multiple)
                .min(self.size[axis])
        });
        let starts = |axis: usize| tile_starts(self.size[axis], size[axis], tiling.overlap);
        let columns = starts(0);
        starts(1)
            .into_iter()
            .flat_map(|row| columns.iter().map(move |&column| [column, row]))
            .map(|[column, row]| Self {
                start: [self.start[0] + column, self.start[1] + row],
                size,
            })
            .collect()
    }

    fn shows_brain(&self, stack: &Stack, slice: usize) -> bool {
        let [nx, ny, _] = stack.shape;
        let brain = &stack.brain[slice * nx * ny..][..nx * ny];
        self.pixels([nx, ny]).any(|(at, _)| brain[at])
    }

    /// Pixels of the slice that lie in the window: offset in the slice, column and row in the window.
    fn pixels(&self, [nx, ny]: [usize; 2]) -> impl Iterator<Item = (usize, [usize; 2])> {
        let [i0, j0] = self.start;
        let columns = self.size[0].min(nx - i0);
        let rows = self.size[1].min(ny - j0);
        (0..rows).flat_map(move |j| (0..columns).map(move |i| ((j0 + j) * nx + i0 + i, [i, j])))
    }

    /// Weight of each of these pixels, as tiles of volumes have them.
    fn weights(&self, slice: [usize; 2]) -> impl Iterator<Item = (usize, f32)> {
        let [along, down] = self.size.map(gaussian_weights);
        self.pixels(slice)
            .map(move |(at, [i, j])| (at, (along[i] * down[j]).max(LEAST_WEIGHT)))
    }

    /// Slices of the first image as channels of one sample: `[1, slices, rows, columns]`.
    pub(crate) fn take(&self, stack: &Stack, slices: &[usize], device: &Device) -> Tensor<4> {
        let [nx, ny, _] = stack.shape;
        let [w, h] = self.size;
        let columns = w.min(nx - self.start[0]);
        let rows = h.min(ny - self.start[1]);
        let mut values = vec![0f32; slices.len() * h * w];
        for (channel, &slice) in slices.iter().enumerate() {
            for row in 0..rows {
                let from = (slice * ny + self.start[1] + row) * nx + self.start[0];
                values[(channel * h + row) * w..][..columns]
                    .copy_from_slice(&stack.images[0][from..][..columns]);
            }
        }
        Tensor::from_data(TensorData::new(values, [1, slices.len(), h, w]), device)
    }

    /// Puts an output `[1, 1, rows, columns]` where it belongs in its slice.
    pub(crate) fn keep(&self, output: Tensor<4>, slice: &mut [f32], [nx, ny]: [usize; 2]) {
        let [w, h] = self.size;
        let columns = w.min(nx - self.start[0]);
        let values = floats(output);
        for row in 0..h.min(ny - self.start[1]) {
            let to = (self.start[1] + row) * nx + self.start[0];
            slice[to..][..columns].copy_from_slice(&values[row * w..][..columns]);
        }
    }

    /// Columns and rows.
    pub(crate) fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Offset in the window of a pixel of the slice, if it is inside.
    pub(crate) fn position(&self, column: usize, row: usize) -> Option<usize> {
        let local = |at: usize, axis: usize| {
            at.checked_sub(self.start[axis])
                .filter(|local| *local < self.size[axis])
        };
        Some(local(row, 1)? * self.size[0] + local(column, 0)?)
    }
}

/// The numbers of a tensor, last axis fastest.
pub(crate) fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor
        .try_into_vec_as()
        .expect("a network's output can be read as floats")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: SliceTiling = SliceTiling {
        size: [512; 2],
        overlap: 0.0,
        multiple: 8,
    };

    #[test]
    fn every_slice_has_its_neighbours_and_the_ends_have_themselves() {
        // Slice k holds k everywhere; the "network" gives previous + 10 · centre + 100 · next.
        let shape = [5, 3, 4];
        let image: Vec<f32> = (0..60).map(|at| (at / 15) as f32).collect();
        let brain = vec![true; 60];
        let images = [image];
        let stack = Stack::new(&images, &brain, shape);
        let out = over_slices(&stack, &WHOLE, &Device::flex(), |x| {
            assert_eq!(x.dims(), [1, 3, 8, 8]);
            x.clone().narrow(1, 0, 1) + x.clone().narrow(1, 1, 1) * 10.0 + x.narrow(1, 2, 1) * 100.0
        });
        let of_slice: Vec<f32> = out.chunks(15).map(|slice| slice[7]).collect();
        assert_eq!(of_slice, [100.0, 210.0, 321.0, 332.0]);
        assert!(
            out.chunks(15)
                .all(|slice| slice.iter().all(|v| *v == slice[0]))
        );
    }

    #[test]
    fn one_slice_is_enough() {
        let images = [vec![2.0; 6]];
        let brain = [true; 6];
        let stack = Stack::new(&images, &brain, [3, 2, 1]);
        let out = over_slices(&stack, &WHOLE, &Device::flex(), |x| x.sum_dim(1));
        assert_eq!(out, [6.0; 6]);
    }

    #[test]
    fn of_a_slice_the_part_with_the_brain_is_looked_at() {
        // 60 × 50 pixels; brain from (30, 4) to (33, 6). With 16 pixels around: columns 14 to 49,
        // rows 0 to 22, in multiples of 8: 40 × 24.
        let brain: Vec<bool> = (0..3000)
            .map(|at| (30..34).contains(&(at % 60)) && (4..7).contains(&(at / 60)))
            .collect();
        let images = [(0..3000).map(|at| at as f32).collect::<Vec<f32>>()];
        let stack = Stack::new(&images, &brain, [60, 50, 1]);
        let window = Window::around_brain(&stack, 0, 8).unwrap();
        assert_eq!(window.size(), [40, 24]);
        assert_eq!(window.position(14, 0), Some(0));
        assert_eq!(window.position(13, 0), None);
        assert_eq!(window.position(15, 2), Some(81));
        let out = over_slices(&stack, &WHOLE, &Device::flex(), |x| x.narrow(1, 0, 1) + 1.0);
        assert_eq!(out[14], 15.0);
        assert_eq!(out[23 * 60 + 53], (23 * 60 + 54) as f32);
        assert_eq!([out[13], out[54], out[24 * 60 + 20]], [0.0; 3]);
    }

    #[test]
    fn a_slice_larger_than_a_tile_is_blended_from_several() {
        // 40 × 24 pixels, all brain, in tiles of 16 × 16 that overlap by half: columns 0, 8, 16, 24,
        // rows 0 and 8. What each pixel gives alone is the same in all of them.
        let image: Vec<f32> = (0..960).map(|at| (at % 37) as f32).collect();
        let brain = [true; 960];
        let images = [image.clone()];
        let stack = Stack::new(&images, &brain, [40, 24, 1]);
        let tiling = SliceTiling {
            size: [16; 2],
            overlap: 0.5,
            multiple: 8,
        };
        let tiles = std::cell::Cell::new(0);
        let out = over_slices(&stack, &tiling, &Device::flex(), |x| {
            assert_eq!(x.dims(), [1, 3, 16, 16]);
            tiles.set(tiles.get() + 1);
            x.narrow(1, 1, 1)
        });
        assert_eq!(tiles.get(), 8);
        for (a, b) in out.iter().zip(&image) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
        // Tiles numbered 1, 2, … along row 7, which the lower ones do not cover. Columns 11 and 12, in
        // the middle of tiles 1 and 2 (columns 0 to 15 and 8 to 23), have equal shares of both. Column 9
        // is 1.5 from the middle of the first, 6.5 from that of the second, and a deviation is 2: weights
        // e^-.28125 = .75484 and e^-5.28125 = .00509, so (.75484 + 2 · .00509) / .75993 = 1.00669.
        tiles.set(0);
        let out = over_slices(&stack, &tiling, &Device::flex(), |x| {
            tiles.set(tiles.get() + 1);
            x.narrow(1, 1, 1) * 0.0 + tiles.get() as f32
        });
        let row = &out[7 * 40..][..40];
        assert!((row[11] + row[12] - 3.0).abs() < 1e-5, "{row:?}");
        assert!((row[9] - 1.006_69).abs() < 1e-4, "{row:?}");
        assert_eq!((row[0], row[39]), (1.0, 4.0));
    }

    #[test]
    fn tiles_without_brain_are_left_out() {
        // Brain in the first column, and in column 38 of the first row: of five tiles in a row the first
        // is looked at, and the last one of the upper row.
        let brain: Vec<bool> = (0..640).map(|at| at % 40 == 0 || at == 38).collect();
        let images = [vec![1.0; 640]];
        let stack = Stack::new(&images, &brain, [40, 16, 1]);
        let tiling = SliceTiling {
            size: [8; 2],
            overlap: 0.0,
            multiple: 8,
        };
        let out = over_slices(&stack, &tiling, &Device::flex(), |x| x.narrow(1, 1, 1));
        assert_eq!(
            [out[0], out[7], out[8], out[31], out[32]],
            [1.0, 1.0, 0.0, 0.0, 1.0]
        );
        assert_eq!(out[9 * 40 + 33], 0.0);
    }

    #[test]
    fn slices_without_brain_are_left_out() {
        let images = [vec![1.0; 12]];
        let mut brain = [true; 12];
        brain[..6].fill(false);
        let stack = Stack::new(&images, &brain, [3, 2, 2]);
        let out = over_slices(&stack, &WHOLE, &Device::flex(), |x| x.narrow(1, 0, 1));
        assert_eq!(out[..6], [0.0; 6]);
        assert_eq!(out[6..], [1.0; 6]);
    }
}
