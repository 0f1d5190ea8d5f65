//! Convolution and its gradient to the input, as one thing.
//!
//! Both are sums over taps: an output is a weighted sum of inputs at fixed offsets. The gradient to
//! the input of a convolution with stride `s` is `s` such sums a dimension (its *phases*), each for
//! every `s`-th place and over the taps that reach it.

use super::Conv;

/// `y[n, o, first + q · step] = Σ_i Σ_taps w[o, i, tap] x[n, i, q · stride + tap.offset]`
/// for every phase and every `q` whose output exists; `x` is zero outside of its sizes.
#[derive(Debug)]
pub(super) struct Correlation {
    pub(super) batch: usize,
    pub(super) groups: usize,
    /// Channels of `x` and of `y`, of one group.
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Depth, height and width of `x` and of `y`.
    pub(super) source: [usize; 3],
    pub(super) target: [usize; 3],
    pub(super) stride: [usize; 3],
    pub(super) step: [usize; 3],
    pub(super) phases: Vec<Phase>,
    /// Values of the kernel from one channel to another.
    pub(super) taps: usize,
    /// Whether the kernel's first axis is the channels of `y` (else those of `x`).
    pub(super) outputs_first: bool,
    /// Whether the phases are those of [`super::winograd`]: sums of transformed rows, which become
    /// outputs together.
    pub(super) transformed: bool,
}

#[derive(Debug)]
pub(super) struct Phase {
    pub(super) first: [usize; 3],
    pub(super) taps: Vec<Tap>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Tap {
    pub(super) offset: [isize; 3],
    /// Its place in the kernel.
    pub(super) kernel: usize,
}

impl Correlation {
    pub(super) fn forward(conv: &Conv, target: [usize; 3]) -> Self {
        let offsets = std::array::from_fn(|axis| {
            (0..conv.kernel[axis])
                .map(|k| {
                    (
                        k,
                        signed(k * conv.dilation[axis]) - signed(conv.padding[axis][0]),
                    )
                })
                .collect()
        });
        Self {
            batch: conv.batch,
            groups: conv.groups,
            inputs: conv.channels[0] / conv.groups,
            outputs: conv.channels[1] / conv.groups,
            source: conv.size,
            target,
            stride: conv.stride,
            step: [1; 3],
            phases: vec![Phase {
                first: [0; 3],
                taps: taps(conv.kernel, &offsets),
            }],
            taps: conv.kernel.iter().product(),
            outputs_first: true,
            transformed: false,
        }
        .flattened()
    }

    /// `source` is the size of the convolution's output.
    pub(super) fn input_gradient(conv: &Conv, source: [usize; 3]) -> Self {
        let stride = conv.stride;
        let mut phases = Vec::new();
        for d in 0..stride[0].min(conv.size[0]) {
            for h in 0..stride[1].min(conv.size[1]) {
                for w in 0..stride[2].min(conv.size[2]) {
                    let first = [d, h, w];
                    // Input `first + q s` is read by output `p` at tap `k` where
                    // `p s + k dilation - padding = first + q s`, so `p = q + offset`.
                    let offsets = std::array::from_fn(|axis| {
                        (0..conv.kernel[axis])
                            .filter_map(|k| {
                                let numerator = signed(first[axis] + conv.padding[axis][0])
                                    - signed(k * conv.dilation[axis]);
                                (numerator % signed(stride[axis]) == 0)
                                    .then_some((k, numerator / signed(stride[axis])))
                            })
                            .collect()
                    });
                    phases.push(Phase {
                        first,
                        taps: taps(conv.kernel, &offsets),
                    });
                }
            }
        }
        Self {
            batch: conv.batch,
            groups: conv.groups,
            inputs: conv.channels[1] / conv.groups,
            outputs: conv.channels[0] / conv.groups,
            source,
            target: conv.size,
            stride: [1; 3],
            step: stride,
            phases,
            taps: conv.kernel.iter().product(),
            outputs_first: false,
            transformed: false,
        }
        .flattened()
    }

    /// A kernel of one voxel sees no neighbours, so the image may as well be one long row.
    fn flattened(mut self) -> Self {
        let plain = self.stride == [1; 3] && self.step == [1; 3] && self.source == self.target;
        let pointwise = self
            .phases
            .iter()
            .all(|phase| phase.taps.iter().all(|tap| tap.offset == [0; 3]));
        if plain && pointwise {
            let voxels = self.source.iter().product();
            self.source = [1, 1, voxels];
            self.target = self.source;
        }
        self
    }

    /// The smallest and the largest offset of all taps along each axis.
    pub(super) fn reach(&self) -> [[isize; 2]; 3] {
        std::array::from_fn(|axis| {
            let offsets = || {
                let taps = self.phases.iter().flat_map(|phase| &phase.taps);
                taps.map(move |tap| tap.offset[axis])
            };
            [offsets().min().unwrap_or(0), offsets().max().unwrap_or(0)]
        })
    }

    /// Outputs of the first phase, which has the most, along each axis.
    pub(super) fn places(&self) -> [usize; 3] {
        std::array::from_fn(|axis| self.target[axis].div_ceil(self.step[axis]))
    }

    /// Outputs of a phase along each axis.
    pub(super) fn places_of(&self, phase: &Phase) -> [usize; 3] {
        std::array::from_fn(|axis| {
            (self.target[axis] - phase.first[axis]).div_ceil(self.step[axis])
        })
    }

    /// Where the kernel keeps the weight from `input` to `output` of `group` at `tap`.
    pub(super) fn weight_at(&self, group: usize, output: usize, input: usize, tap: &Tap) -> usize {
        let row = if self.outputs_first {
            (group * self.outputs + output) * self.inputs + input
        } else {
            (group * self.inputs + input) * self.outputs + output
        };
        row * self.taps + tap.kernel
    }
}

/// Every combination of taps along the three axes, each a place in the kernel and an offset.
fn taps(kernel: [usize; 3], offsets: &[Vec<(usize, isize)>; 3]) -> Vec<Tap> {
    let mut taps = Vec::new();
    for &(kd, d) in &offsets[0] {
        for &(kh, h) in &offsets[1] {
            for &(kw, w) in &offsets[2] {
                taps.push(Tap {
                    offset: [d, h, w],
                    kernel: (kd * kernel[1] + kh) * kernel[2] + kw,
                });
            }
        }
    }
    taps
}

/// Sizes of slices that exist fit.
pub(super) fn signed(v: usize) -> isize {
    v as isize
}
