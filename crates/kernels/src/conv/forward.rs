//! A correlation, block by block.

use super::block::{BlockAt, Limits, SlabLayout, Vectors};
use super::correlation::{Correlation, Phase};
use super::finish::Finish;
use super::slab;
use super::tile::Sum;
use super::weights::{HIGH, PackedWeights};
use super::winograd::{self, PackTransformed};
use crate::parallel::{Scratch, Shared, grow, with_scratch};
use crate::simd::{InstructionSet, Kernel, Simd};
use rayon::prelude::*;

/// Floats of packed inputs that a block may have: 192 KiB, less than the second-level cache of most
/// processors.
const SLAB: usize = 48 << 10;
/// Blocks that each thread should find at least.
const BLOCKS_PER_THREAD: usize = 4;

/// Slices as long as the sizes say.
pub(super) fn run(
    level: InstructionSet,
    correlation: &Correlation,
    x: &[f32],
    w: &[f32],
    finish: &Finish,
    y: &mut [f32],
) {
    if y.is_empty() {
        return;
    }
    let winograd = correlation.winograd(w);
    let (correlation, w) = match &winograd {
        Some((transformed, w)) => (transformed, w.as_slice()),
        None => (correlation, w),
    };
    let lanes = level.lanes();
    let limits = Limits {
        floats: SLAB,
        blocks: BLOCKS_PER_THREAD * rayon::current_num_threads(),
        lanes,
    };
    let layout = SlabLayout::new(correlation, correlation.inputs, limits);
    let phases: Vec<PackedPhase> = correlation
        .phases
        .iter()
        .map(|phase| PackedPhase {
            phase,
            weights: PackedWeights::new(correlation, phase, w),
            taps: layout.taps(correlation, phase),
        })
        .collect();
    let whole = layout.vectors(correlation.stride[0], layout.block, lanes);
    let y = Shared::new(y);
    let plan = Plan {
        correlation,
        layout: &layout,
        phases: &phases,
        whole: &whole,
        lanes,
        x,
        finish,
        y,
    };
    (0..BlockAt::count(correlation, &layout))
        .into_par_iter()
        .for_each(|index| {
            let at = BlockAt::new(correlation, &layout, index);
            with_scratch(|scratch| plan.block(level, at, scratch));
        });
}

/// A phase ready to be summed.
struct PackedPhase<'a> {
    phase: &'a Phase,
    weights: PackedWeights,
    taps: Vec<usize>,
}

struct Plan<'a> {
    correlation: &'a Correlation,
    layout: &'a SlabLayout,
    phases: &'a [PackedPhase<'a>],
    /// The vectors of a whole block.
    whole: &'a Vectors,
    lanes: usize,
    x: &'a [f32],
    finish: &'a Finish<'a>,
    y: Shared,
}

impl Plan<'_> {
    fn block(&self, level: InstructionSet, at: BlockAt, scratch: &mut Scratch) {
        let (correlation, layout) = (self.correlation, self.layout);
        let (block, vectors) = layout.cut(correlation, &at, self.whole, self.lanes);
        let vectors = vectors.as_ref();
        // Sums of all outputs stay while the channels come in parts.
        let apart = vectors.starts.len() * self.lanes;
        let in_parts = layout.channels < correlation.inputs;
        let rows = if in_parts { correlation.outputs } else { HIGH };
        grow(&mut scratch.sums, self.phases.len() * rows * apart);
        let mut from = 0;
        loop {
            let count = layout.channels.min(correlation.inputs - from);
            let end = from + count;
            grow(&mut scratch.slab, count * layout.channel() + self.lanes);
            if correlation.transformed {
                level.run(PackTransformed {
                    correlation,
                    layout,
                    at: &at,
                    x: self.x,
                    channels: [from, count],
                    slab: &mut scratch.slab,
                });
            } else {
                slab::pack(
                    correlation,
                    layout,
                    &at,
                    self.x,
                    [from, count],
                    &mut scratch.slab,
                );
            }
            level.run(BlockKernel {
                plan: self,
                at,
                block,
                vectors,
                slab: &scratch.slab[..count * layout.channel() + self.lanes],
                sums: &mut scratch.sums,
                apart,
                channels: [from, count],
                last: end == correlation.inputs,
            });
            from = end;
            if from >= correlation.inputs {
                return;
            }
        }
    }
}

/// One block and some of the channels.
struct BlockKernel<'a> {
    plan: &'a Plan<'a>,
    at: BlockAt,
    block: [usize; 3],
    vectors: &'a Vectors,
    slab: &'a [f32],
    sums: &'a mut [f32],
    apart: usize,
    channels: [usize; 2],
    last: bool,
}

impl Kernel for BlockKernel<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let (plan, apart) = (self.plan, self.apart);
        let correlation = plan.correlation;
        let [from, count] = self.channels;
        let in_parts = plan.layout.channels < correlation.inputs;
        // Every phase cuts the outputs into the same blocks.
        let Some(packed) = plan.phases.first() else {
            return;
        };
        let blocks = &packed.weights.blocks;
        for block in 0..blocks.len() - 1 {
            let (first, high) = (blocks[block], blocks[block + 1] - blocks[block]);
            let row = |phase: usize| match in_parts {
                true => phase * correlation.outputs + first,
                false => phase * HIGH,
            };
            for (phase, packed) in plan.phases.iter().enumerate() {
                let sums = &mut self.sums[row(phase) * apart..][..high * apart];
                let weights = packed
                    .weights
                    .block(self.at.group, block, packed.taps.len(), from);
                let sum = Sum {
                    weights,
                    slab: self.slab,
                    channel: plan.layout.channel(),
                    channels: count,
                    taps: &packed.taps,
                };
                // SAFETY: the slab was packed for these taps and vectors, with a vector's slack at
                // its end; `sums` holds `high` rows of all vectors; the instruction set is there.
                unsafe {
                    let starts = &self.vectors.starts;
                    sum.block::<S>(high, starts, sums.as_mut_ptr(), apart, from > 0);
                }
            }
            if !self.last {
                continue;
            }
            for output in 0..high {
                // SAFETY: the instruction set is there, and phases lie as far apart as `row` says.
                unsafe {
                    if correlation.transformed {
                        let sums = &self.sums[(row(0) + output) * apart..];
                        self.write_transformed::<S>(
                            first + output,
                            sums,
                            (row(1) - row(0)) * apart,
                        );
                    } else {
                        for (phase, packed) in plan.phases.iter().enumerate() {
                            let sums = &self.sums[(row(phase) + output) * apart..][..apart];
                            self.write::<S>(packed.phase, first + output, sums);
                        }
                    }
                }
            }
        }
    }
}

impl BlockKernel<'_> {
    /// Finishes the sums of one channel and writes them where they belong.
    ///
    /// # Safety
    /// The processor has the instruction set of `S`.
    #[inline(always)]
    unsafe fn write<S: Simd>(&self, phase: &Phase, output: usize, sums: &[f32]) {
        let correlation = self.plan.correlation;
        let (target, step) = (correlation.target, correlation.step);
        let places = correlation.places_of(phase);
        let first = self.at.first;
        let count: [usize; 3] = std::array::from_fn(|axis| {
            self.block[axis].min(places[axis].saturating_sub(first[axis]))
        });
        let channel = self.at.group * correlation.outputs + output;
        let image = self.at.sample * correlation.groups * correlation.outputs + channel;
        let finish = self.plan.finish.of_channel(channel);
        let to = |axis: usize, place: usize| phase.first[axis] + (first[axis] + place) * step[axis];
        if count[2] == 0 {
            return;
        }
        for d in 0..count[0] {
            for h in 0..count[1] {
                let sums = &sums[d * self.vectors.plane + h * self.vectors.row..][..count[2]];
                let row = (image * target[0] + to(0, d)) * target[1] + to(1, h);
                let at = row * target[2] + to(2, 0);
                let length = (count[2] - 1) * step[2] + 1;
                // SAFETY: the last place of the row lies in the image. Blocks share no place, and
                // phases and channels of one block are written one after the other.
                unsafe {
                    let y = self.plan.y.slice(at, length);
                    finish.row::<S>(sums.as_ptr(), y.as_mut_ptr(), count[2], step[2]);
                }
            }
        }
    }

    /// Makes rows of outputs of one channel of the sums of transformed rows, which lie `phases`
    /// floats apart, and finishes them.
    ///
    /// # Safety
    /// The processor has the instruction set of `S`, and `sums` reaches to the last phase's.
    #[inline(always)]
    unsafe fn write_transformed<S: Simd>(&self, output: usize, sums: &[f32], phases: usize) {
        let correlation = self.plan.correlation;
        let target = correlation.target;
        let channel = self.at.group * correlation.outputs + output;
        let image = self.at.sample * correlation.groups * correlation.outputs + channel;
        let finish = self.plan.finish.of_channel(channel);
        let [first_d, first_h, first_w] = self.at.first;
        for d in 0..self.block[0] {
            for tile in 0..self.block[1] {
                let sums = &sums[d * self.vectors.plane + tile * self.vectors.row..];
                let h = (first_h + tile) * winograd::OUTPUTS;
                let rows = winograd::OUTPUTS.min(target[1] - h);
                let mut to = [std::ptr::null_mut(); winograd::OUTPUTS];
                for (row, to) in to.iter_mut().enumerate().take(rows) {
                    let row = (image * target[0] + first_d + d) * target[1] + h + row;
                    // SAFETY: the row lies in the image, and blocks share no place.
                    let y = unsafe { self.plan.y.slice(row * target[2] + first_w, self.block[2]) };
                    *to = y.as_mut_ptr();
                }
                // SAFETY: sums and rows are as long as the block is wide.
                unsafe {
                    winograd::write::<S>(finish, sums.as_ptr(), phases, &to[..rows], self.block[2]);
                }
            }
        }
    }
}
