//! Gaussian smoothing with a width in millimetres.

use crate::volume::Volume;
use rayon::prelude::*;

/// A width that is no width.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("smoothing: sigma is {sigma_mm} mm; it must be finite and not negative")]
pub struct SmoothError {
    /// The sigma as given.
    pub sigma_mm: f64,
}

/// Kernels end at this many sigma, where 0.3 % of the mass is left out and shared.
const TRUNCATE: f64 = 3.0;
/// Below this sigma in voxels the kernel's neighbours weigh under 0.04 %.
const NEGLIGIBLE_VOXELS: f64 = 0.25;

/// Convolves with a normalised Gaussian of `sigma_mm` along every axis, the border value
/// continued outwards. Axes whose spacing is far above sigma are left as they are.
///
/// # Errors
/// When sigma is negative or not finite.
pub fn gaussian_smooth(volume: Volume<f32>, sigma_mm: f64) -> Result<Volume<f32>, SmoothError> {
    if !(sigma_mm >= 0.0 && sigma_mm.is_finite()) {
        return Err(SmoothError { sigma_mm });
    }
    let spacing = volume.grid().spacing_mm();
    let mut smooth = volume;
    for axis in 0..3 {
        let sigma_voxels = sigma_mm / spacing[axis];
        if sigma_voxels > NEGLIGIBLE_VOXELS && smooth.shape()[axis] > 1 {
            convolve_axis(&mut smooth, axis, &kernel(sigma_voxels));
        }
    }
    Ok(smooth)
}

/// Half a kernel: the centre weight, then one weight per step outwards; sums to one over
/// both sides.
fn kernel(sigma_voxels: f64) -> Vec<f32> {
    let radius = (TRUNCATE * sigma_voxels).ceil() as usize;
    let weights: Vec<f64> = (0..=radius)
        .map(|step| (-0.5 * (step as f64 / sigma_voxels).powi(2)).exp())
        .collect();
    let sum = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
    weights.iter().map(|w| (w / sum) as f32).collect()
}

fn convolve_axis(volume: &mut Volume<f32>, axis: usize, kernel: &[f32]) {
    let [nx, ny, nz] = volume.shape();
    match axis {
        0 => volume
            .voxels_mut()
            .par_chunks_mut(nx)
            .for_each_init(Vec::new, |padded, row| {
                convolve_row(row, kernel, padded);
            }),
        1 => volume.voxels_mut().par_chunks_mut(nx * ny).for_each_init(
            Vec::new,
            |source: &mut Vec<f32>, slice| {
                source.clear();
                source.extend_from_slice(slice);
                for (j, out) in slice.chunks_mut(nx).enumerate() {
                    combine_rows(out, kernel, ny, j, |row| &source[row * nx..][..nx]);
                }
            },
        ),
        _ => convolve_slices(volume.voxels_mut(), [nx * ny, nz], kernel),
    }
}

/// One row with its ends continued.
fn convolve_row(row: &mut [f32], kernel: &[f32], padded: &mut Vec<f32>) {
    let radius = kernel.len() - 1;
    padded.clear();
    padded.extend(std::iter::repeat_n(row[0], radius));
    padded.extend_from_slice(row);
    padded.extend(std::iter::repeat_n(row[row.len() - 1], radius));
    let n = row.len();
    for (value, centre) in row.iter_mut().zip(&padded[radius..]) {
        *value = kernel[0] * centre;
    }
    for (step, &weight) in kernel.iter().enumerate().skip(1) {
        let (left, right) = (&padded[radius - step..][..n], &padded[radius + step..][..n]);
        for ((value, a), b) in row.iter_mut().zip(left).zip(right) {
            *value += weight * (a + b);
        }
    }
}

/// `out` = weighted sum of the rows around row `at` of `count`.
fn combine_rows<'a>(
    out: &mut [f32],
    kernel: &[f32],
    count: usize,
    at: usize,
    row: impl Fn(usize) -> &'a [f32],
) {
    for (value, centre) in out.iter_mut().zip(row(at)) {
        *value = kernel[0] * centre;
    }
    for (step, &weight) in kernel.iter().enumerate().skip(1) {
        let (before, after) = (
            row(at.saturating_sub(step)),
            row((at + step).min(count - 1)),
        );
        for ((value, a), b) in out.iter_mut().zip(before).zip(after) {
            *value += weight * (a + b);
        }
    }
}

/// Along the slowest axis, in bands of columns that stay in cache.
fn convolve_slices(voxels: &mut [f32], [plane, count]: [usize; 2], kernel: &[f32]) {
    const BAND: usize = 2048;
    let bands: Vec<std::ops::Range<usize>> = (0..plane)
        .step_by(BAND)
        .map(|start| start..(start + BAND).min(plane))
        .collect();
    // A few bands at a time: the copy they work from stays small.
    for group in bands.chunks(rayon::current_num_threads() * 4) {
        let done: Vec<Vec<f32>> = group
            .par_iter()
            .map(|band| {
                let width = band.len();
                let mut source = Vec::with_capacity(width * count);
                for k in 0..count {
                    source.extend_from_slice(&voxels[k * plane + band.start..][..width]);
                }
                let mut out = vec![0.0; width * count];
                for (k, row) in out.chunks_mut(width).enumerate() {
                    combine_rows(row, kernel, count, k, |at| &source[at * width..][..width]);
                }
                out
            })
            .collect();
        for (band, out) in group.iter().zip(done) {
            for (k, row) in out.chunks(band.len()).enumerate() {
                voxels[k * plane + band.start..][..band.len()].copy_from_slice(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    #[test]
    fn an_impulse_becomes_a_gaussian_in_mm() {
        let grid = Grid::axis_aligned([41, 41, 21], [0.5, 0.5, 1.0]).unwrap();
        let impulse = Volume::from_fn(&grid, |index| if index == [20, 20, 10] { 1.0 } else { 0.0 });
        let smooth = gaussian_smooth(impulse, 1.5).unwrap();
        let sum: f32 = smooth.voxels().iter().sum();
        assert!((sum - 1.0).abs() < 1e-4);
        // Three mm away along x and along z the value is the same: exp(-3²/(2·1.5²)) of
        // the centre's.
        let expected = smooth.at([20, 20, 10]) * (-2.0f32).exp();
        assert!((smooth.at([26, 20, 10]) / expected - 1.0).abs() < 1e-4);
        assert!((smooth.at([20, 26, 10]) / expected - 1.0).abs() < 1e-4);
        assert!((smooth.at([20, 20, 13]) / expected - 1.0).abs() < 1e-4);
    }

    #[test]
    fn a_constant_stays_and_nonsense_is_refused() {
        let grid = Grid::axis_aligned([7, 1, 3], [1.0; 3]).unwrap();
        let flat = Volume::filled(&grid, 5.0);
        let smooth = gaussian_smooth(flat.clone(), 3.0).unwrap();
        assert!(smooth.voxels().iter().all(|v| (v - 5.0).abs() < 1e-5));
        assert!(gaussian_smooth(flat, f64::NAN).is_err());
    }
}
