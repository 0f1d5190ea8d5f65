//! The field that a map of susceptibility makes in the magnet.
//!
//! Relative field ΔB/B0 = F⁻¹\[(1/3 − (k·b)²/|k|²) F(χ)\], where b is the direction of the main
//! field and the sphere of Lorentz is taken off (Salomir 2003, doi 10.1002/cmr.b.10083;
//! Marques and Bowtell 2005, doi 10.1002/cmr.b.20034).

use super::wave::{fast_length, frequencies};
use crate::volume::{Volume, WorldPoint};
use nalgebra::Vector3;
use rayon::prelude::*;
use realfft::RealFftPlanner;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex32;

/// A field that cannot be computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum FieldError {
    #[error(
        "computing a field: the direction of B0 is {direction:?}; it must be finite and not zero, \
         such as 0,0,1 for a head that lies straight in the bore"
    )]
    Direction { direction: [f64; 3] },
    #[error(
        "computing a field: the voxel axes are not perpendicular (cosine {cosine:.4}); resample \
         the map to a grid without shear"
    )]
    Sheared { cosine: f64 },
    #[error(
        "computing a field: the map holds NaN or infinity ({count} voxels); every susceptibility \
         must be a finite number of ppm"
    )]
    NotFinite { count: usize },
}

/// Bytes that [`susceptibility_field`] needs for a map of this shape, about: two complex
/// arrays over the map padded to twice its size along two axes, and the result.
#[must_use]
pub fn field_memory_bytes(shape: [usize; 3]) -> usize {
    let [nx, ny, nz] = shape;
    2 * 8 * (fast_length(2 * nx) / 2 + 1) * ny * fast_length(2 * nz) + 8 * nx * ny * nz
}

/// The relative field in ppm of a susceptibility map in ppm (SI, relative to whatever the
/// map's edge holds), on the map's grid. `b0_direction_world` is normalised here.
///
/// The median of the map's outermost voxels is taken off first and the map is surrounded by
/// as much again of nothing, so that the periodic images of the transform stay far; the mean
/// field (k = 0) is set to 0. Needs [`field_memory_bytes`].
///
/// # Errors
/// When the direction has no length, the grid is sheared, or values are not finite.
pub fn susceptibility_field(
    chi_ppm: &Volume<f32>,
    b0_direction_world: [f64; 3],
) -> Result<Volume<f32>, FieldError> {
    let direction = b0_in_voxel_axes(chi_ppm, b0_direction_world)?;
    let count = chi_ppm.voxels().iter().filter(|v| !v.is_finite()).count();
    if count > 0 {
        return Err(FieldError::NotFinite { count });
    }
    Ok(Padded::new(chi_ppm, direction).field())
}

/// The main field's direction along the three voxel axes.
fn b0_in_voxel_axes(
    chi_ppm: &Volume<f32>,
    direction: [f64; 3],
) -> Result<Vector3<f64>, FieldError> {
    let given = WorldPoint::new(direction[0], direction[1], direction[2])
        .0
        .coords;
    let length = given.norm();
    if !(length > 1e-9 && length.is_finite()) {
        return Err(FieldError::Direction { direction });
    }
    let mut axes = chi_ppm.grid().linear();
    for axis in 0..3 {
        let size = axes.column(axis).norm();
        axes.column_mut(axis).scale_mut(1.0 / size);
    }
    let cosine = (axes.transpose() * axes - nalgebra::Matrix3::identity())
        .abs()
        .max();
    if cosine > 1e-3 {
        return Err(FieldError::Sheared { cosine });
    }
    Ok(axes.transpose() * given / length)
}

/// The transform of a padded map. Arrays are laid out so that each pass writes whole chunks:
/// `[y][kz][kx]`, then `[kz][y][kx]`, then `[y][z][x]`. The map is never stored padded along
/// y: those columns are padded one plane at a time.
struct Padded<'a> {
    chi: &'a Volume<f32>,
    edge: f32,
    direction: Vector3<f64>,
    padded: [usize; 3],
    kx: usize,
}

impl<'a> Padded<'a> {
    fn new(chi: &'a Volume<f32>, direction: Vector3<f64>) -> Self {
        let padded = chi.shape().map(|n| fast_length(2 * n));
        Self {
            chi,
            edge: edge_value(chi),
            direction,
            padded,
            kx: padded[0] / 2 + 1,
        }
    }

    fn field(&self) -> Volume<f32> {
        let spectrum = self.transform_x_and_z();
        let filtered = self.filter_along_y(&spectrum);
        drop(spectrum);
        self.transform_back(&filtered)
    }

    /// `[y][kz][kx]`
    fn transform_x_and_z(&self) -> Vec<Complex32> {
        let [nx, ny, nz] = self.chi.shape();
        let (kx, kz) = (self.kx, self.padded[2]);
        let along_x = RealFftPlanner::<f32>::new().plan_fft_forward(self.padded[0]);
        let along_z = FftPlanner::<f32>::new().plan_fft_forward(kz);
        let mut spectrum = vec![Complex32::default(); ny * kz * kx];
        spectrum.par_chunks_mut(kz * kx).enumerate().for_each_init(
            || {
                (
                    vec![0.0f32; self.padded[0]],
                    vec![Complex32::default(); kz * kx],
                )
            },
            |(row, columns), (y, plane)| {
                for z in 0..nz {
                    let start = self.chi.grid().offset([0, y, z]);
                    row.fill(0.0);
                    for (to, from) in row.iter_mut().zip(&self.chi.voxels()[start..start + nx]) {
                        *to = from - self.edge;
                    }
                    // Lengths match by construction, the one error there is.
                    let _ = along_x.process(row, &mut plane[z * kx..(z + 1) * kx]);
                }
                transpose(plane, columns, kx);
                along_z.process(columns);
                transpose(columns, plane, kz);
            },
        );
        spectrum
    }

    /// `[kz][y][kx]`, multiplied with the dipole.
    fn filter_along_y(&self, spectrum: &[Complex32]) -> Vec<Complex32> {
        let ny = self.chi.shape()[1];
        let [_, ky, kz] = self.padded;
        let kx = self.kx;
        let spacing = self.chi.grid().spacing_mm();
        let frequency: [Vec<f64>; 3] =
            std::array::from_fn(|axis| frequencies(self.padded[axis], spacing[axis]));
        let mut planner = FftPlanner::<f32>::new();
        let (forward, backward) = (planner.plan_fft_forward(ky), planner.plan_fft_inverse(ky));
        let scale = 1.0 / self.padded.iter().product::<usize>() as f64;
        let mut filtered = vec![Complex32::default(); kz * ny * kx];
        filtered.par_chunks_mut(ny * kx).enumerate().for_each_init(
            || vec![Complex32::default(); kx * ky],
            |columns, (z, plane)| {
                columns.fill(Complex32::default());
                for y in 0..ny {
                    let row = &spectrum[(y * kz + z) * kx..][..kx];
                    for (x, value) in row.iter().enumerate() {
                        columns[x * ky + y] = *value;
                    }
                }
                forward.process(columns);
                for (x, column) in columns.chunks_mut(ky).enumerate() {
                    for (y, value) in column.iter_mut().enumerate() {
                        let k = Vector3::new(frequency[0][x], frequency[1][y], frequency[2][z]);
                        *value *= (dipole(&k, &self.direction) * scale) as f32;
                    }
                }
                backward.process(columns);
                for (y, row) in plane.chunks_mut(kx).enumerate() {
                    for (x, value) in row.iter_mut().enumerate() {
                        *value = columns[x * ky + y];
                    }
                }
            },
        );
        filtered
    }

    fn transform_back(&self, filtered: &[Complex32]) -> Volume<f32> {
        let [nx, ny, nz] = self.chi.shape();
        let (kx, kz) = (self.kx, self.padded[2]);
        let along_x = RealFftPlanner::<f32>::new().plan_fft_inverse(self.padded[0]);
        let along_z = FftPlanner::<f32>::new().plan_fft_inverse(kz);
        let mut by_y = vec![0.0f32; ny * nz * nx];
        by_y.par_chunks_mut(nz * nx).enumerate().for_each_init(
            || {
                (
                    vec![Complex32::default(); kx * kz],
                    vec![Complex32::default(); kx],
                    vec![0.0f32; self.padded[0]],
                )
            },
            |(columns, row, real), (y, plane)| {
                for z in 0..kz {
                    let from = &filtered[(z * ny + y) * kx..][..kx];
                    for (x, value) in from.iter().enumerate() {
                        columns[x * kz + z] = *value;
                    }
                }
                along_z.process(columns);
                for (z, out) in plane.chunks_mut(nx).enumerate() {
                    for (x, value) in row.iter_mut().enumerate() {
                        *value = columns[x * kz + z];
                    }
                    // A real signal has real first and last coefficients.
                    row[0].im = 0.0;
                    if self.padded[0].is_multiple_of(2) {
                        row[kx - 1].im = 0.0;
                    }
                    let _ = along_x.process(row, real);
                    out.copy_from_slice(&real[..nx]);
                }
            },
        );
        let mut field = Volume::filled(self.chi.grid(), 0.0f32);
        field
            .voxels_mut()
            .par_chunks_mut(nx * ny)
            .enumerate()
            .for_each(|(z, slice)| {
                for (y, out) in slice.chunks_mut(nx).enumerate() {
                    out.copy_from_slice(&by_y[(y * nz + z) * nx..][..nx]);
                }
            });
        field
    }
}

/// The dipole kernel at a spatial frequency; 0 at the origin.
fn dipole(k: &Vector3<f64>, direction: &Vector3<f64>) -> f64 {
    let squared = k.norm_squared();
    if squared == 0.0 {
        return 0.0;
    }
    1.0 / 3.0 - k.dot(direction).powi(2) / squared
}

/// The median of the outermost voxels.
fn edge_value(chi: &Volume<f32>) -> f32 {
    let shape = chi.shape();
    let mut edge: Vec<f32> = (0..chi.voxels().len())
        .filter(|&offset| {
            let index = chi.grid().index(offset);
            (0..3).any(|a| index[a] == 0 || index[a] + 1 == shape[a])
        })
        .map(|offset| chi.voxels()[offset])
        .collect();
    let middle = edge.len() / 2;
    *edge.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// Writes `[rows][columns]` as `[columns][rows]`, where `columns` is the row length of `from`.
fn transpose(from: &[Complex32], to: &mut [Complex32], columns: usize) {
    let rows = from.len() / columns;
    for (r, row) in from.chunks(columns).enumerate() {
        for (c, value) in row.iter().enumerate() {
            to[c * rows + r] = *value;
        }
    }
}
