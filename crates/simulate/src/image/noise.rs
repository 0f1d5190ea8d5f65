//! Complex noise of the receiver.

use super::fourier::resized;
use rayon::prelude::*;
use rustfft::num_complex::Complex32;
use siderin_image::random::Stream;
use siderin_image::volume::Volume;

/// Adds normal noise of `deviation` to the real and the imaginary part of each voxel. Where
/// the image is interpolated (`acquired` has fewer voxels), the noise is that of the acquired
/// voxels, interpolated with them.
pub(super) fn add(scan: &mut Volume<Complex32>, deviation: f64, acquired: [usize; 3], seed: u64) {
    let shape = scan.shape();
    if acquired == shape {
        let row = shape[0];
        scan.voxels_mut()
            .par_chunks_mut(row)
            .enumerate()
            .for_each(|(number, row)| {
                let mut stream = Stream::new(seed, "noise", number as u64);
                for value in row {
                    *value += sample(&mut stream, deviation);
                }
            });
        return;
    }
    // Filling with zeros and scaling so that constants stay keeps the deviation, too: as many
    // independent values, spread over more voxels that are alike.
    let mut noise = vec![Complex32::default(); acquired.iter().product()];
    noise
        .par_chunks_mut(acquired[0])
        .enumerate()
        .for_each(|(number, row)| {
            let mut stream = Stream::new(seed, "noise", number as u64);
            for value in row {
                *value = sample(&mut stream, deviation);
            }
        });
    let noise = resized(&noise, acquired, shape);
    scan.voxels_mut()
        .par_iter_mut()
        .zip(noise)
        .for_each(|(value, noise)| *value += noise);
}

fn sample(stream: &mut Stream, deviation: f64) -> Complex32 {
    Complex32::new(
        (deviation * stream.normal()) as f32,
        (deviation * stream.normal()) as f32,
    )
}
