use crate::activation::{Activation, Each, Line, padded};
use crate::simd::Simd;
use crate::size::{SizeError, check_length};

/// `activation(scale · v + shift)` by channel: a bias, or a normalisation with known statistics, and
/// an activation, done while a sum is still in the cache.
#[derive(Debug, Clone, Copy, Default)]
pub struct Finish<'a> {
    /// One factor a channel; 1 where there is none.
    pub scale: Option<&'a [f32]>,
    /// One addend a channel; 0 where there is none.
    pub shift: Option<&'a [f32]>,
    /// What comes last.
    pub activation: Activation,
}

impl<'a> Finish<'a> {
    /// Adds a bias, where there is one.
    pub fn bias(shift: Option<&'a [f32]>) -> Self {
        Self {
            shift,
            ..Self::default()
        }
    }

    pub(super) fn check(&self, channels: usize) -> Result<(), SizeError> {
        for (what, values) in [("a scale", self.scale), ("a shift", self.shift)] {
            if let Some(values) = values {
                check_length(what, values, channels)?;
            }
        }
        Ok(())
    }

    /// What is done to one channel.
    pub(super) fn of_channel(&self, channel: usize) -> FinishChannel {
        FinishChannel {
            scale: self.scale.map_or(1.0, |scale| scale[channel]),
            shift: self.shift.map_or(0.0, |shift| shift[channel]),
            activation: self.activation,
        }
    }
}

/// [`Finish`] of one channel.
#[derive(Clone, Copy)]
pub(super) struct FinishChannel {
    scale: f32,
    shift: f32,
    activation: Activation,
}

impl FinishChannel {
    /// # Safety
    /// The processor has the instruction set of `S`.
    #[inline(always)]
    pub(super) unsafe fn of<S: Simd>(self, v: S::V) -> S::V {
        let line = Line {
            about: 0.0,
            factor: self.scale,
            addend: self.shift,
            activation: self.activation,
        };
        // SAFETY: as the caller vouches.
        unsafe { line.of::<S>([v]) }
    }

    /// Writes `count` finished sums, `step` apart.
    ///
    /// # Safety
    /// `count` floats can be read at `sums`, and written at `to`, `step` apart; the processor has
    /// the instruction set of `S`.
    #[inline(always)]
    pub(super) unsafe fn row<S: Simd>(
        self,
        sums: *const f32,
        to: *mut f32,
        count: usize,
        step: usize,
    ) {
        let whole = count / S::LANES * S::LANES;
        let mut lanes = [0.0f32; 16];
        // SAFETY: every index is below `count`; no vector is longer than `lanes`; the instruction
        // set is there.
        unsafe {
            for at in (0..whole).step_by(S::LANES) {
                let v = self.of::<S>(S::load(sums.add(at)));
                if step == 1 {
                    S::store(to.add(at), v);
                } else {
                    S::store(lanes.as_mut_ptr(), v);
                    for lane in 0..S::LANES {
                        *to.add((at + lane) * step) = lanes[lane];
                    }
                }
            }
            if whole < count {
                let rest = std::slice::from_raw_parts(sums.add(whole), count - whole);
                let v = self.of::<S>(S::load(padded(rest).as_ptr()));
                S::store(lanes.as_mut_ptr(), v);
                for lane in 0..count - whole {
                    *to.add((whole + lane) * step) = lanes[lane];
                }
            }
        }
    }
}
