//! Movement during the scan, as ghosts and blur along the phase encoding.

use super::fourier::filter_lines;
use crate::simulate::draw::Imperfections;
use crate::simulate::protocol::Encoding;
use crate::simulate::random::Stream;
use crate::volume::Volume;
use rustfft::num_complex::Complex32;

/// Moves the head along the phase encoding while its lines are measured one after the other:
/// a slow drift, a few jumps, and breathing. Each line of k-space gets the phase of its
/// moment's displacement; the middle line's is taken as the position. 2D slices are measured
/// each at a time of its own, a slab at once.
pub(super) fn apply(
    scan: &mut Volume<Complex32>,
    imperfections: &Imperfections,
    encoding: Encoding,
) {
    if imperfections.motion_mm == 0.0 {
        return;
    }
    let shape = scan.shape();
    let axis = imperfections.phase_axis.min(1);
    let spacing = scan.grid().spacing_mm()[axis];
    let lines = shape[axis];
    let tracks: Vec<Vec<f32>> = (0..shape[2])
        .map(|slice| {
            let item = if encoding == Encoding::Slab {
                0
            } else {
                slice as u64
            };
            let mut stream = Stream::new(imperfections.seed, "motion", item);
            track(&mut stream, imperfections.motion_mm, lines)
        })
        .collect();
    filter_lines(scan.voxels_mut(), shape, axis, |slice, line| {
        for (f, value) in line.iter_mut().enumerate() {
            // Lines are measured from one end of k-space to the other.
            let frequency = if 2 * f < lines {
                f as isize
            } else {
                f as isize - lines as isize
            };
            let moment = (frequency + (lines / 2) as isize) as usize;
            let moved = tracks[slice][moment.min(lines - 1)] / spacing as f32;
            let turn = -2.0 * std::f32::consts::PI * frequency as f32 / lines as f32 * moved;
            *value *= Complex32::cis(turn);
        }
    });
}

/// Displacement in mm at each line, 0 at the middle one.
fn track(stream: &mut Stream, deviation_mm: f64, lines: usize) -> Vec<f32> {
    let drift = deviation_mm * stream.normal();
    let jumps: Vec<(usize, f64)> = (0..stream.integer(0, 3))
        .map(|_| (stream.index(lines), deviation_mm * stream.normal()))
        .collect();
    let breathing = 0.3 * deviation_mm * stream.uniform(0.0, 1.0);
    let breaths = stream.uniform(8.0, 40.0);
    let begin = stream.uniform(0.0, 1.0);
    let at = |line: usize| {
        let share = line as f64 / lines as f64;
        let jumped: f64 = jumps
            .iter()
            .filter(|(when, _)| *when <= line)
            .map(|(_, d)| d)
            .sum();
        let breath = (2.0 * std::f64::consts::PI * (breaths * share + begin)).sin();
        drift * share + jumped + breathing * breath
    };
    let middle = at(lines / 2);
    (0..lines).map(|line| (at(line) - middle) as f32).collect()
}
