//! A volume as tiles that overlap, and their outputs blended.

use super::Stack;
use super::slices::floats;
use burn::tensor::{Device, Tensor, TensorData};

/// How a volume is cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tiling {
    /// Voxels of a tile: slices, rows, columns.
    pub patch: [usize; 3],
    /// Share of a tile that the next one covers again, 0 to below 1.
    pub overlap: f64,
    /// Sizes of tiles are multiples of this.
    pub stride: [usize; 3],
}

impl Tiling {
    /// Size of the tiles of a volume (slices, rows, columns): the patch, made smaller where the
    /// volume is, and a multiple of the stride.
    #[must_use]
    pub fn tile(&self, volume: [usize; 3]) -> [usize; 3] {
        std::array::from_fn(|axis| {
            self.patch[axis]
                .min(volume[axis])
                .next_multiple_of(self.stride[axis])
        })
    }
}

/// Where tiles of length `tile` begin along an axis of `length`, so that neighbours overlap by
/// `overlap` of a tile or a little more and the last one ends where the axis does. One tile at 0
/// where the axis is shorter.
#[must_use]
pub fn tile_starts(length: usize, tile: usize, overlap: f64) -> Vec<usize> {
    if length <= tile {
        return vec![0];
    }
    let step = (tile as f64 * (1.0 - overlap)).max(1.0);
    let steps = ((length - tile) as f64 / step).ceil();
    (0..=steps as usize)
        .map(|at| (at as f64 * (length - tile) as f64 / steps).round() as usize)
        .collect()
}

/// Least weight of a voxel in its tile, so that a corner that no other tile covers keeps its value.
pub(super) const LEAST_WEIGHT: f32 = 1e-3;

/// Weight of each voxel along one axis of a tile: a Gaussian around the middle whose standard
/// deviation is an eighth of the tile (Isensee 2021).
#[must_use]
pub fn gaussian_weights(tile: usize) -> Vec<f32> {
    let middle = (tile as f64 - 1.0) / 2.0;
    let deviation = tile as f64 / 8.0;
    (0..tile)
        .map(|at| (-0.5 * ((at as f64 - middle) / deviation).powi(2)).exp() as f32)
        .collect()
}

/// Outputs of a network over a whole volume: `forward` takes a tile `[1, channels, d, h, w]` and
/// gives values for each class, `[1, classes, d, h, w]`. Each voxel's value is the mean over the
/// tiles that cover it, by their weights there; 0 where only tiles without brain do. A volume
/// smaller than a tile is filled up with zeros behind.
pub fn blend_tiles(
    stack: &Stack,
    tiling: &Tiling,
    device: &Device,
    forward: impl Fn(Tensor<5>) -> Tensor<5>,
) -> Vec<Vec<f32>> {
    let [nx, ny, nz] = stack.shape;
    let volume = [nz, ny, nx];
    let tile = tiling.tile(volume);
    let axes = tile.map(gaussian_weights);
    let weights: Vec<f32> = voxels(tile)
        .map(|[k, j, i]| (axes[0][k] * axes[1][j] * axes[2][i]).max(LEAST_WEIGHT))
        .collect();
    let starts: [Vec<usize>; 3] =
        std::array::from_fn(|axis| tile_starts(volume[axis], tile[axis], tiling.overlap));
    let mut sums: Vec<Vec<f32>> = Vec::new();
    let mut total = vec![0f32; nx * ny * nz];
    for &k in &starts[0] {
        for &j in &starts[1] {
            for &i in &starts[2] {
                let cut = Cut {
                    start: [k, j, i],
                    tile,
                    volume,
                };
                if !cut
                    .rows()
                    .any(|(at, _, n)| stack.brain[at..at + n].contains(&true))
                {
                    continue;
                }
                let output = forward(cut.take(stack.images, device));
                let classes = output.dims()[1];
                let output = floats(output);
                sums.resize_with(classes.max(sums.len()), || vec![0f32; total.len()]);
                for (class, sum) in sums.iter_mut().enumerate() {
                    cut.add(
                        &output[class * weights.len()..][..weights.len()],
                        &weights,
                        sum,
                    );
                }
                cut.add(&vec![1.0; weights.len()], &weights, &mut total);
            }
        }
    }
    for sum in &mut sums {
        for (value, &weight) in sum.iter_mut().zip(&total) {
            if weight > 0.0 {
                *value /= weight;
            }
        }
    }
    sums
}

/// One tile of a volume; axes are slices, rows, columns.
pub(crate) struct Cut {
    pub(crate) start: [usize; 3],
    pub(crate) tile: [usize; 3],
    pub(crate) volume: [usize; 3],
}

impl Cut {
    /// Rows of voxels inside the volume: offset in the volume, offset in the tile, length.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let [k0, j0, i0] = self.start;
        let count: [usize; 3] =
            std::array::from_fn(|axis| self.tile[axis].min(self.volume[axis] - self.start[axis]));
        (0..count[0]).flat_map(move |k| {
            (0..count[1]).map(move |j| {
                let at = ((k0 + k) * self.volume[1] + j0 + j) * self.volume[2] + i0;
                (at, (k * self.tile[1] + j) * self.tile[2], count[2])
            })
        })
    }

    /// The tile's voxels as `[1, channels, d, h, w]`, zero beyond the volume.
    pub(crate) fn take(&self, images: &[Vec<f32>], device: &Device) -> Tensor<5> {
        let [d, h, w] = self.tile;
        let mut values = vec![0f32; images.len() * d * h * w];
        for (image, channel) in images.iter().zip(values.chunks_exact_mut(d * h * w)) {
            for (at, inside, n) in self.rows() {
                channel[inside..inside + n].copy_from_slice(&image[at..at + n]);
            }
        }
        Tensor::from_data(TensorData::new(values, [1, images.len(), d, h, w]), device)
    }

    /// Adds the tile's values, each times its weight, to the volume's.
    fn add(&self, values: &[f32], weights: &[f32], volume: &mut [f32]) {
        for (at, inside, n) in self.rows() {
            let from = values[inside..inside + n].iter().zip(&weights[inside..]);
            for (sum, (value, weight)) in volume[at..at + n].iter_mut().zip(from) {
                *sum += value * weight;
            }
        }
    }
}

/// Indices of a box, last axis fastest.
fn voxels([d, h, w]: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..d).flat_map(move |k| (0..h).flat_map(move |j| (0..w).map(move |i| [k, j, i])))
}
