//! The head in a draw's brightness, in the voxels that it is scanned in.

use super::draw::ContrastDraw;
use crate::head::{Head, Tissue, TissueMaps, tissue_maps, tissue_of};
use nalgebra::{Rotation3, Vector3};
use rayon::prelude::*;
use siderin_image::preprocess::SmoothError;
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, GridError, Volume, VoxelPoint, linear_at};

/// The head in the draw's brightness, on the grid of its map.
pub(super) fn brightness(head: &Head, draw: &ContrastDraw) -> Result<Volume<f32>, SmoothError> {
    let TissueMaps {
        proton_density,
        t1_ms,
        r2star_per_s,
        ..
    } = tissue_maps(head, &draw.tissue)?;
    // By the tissue's number.
    let factors: Vec<f64> = Tissue::ALL
        .iter()
        .map(|tissue| draw.signal.factor(*tissue))
        .collect();
    let mut image = proton_density;
    image
        .voxels_mut()
        .par_iter_mut()
        .zip(head.labels.voxels())
        .zip(t1_ms.voxels().par_iter().zip(r2star_per_s.voxels()))
        .for_each(|((value, code), (t1_ms, r2star))| {
            let tissue = tissue_of(*code);
            let kept = !draw.stripped || tissue.is_parenchyma() || tissue.is_fluid();
            let [density, t1_ms, r2star] = [*value, *t1_ms, *r2star].map(f64::from);
            *value = if kept && density > 0.0 {
                let factor = factors[tissue as usize];
                draw.signal.of(factor, density, t1_ms, r2star) as f32
            } else {
                0.0
            };
        });
    Ok(image)
}

/// The part of the head that is seen, as a box that is turned.
pub(super) struct Field {
    axes: Rotation3<f64>,
    /// A corner, in head mm.
    first: Vector3<f64>,
    size_mm: [f64; 3],
}

impl Field {
    pub(super) fn of(head: &Head, draw: &ContrastDraw) -> Self {
        let [low, high] = head
            .extent(Tissue::is_parenchyma)
            .map(|corner| corner.0.coords);
        let [x, y, z] = draw.rotation_deg.map(f64::to_radians);
        let axes = Rotation3::from_axis_angle(&Vector3::z_axis(), z)
            * Rotation3::from_axis_angle(&Vector3::y_axis(), y)
            * Rotation3::from_axis_angle(&Vector3::x_axis(), x);
        let middle = 0.5 * (low + high);
        let start = Vector3::from_fn(|a, _| low[a] + draw.cut_mm[a][0]);
        Self {
            axes,
            first: middle + axes * (start - middle),
            size_mm: std::array::from_fn(|a| {
                let [before, behind] = draw.cut_mm[a];
                (high[a] - low[a] - before - behind).max(LEAST_FIELD_MM)
            }),
        }
    }

    /// Its voxels of a size, their number rounded in a way.
    pub(super) fn grid(
        &self,
        voxel_mm: [f64; 3],
        round: fn(f64) -> f64,
    ) -> Result<Grid, GridError> {
        let shape = std::array::from_fn(|a| round(self.size_mm[a] / voxel_mm[a]) as usize + 1);
        let mut affine = self.axes.to_homogeneous();
        for (a, mm) in voxel_mm.iter().enumerate() {
            affine.column_mut(a).scale_mut(*mm);
        }
        affine.fixed_view_mut::<3, 1>(0, 3).copy_from(&self.first);
        Grid::new(shape, affine)
    }
}

/// A field of view is no smaller, whatever is cut.
const LEAST_FIELD_MM: f64 = 40.0;

/// Means over voxels, with shading and the noise of a magnitude.
pub(super) fn scan(sharp: &Volume<f32>, grid: &Grid, draw: &ContrastDraw) -> Volume<f32> {
    let shape = grid.shape();
    let parts = grid.spacing_mm().map(|mm| mm.ceil() as usize);
    let steps: Vec<[f64; 3]> = (0..parts.iter().product())
        .map(|at: usize| {
            let index = [
                at % parts[0],
                at / parts[0] % parts[1],
                at / (parts[0] * parts[1]),
            ];
            std::array::from_fn(|a| (index[a] as f64 + 0.5) / parts[a] as f64 - 0.5)
        })
        .collect();
    let mut stream = Stream::new(draw.seed, "shading", 0);
    let gain: [f64; 9] = std::array::from_fn(|_| draw.shading * stream.normal());
    let unit = |i: usize, n: usize| 2.0 * (i as f64 + 0.5) / n as f64 - 1.0;
    let mut image = Volume::filled(grid, 0.0f32);
    let row = shape[0];
    image
        .voxels_mut()
        .par_chunks_mut(row)
        .enumerate()
        .for_each(|(number, values)| {
            let (j, k) = (number % shape[1], number / shape[1]);
            let (y, z) = (unit(j, shape[1]), unit(k, shape[2]));
            for (i, value) in values.iter_mut().enumerate() {
                let sum: f64 = steps
                    .iter()
                    .map(|[di, dj, dk]| {
                        let place = VoxelPoint::new(i as f64 + di, j as f64 + dj, k as f64 + dk);
                        let place = sharp.grid().to_voxel(grid.to_world(place)).to_array();
                        let shape = sharp.shape();
                        let inside =
                            (0..3).all(|a| place[a] > -0.5 && place[a] < shape[a] as f64 - 0.5);
                        if inside {
                            f64::from(linear_at(sharp, place))
                        } else {
                            0.0
                        }
                    })
                    .sum();
                let x = unit(i, shape[0]);
                let basis = [x, y, z, x * x, y * y, z * z, x * y, x * z, y * z];
                let shading: f64 = gain.iter().zip(basis).map(|(g, b)| g * b).sum();
                *value = (sum / steps.len() as f64 * shading.exp()) as f32;
            }
        });
    let (sum, count) = image
        .voxels()
        .iter()
        .filter(|v| **v > 0.0)
        .fold((0.0f64, 0.0f64), |(sum, count), v| {
            (sum + f64::from(*v), count + 1.0)
        });
    let deviation = draw.noise * sum / f64::max(count, 1.0);
    image
        .voxels_mut()
        .par_chunks_mut(row)
        .enumerate()
        .for_each(|(number, values)| {
            let mut stream = Stream::new(draw.seed, "noise", number as u64);
            for value in values.iter_mut().filter(|v| !draw.stripped || **v > 0.0) {
                let real = f64::from(*value) + deviation * stream.normal();
                *value = real.hypot(deviation * stream.normal()) as f32;
            }
        });
    image
}
