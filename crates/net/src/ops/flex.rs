//! The kernels on burn's tensors in memory.

use super::extension::KernelOps;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, FlexDevice, TensorMetadata};
use burn::tensor::{Shape, TensorData};
use siderin_kernels::{
    Activation, Conv, Finish, InstructionSet, MaxPool, Moments, Norm, NormGradients, SizeError,
    Upsample,
};

/// A tensor in memory.
pub(super) type Values = FloatTensor<Flex>;

/// Sizes were read off the tensors themselves.
fn fits<T>(result: Result<T, SizeError>) -> T {
    match result {
        Ok(value) => value,
        // Only a mistake in this crate gets here, as a wrong size does anywhere in burn.
        #[allow(clippy::panic)]
        Err(error) => panic!("{error}"),
    }
}

/// Calls `with` with the values of a tensor in their order.
fn read<R>(tensor: &Values, with: impl FnOnce(&[f32]) -> R) -> R {
    match tensor.as_slice::<f32>() {
        Some(values) => with(values),
        None => with(tensor.to_contiguous().as_slice::<f32>().unwrap_or(&[])),
    }
}

fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> Values {
    Flex::float_from_data(TensorData::new(values, shape), &FlexDevice)
}

/// The shape of `like` with other channels and another size.
fn shape(like: &Values, channels: usize, size: [usize; 3]) -> Vec<usize> {
    let like = like.shape();
    let spatial = like.num_dims() - 2;
    let mut shape = vec![like[0], channels];
    shape.extend(&size[3 - spatial..]);
    shape
}

pub(super) fn conv(x: &Values, w: &Values, finish: &Finish, conv: &Conv) -> Values {
    let size = fits(conv.output_size());
    let mut y = vec![0.0; fits(conv.output_length())];
    read(x, |x| {
        read(w, |w| {
            fits(conv.forward(InstructionSet::detected(), x, w, finish, &mut y));
        });
    });
    tensor(y, shape(x, conv.channels[1], size))
}

fn conv_input(dy: &Values, w: &Values, finish: &Finish, conv: &Conv) -> Values {
    let mut dx = vec![0.0; fits(conv.input_length())];
    read(dy, |dy| {
        read(w, |w| {
            fits(conv.input_gradient(InstructionSet::detected(), dy, w, finish, &mut dx));
        });
    });
    tensor(dx, shape(dy, conv.channels[0], conv.size))
}

/// Gradients to input, kernel and bias; each only if it is asked for.
pub(super) fn conv_gradients(
    x: &Values,
    w: &Values,
    dy: &Values,
    conv: &Conv,
    wanted: [bool; 3],
) -> [Option<Values>; 3] {
    [
        wanted[0].then(|| conv_input(dy, w, &Finish::default(), conv)),
        wanted[1].then(|| weight_gradient(x, dy, w, conv)),
        wanted[2].then(|| channel_sums(dy)),
    ]
}

pub(super) fn conv_transpose(x: &Values, w: &Values, bias: &Values, conv: &Conv) -> Values {
    read(bias, |bias| {
        conv_input(x, w, &Finish::bias(Some(bias)), conv)
    })
}

/// As [`conv_gradients`] for the transposed convolution, where the two ends change places.
pub(super) fn conv_transpose_gradients(
    x: &Values,
    w: &Values,
    dy: &Values,
    conv: &Conv,
    wanted: [bool; 3],
) -> [Option<Values>; 3] {
    [
        wanted[0].then(|| self::conv(dy, w, &Finish::default(), conv)),
        wanted[1].then(|| weight_gradient(dy, x, w, conv)),
        wanted[2].then(|| channel_sums(dy)),
    ]
}

fn weight_gradient(x: &Values, dy: &Values, w: &Values, conv: &Conv) -> Values {
    let mut dw = vec![0.0; fits(conv.weight_length())];
    read(x, |x| {
        read(dy, |dy| {
            fits(conv.weight_gradient(InstructionSet::detected(), x, dy, &mut dw));
        });
    });
    tensor(dw, w.shape())
}

fn channel_sums(dy: &Values) -> Values {
    let shape = dy.shape();
    let voxels = shape[2..].iter().product();
    let mut sums = vec![0.0; shape[1]];
    read(dy, |dy| {
        let sizes = [shape[0], shape[1], voxels];
        fits(siderin_kernels::channel_sums(
            InstructionSet::detected(),
            sizes,
            dy,
            &mut sums,
        ));
    });
    let channels = sums.len();
    tensor(sums, [channels])
}

pub(super) fn statistics(x: &Values, norm: &Norm) -> Vec<Moments> {
    read(x, |x| fits(norm.statistics(InstructionSet::detected(), x)))
}

pub(super) fn norm(
    x: &Values,
    gamma: &Values,
    beta: &Values,
    norm: &Norm,
    moments: &[Moments],
) -> Values {
    let mut y = vec![0.0; x.shape().num_elements()];
    read(x, |x| {
        read(gamma, |gamma| {
            read(beta, |beta| {
                fits(norm.forward(
                    InstructionSet::detected(),
                    x,
                    moments,
                    [gamma, beta],
                    &mut y,
                ));
            });
        });
    });
    tensor(y, x.shape())
}

/// Gradients to input, factors and addends.
pub(super) fn norm_gradients(
    x: &Values,
    dy: &Values,
    [gamma, beta]: [&Values; 2],
    norm: &Norm,
    moments: &[Moments],
) -> [Values; 3] {
    let mut dx = vec![0.0; x.shape().num_elements()];
    let mut dgamma = vec![0.0; norm.channels];
    let mut dbeta = vec![0.0; norm.channels];
    let gradients = NormGradients {
        x: &mut dx,
        gamma: &mut dgamma,
        beta: &mut dbeta,
    };
    read(x, |x| {
        read(dy, |dy| {
            read(gamma, |gamma| {
                read(beta, |beta| {
                    let affine = [gamma, beta];
                    fits(norm.backward(
                        InstructionSet::detected(),
                        x,
                        dy,
                        moments,
                        affine,
                        gradients,
                    ));
                });
            });
        });
    });
    [
        tensor(dx, x.shape()),
        tensor(dgamma, [norm.channels]),
        tensor(dbeta, [norm.channels]),
    ]
}

pub(super) fn moments(moments: &[Moments]) -> [Values; 2] {
    let of =
        |which: fn(&Moments) -> f32| tensor(moments.iter().map(which).collect(), [moments.len()]);
    [of(|m| m.mean as f32), of(|m| m.variance)]
}

pub(super) fn activation_gradient(x: &Values, dy: &Values, activation: Activation) -> Values {
    let mut dx = vec![0.0; x.shape().num_elements()];
    read(x, |x| {
        read(dy, |dy| {
            fits(activation.backward(InstructionSet::detected(), x, dy, &mut dx));
        });
    });
    tensor(dx, x.shape())
}

pub(super) fn max_pool_gradient(x: &Values, dy: &Values, pool: &MaxPool) -> Values {
    let mut dx = vec![0.0; x.shape().num_elements()];
    read(x, |x| read(dy, |dy| fits(pool.backward(x, dy, &mut dx))));
    tensor(dx, x.shape())
}

pub(super) fn upsample_gradient(dy: &Values, upsample: &Upsample) -> Values {
    let channels = dy.shape()[1];
    let mut dx = vec![0.0; upsample.planes * upsample.size.iter().product::<usize>()];
    read(dy, |dy| fits(upsample.backward(dy, &mut dx)));
    tensor(dx, shape(dy, channels, upsample.size))
}

impl KernelOps for Flex {
    fn kernel_conv(x: Values, weight: Values, bias: Values, conv: Conv) -> Values {
        read(&bias, |bias| {
            self::conv(&x, &weight, &Finish::bias(Some(bias)), &conv)
        })
    }

    fn kernel_conv_transpose(x: Values, weight: Values, bias: Values, conv: Conv) -> Values {
        conv_transpose(&x, &weight, &bias, &conv)
    }

    fn kernel_norm(x: Values, gamma: Values, beta: Values, norm: Norm) -> (Values, Values, Values) {
        let statistics = statistics(&x, &norm);
        let [mean, variance] = moments(&statistics);
        (
            self::norm(&x, &gamma, &beta, &norm, &statistics),
            mean,
            variance,
        )
    }

    fn kernel_activation(x: Values, activation: Activation) -> Values {
        let mut y = vec![0.0; x.shape().num_elements()];
        read(&x, |x| {
            fits(activation.forward(InstructionSet::detected(), x, &mut y));
        });
        tensor(y, x.shape())
    }

    fn kernel_max_pool(x: Values, pool: MaxPool) -> Values {
        let size = fits(pool.output_size());
        let mut y = vec![0.0; pool.planes * size.iter().product::<usize>()];
        read(&x, |x| fits(pool.forward(x, &mut y)));
        tensor(y, shape(&x, x.shape()[1], size))
    }

    fn kernel_upsample(x: Values, upsample: Upsample) -> Values {
        let mut y = vec![0.0; upsample.planes * upsample.to.iter().product::<usize>()];
        read(&x, |x| fits(upsample.forward(x, &mut y)));
        tensor(y, shape(&x, x.shape()[1], upsample.to))
    }
}
