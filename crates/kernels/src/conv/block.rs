//! How the outputs are cut into blocks whose inputs fit into a core's own cache, and where in the
//! packed inputs of a block everything lies.

use super::correlation::{Correlation, Phase, signed};
use std::borrow::Cow;

/// The widest block.
const WIDEST: usize = 1024;

/// What a cut into blocks must keep to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Floats of packed inputs of a block, of all channels that are packed at a time.
    pub(super) floats: usize,
    /// Blocks there should be at least, where the outputs are that many.
    pub(super) blocks: usize,
    /// Floats in a vector.
    pub(super) lanes: usize,
}

/// The packed inputs of a block: `[channel, plane, phase, row, column]`, where a phase holds every
/// `stride`-th row and column, so that neighbours in an output row are neighbours here; or, where
/// the correlation is transformed, one of the rows that a few rows were made into.
#[derive(Debug, Clone)]
pub(super) struct SlabLayout {
    /// Places of outputs in a block along each axis; blocks at the end may have fewer.
    pub(super) block: [usize; 3],
    /// Channels packed at a time.
    pub(super) channels: usize,
    /// Smallest offset of a tap along each axis.
    pub(super) least: [isize; 3],
    /// Planes of inputs.
    pub(super) planes: usize,
    /// The phases of rows and columns that taps read.
    pub(super) phases: Vec<[usize; 2]>,
    /// Rows of a phase, and floats from one row to the next.
    pub(super) rows: usize,
    pub(super) row: usize,
}

impl SlabLayout {
    /// Blocks as large as the limits allow, whole rows first; `channels` are packed at a time, or
    /// fewer where even a piece of a row of them is too much.
    pub(super) fn new(correlation: &Correlation, channels: usize, limits: Limits) -> Self {
        let lanes = limits.lanes;
        let places = correlation.places();
        let blocks_of = |block: [usize; 3]| -> usize {
            let blocks: usize = (0..3)
                .map(|axis| places[axis].div_ceil(block[axis]))
                .product();
            blocks * correlation.batch * correlation.groups
        };
        let width = even(places[2], WIDEST, lanes);
        let mut layout = Self::of(correlation, [1, 1, width], channels);
        while layout.floats() > limits.floats && layout.block[2] > 4 * lanes {
            let width = even(places[2], layout.block[2] / 2, lanes);
            layout = Self::of(correlation, [1, 1, width], channels);
        }
        if layout.floats() > limits.floats {
            let fit = limits.floats / layout.channel();
            layout.channels = even(channels, fit.max(1), 1);
        }
        for axis in [1, 0] {
            let whole = layout.block[axis + 1] == places[axis + 1];
            let mut parts = places[axis];
            while whole && parts > 1 {
                // One part fewer, and as even as it goes.
                let block = places[axis].div_ceil(parts - 1);
                let mut larger = layout.block;
                larger[axis] = block;
                let larger = Self::of(correlation, larger, layout.channels);
                if larger.floats() > limits.floats || blocks_of(larger.block) < limits.blocks {
                    break;
                }
                parts = places[axis].div_ceil(block);
                layout = larger;
            }
        }
        layout
    }

    fn of(correlation: &Correlation, block: [usize; 3], channels: usize) -> Self {
        let reach = correlation.reach();
        let stride = correlation.stride;
        let span = |axis: usize| reach[axis][1].abs_diff(reach[axis][0]);
        if correlation.transformed {
            return Self {
                block,
                channels,
                least: reach.map(|[least, _]| least),
                planes: block[0] + span(0),
                phases: (0..super::winograd::ROWS).map(|row| [row, 0]).collect(),
                rows: block[1],
                row: block[2] + span(2),
            };
        }
        let mut phases: Vec<[usize; 2]> = correlation
            .phases
            .iter()
            .flat_map(|phase| &phase.taps)
            .map(|tap| [1, 2].map(|axis| tap.offset[axis].abs_diff(reach[axis][0]) % stride[axis]))
            .collect();
        phases.sort_unstable();
        phases.dedup();
        let of_phase = |axis: usize| block[axis] + span(axis) / stride[axis];
        Self {
            block,
            channels,
            least: reach.map(|[least, _]| least),
            planes: (block[0] - 1) * stride[0] + span(0) + 1,
            phases,
            rows: of_phase(1),
            row: of_phase(2),
        }
    }

    /// Floats of one channel.
    pub(super) fn channel(&self) -> usize {
        self.planes * self.plane()
    }

    /// Floats of one plane.
    pub(super) fn plane(&self) -> usize {
        self.phases.len() * self.rows * self.row
    }

    /// Floats of all channels that are packed at a time.
    pub(super) fn floats(&self) -> usize {
        self.channels * self.channel()
    }

    /// Where the taps of a phase find the inputs of the block's first output.
    pub(super) fn taps(&self, correlation: &Correlation, phase: &Phase) -> Vec<usize> {
        let stride = correlation.stride;
        phase
            .taps
            .iter()
            .map(|tap| {
                let [d, h, w] =
                    [0, 1, 2].map(|axis| (tap.offset[axis] - self.least[axis]).unsigned_abs());
                if correlation.transformed {
                    return d * self.plane() + h * self.rows * self.row + w;
                }
                let of = [h % stride[1], w % stride[2]];
                let of = self.phases.partition_point(|phase| *phase < of);
                d * self.plane() + (of * self.rows + h / stride[1]) * self.row + w / stride[2]
            })
            .collect()
    }

    /// The size of the block `at`, less at the end of an axis, and its vectors: `whole`, which are
    /// those of a whole block, or its own.
    pub(super) fn cut<'a>(
        &self,
        correlation: &Correlation,
        at: &BlockAt,
        whole: &'a Vectors,
        lanes: usize,
    ) -> ([usize; 3], Cow<'a, Vectors>) {
        let places = correlation.places();
        let block = std::array::from_fn(|axis| self.block[axis].min(places[axis] - at.first[axis]));
        let vectors = if block == self.block {
            Cow::Borrowed(whole)
        } else {
            Cow::Owned(self.vectors(correlation.stride[0], block, lanes))
        };
        (block, vectors)
    }

    /// The vectors that cover the outputs of a block.
    pub(super) fn vectors(&self, stride: usize, block: [usize; 3], lanes: usize) -> Vectors {
        let plane = stride * self.plane();
        // Vectors that begin with each row, or vectors that run on over the rows and what lies
        // between them: whichever is fewer.
        let by_row = block[1] * block[2].div_ceil(lanes);
        let run = (block[1] - 1) * self.row + block[2];
        let mut starts = Vec::new();
        let of_plane = by_row.min(run.div_ceil(lanes));
        for d in 0..block[0] {
            if of_plane < by_row {
                starts.extend((0..of_plane).map(|v| d * plane + v * lanes));
            } else {
                for h in 0..block[1] {
                    let row = d * plane + h * self.row;
                    starts.extend((0..block[2].div_ceil(lanes)).map(|v| row + v * lanes));
                }
            }
        }
        Vectors {
            starts,
            plane: of_plane * lanes,
            row: if of_plane < by_row {
                self.row
            } else {
                block[2].div_ceil(lanes) * lanes
            },
        }
    }
}

/// The vectors that cover the outputs of a block.
#[derive(Debug, Clone)]
pub(super) struct Vectors {
    /// Where in the slab each vector of inputs begins, for a tap at offset zero.
    pub(super) starts: Vec<usize>,
    /// Floats from plane to plane, and from row to row, among the sums of the vectors.
    pub(super) plane: usize,
    pub(super) row: usize,
}

/// Block `index` of the correlation: sample, group, and the first place along each axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockAt {
    pub(super) sample: usize,
    pub(super) group: usize,
    pub(super) first: [usize; 3],
}

impl BlockAt {
    pub(super) fn new(correlation: &Correlation, layout: &SlabLayout, index: usize) -> Self {
        let places = correlation.places();
        let [d, h, w] = [0, 1, 2].map(|axis| places[axis].div_ceil(layout.block[axis]));
        let (index, w) = (index / w, index % w);
        let (index, h) = (index / h, index % h);
        let (index, d) = (index / d, index % d);
        let first = [d, h, w];
        Self {
            sample: index / correlation.groups,
            group: index % correlation.groups,
            first: std::array::from_fn(|axis| first[axis] * layout.block[axis]),
        }
    }

    pub(super) fn count(correlation: &Correlation, layout: &SlabLayout) -> usize {
        let places = correlation.places();
        let blocks = (0..3).map(|axis| places[axis].div_ceil(layout.block[axis]));
        correlation.batch * correlation.groups * blocks.product::<usize>()
    }

    /// The input at the slab's first row and column along each axis; negative in the padding.
    pub(super) fn source(&self, correlation: &Correlation, layout: &SlabLayout) -> [isize; 3] {
        std::array::from_fn(|axis| {
            signed(self.first[axis] * correlation.stride[axis]) + layout.least[axis]
        })
    }
}

/// The even part of `whole` that is at most `most`, rounded up to multiples of `of`.
fn even(whole: usize, most: usize, of: usize) -> usize {
    let parts = whole.div_ceil(most.max(1)).max(1);
    whole.div_ceil(parts).next_multiple_of(of).min(whole).max(1)
}
