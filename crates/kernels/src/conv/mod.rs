//! Convolution: sizes, and the way into each kernel.

mod block;
mod correlation;
mod finish;
mod forward;
mod slab;
mod tile;
mod weight_gradient;
mod weights;
mod winograd;

#[cfg(test)]
mod tests;

use crate::simd::InstructionSet;
use crate::size::{SizeError, check_length, product};
use correlation::Correlation;
pub use finish::Finish;

/// A convolution of `[batch, in, D, H, W]` with `[out, in / groups, kd, kh, kw]`, as PyTorch's
/// `conv3d` defines it (a correlation: the kernel is not mirrored):
///
/// `y[n, o, p] = Σ_i Σ_k w[o, i, k] x[n, i, p · stride + k · dilation - padding]`
///
/// with zeros outside of `x`. A convolution of images has depth 1 and a kernel of depth 1.
///
/// The same value describes the transposed convolution, whose forward pass is this one's
/// [`Conv::input_gradient`] and the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv {
    /// Samples.
    pub batch: usize,
    /// Channels in and out.
    pub channels: [usize; 2],
    /// Depth, height and width of the input.
    pub size: [usize; 3],
    /// Voxels of the kernel along each axis.
    pub kernel: [usize; 3],
    /// Step of the output on the input.
    pub stride: [usize; 3],
    /// Zeros before and after each axis.
    pub padding: [[usize; 2]; 3],
    /// Step of the kernel on the input.
    pub dilation: [usize; 3],
    /// Parts of the channels that are convolved apart; both numbers of channels are multiples.
    pub groups: usize,
}

impl Conv {
    /// One group, stride and dilation 1, and as much padding as keeps the size of the input for odd
    /// kernels.
    pub fn same(batch: usize, channels: [usize; 2], size: [usize; 3], kernel: [usize; 3]) -> Self {
        Self {
            batch,
            channels,
            size,
            kernel,
            stride: [1; 3],
            padding: kernel.map(|k| [k / 2, k.saturating_sub(1) / 2]),
            dilation: [1; 3],
            groups: 1,
        }
    }

    /// Depth, height and width of the output.
    ///
    /// # Errors
    /// When the kernel is larger than the padded input, a number is zero that must not be, or
    /// channels are no multiple of the groups.
    pub fn output_size(&self) -> Result<[usize; 3], SizeError> {
        let [inputs, outputs] = self.channels;
        let positive = |three: [usize; 3]| three.iter().all(|v| *v > 0);
        let divides = self.groups > 0
            && inputs.is_multiple_of(self.groups)
            && outputs.is_multiple_of(self.groups);
        let fits = positive(self.kernel) && positive(self.stride) && positive(self.dilation);
        if !divides || !fits {
            return Err(SizeError::Impossible(format!("{self:?}")));
        }
        let along = |axis: usize| -> Option<usize> {
            let [before, after] = self.padding[axis];
            let padded = self.size[axis].checked_add(before)?.checked_add(after)?;
            let reach = (self.kernel[axis] - 1).checked_mul(self.dilation[axis])?;
            let room = padded.checked_sub(reach.checked_add(1)?)?;
            // Offsets are signed.
            isize::try_from(padded.checked_mul(2)?).ok()?;
            Some(room / self.stride[axis] + 1)
        };
        let impossible = || SizeError::Impossible(format!("{self:?}"));
        let mut size = [0; 3];
        for axis in 0..3 {
            size[axis] = along(axis).ok_or_else(impossible)?;
        }
        Ok(size)
    }

    /// Number of values of the input.
    ///
    /// # Errors
    /// When it is more than a slice can have.
    pub fn input_length(&self) -> Result<usize, SizeError> {
        let [d, h, w] = self.size;
        product(&[self.batch, self.channels[0], d, h, w])
    }

    /// Number of values of the kernel.
    ///
    /// # Errors
    /// As [`Conv::output_size`], and when it is more than a slice can have.
    pub fn weight_length(&self) -> Result<usize, SizeError> {
        self.output_size()?;
        let ([inputs, outputs], [d, h, w]) = (self.channels, self.kernel);
        product(&[outputs, inputs / self.groups, d, h, w])
    }

    /// Number of values of the output.
    ///
    /// # Errors
    /// As [`Conv::output_size`], and when it is more than a slice can have.
    pub fn output_length(&self) -> Result<usize, SizeError> {
        let [d, h, w] = self.output_size()?;
        product(&[self.batch, self.channels[1], d, h, w])
    }

    /// Multiplications with an addition, of the forward pass and of each gradient.
    ///
    /// # Errors
    /// As [`Conv::output_size`].
    pub fn multiply_adds(&self) -> Result<usize, SizeError> {
        let per_output = self.weight_length()? / self.channels[1].max(1);
        product(&[self.output_length()?, per_output])
    }

    /// The output: `y = finish(x ∗ w)`, with every value of `y` overwritten.
    ///
    /// # Errors
    /// When a slice does not have the length that the sizes ask for.
    pub fn forward(
        &self,
        level: InstructionSet,
        x: &[f32],
        w: &[f32],
        finish: &Finish,
        y: &mut [f32],
    ) -> Result<(), SizeError> {
        check_length("the input of a convolution", x, self.input_length()?)?;
        check_length("the kernel of a convolution", w, self.weight_length()?)?;
        check_length("the output of a convolution", y, self.output_length()?)?;
        finish.check(self.channels[1])?;
        let correlation = Correlation::forward(self, self.output_size()?);
        forward::run(level, &correlation, x, w, finish, y);
        Ok(())
    }

    /// The gradient to the input from that to the output, `dy`; and the forward pass of the
    /// transposed convolution, which is why it can `finish` what it computes, by channel of the
    /// input. Every value of `dx` is overwritten.
    ///
    /// # Errors
    /// When a slice does not have the length that the sizes ask for.
    pub fn input_gradient(
        &self,
        level: InstructionSet,
        dy: &[f32],
        w: &[f32],
        finish: &Finish,
        dx: &mut [f32],
    ) -> Result<(), SizeError> {
        check_length("the gradient to the output", dy, self.output_length()?)?;
        check_length("the kernel of a convolution", w, self.weight_length()?)?;
        check_length("the gradient to the input", dx, self.input_length()?)?;
        finish.check(self.channels[0])?;
        let correlation = Correlation::input_gradient(self, self.output_size()?);
        forward::run(level, &correlation, dy, w, finish, dx);
        Ok(())
    }

    /// The gradient to the kernel from the input and the gradient to the output, `dy`. Every value
    /// of `dw` is overwritten. The order of the sums does not depend on the number of threads.
    ///
    /// # Errors
    /// When a slice does not have the length that the sizes ask for.
    pub fn weight_gradient(
        &self,
        level: InstructionSet,
        x: &[f32],
        dy: &[f32],
        dw: &mut [f32],
    ) -> Result<(), SizeError> {
        check_length("the input of a convolution", x, self.input_length()?)?;
        check_length("the gradient to the output", dy, self.output_length()?)?;
        check_length("the gradient to the kernel", dw, self.weight_length()?)?;
        weight_gradient::run(level, self, self.output_size()?, x, dy, dw);
        Ok(())
    }
}
