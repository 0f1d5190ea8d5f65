//! What lies between clean voxels and received ones: gain, shading, phase, motion.

use super::motion::Motion;
use crate::exam::Exam;
use rayon::prelude::*;
use rustfft::num_complex::Complex32;
use siderin_image::random::Stream;
use siderin_image::volume::Volume;
use std::ops::Range;

/// Signal of white matter in the images, before shading.
pub(super) const WHITE_LEVEL: f64 = 600.0;

/// The coils and the movement of one scan. All it does is linear in the voxels.
pub(crate) struct Receiver {
    shape: [usize; 3],
    level: f64,
    /// Coefficients of a quadratic in the scan's coordinates from −1 to 1.
    gain: [f64; 9],
    phase: [f64; 9],
    motion: Option<Motion>,
}

impl Receiver {
    pub(crate) fn new(exam: &Exam) -> Self {
        let imperfections = &exam.visit.imperfections;
        let mut stream = Stream::new(imperfections.seed, "coils", 0);
        let gain = std::array::from_fn(|_| imperfections.shading * stream.normal());
        let phase = std::array::from_fn(|_| imperfections.phase_offset_rad * stream.normal() / 3.0);
        Self {
            shape: exam.grid().shape(),
            level: WHITE_LEVEL / exam.white_signal,
            gain,
            phase,
            motion: Motion::new(exam.grid(), imperfections, exam.visit.protocol.encoding),
        }
    }

    /// Multiplies the voxels of a part (x fastest) by gain, shading and phase.
    pub(crate) fn shade(&self, voxels: &mut [Complex32], region: &[Range<usize>; 3]) {
        let [nx, ny, nz] = self.shape;
        let [wide, high, _] = [0, 1, 2].map(|a| region[a].len());
        let unit = |i: usize, n: usize| 2.0 * (i as f64 + 0.5) / n as f64 - 1.0;
        voxels
            .par_chunks_mut(wide)
            .enumerate()
            .for_each(|(row, values)| {
                let y = unit(region[1].start + row % high, ny);
                let z = unit(region[2].start + row / high, nz);
                for (i, value) in values.iter_mut().enumerate() {
                    let x = unit(region[0].start + i, nx);
                    let basis = [x, y, z, x * x, y * y, z * z, x * y, x * z, y * z];
                    let sum = |c: &[f64; 9]| c.iter().zip(basis).map(|(c, b)| c * b).sum::<f64>();
                    // Coils never see nothing: the exponential keeps the shading positive.
                    let shading = self.level * sum(&self.gain).exp();
                    *value *= Complex32::from_polar(shading as f32, sum(&self.phase) as f32);
                }
            });
    }

    /// Whether the head moves.
    pub(crate) fn moves(&self) -> bool {
        self.motion.is_some()
    }

    /// Applies the motion to a whole scan.
    pub(crate) fn shift(&self, scan: &mut Volume<Complex32>) {
        if let Some(motion) = &self.motion {
            motion.apply(scan.voxels_mut(), self.shape, 0);
        }
    }

    /// Applies the motion to a part that is 0 all around.
    pub(crate) fn shift_part(&self, part: &mut Volume<Complex32>, region: &[Range<usize>; 3]) {
        if let Some(motion) = &self.motion {
            motion.apply_part(part, self.shape, region);
        }
    }
}
