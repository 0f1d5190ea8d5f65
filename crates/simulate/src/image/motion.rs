//! Movement during the scan, as ghosts and blur along the phase encoding.

use super::fourier::filter_lines;
use crate::draw::Imperfections;
use crate::protocol::Encoding;
use rustfft::num_complex::Complex32;
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, Volume};
use std::ops::Range;

/// Movement of the head along the phase encoding while its lines are measured one after the
/// other: a slow drift, a few jumps, and breathing. Each line of k-space gets the phase of its
/// moment's displacement; the middle line's is taken as the position. 2D slices are measured
/// each at a time of its own, a slab at once.
pub(super) struct Motion {
    axis: usize,
    /// Per slice, the turn in rad of each frequency in the order of a transform.
    turns: Vec<Vec<Complex32>>,
}

impl Motion {
    /// None where the head lies still.
    pub(super) fn new(
        grid: &Grid,
        imperfections: &Imperfections,
        encoding: Encoding,
    ) -> Option<Self> {
        if imperfections.motion_mm == 0.0 {
            return None;
        }
        let axis = imperfections.phase_axis.min(1);
        let spacing = grid.spacing_mm()[axis] as f32;
        let lines = grid.shape()[axis];
        let turns = (0..grid.shape()[2])
            .map(|slice| {
                let item = if encoding == Encoding::Slab {
                    0
                } else {
                    slice as u64
                };
                let mut stream = Stream::new(imperfections.seed, "motion", item);
                let track = track(&mut stream, imperfections.motion_mm, lines);
                (0..lines)
                    .map(|f| {
                        // Lines are measured from one end of k-space to the other.
                        let negative = 2 * f >= lines;
                        let frequency = f as isize - if negative { lines as isize } else { 0 };
                        let moment = (frequency + (lines / 2) as isize) as usize;
                        let moved = track[moment.min(lines - 1)] / spacing;
                        let turns = frequency as f32 / lines as f32 * moved;
                        Complex32::cis(-2.0 * std::f32::consts::PI * turns)
                    })
                    .collect()
            })
            .collect();
        Some(Self { axis, turns })
    }

    /// Moves whole slices, the first of which is number `first_slice` of the scan.
    pub(super) fn apply(&self, voxels: &mut [Complex32], shape: [usize; 3], first_slice: usize) {
        filter_lines(voxels, shape, self.axis, |slice, line| {
            for (value, turn) in line.iter_mut().zip(&self.turns[first_slice + slice]) {
                *value *= turn;
            }
        });
    }

    /// Moves a part that is 0 all around; what moves out of it is lost.
    pub(super) fn apply_part(
        &self,
        part: &mut Volume<Complex32>,
        shape: [usize; 3],
        region: &[Range<usize>; 3],
    ) {
        // Stretched to whole lines along the phase encoding.
        let own = part.shape();
        let mut long = own;
        long[self.axis] = shape[self.axis];
        let mut shift = [0; 2];
        shift[self.axis] = region[self.axis].start;
        let place = |o: usize| {
            let (i, j, k) = (o % own[0], o / own[0] % own[1], o / (own[0] * own[1]));
            i + shift[0] + long[0] * (j + shift[1] + long[1] * k)
        };
        let mut lines = vec![Complex32::default(); long.iter().product()];
        for (o, value) in part.voxels().iter().enumerate() {
            lines[place(o)] = *value;
        }
        self.apply(&mut lines, long, region[2].start);
        for (o, value) in part.voxels_mut().iter_mut().enumerate() {
            *value = lines[place(o)];
        }
    }
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
