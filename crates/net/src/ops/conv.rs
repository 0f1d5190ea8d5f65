use super::extension::KernelOps;
use super::norm::batch_norm;
use super::{Activation, activate, by_kernels, flex, size_of};
use burn::backend::{Dispatch, Flex};
use burn::nn::conv::{Conv2d, Conv3d, ConvTranspose3d};
use burn::nn::{BatchNorm, PaddingConfig2d, PaddingConfig3d};
use burn::tensor::Tensor;
use siderin_kernels::{Conv, Finish};

/// A convolution of burn's.
pub trait Convolution<const D: usize> {
    /// Burn's own path.
    fn by_burn(&self, x: Tensor<D>) -> Tensor<D>;
    fn weight(&self) -> Tensor<D>;
    fn bias(&self) -> Option<Tensor<1>>;
    /// Its sizes for an input of these dimensions; none where the kernels cannot do it.
    fn sizes(&self, x: &Tensor<D>) -> Option<Conv>;
    /// Whether it is a transposed one: its output is the input of [`Convolution::sizes`].
    const TRANSPOSED: bool = false;
}

/// What the module's `forward` computes.
pub fn convolve<const D: usize, M: Convolution<D>>(module: &M, x: Tensor<D>) -> Tensor<D> {
    let Some(conv) = module.sizes(&x).filter(|_| by_kernels(&x)) else {
        return module.by_burn(x);
    };
    let channels = conv.channels[usize::from(!M::TRANSPOSED)];
    let none = || Tensor::zeros([channels], &x.device());
    let bias = module.bias().unwrap_or_else(none).into_dispatch();
    let weight = module.weight().into_dispatch();
    let x = x.into_dispatch();
    Tensor::from_dispatch(if M::TRANSPOSED {
        <Dispatch as KernelOps>::kernel_conv_transpose(x, weight, bias, conv)
    } else {
        <Dispatch as KernelOps>::kernel_conv(x, weight, bias, conv)
    })
}

/// A convolution and an activation; one pass where no gradients are kept.
pub fn convolve_activate<const D: usize, M: Convolution<D>>(
    module: &M,
    activation: Activation,
    x: Tensor<D>,
) -> Tensor<D> {
    let shift = || module.bias().map_or(Some(Vec::new()), floats);
    fused(module, &x, activation, || Some((Vec::new(), shift()?)))
        .unwrap_or_else(|| activate(convolve(module, x), activation))
}

/// A convolution, a batch normalisation and an activation; one pass where no gradients are kept,
/// because the normalisation is a line then.
pub fn conv_batch_norm<const D: usize, M: Convolution<D>>(
    module: &M,
    norm: &BatchNorm,
    activation: Activation,
    x: Tensor<D>,
) -> Tensor<D> {
    let line = || {
        let scale = norm.gamma.val() / (norm.running_var.value() + norm.epsilon).sqrt();
        let mean = norm.running_mean.value();
        let shift = match module.bias() {
            Some(bias) => bias - mean,
            None => -mean,
        } * scale.clone()
            + norm.beta.val();
        Some((floats(scale)?, floats(shift)?))
    };
    fused(module, &x, activation, line)
        .unwrap_or_else(|| batch_norm(norm, convolve(module, x), activation))
}

/// A convolution, a factor and an addend by channel (empty for none) and an activation, each done to
/// a sum before it is written. Nothing where gradients are kept or the kernels cannot do it.
fn fused<const D: usize, M: Convolution<D>>(
    module: &M,
    x: &Tensor<D>,
    activation: Activation,
    line: impl FnOnce() -> Option<(Vec<f32>, Vec<f32>)>,
) -> Option<Tensor<D>> {
    if M::TRANSPOSED || x.device().is_autodiff() || !by_kernels(x) {
        return None;
    }
    let conv = module.sizes(x)?;
    let (scale, shift) = line()?;
    let some = |values: Vec<f32>| (!values.is_empty()).then_some(values);
    let (scale, shift) = (some(scale), some(shift));
    let finish = Finish {
        scale: scale.as_deref(),
        shift: shift.as_deref(),
        activation,
    };
    let primitive = |t: Tensor<D>| t.try_into_primitive::<Flex>().ok();
    let (x, weight) = primitive(x.clone()).zip(primitive(module.weight()))?;
    Some(Tensor::from_primitive::<Flex>(flex::conv(
        &x, &weight, &finish, &conv,
    )))
}

fn floats(t: Tensor<1>) -> Option<Vec<f32>> {
    t.try_into_vec_as::<f32>().ok()
}

/// With an output that exists.
fn possible(conv: Conv) -> Option<Conv> {
    conv.output_size().is_ok().then_some(conv)
}

/// What is the same for all of burn's convolutions, which share no trait.
macro_rules! of_module {
    ($dims:literal) => {
        fn by_burn(&self, x: Tensor<$dims>) -> Tensor<$dims> {
            self.forward(x)
        }

        fn weight(&self) -> Tensor<$dims> {
            self.weight.val()
        }

        fn bias(&self) -> Option<Tensor<1>> {
            self.bias.as_ref().map(|bias| bias.val())
        }
    };
}

impl Convolution<4> for Conv2d {
    of_module!(4);

    fn sizes(&self, x: &Tensor<4>) -> Option<Conv> {
        let [out, ..] = self.weight.dims();
        let [h, w] = match self.padding {
            PaddingConfig2d::Valid => [[0; 2]; 2],
            PaddingConfig2d::Explicit(top, left, bottom, right) => [[top, bottom], [left, right]],
            PaddingConfig2d::Same => return None,
        };
        let image = |[h, w]: [usize; 2]| [1, h, w];
        possible(Conv {
            batch: x.dims()[0],
            channels: [x.dims()[1], out],
            size: size_of(x),
            kernel: image(self.kernel_size),
            stride: image(self.stride),
            padding: [[0; 2], h, w],
            dilation: image(self.dilation),
            groups: self.groups,
        })
    }
}

impl Convolution<5> for Conv3d {
    of_module!(5);

    fn sizes(&self, x: &Tensor<5>) -> Option<Conv> {
        let [out, ..] = self.weight.dims();
        let padding = match self.padding {
            PaddingConfig3d::Valid => [0; 3],
            PaddingConfig3d::Explicit(d, h, w) => [d, h, w],
            PaddingConfig3d::Same => return None,
        };
        possible(Conv {
            batch: x.dims()[0],
            channels: [x.dims()[1], out],
            size: size_of(x),
            kernel: self.kernel_size,
            stride: self.stride,
            padding: padding.map(|pad| [pad; 2]),
            dilation: self.dilation,
            groups: self.groups,
        })
    }
}

impl Convolution<5> for ConvTranspose3d {
    const TRANSPOSED: bool = true;

    of_module!(5);

    fn sizes(&self, x: &Tensor<5>) -> Option<Conv> {
        let size = size_of(x);
        let mut output = [0; 3];
        for axis in 0..3 {
            // As PyTorch's `ConvTranspose3d` has it.
            let reach = (self.kernel_size[axis] - 1) * self.dilation[axis] + 1;
            let whole = size[axis].checked_sub(1)? * self.stride[axis] + reach;
            output[axis] = (whole + self.padding_out[axis]).checked_sub(2 * self.padding[axis])?;
        }
        let conv = possible(Conv {
            batch: x.dims()[0],
            channels: [self.channels[1], self.channels[0]],
            size: output,
            kernel: self.kernel_size,
            stride: self.stride,
            padding: self.padding.map(|pad| [pad; 2]),
            dilation: self.dilation,
            groups: self.groups,
        })?;
        (conv.output_size() == Ok(size)).then_some(conv)
    }
}
