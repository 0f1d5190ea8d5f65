//! Transforms along one axis of a slice or a volume.

use rayon::prelude::*;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex32;

/// Transforms every line of `length` samples along an axis, lets `filter` change it, and
/// transforms back (normalised). `filter` gets the number of the slice along z.
pub(crate) fn filter_lines(
    voxels: &mut [Complex32],
    shape: [usize; 3],
    axis: usize,
    filter: impl Fn(usize, &mut [Complex32]) + Sync,
) {
    let [nx, ny, _] = shape;
    let length = shape[axis];
    let mut planner = FftPlanner::<f32>::new();
    let (forward, backward) = (
        planner.plan_fft_forward(length),
        planner.plan_fft_inverse(length),
    );
    let scale = 1.0 / length as f32;
    voxels.par_chunks_mut(nx * ny).enumerate().for_each_init(
        || vec![Complex32::default(); length],
        |line, (k, slice)| {
            let lines = if axis == 0 { ny } else { nx };
            for number in 0..lines {
                let (start, step) = if axis == 0 {
                    (number * nx, 1)
                } else {
                    (number, nx)
                };
                for (i, value) in line.iter_mut().enumerate() {
                    *value = slice[start + i * step];
                }
                forward.process(line);
                filter(k, line);
                backward.process(line);
                for (i, value) in line.iter().enumerate() {
                    slice[start + i * step] = value * scale;
                }
            }
        },
    );
}

/// A volume on a matrix of another size over the same field of view: its spectrum cut or
/// filled with zeros. Values are scaled so that a constant stays what it is.
pub(crate) fn resized(voxels: &[Complex32], from: [usize; 3], to: [usize; 3]) -> Vec<Complex32> {
    let mut shape = from;
    let mut current = voxels.to_vec();
    for axis in 0..3 {
        if to[axis] != shape[axis] {
            current = resized_axis(&current, shape, axis, to[axis]);
            shape[axis] = to[axis];
        }
    }
    current
}

fn resized_axis(
    voxels: &[Complex32],
    shape: [usize; 3],
    axis: usize,
    length: usize,
) -> Vec<Complex32> {
    let mut planner = FftPlanner::<f32>::new();
    let forward = planner.plan_fft_forward(shape[axis]);
    let backward = planner.plan_fft_inverse(length);
    let inner: usize = shape[..axis].iter().product();
    let outer: usize = shape[axis + 1..].iter().product();
    let old = shape[axis];
    let kept = old.min(length);
    let scale = 1.0 / old as f32;
    // The voxels of both matrices cover the same field of view, whose edge they share: their
    // first centres differ by half the difference of the voxel sizes.
    let shift = 0.5 * (1.0 / length as f32 - 1.0 / old as f32);
    let mut resized = vec![Complex32::default(); inner * outer * length];
    resized
        .par_chunks_mut(inner * length)
        .enumerate()
        .for_each_init(
            || {
                (
                    vec![Complex32::default(); old],
                    vec![Complex32::default(); length],
                )
            },
            |(source, target), (block, out)| {
                for i in 0..inner {
                    for (n, value) in source.iter_mut().enumerate() {
                        *value = voxels[i + inner * (n + old * block)];
                    }
                    forward.process(source);
                    target.fill(Complex32::default());
                    for f in 0..kept {
                        let frequency = f as isize - (kept / 2) as isize;
                        let at = |n: usize| frequency.rem_euclid(n as isize) as usize;
                        let angle = 2.0 * std::f32::consts::PI * frequency as f32 * shift;
                        target[at(length)] = source[at(old)] * Complex32::cis(angle) * scale;
                    }
                    backward.process(target);
                    for (n, value) in target.iter().enumerate() {
                        out[i + inner * n] = *value;
                    }
                }
            },
        );
    // Each block is laid out inner-fastest already.
    resized
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolation_follows_a_wave() {
        // One period of a cosine over the field of view: 6 voxels of 1/6, then 8 of 1/8,
        // centres at (n + ½)/N.
        let wave =
            |n: usize, of: usize| (2.0 * std::f32::consts::PI * (n as f32 + 0.5) / of as f32).cos();
        let shape = [2, 6, 3];
        let voxels: Vec<Complex32> = (0..36)
            .map(|o| Complex32::new(wave(o / 2 % 6, 6), 0.0))
            .collect();
        let resized = resized(&voxels, shape, [2, 8, 3]);
        assert_eq!(resized.len(), 48);
        for (o, value) in resized.iter().enumerate() {
            assert!((value.re - wave(o / 2 % 8, 8)).abs() < 1e-5, "{o}: {value}");
            assert!(value.im.abs() < 1e-5);
        }
    }
}
