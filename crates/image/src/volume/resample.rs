//! Values of a volume on another grid.

use super::{Grid, Volume};
use nalgebra::{Matrix4, Point3};
use ndarray::Array3;
use ndarray_ndimage::{BorderMode, spline_filter};
use rayon::prelude::*;

/// How values between voxel centres are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// The value of the closest voxel.
    Nearest,
    /// Trilinear between the eight closest voxels.
    Linear,
    /// Cubic B-spline through the voxels, mirrored at the border
    /// (Unser 1999, doi 10.1109/79.799930), as ITK's and scipy's order 3.
    Cubic,
}

/// A transform that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "resampling: the world transform holds NaN or infinity; every number of the 4×4 matrix must \
     be finite"
)]
pub struct ResampleError;

/// Samples `source` at the voxels of `target`, where `source_from_target` is any affine
/// that maps target world mm to source world mm (the identity when both are in one
/// space). Points within half a voxel of the source's outer centres are inside, as in ITK:
/// nearest and linear go on with the border's value there, cubic as the mirror image. Others
/// become `outside`.
///
/// # Errors
/// When the transform is not finite.
pub fn resample(
    source: &Volume<f32>,
    target: &Grid,
    source_from_target: &Matrix4<f64>,
    interpolation: Interpolation,
    outside: f32,
) -> Result<Volume<f32>, ResampleError> {
    match interpolation {
        Interpolation::Nearest => resample_nearest(source, target, source_from_target, outside),
        Interpolation::Linear => {
            let sample = |p: [f64; 3]| linear_at(source, p);
            sample_grid(source.grid(), target, source_from_target, outside, sample)
        }
        Interpolation::Cubic => {
            let coefficients = cubic_coefficients(source);
            let sample = |p: [f64; 3]| cubic_at(&coefficients, p);
            sample_grid(source.grid(), target, source_from_target, outside, sample)
        }
    }
}

/// [`resample`] with the closest voxel's value, for labels and masks of any type.
///
/// # Errors
/// When the transform is not finite.
pub fn resample_nearest<T: Copy + Send + Sync>(
    source: &Volume<T>,
    target: &Grid,
    source_from_target: &Matrix4<f64>,
    outside: T,
) -> Result<Volume<T>, ResampleError> {
    let shape = source.shape();
    let sample = |p: [f64; 3]| {
        source.at(std::array::from_fn(|a| {
            ((p[a] + 0.5).floor().max(0.0) as usize).min(shape[a] - 1)
        }))
    };
    sample_grid(source.grid(), target, source_from_target, outside, sample)
}

fn sample_grid<T: Copy + Send + Sync>(
    source: &Grid,
    target: &Grid,
    source_from_target: &Matrix4<f64>,
    outside: T,
    sample: impl Fn([f64; 3]) -> T + Sync,
) -> Result<Volume<T>, ResampleError> {
    if !source_from_target.iter().all(|v| v.is_finite()) {
        return Err(ResampleError);
    }
    let source_voxel_from_target_voxel =
        source.voxel_from_world() * source_from_target * target.world_from_voxel();
    let limit = source.shape().map(|n| n as f64 - 0.5);
    let mut out = Volume::filled(target, outside);
    let [nx, ny, _] = target.shape();
    let step = source_voxel_from_target_voxel
        .fixed_view::<3, 1>(0, 0)
        .into_owned();
    out.voxels_mut()
        .par_chunks_mut(nx)
        .enumerate()
        .for_each(|(row, values)| {
            let (j, k) = (row % ny, row / ny);
            let start = source_voxel_from_target_voxel
                .transform_point(&Point3::new(0.0, j as f64, k as f64));
            for (i, value) in values.iter_mut().enumerate() {
                let p: [f64; 3] = (start.coords + step * i as f64).into();
                if (0..3).all(|a| p[a] >= -0.5 && p[a] <= limit[a]) {
                    *value = sample(p);
                }
            }
        });
    Ok(out)
}

/// Trilinear value at a point in voxel indices, clamped to the grid.
pub fn linear_at(source: &Volume<f32>, p: [f64; 3]) -> f32 {
    let shape = source.shape();
    let mut low = [0usize; 3];
    let mut high = [0usize; 3];
    let mut t = [0f32; 3];
    for axis in 0..3 {
        let at = p[axis].clamp(0.0, (shape[axis] - 1) as f64);
        low[axis] = at as usize;
        high[axis] = (low[axis] + 1).min(shape[axis] - 1);
        t[axis] = (at - low[axis] as f64) as f32;
    }
    let mix = |a: f32, b: f32, t: f32| a + t * (b - a);
    let along_x =
        |j: usize, k: usize| mix(source.at([low[0], j, k]), source.at([high[0], j, k]), t[0]);
    mix(
        mix(along_x(low[1], low[2]), along_x(high[1], low[2]), t[1]),
        mix(along_x(low[1], high[2]), along_x(high[1], high[2]), t[1]),
        t[2],
    )
}

/// B-spline coefficients of a volume, mirrored at the border.
fn cubic_coefficients(source: &Volume<f32>) -> Array3<f64> {
    let samples = source.view().mapv(f64::from);
    spline_filter(&samples, 3, BorderMode::Mirror)
        .as_standard_layout()
        .into_owned()
}

/// Value of the cubic B-spline with these coefficients at a point in voxel indices, which
/// may lie beyond the last centre: the spline goes on as the mirror image.
fn cubic_at(coefficients: &Array3<f64>, p: [f64; 3]) -> f32 {
    let (nx, ny, nz) = coefficients.dim();
    let axes: [[(usize, f64); 4]; 3] = {
        let shape = [nx, ny, nz];
        std::array::from_fn(|a| {
            let at = p[a];
            let base = at.floor();
            let weights = cubic_weights(at - base);
            std::array::from_fn(|w| (mirror(base as isize + w as isize - 1, shape[a]), weights[w]))
        })
    };
    let mut sum = 0.0;
    for (i, wx) in axes[0] {
        for (j, wy) in axes[1] {
            for (k, wz) in axes[2] {
                sum += wx * wy * wz * coefficients[[i, j, k]];
            }
        }
    }
    sum as f32
}

/// The four cubic B-spline weights at fraction `t` past a knot.
pub fn cubic_weights(t: f64) -> [f64; 4] {
    let s = 1.0 - t;
    [
        s * s * s / 6.0,
        2.0 / 3.0 - t * t * (2.0 - t) / 2.0,
        2.0 / 3.0 - s * s * (2.0 - s) / 2.0,
        t * t * t / 6.0,
    ]
}

/// Index reflected about the first and last voxel centres.
fn mirror(index: isize, n: usize) -> usize {
    if n == 1 {
        return 0;
    }
    let period = 2 * (n as isize - 1);
    let wrapped = index.rem_euclid(period);
    wrapped.min(period - wrapped) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ramp(grid: &Grid) -> Volume<f32> {
        Volume::from_fn(grid, |[i, j, k]| i as f32 + 2.0 * j as f32 - 3.0 * k as f32)
    }

    #[test]
    fn linear_and_cubic_reproduce_a_plane() {
        // Both interpolations are exact for linear functions away from the border
        // (the mirrored border bends a ramp for the cubic spline).
        let source = ramp(&Grid::axis_aligned([24, 24, 24], [1.0; 3]).unwrap());
        let mut affine = Matrix4::identity() * 0.7;
        affine[(0, 3)] = 9.3;
        affine[(1, 3)] = 9.1;
        affine[(2, 3)] = 9.8;
        let target = Grid::new([5, 5, 5], affine).unwrap();
        for (method, tolerance) in [(Interpolation::Linear, 1e-4), (Interpolation::Cubic, 1e-3)] {
            let out = resample(&source, &target, &Matrix4::identity(), method, f32::NAN).unwrap();
            for (offset, &value) in out.voxels().iter().enumerate() {
                let [i, j, k] = target.index(offset).map(|v| v as f32);
                let expected = (9.3 + 0.7 * i) + 2.0 * (9.1 + 0.7 * j) - 3.0 * (9.8 + 0.7 * k);
                assert!(
                    (value - expected).abs() < tolerance,
                    "{method:?}: {value} {expected}"
                );
            }
        }
    }

    #[test]
    fn nearest_keeps_labels_and_marks_outside() {
        let grid = Grid::axis_aligned([2, 1, 1], [2.0, 2.0, 2.0]).unwrap();
        let labels = Volume::new(grid, vec![3u16, 9]).unwrap();
        // World x = 0, .6, 1.2, 1.8, 2.4, 3.0, 3.6 mm; the border between the voxels is at
        // 1 mm and the grid ends at 3 mm.
        let target = Grid::axis_aligned([7, 1, 1], [0.6, 2.0, 2.0]).unwrap();
        let out = resample_nearest(&labels, &target, &Matrix4::identity(), 0).unwrap();
        assert_eq!(out.voxels(), [3, 3, 9, 9, 9, 9, 0]);
    }

    proptest! {
        #[test]
        fn onto_its_own_grid_nothing_changes(values in prop::collection::vec(-1e3f32..1e3, 5 * 4 * 3)) {
            let grid = Grid::axis_aligned([5, 4, 3], [0.5, 1.0, 3.0]).unwrap();
            let source = Volume::new(grid.clone(), values).unwrap();
            for method in [Interpolation::Nearest, Interpolation::Linear, Interpolation::Cubic] {
                let same = resample(&source, &grid, &Matrix4::identity(), method, 0.0).unwrap();
                for (a, b) in same.voxels().iter().zip(source.voxels()) {
                    prop_assert!((a - b).abs() < 0.01, "{:?}: {} {}", method, a, b);
                }
            }
        }
    }
}
