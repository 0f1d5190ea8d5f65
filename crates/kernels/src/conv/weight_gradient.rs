//! The gradient to the kernel: for every output channel, input channel and tap, a sum over all
//! places of the gradient to the output times the input that the tap read there.

use super::Conv;
use super::block::{BlockAt, Limits, SlabLayout, Vectors};
use super::correlation::Correlation;
use super::slab;
use super::tile::of_width;
use crate::parallel::{Scratch, Shared, grow, with_scratch};
use crate::simd::{InstructionSet, Kernel, Simd};
use rayon::prelude::*;

/// Floats of the packed inputs of one channel: 24 KiB, less than a first-level cache.
const SLAB: usize = 6 << 10;
/// Parts of the kernel that each thread should find at least.
const PARTS_PER_THREAD: usize = 2;

/// Outputs of a register tile.
const HIGH: usize = 4;

/// Taps beside `high` outputs that fit into the registers, 8 at most: a sum for each output and
/// tap, the inputs of the taps, and a gradient on its way.
const fn widest<S: Simd>(high: usize) -> usize {
    let fit = (S::REGISTERS - 1) / (high + 1);
    if fit < 8 { fit } else { 8 }
}

/// Slices as long as the sizes say.
pub(super) fn run(
    level: InstructionSet,
    conv: &Conv,
    target: [usize; 3],
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    dw.fill(0.0);
    if x.is_empty() || dy.is_empty() {
        return;
    }
    let lanes = level.lanes();
    let correlation = Correlation::forward(conv, target);
    let limits = Limits {
        floats: SLAB,
        blocks: 1,
        lanes,
    };
    let layout = SlabLayout::new(&correlation, 1, limits);
    let taps = layout.taps(&correlation, &correlation.phases[0]);
    let parts = PARTS_PER_THREAD * rayon::current_num_threads();
    let input_parts = correlation.inputs.min(parts);
    let output_parts =
        (parts / (input_parts * conv.groups).max(1)).clamp(1, correlation.outputs.div_ceil(HIGH));
    let plan = Plan {
        correlation: &correlation,
        layout: &layout,
        whole: &layout.vectors(correlation.stride[0], layout.block, lanes),
        taps: &taps,
        lanes,
        x,
        dy,
        dw: Shared::new(dw),
    };
    (0..conv.groups * input_parts * output_parts)
        .into_par_iter()
        .for_each(|part| {
            let group = part / (input_parts * output_parts);
            let input = part / output_parts % input_parts;
            let output = part % output_parts;
            let cut = |whole: usize, parts: usize, at: usize| {
                [at * whole / parts, (at + 1) * whole / parts]
            };
            let part = Part {
                group,
                inputs: cut(correlation.inputs, input_parts, input),
                outputs: cut(correlation.outputs, output_parts, output),
            };
            with_scratch(|scratch| plan.part(level, part, scratch));
        });
}

struct Plan<'a> {
    correlation: &'a Correlation,
    layout: &'a SlabLayout,
    /// The vectors of a whole block.
    whole: &'a Vectors,
    taps: &'a [usize],
    lanes: usize,
    x: &'a [f32],
    dy: &'a [f32],
    dw: Shared,
}

/// Channels of a group, each from the first to before the last.
#[derive(Clone, Copy)]
struct Part {
    group: usize,
    inputs: [usize; 2],
    outputs: [usize; 2],
}

impl Plan<'_> {
    fn part(&self, level: InstructionSet, part: Part, scratch: &mut Scratch) {
        let (correlation, layout) = (self.correlation, self.layout);
        for index in 0..BlockAt::count(correlation, layout) {
            let at = BlockAt::new(correlation, layout, index);
            if at.group != part.group {
                continue;
            }
            let (block, vectors) = layout.cut(correlation, &at, self.whole, self.lanes);
            let vectors = vectors.as_ref();
            let apart = vectors.starts.len() * self.lanes;
            self.pack_gradient(&at, part, block, vectors, &mut scratch.sums);
            for input in part.inputs[0]..part.inputs[1] {
                grow(&mut scratch.slab, layout.channel() + self.lanes);
                slab::pack(
                    correlation,
                    layout,
                    &at,
                    self.x,
                    [input, 1],
                    &mut scratch.slab,
                );
                // The last vectors read beyond the slab, where no leftover may be infinite: the
                // gradient there is zero, and zero times infinity is not.
                let slab = &mut scratch.slab[..layout.channel() + self.lanes];
                slab[layout.channel()..].fill(0.0);
                level.run(PartKernel {
                    plan: self,
                    part,
                    input,
                    vectors,
                    slab,
                    gradient: &scratch.sums,
                    apart,
                });
            }
        }
    }

    /// The gradient to the outputs of a block, in the order of the vectors, zero between rows.
    fn pack_gradient(
        &self,
        at: &BlockAt,
        part: Part,
        block: [usize; 3],
        vectors: &Vectors,
        packed: &mut Vec<f32>,
    ) {
        let correlation = self.correlation;
        let target = correlation.target;
        let apart = vectors.starts.len() * self.lanes;
        let outputs = part.outputs[1] - part.outputs[0];
        grow(packed, outputs * apart);
        packed[..outputs * apart].fill(0.0);
        for (output, packed) in packed.chunks_exact_mut(apart).take(outputs).enumerate() {
            let channel = part.group * correlation.outputs + part.outputs[0] + output;
            let image = at.sample * correlation.groups * correlation.outputs + channel;
            for d in 0..block[0] {
                for h in 0..block[1] {
                    let row = (image * target[0] + at.first[0] + d) * target[1] + at.first[1] + h;
                    let from = row * target[2] + at.first[2];
                    packed[d * vectors.plane + h * vectors.row..][..block[2]]
                        .copy_from_slice(&self.dy[from..][..block[2]]);
                }
            }
        }
    }
}

/// One block, one input channel, some output channels, all taps.
struct PartKernel<'a> {
    plan: &'a Plan<'a>,
    part: Part,
    input: usize,
    vectors: &'a Vectors,
    slab: &'a [f32],
    gradient: &'a [f32],
    apart: usize,
}

impl Kernel for PartKernel<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let [first, end] = self.part.outputs;
        let mut output = 0;
        // SAFETY: the instruction set is there; `output` and the ones after it that each call
        // computes are outputs of this part.
        unsafe {
            while first + output < end {
                match end - first - output {
                    1 => self.of_height::<S, 1>(output),
                    2 => self.of_height::<S, 2>(output),
                    3 => self.of_height::<S, 3>(output),
                    _ => self.of_height::<S, 4>(output),
                }
                output += HIGH;
            }
        }
    }
}

impl PartKernel<'_> {
    /// # Safety
    /// The part has outputs `output..output + HIGH`, and the processor has the instruction set.
    #[inline(always)]
    unsafe fn of_height<S: Simd, const HIGH: usize>(&self, output: usize) {
        let taps = self.plan.taps.len();
        let tiles = taps.div_ceil(widest::<S>(HIGH));
        for tile in 0..tiles {
            let from = tile * taps / tiles;
            let end = (tile + 1) * taps / tiles;
            // SAFETY: as the caller vouches; the taps of the tile exist.
            unsafe { of_width!(S, HIGH, widest, end - from, self.tile(output, from)) };
        }
    }

    /// Adds to the gradient of `HIGH` outputs from `output` on, and `WIDE` taps from `first` on.
    ///
    /// # Safety
    /// They exist, and the processor has the instruction set.
    #[inline(always)]
    unsafe fn tile<S: Simd, const HIGH: usize, const WIDE: usize>(
        &self,
        output: usize,
        first: usize,
    ) {
        let plan = self.plan;
        debug_assert!({
            let most = |of: &[usize]| of.iter().max().copied().unwrap_or_default();
            most(plan.taps) + most(&self.vectors.starts) + S::LANES <= self.slab.len()
        });
        // SAFETY: the gradient holds `apart` floats an output, as many as there are vectors; the
        // slab was packed for these vectors and taps, with a vector's slack at its end. No other
        // part writes to this part's places in `dw`.
        unsafe {
            let mut sum = [[S::splat(0.0); WIDE]; HIGH];
            let taps: &[usize; WIDE] = &*plan.taps.as_ptr().add(first).cast();
            let mut gradient = self.gradient.as_ptr().add(output * self.apart);
            for start in &self.vectors.starts {
                let slab = self.slab.as_ptr().add(*start);
                let mut inputs = [S::splat(0.0); WIDE];
                for tap in 0..WIDE {
                    inputs[tap] = S::load(slab.add(taps[tap]));
                }
                for output in 0..HIGH {
                    let gradient = S::load(gradient.add(output * self.apart));
                    for tap in 0..WIDE {
                        sum[output][tap] = S::mul_add(gradient, inputs[tap], sum[output][tap]);
                    }
                }
                gradient = gradient.add(S::LANES);
            }
            let correlation = plan.correlation;
            for (row, sum) in sum.iter().enumerate() {
                let channel =
                    self.part.group * correlation.outputs + self.part.outputs[0] + output + row;
                let at = (channel * correlation.inputs + self.input) * plan.taps.len() + first;
                let to = plan.dw.slice(at, WIDE);
                for (to, sum) in to.iter_mut().zip(sum) {
                    *to += S::sum(*sum);
                }
            }
        }
    }
}
