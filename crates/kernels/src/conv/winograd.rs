//! Three taps along the height by half the multiplications: Winograd's minimal filtering `F(4, 3)`
//! (Lavin 2016, arXiv 1509.09308), along one axis.
//!
//! Six rows of the input become six others, each of which is multiplied with a transformed tap, and
//! six sums become four rows of the output: `y = Aᵀ [(G g) ⊙ (Bᵀ d)]`. The rows are whole vectors, so
//! the transforms are a few additions a value, shared by all output and input channels.
//!
//! What is not finite spreads: an infinity in one row of the input makes all four rows of outputs of
//! its tiles not a number, also those that no tap connects with it.

use super::block::{BlockAt, SlabLayout};
use super::correlation::{Correlation, Phase, Tap};
use super::finish::FinishChannel;
use super::slab::{Columns, inside};
use crate::activation::padded;
use crate::simd::{Kernel, Simd};
use rayon::prelude::*;

/// Transformed rows of a tile.
pub(super) const ROWS: usize = 6;
/// Rows of the output that they make.
pub(super) const OUTPUTS: usize = 4;

/// Channels on either side from which on the transforms cost less than they save; tests reach all
/// of this with small sizes.
const LEAST_CHANNELS: usize = if cfg!(test) { 3 } else { 8 };
/// Voxels of the output from which on transforming the kernel costs less than it saves.
const LEAST_VOXELS: usize = if cfg!(test) { 64 } else { 2048 };

impl Correlation {
    /// The same correlation with rows transformed, and its kernel; nothing where that would not be
    /// faster: it takes three neighbouring taps along the height, stride 1, and enough to do.
    pub(super) fn winograd(&self, w: &[f32]) -> Option<(Self, Vec<f32>)> {
        let [phase] = self.phases.as_slice() else {
            return None;
        };
        let reach = self.reach();
        let taps = |offset: isize| -> Vec<Tap> {
            let row = phase.taps.iter().filter(|tap| tap.offset[1] == offset);
            row.copied().collect()
        };
        let least = reach[1][0];
        let rows = [least, least + 1, least + 2].map(taps);
        let three =
            reach[1][1] == least + 2 && rows.iter().all(|row| row.len() * 3 == phase.taps.len());
        let plain = !self.transformed && self.stride == [1; 3] && self.step == [1; 3];
        let voxels = self.batch * self.target.iter().product::<usize>();
        // Rows that the last tile computes and nobody wants.
        let whole = self.target[1].next_multiple_of(OUTPUTS);
        let pays = self.inputs.min(self.outputs) >= LEAST_CHANNELS
            && voxels >= LEAST_VOXELS
            && self.target[1] * 4 >= whole * 3;
        if !(three && plain && pays) {
            return None;
        }
        let across = rows[0].len();
        let kernels = self.groups * self.outputs * self.inputs;
        let mut transformed = vec![0.0; kernels * ROWS * across];
        transformed
            .par_chunks_exact_mut(ROWS * across)
            .zip(w.par_chunks_exact(self.taps))
            .for_each(|(to, w)| {
                for at in 0..across {
                    let g = [0, 1, 2].map(|row: usize| w[rows[row][at].kernel]);
                    for (row, v) in taps_of(g).into_iter().enumerate() {
                        to[row * across + at] = v;
                    }
                }
            });
        let phases = (0..ROWS).map(|row| Phase {
            first: [0; 3],
            taps: rows[0]
                .iter()
                .enumerate()
                .map(|(at, tap)| Tap {
                    offset: [tap.offset[0], least + row as isize, tap.offset[2]],
                    kernel: row * across + at,
                })
                .collect(),
        });
        let correlation = Self {
            stride: [1, OUTPUTS, 1],
            step: [1, OUTPUTS, 1],
            phases: phases.collect(),
            taps: ROWS * across,
            transformed: true,
            ..*self
        };
        Some((correlation, transformed))
    }
}

/// `G g`.
fn taps_of([a, b, c]: [f32; 3]) -> [f32; ROWS] {
    let (sixth, even, odd) = (-1.0 / 6.0, a / 24.0 + c / 6.0, b / 12.0);
    [
        a / 4.0,
        sixth * (a + c + b),
        sixth * (a + c - b),
        even + odd,
        even - odd,
        c,
    ]
}

/// `Bᵀ d`.
///
/// # Safety
/// The processor has the instruction set of `S`.
#[inline(always)]
unsafe fn inputs_of<S: Simd>(d: [S::V; ROWS]) -> [S::V; ROWS] {
    // SAFETY: as the caller vouches.
    unsafe {
        let even = S::mul_add(S::splat(-4.0), d[2], d[4]);
        let odd = S::mul_add(S::splat(-4.0), d[1], d[3]);
        let near = S::mul_add(S::splat(-1.0), d[2], d[4]);
        let far = S::mul(S::splat(2.0), S::mul_add(S::splat(-1.0), d[1], d[3]));
        let minus = S::splat(-1.0);
        [
            S::mul_add(S::splat(4.0), d[0], S::mul_add(S::splat(-5.0), d[2], d[4])),
            S::add(even, odd),
            S::mul_add(minus, odd, even),
            S::add(near, far),
            S::mul_add(minus, far, near),
            S::mul_add(S::splat(4.0), d[1], S::mul_add(S::splat(-5.0), d[3], d[5])),
        ]
    }
}

/// `Aᵀ m`.
///
/// # Safety
/// The processor has the instruction set of `S`.
#[inline(always)]
unsafe fn outputs_of<S: Simd>(m: [S::V; ROWS]) -> [S::V; OUTPUTS] {
    // SAFETY: as the caller vouches.
    unsafe {
        let minus = S::splat(-1.0);
        let (near, far) = (S::add(m[1], m[2]), S::add(m[3], m[4]));
        let (near_odd, far_odd) = (S::mul_add(minus, m[2], m[1]), S::mul_add(minus, m[4], m[3]));
        [
            S::add(m[0], S::add(near, far)),
            S::mul_add(S::splat(2.0), far_odd, near_odd),
            S::mul_add(S::splat(4.0), far, near),
            S::add(m[5], S::mul_add(S::splat(8.0), far_odd, near_odd)),
        ]
    }
}

/// Packs channels `from..from + count` of a group for a block, rows transformed.
pub(super) struct PackTransformed<'a> {
    pub(super) correlation: &'a Correlation,
    pub(super) layout: &'a SlabLayout,
    pub(super) at: &'a BlockAt,
    pub(super) x: &'a [f32],
    pub(super) channels: [usize; 2],
    /// As long as the layout says for the channels, at least.
    pub(super) slab: &'a mut [f32],
}

impl Kernel for PackTransformed<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Self { layout, .. } = self;
        let source = self.correlation.source;
        let voxels: usize = source.iter().product();
        let first = self.at.source(self.correlation, layout);
        let [from, count] = self.channels;
        let group = self.at.sample * self.correlation.groups + self.at.group;
        let first_channel = group * self.correlation.inputs + from;
        let columns = Columns {
            first: first[2],
            stride: 1,
            source: source[2],
        };
        // Six rows, each with room for a whole vector at its end.
        let long = layout.row.next_multiple_of(16);
        let mut rows = vec![0.0f32; ROWS * long];
        let apart = layout.rows * layout.row;
        for (channel, slab) in self
            .slab
            .chunks_exact_mut(layout.channel())
            .take(count)
            .enumerate()
        {
            let x = &self.x[(first_channel + channel) * voxels..][..voxels];
            for (plane, slab) in slab.chunks_exact_mut(layout.plane()).enumerate() {
                let Some(d) = inside(first[0], plane, source[0]) else {
                    slab.fill(0.0);
                    continue;
                };
                for tile in 0..layout.rows {
                    for (row, to) in rows.chunks_exact_mut(long).enumerate() {
                        let to = &mut to[..layout.row];
                        match inside(first[1], tile * OUTPUTS + row, source[1]) {
                            Some(h) => {
                                let x = &x[(d * source[1] + h) * source[2]..][..source[2]];
                                columns.copy(0, x, to);
                            }
                            None => to.fill(0.0),
                        }
                    }
                    let slab = &mut slab[tile * layout.row..];
                    // SAFETY: the instruction set is there; `rows` has six rows of `long`.
                    unsafe { transform::<S>(&rows, long, slab, apart, layout.row) };
                }
            }
        }
    }
}

/// Transforms six rows, `long` apart, into six of `length` values in `slab`, `apart` apart.
///
/// # Safety
/// The processor has the instruction set of `S`; rows are as long as whole vectors over `length`.
#[inline(always)]
unsafe fn transform<S: Simd>(
    rows: &[f32],
    long: usize,
    slab: &mut [f32],
    apart: usize,
    length: usize,
) {
    let whole = length / S::LANES * S::LANES;
    let mut at = 0;
    // SAFETY: as the caller vouches; a whole vector ends at or before `length`, which lies in each
    // of the rows of the slab, and the last part is copied value by value.
    unsafe {
        while at < length {
            let mut d = [S::splat(0.0); ROWS];
            for (row, d) in d.iter_mut().enumerate() {
                *d = S::load(rows.as_ptr().add(row * long + at));
            }
            let transformed = inputs_of::<S>(d);
            for (row, v) in transformed.into_iter().enumerate() {
                if at < whole {
                    let to = &mut slab[row * apart + at..][..S::LANES];
                    S::store(to.as_mut_ptr(), v);
                } else {
                    let mut last = [0.0f32; 16];
                    S::store(last.as_mut_ptr(), v);
                    slab[row * apart + at..][..length - at].copy_from_slice(&last[..length - at]);
                }
            }
            at += S::LANES;
        }
    }
}

/// Makes four rows of outputs of six rows of sums, `apart` floats apart, and finishes them.
///
/// # Safety
/// The processor has the instruction set of `S`; `count` floats can be read at each row of `sums`,
/// and written at each of the rows in `to`.
#[inline(always)]
pub(super) unsafe fn write<S: Simd>(
    finish: FinishChannel,
    sums: *const f32,
    apart: usize,
    to: &[*mut f32],
    count: usize,
) {
    let mut at = 0;
    // SAFETY: as the caller vouches; the last, shorter vector goes through an array.
    unsafe {
        while at < count {
            let left = count - at;
            let mut m = [S::splat(0.0); ROWS];
            for (row, m) in m.iter_mut().enumerate() {
                let from = sums.add(row * apart + at);
                *m = if left >= S::LANES {
                    S::load(from)
                } else {
                    S::load(padded(std::slice::from_raw_parts(from, left)).as_ptr())
                };
            }
            let y = outputs_of::<S>(m);
            for (to, y) in to.iter().zip(y) {
                let y = finish.of::<S>(y);
                if left >= S::LANES {
                    S::store(to.add(at), y);
                } else {
                    let mut last = [0.0f32; 16];
                    S::store(last.as_mut_ptr(), y);
                    std::ptr::copy_nonoverlapping(last.as_ptr(), to.add(at), left);
                }
            }
            at += S::LANES;
        }
    }
}
