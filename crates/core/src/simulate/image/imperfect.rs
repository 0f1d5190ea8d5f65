//! Shading, phase, motion, noise: what lies between clean voxels and images.

use super::{motion, noise, swi};
use crate::simulate::draw::VisitDraw;
use crate::simulate::exam::Exam;
use crate::simulate::random::Stream;
use crate::volume::{Grid, Volume};
use rayon::prelude::*;
use rustfft::num_complex::Complex32;

/// Signal of white matter in the images, before shading.
const WHITE_LEVEL: f64 = 600.0;

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
            swi: swi.then(|| swi::susceptibility_weighted(scan)),
        }
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
/// noise. Linear in the voxels up to the noise, which depends on the seed alone.
pub(crate) fn apply(scan: &mut Volume<Complex32>, exam: &Exam) {
    let visit = &exam.visit;
    shade(scan, exam);
    motion::apply(scan, &visit.imperfections, visit.protocol.encoding);
    let acquired = visit.protocol.acquired_mm();
    let spacing = scan.grid().spacing_mm();
    let shape = scan.shape();
    let matrix = std::array::from_fn(|a| {
        ((shape[a] as f64 * spacing[a] / acquired[a]).round() as usize).clamp(1, shape[a])
    });
    let deviation = noise_deviation(visit);
    noise::add(scan, deviation, matrix, visit.imperfections.seed);
}

/// Gain, receive shading and phase: quadratics in the scan's coordinates from −1 to 1.
fn shade(scan: &mut Volume<Complex32>, exam: &Exam) {
    let imperfections = &exam.visit.imperfections;
    let mut stream = Stream::new(imperfections.seed, "coils", 0);
    let gain: [f64; 9] = std::array::from_fn(|_| imperfections.shading * stream.normal());
    let phase: [f64; 9] =
        std::array::from_fn(|_| imperfections.phase_offset_rad * stream.normal() / 3.0);
    let level = WHITE_LEVEL / exam.white_signal;
    let grid: Grid = scan.grid().clone();
    let [nx, ny, nz] = grid.shape();
    scan.voxels_mut()
        .par_chunks_mut(nx)
        .enumerate()
        .for_each(|(row, values)| {
            let unit = |i: usize, n: usize| 2.0 * (i as f64 + 0.5) / n as f64 - 1.0;
            let (y, z) = (unit(row % ny, ny), unit(row / ny, nz));
            for (i, value) in values.iter_mut().enumerate() {
                let x = unit(i, nx);
                let basis = [x, y, z, x * x, y * y, z * z, x * y, x * z, y * z];
                let sum = |c: &[f64; 9]| c.iter().zip(basis).map(|(c, b)| c * b).sum::<f64>();
                // Coils never see nothing: the exponential keeps the shading positive.
                let shading = level * sum(&gain).exp();
                *value *= Complex32::from_polar(shading as f32, sum(&phase) as f32);
            }
        });
}
