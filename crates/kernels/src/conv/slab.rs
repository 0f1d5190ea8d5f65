use super::block::{BlockAt, SlabLayout};
use super::correlation::Correlation;

/// Packs channels `from..from + count` of a group for a block: padding becomes zeros, strides become
/// phases. `slab` is as long as the layout says for the channels, at least.
pub(super) fn pack(
    correlation: &Correlation,
    layout: &SlabLayout,
    at: &BlockAt,
    x: &[f32],
    [from, count]: [usize; 2],
    slab: &mut [f32],
) {
    let source = correlation.source;
    let voxels: usize = source.iter().product();
    let first = at.source(correlation, layout);
    let first_channel = (at.sample * correlation.groups + at.group) * correlation.inputs + from;
    let columns = Columns {
        first: first[2],
        stride: correlation.stride[2],
        source: source[2],
    };
    let mut rows = slab.chunks_exact_mut(layout.row);
    for channel in first_channel..first_channel + count {
        let x = &x[channel * voxels..][..voxels];
        for plane in 0..layout.planes {
            let d = inside(first[0], plane, source[0]);
            for &[ph, pw] in &layout.phases {
                for row in 0..layout.rows {
                    let Some(to) = rows.next() else { return };
                    let h = inside(first[1], ph + row * correlation.stride[1], source[1]);
                    match d.zip(h) {
                        Some((d, h)) => {
                            let x = &x[(d * source[1] + h) * source[2]..][..source[2]];
                            columns.copy(pw, x, to);
                        }
                        None => to.fill(0.0),
                    }
                }
            }
        }
    }
}

/// `first + by`, where the source has it.
pub(super) fn inside(first: isize, by: usize, size: usize) -> Option<usize> {
    first
        .checked_add_unsigned(by)
        .and_then(|v| usize::try_from(v).ok())
        .filter(|v| *v < size)
}

/// How a row is packed: its first column (negative in the padding), the step from one to the next,
/// and the columns there are.
pub(super) struct Columns {
    pub(super) first: isize,
    pub(super) stride: usize,
    pub(super) source: usize,
}

impl Columns {
    /// Every `stride`-th value from column `first + phase` on, zeros where there is none.
    #[inline(always)]
    pub(super) fn copy(&self, phase: usize, x: &[f32], to: &mut [f32]) {
        let first = self.first + super::correlation::signed(phase);
        let stride = self.stride;
        // The first and the last column of `to` that has a source.
        let before = (-first)
            .max(0)
            .unsigned_abs()
            .div_ceil(stride)
            .min(to.len());
        let left = (super::correlation::signed(self.source) - first)
            .max(0)
            .unsigned_abs();
        let end = left.div_ceil(stride).clamp(before, to.len());
        to[..before].fill(0.0);
        to[end..].fill(0.0);
        if before == end {
            return;
        }
        let from = (first + super::correlation::signed(before * stride)).unsigned_abs();
        let to = &mut to[before..end];
        if stride == 1 {
            to.copy_from_slice(&x[from..from + to.len()]);
        } else {
            for (to, x) in to.iter_mut().zip(x[from..].iter().step_by(stride)) {
                *to = *x;
            }
        }
    }
}
