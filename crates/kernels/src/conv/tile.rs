use crate::simd::Simd;

/// Vectors beside `high` outputs that fit into the registers, 8 at most: a sum for each output and
/// vector, the inputs of the vectors, and two weights on their way.
const fn widest<S: Simd>(high: usize) -> usize {
    let fit = (S::REGISTERS - 2) / (high + 1);
    if fit < 8 { fit } else { 8 }
}

/// Calls a method with the height and a width of up to `$widest` as constants.
macro_rules! of_width {
    ($S:ty, $HIGH:ident, $widest:ident, $width:expr, $this:ident.$method:ident $arguments:tt) => {
        match $width {
            1 => $this.$method::<$S, $HIGH, 1> $arguments,
            2 => $this.$method::<$S, $HIGH, 2> $arguments,
            3 => $this.$method::<$S, $HIGH, 3> $arguments,
            4 if $widest::<$S>($HIGH) > 3 => $this.$method::<$S, $HIGH, 4> $arguments,
            5 if $widest::<$S>($HIGH) > 4 => $this.$method::<$S, $HIGH, 5> $arguments,
            6 if $widest::<$S>($HIGH) > 5 => $this.$method::<$S, $HIGH, 6> $arguments,
            7 if $widest::<$S>($HIGH) > 6 => $this.$method::<$S, $HIGH, 7> $arguments,
            8 if $widest::<$S>($HIGH) > 7 => $this.$method::<$S, $HIGH, 8> $arguments,
            width => debug_assert!(width == 0, "no tile is {width} wide"),
        }
    };
}
pub(super) use of_width;

/// What a register tile sums over.
#[derive(Clone, Copy)]
pub(super) struct Sum<'a> {
    /// `[input, tap, output]`, all outputs of the tile side by side.
    pub(super) weights: &'a [f32],
    /// Packed inputs of all channels, and floats from one channel to the next.
    pub(super) slab: &'a [f32],
    pub(super) channel: usize,
    pub(super) channels: usize,
    /// Where each tap finds the inputs of the block's first output.
    pub(super) taps: &'a [usize],
}

impl Sum<'_> {
    /// The sums of `high` outputs at the vectors that begin at `starts`, written to (or added to)
    /// `sums`, a vector after the other, `apart` floats from one output to the next.
    ///
    /// # Safety
    /// The processor has the instruction set of `S`. `high` is 1 to 6, and `weights` has that many
    /// values for each channel and tap. The slab can be read, a whole vector long, at every sum of
    /// a channel's start, a tap and a vector's start. `sums` has room for the last vector of the
    /// last output.
    #[inline(always)]
    pub(super) unsafe fn block<S: Simd>(
        self,
        high: usize,
        starts: &[usize],
        sums: *mut f32,
        apart: usize,
        add: bool,
    ) {
        debug_assert!({
            let most = |of: &[usize]| of.iter().max().copied().unwrap_or_default();
            let last = self.channels.saturating_sub(1) * self.channel;
            let end = last + most(self.taps) + most(starts) + S::LANES;
            self.taps.is_empty() || self.channels == 0 || end <= self.slab.len()
        });
        // SAFETY: as the caller vouches.
        unsafe {
            match high {
                1 => self.of_height::<S, 1>(starts, sums, apart, add),
                2 => self.of_height::<S, 2>(starts, sums, apart, add),
                3 => self.of_height::<S, 3>(starts, sums, apart, add),
                4 => self.of_height::<S, 4>(starts, sums, apart, add),
                5 => self.of_height::<S, 5>(starts, sums, apart, add),
                _ => self.of_height::<S, 6>(starts, sums, apart, add),
            }
        }
    }

    /// # Safety
    /// As [`Sum::block`].
    #[inline(always)]
    unsafe fn of_height<S: Simd, const HIGH: usize>(
        self,
        starts: &[usize],
        sums: *mut f32,
        apart: usize,
        add: bool,
    ) {
        let tiles = starts.len().div_ceil(widest::<S>(HIGH));
        for tile in 0..tiles {
            // As even as it goes: 4 is 2 and 2, not 3 and 1.
            let from = tile * starts.len() / tiles;
            let end = (tile + 1) * starts.len() / tiles;
            let starts = &starts[from..end];
            // SAFETY: as the caller vouches; the vectors of the tile are some of those. `of_width`
            // calls with as many starts as there are.
            unsafe {
                let sums = sums.add(from * S::LANES);
                of_width!(
                    S,
                    HIGH,
                    widest,
                    starts.len(),
                    self.tile(starts, sums, apart, add)
                );
            }
        }
    }

    /// # Safety
    /// As [`Sum::block`], with `HIGH` outputs and `WIDE` starts.
    #[inline(always)]
    unsafe fn tile<S: Simd, const HIGH: usize, const WIDE: usize>(
        self,
        starts: &[usize],
        sums: *mut f32,
        apart: usize,
        add: bool,
    ) {
        // SAFETY: as the caller vouches for every read and write; all indices of the arrays are
        // below their lengths.
        unsafe {
            let starts: &[usize; WIDE] = &*starts.as_ptr().cast();
            let mut sum = [[S::splat(0.0); WIDE]; HIGH];
            let mut weights = self.weights.as_ptr();
            for channel in 0..self.channels {
                let slab = self.slab.as_ptr().add(channel * self.channel);
                for &tap in self.taps {
                    let input = slab.add(tap);
                    let mut inputs = [S::splat(0.0); WIDE];
                    for v in 0..WIDE {
                        inputs[v] = S::load(input.add(starts[v]));
                    }
                    for output in 0..HIGH {
                        let weight = S::splat(*weights.add(output));
                        for v in 0..WIDE {
                            sum[output][v] = S::mul_add(weight, inputs[v], sum[output][v]);
                        }
                    }
                    weights = weights.add(HIGH);
                }
            }
            for output in 0..HIGH {
                for v in 0..WIDE {
                    let to = sums.add(output * apart + v * S::LANES);
                    let sum = sum[output][v];
                    S::store(to, if add { S::add(sum, S::load(to)) } else { sum });
                }
            }
        }
    }
}
