//! The images a scanner gives out.

use super::noise;
use super::receiver::{Receiver, WHITE_LEVEL};
use super::swi::{masked, susceptibility_weighted};
use crate::draw::VisitDraw;
use crate::exam::Exam;
use rayon::prelude::*;
use rustfft::num_complex::Complex32;
use siderin_image::volume::Volume;

/// The images of a scan, on its grid.
#[derive(Debug, Clone)]
pub struct Images {
    /// Magnitude; white matter is about 600.
    pub magnitude: Volume<f32>,
    /// Phase in rad, −π to π; positive where the field is higher.
    pub phase: Volume<f32>,
    /// Susceptibility-weighted magnitude, where the protocol makes one.
    pub swi: Option<Volume<f32>>,
}

impl Images {
    /// Images of a complex scan.
    #[must_use]
    pub fn of(scan: &Volume<Complex32>, swi: bool) -> Self {
        Self {
            magnitude: per_voxel(scan, |value| value.norm()),
            phase: per_voxel(scan, |value| value.arg()),
            swi: swi.then(|| susceptibility_weighted(scan)),
        }
    }

    /// Images of a part of a scan of which the background phase is known.
    pub(crate) fn with_smooth(scan: &Volume<Complex32>, smooth: &Volume<Complex32>) -> Self {
        let mut images = Self::of(scan, false);
        let mut swi = scan.map(|_| 0.0);
        let both = scan.voxels().par_iter().zip(smooth.voxels());
        let out = swi.voxels_mut().par_iter_mut();
        out.zip(both)
            .for_each(|(to, (value, low))| *to = masked(*value, *low));
        images.swi = Some(swi);
        images
    }
}

fn per_voxel(scan: &Volume<Complex32>, of: impl Fn(Complex32) -> f32 + Sync) -> Volume<f32> {
    let mut image = scan.map(|_| 0.0);
    image
        .voxels_mut()
        .par_iter_mut()
        .zip(scan.voxels())
        .for_each(|(to, from)| *to = of(*from));
    image
}

/// Deviation of the noise of the real and of the imaginary part, in the images' units.
pub(crate) fn noise_deviation(visit: &VisitDraw) -> f64 {
    WHITE_LEVEL / visit.imperfections.snr
}

/// Turns clean voxels into measured ones: scaled, shaded, with the coils' phase, moved, with
/// noise.
pub(crate) fn apply(scan: &mut Volume<Complex32>, exam: &Exam) {
    let receiver = Receiver::new(exam);
    receiver.shade(scan.voxels_mut(), &crate::exam::whole(exam.grid()));
    receiver.shift(scan);
    add_noise(scan, exam, exam.visit.imperfections.seed);
}

/// Adds the noise of a scan or of a part of one; interpolated as the scan is.
pub(crate) fn add_noise(scan: &mut Volume<Complex32>, exam: &Exam, seed: u64) {
    let acquired = exam.visit.protocol.acquired_mm();
    let spacing = scan.grid().spacing_mm();
    let shape = scan.shape();
    let matrix = std::array::from_fn(|a| {
        ((shape[a] as f64 * spacing[a] / acquired[a]).round() as usize).clamp(1, shape[a])
    });
    noise::add(scan, noise_deviation(&exam.visit), matrix, seed);
}
