use super::correlation::{Correlation, Phase};
use rayon::prelude::*;

/// Outputs of a register tile.
pub(super) const HIGH: usize = 6;

/// The kernel of a phase in the order in which it is used:
/// `[group, block of outputs, input, tap, output of the block]`.
#[derive(Debug)]
pub(super) struct PackedWeights {
    values: Vec<f32>,
    /// First output of each block, and the end.
    pub(super) blocks: Vec<usize>,
    per_output: usize,
    outputs: usize,
}

impl PackedWeights {
    pub(super) fn new(correlation: &Correlation, phase: &Phase, w: &[f32]) -> Self {
        let outputs = correlation.outputs;
        let parts = outputs.div_ceil(HIGH);
        // Blocks as even as they go: 8 is 4 and 4, not 6 and 2.
        let blocks: Vec<usize> = (0..=parts)
            .map(|part| part * outputs / parts.max(1))
            .collect();
        let per_output = correlation.inputs * phase.taps.len();
        let mut values = vec![0.0; correlation.groups * outputs * per_output];
        let mut rest = values.as_mut_slice();
        let mut tasks = Vec::with_capacity(correlation.groups * parts);
        for group in 0..correlation.groups {
            for block in blocks.windows(2) {
                let (task, after) = rest.split_at_mut((block[1] - block[0]) * per_output);
                tasks.push((group, block[0], block[1] - block[0], task));
                rest = after;
            }
        }
        let many = correlation.groups * outputs * per_output > 1 << 14;
        let pack = |(group, first, high, values): (usize, usize, usize, &mut [f32])| {
            let mut to = values.chunks_exact_mut(high.max(1));
            for input in 0..correlation.inputs {
                for tap in &phase.taps {
                    let Some(to) = to.next() else { return };
                    for (output, to) in to.iter_mut().enumerate() {
                        *to = w[correlation.weight_at(group, first + output, input, tap)];
                    }
                }
            }
        };
        if many {
            tasks.into_par_iter().for_each(pack);
        } else {
            tasks.into_iter().for_each(pack);
        }
        Self {
            values,
            blocks,
            per_output,
            outputs,
        }
    }

    /// The weights of a block of outputs, from `input` on.
    pub(super) fn block(&self, group: usize, block: usize, taps: usize, input: usize) -> &[f32] {
        let (first, end) = (self.blocks[block], self.blocks[block + 1]);
        let start = (group * self.outputs + first) * self.per_output;
        &self.values[start..][..(end - first) * self.per_output][input * taps * (end - first)..]
    }
}
