use super::extension::KernelOps;
use super::{Activation, activate, by_kernels, flex, size_of};
use burn::backend::{Dispatch, Flex};
use burn::nn::{BatchNorm, GroupNorm};
use burn::tensor::Tensor;
use siderin_kernels::{Moments, Norm, Over};

fn sizes<const D: usize>(x: &Tensor<D>, over: Over, epsilon: f64, activation: Activation) -> Norm {
    Norm {
        batch: x.dims()[0],
        channels: x.dims()[1],
        voxels: size_of(x).iter().product(),
        over,
        epsilon: epsilon as f32,
        activation,
    }
}

/// Group normalisation and an activation.
pub fn group_norm<const D: usize>(
    module: &GroupNorm,
    x: Tensor<D>,
    activation: Activation,
) -> Tensor<D> {
    let affine = module.gamma.as_ref().zip(module.beta.as_ref());
    let Some((gamma, beta)) = affine.filter(|_| by_kernels(&x)) else {
        return activate(module.forward(x), activation);
    };
    let norm = sizes(
        &x,
        Over::Groups(module.num_groups),
        module.epsilon,
        activation,
    );
    let (y, ..) = <Dispatch as KernelOps>::kernel_norm(
        x.into_dispatch(),
        gamma.val().into_dispatch(),
        beta.val().into_dispatch(),
        norm,
    );
    Tensor::from_dispatch(y)
}

/// Batch normalisation and an activation: with the statistics of the batch while training, which
/// the running ones follow, else with the running ones.
pub(super) fn batch_norm<const D: usize>(
    module: &BatchNorm,
    x: Tensor<D>,
    activation: Activation,
) -> Tensor<D> {
    let (autodiff, training) = (x.device().is_autodiff(), module.training.is_enabled());
    if !by_kernels(&x) || (autodiff && !training) {
        return activate(module.forward(x), activation);
    }
    let norm = sizes(&x, Over::Batch, module.epsilon, activation);
    if !autodiff {
        return known(module, x, norm);
    }
    let (y, mean, variance) = <Dispatch as KernelOps>::kernel_norm(
        x.into_dispatch(),
        module.gamma.val().into_dispatch(),
        module.beta.val().into_dispatch(),
        norm,
    );
    for (running, new) in [
        (&module.running_mean, mean),
        (&module.running_var, variance),
    ] {
        let new = Tensor::from_dispatch(new).detach();
        let old = running.value_sync().to_device(&new.device());
        let followed = old * (1.0 - module.momentum) + new * module.momentum;
        running.update(followed.detach());
    }
    Tensor::from_dispatch(y)
}

/// With the running statistics, without gradients.
fn known<const D: usize>(module: &BatchNorm, x: Tensor<D>, norm: Norm) -> Tensor<D> {
    let floats = |t: Tensor<1>| t.try_into_vec_as::<f32>().unwrap_or_default();
    let moments: Vec<Moments> = floats(module.running_mean.value())
        .into_iter()
        .zip(floats(module.running_var.value()))
        .map(|(mean, variance)| Moments {
            mean: f64::from(mean),
            variance,
        })
        .collect();
    let affine = [&module.gamma, &module.beta].map(|p| p.val().try_into_primitive::<Flex>());
    match (x.clone().try_into_primitive::<Flex>(), affine) {
        (Ok(x), [Ok(gamma), Ok(beta)]) => {
            Tensor::from_primitive::<Flex>(flex::norm(&x, &gamma, &beta, &norm, &moments))
        }
        _ => activate(module.forward(x), norm.activation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::BatchNormConfig;
    use burn::tensor::Device;

    #[test]
    fn running_statistics_follow_those_of_the_batch() {
        let device = Device::flex().autodiff();
        let module = BatchNormConfig::new(2).init(&device);
        // Means 2 and 10, variances (over n) 4 and 0; they begin at 0 and 1 and go a tenth of the way.
        let x = Tensor::<4>::from_floats([[[[0.0, 4.0]], [[10.0, 10.0]]]], &device);
        let y = batch_norm(&module, x, Activation::Relu);
        let floats = |t: Tensor<1>| t.try_into_vec_as::<f32>().unwrap_or_default();
        assert_eq!(floats(module.running_mean.value_sync()), [0.2, 1.0]);
        assert_eq!(floats(module.running_var.value_sync()), [1.3, 0.9]);
        // ±2 / √(4 + 1e-5), then the negative one is cut.
        let y = floats(y.reshape([4]));
        assert!(
            (y[1] - 1.0).abs() < 1e-5 && y[0] == 0.0 && y[2] == 0.0,
            "{y:?}"
        );
    }
}
