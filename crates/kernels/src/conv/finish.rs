use super::SizeError;
use crate::simd::Simd;

/// What is done to a value at the end.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Activation {
    /// Nothing.
    #[default]
    None,
    /// `max(v, 0)`.
    Relu,
    /// `v` where positive, `slope · v` elsewhere; the slope lies between 0 and 1.
    LeakyRelu(f32),
}

impl Activation {
    /// # Safety
    /// The processor has the instruction set of `S`.
    #[inline(always)]
    pub(crate) unsafe fn apply<S: Simd>(self, v: S::V) -> S::V {
        // SAFETY: as the caller vouches.
        unsafe {
            match self {
                Self::None => v,
                Self::Relu => S::max(S::splat(0.0), v),
                Self::LeakyRelu(slope) => S::max(S::mul_add(S::splat(slope), v, S::splat(0.0)), v),
            }
        }
    }

    /// The same for one value.
    #[inline(always)]
    pub(crate) fn of(self, v: f32) -> f32 {
        match self {
            Self::None => v,
            Self::Relu if v <= 0.0 => 0.0,
            Self::LeakyRelu(slope) if v <= 0.0 => slope * v,
            _ => v,
        }
    }
}

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
                super::check_length(what, values, channels)?;
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
        let Self {
            scale,
            shift,
            activation,
        } = self;
        let mut at = 0;
        // SAFETY: every index is below `count`, and whole vectors end at or before it.
        unsafe {
            if step == 1 {
                let (scale, shift) = (S::splat(scale), S::splat(shift));
                while at + S::LANES <= count {
                    let v = S::mul_add(S::load(sums.add(at)), scale, shift);
                    S::store(to.add(at), activation.apply::<S>(v));
                    at += S::LANES;
                }
            }
            while at < count {
                *to.add(at * step) = activation.of(*sums.add(at) * scale + shift);
                at += 1;
            }
        }
    }
}
