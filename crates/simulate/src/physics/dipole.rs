//! The field that a map of susceptibility makes in the magnet.
//!
//! Relative field ΔB/B0 = F⁻¹\[(1/3 − (k·b)²/|k|²) F(χ)\], where b is the direction of the main
//! field and the sphere of Lorentz is taken off (Salomir 2003, doi 10.1002/cmr.b.10083;
//! Marques and Bowtell 2005, doi 10.1002/cmr.b.20034).

use super::wave::{fast_length, frequencies};
use nalgebra::Vector3;
use rayon::prelude::*;
use realfft::RealFftPlanner;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex32;
use siderin_image::volume::{Volume, WorldPoint};

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
    if let Some(cosine) = chi_ppm.grid().shear() {
        return Err(FieldError::Sheared { cosine });
    }
    Ok(chi_ppm.grid().unit_axes().transpose() * given / length)
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
        let fade: [Vec<f64>; 3] = std::array::from_fn(|axis| {
            let cosine = |k: &f64| (std::f64::consts::PI * k * spacing[axis]).cos();
            frequency[axis].iter().map(cosine).collect()
        });
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
                        let faded = Vector3::new(fade[0][x], fade[1][y], fade[2][z]);
                        *value *= (dipole(&k, &self.direction, &faded) * scale) as f32;
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

/// The dipole kernel at a spatial frequency `k`; 0 at the origin.
///
/// (k·b)² has terms kᵢkⱼ that change their sign at the highest frequency, where both signs are
/// one sample: cut off there, they ring. They are let run out by `fade`, cos(πk) per axis with
/// k in cycles per voxel, which brings the error next to a sphere from 2 % to 0.6 % of the
/// field on its surface.
fn dipole(k: &Vector3<f64>, direction: &Vector3<f64>, fade: &Vector3<f64>) -> f64 {
    let squared = k.norm_squared();
    if squared == 0.0 {
        return 0.0;
    }
    let along = k.component_mul(direction);
    let faded = along.component_mul(fade);
    let mixed = faded.sum().powi(2) - faded.norm_squared();
    1.0 / 3.0 - (along.norm_squared() + mixed) / squared
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

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::volume::{Grid, VoxelPoint};

    /// A map of 1 mm voxels, each the mean of `inside` over 8³ points of it.
    fn anti_aliased(shape: [usize; 3], inside: impl Fn(Vector3<f64>) -> bool) -> Volume<f32> {
        let grid = Grid::axis_aligned(shape, [1.0; 3]).unwrap();
        let center = Vector3::from_fn(|a, _| (shape[a] as f64 - 1.0) / 2.0);
        Volume::from_fn(&grid, |index| {
            let middle = VoxelPoint::center_of(index).0.coords - center;
            let hits = (0..512)
                .filter(|n| {
                    let part = |p: usize| (p as f64 + 0.5) / 8.0 - 0.5;
                    inside(middle + Vector3::new(part(n % 8), part(n / 8 % 8), part(n / 64)))
                })
                .count();
            hits as f32 / 512.0
        })
    }

    #[test]
    fn a_sphere_has_the_field_of_a_sphere() {
        const RADIUS: f64 = 10.0;
        let chi = anti_aliased([72, 72, 72], |p| p.norm() < RADIUS);
        for direction in [[0.0, 0.0, 1.0], [0.3, -0.5, 0.9]] {
            let field = susceptibility_field(&chi, direction).unwrap();
            let b = Vector3::from(direction).normalize();
            // On the surface's poles: 2χ/3 = 0.667.
            let allowed = 0.01 * 2.0 / 3.0;
            for (offset, &found) in field.voxels().iter().enumerate() {
                let index = field.grid().index(offset);
                let at = Vector3::from_fn(|a, _| index[a] as f64 - 35.5);
                let r = at.norm();
                let expected = if r < RADIUS - 2.0 {
                    0.0
                } else if r > RADIUS + 2.0 {
                    let cos = at.dot(&b) / r;
                    (RADIUS / r).powi(3) * (3.0 * cos * cos - 1.0) / 3.0
                } else {
                    continue;
                };
                assert!(
                    (f64::from(found) - expected).abs() < allowed,
                    "{at:?}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn a_cylinder_has_the_field_of_a_cylinder() {
        // Along z, 240 long. In its middle, at distance ρ and with h = 120, R² = ρ² + h², the
        // integral of (3(b·r)² − r²)/r⁵ over its axis is
        // 3β²·2(h/(3ρ²R³) + 2h/(3ρ⁴R)) + 3τ²·2h³/(3ρ²R³) − 2h/(ρ²R), with β = ρ sinθ cosφ and
        // τ = cosθ; endless, it is 2 sin²θ cos2φ/ρ². The field is χa²/4 times that.
        const RADIUS: f64 = 8.0;
        let chi = anti_aliased([96, 96, 240], |p| p.x.hypot(p.y) < RADIUS);
        for theta in [0.0f64, 30.0, 54.7, 90.0] {
            let (sin, cos) = theta.to_radians().sin_cos();
            let field = susceptibility_field(&chi, [sin, 0.0, cos]).unwrap();
            for j in 24..72 {
                for i in 24..72 {
                    let at = Vector3::new(i as f64 - 47.5, j as f64 - 47.5, 0.0);
                    let r = at.norm();
                    let expected = if r < RADIUS - 2.0 {
                        0.5 * (cos * cos - 1.0 / 3.0)
                    } else if r > RADIUS + 2.0 {
                        let (h, beta2, rho2) = (120.0f64, (sin * at.x).powi(2), r * r);
                        let end = r.hypot(h);
                        let i0 = 2.0
                            * (h / (3.0 * rho2 * end.powi(3))
                                + 2.0 * h / (3.0 * rho2 * rho2 * end));
                        let i2 = 2.0 * h.powi(3) / (3.0 * rho2 * end.powi(3));
                        let j = 2.0 * h / (rho2 * end);
                        0.25 * RADIUS * RADIUS * (3.0 * beta2 * i0 + 3.0 * cos * cos * i2 - j)
                    } else {
                        continue;
                    };
                    let found = f64::from(field.at([i, j, 120]));
                    // The strongest field on a cylinder's surface is χ/2.
                    assert!(
                        (found - expected).abs() < 0.005,
                        "{theta}° {at:?}: {found} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_field_is_linear_and_a_uniform_map_has_none() {
        let grid = Grid::axis_aligned([9, 12, 7], [0.8, 1.0, 2.0]).unwrap();
        let uniform = susceptibility_field(&Volume::filled(&grid, 3.7), [0.0, 0.0, 1.0]).unwrap();
        assert!(uniform.voxels().iter().all(|v| v.abs() < 1e-6));
        let spots = |value: f32| {
            Volume::from_fn(&grid, |[i, j, k]| {
                if (3..6).contains(&i) && (4..8).contains(&j) && k == 3 {
                    value
                } else {
                    0.0
                }
            })
        };
        let one = susceptibility_field(&spots(1.0), [0.2, 0.1, 2.0]).unwrap();
        let three = susceptibility_field(&spots(-3.0), [0.2, 0.1, 2.0]).unwrap();
        for (a, b) in one.voxels().iter().zip(three.voxels()) {
            assert!((b + 3.0 * a).abs() < 1e-5);
        }
    }

    #[test]
    fn turned_axes_see_the_same_field() {
        // The same world, once with x and z stored in each other's place and x reversed.
        let plain = Grid::axis_aligned([14, 12, 10], [1.0, 1.0, 1.5]).unwrap();
        let chi = Volume::from_fn(&plain, |[i, j, k]| {
            if (5..8).contains(&i) && (4..7).contains(&j) && (4..6).contains(&k) {
                1.0
            } else {
                0.0
            }
        });
        let turn = siderin_image::volume::Reorientation {
            source_axis: [2, 1, 0],
            flip: [false, false, true],
        };
        let direction = [0.4, -0.2, 0.8];
        let field = susceptibility_field(&chi, direction).unwrap();
        let turned = susceptibility_field(&turn.apply(&chi).unwrap(), direction).unwrap();
        let back = turn.inverse().apply(&turned).unwrap();
        for (a, b) in field.voxels().iter().zip(back.voxels()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn impossible_input_is_refused() {
        let grid = Grid::axis_aligned([4; 3], [1.0; 3]).unwrap();
        let chi = Volume::filled(&grid, 0.0);
        assert!(matches!(
            susceptibility_field(&chi, [0.0; 3]),
            Err(FieldError::Direction { .. })
        ));
        let mut broken = chi.clone();
        broken.set([1, 1, 1], f32::NAN);
        assert_eq!(
            susceptibility_field(&broken, [0.0, 0.0, 1.0]),
            Err(FieldError::NotFinite { count: 1 })
        );
        let mut sheared = nalgebra::Matrix4::identity();
        sheared[(0, 1)] = 0.2;
        let chi = Volume::filled(&Grid::new([4; 3], sheared).unwrap(), 0.0);
        assert!(matches!(
            susceptibility_field(&chi, [0.0, 0.0, 1.0]),
            Err(FieldError::Sheared { .. })
        ));
    }
}
