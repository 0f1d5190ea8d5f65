use super::*;
use crate::ops::{max_pool3d, upsample_bilinear, upsample_linear3d, upsample_nearest3d};
use crate::reference::Reference;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

/// A layer without weights.
#[derive(Module, Debug)]
struct Nothing {}

fn training() -> Device {
    Device::flex().autodiff()
}

#[test]
fn operations_without_weights() {
    Reference::read("max_pool3d")
        .check::<_, 5>(Nothing {}, |_, mut x| vec![max_pool3d(x.remove(0))]);
    Reference::read("upsample_nearest3d")
        .check::<_, 5>(Nothing {}, |_, mut x| vec![upsample_nearest3d(x.remove(0))]);
    Reference::read("upsample_bilinear").check::<_, 4>(Nothing {}, |_, mut x| {
        vec![upsample_bilinear(x.remove(0), [6, 10])]
    });
}

#[test]
fn linear_upsampling_draws_lines_between_centres() {
    let row = Tensor::<1>::from_floats([0.0, 4.0, 8.0], &Device::flex()).reshape([1, 1, 1, 1, 3]);
    let found = upsample_linear3d(row);
    assert_eq!(found.dims(), [1, 1, 2, 2, 6]);
    // New centres lie a quarter of a voxel from the old ones; beyond the outermost it stays as it is.
    let line = [0.0, 1.0, 3.0, 5.0, 7.0, 8.0];
    let found: Vec<f32> = found.try_into_vec_as().unwrap();
    assert_eq!(found, line.repeat(4));
}

#[test]
fn convolution_blocks() {
    Reference::read("conv_batch_relu")
        .check::<_, 4>(ConvBatchRelu::new([3, 5], &training()), |layer, mut x| {
            vec![layer.forward(x.remove(0))]
        });
    for (name, channels, stride) in [
        ("residual_plain", [4, 4], 1),
        ("residual_wider", [4, 6], 1),
        ("residual_strided", [4, 6], 2),
    ] {
        Reference::read(name).check::<_, 4>(
            ResidualBlockConfig { channels, stride }.init(&training()),
            |block, mut x| vec![block.forward(x.remove(0))],
        );
    }
}

#[test]
fn stochastic_depth_keeps_the_mean_and_is_off_for_inference() {
    let device = training();
    device.seed(3);
    let ones = Tensor::<4>::ones([4000, 1, 1, 1], &device);
    let kept: Vec<f32> = stochastic_depth(ones, 0.25).try_into_vec_as().unwrap();
    assert!(
        kept.iter()
            .all(|v| *v == 0.0 || (v - 4.0 / 3.0).abs() < 1e-6)
    );
    // Standard deviation of the mean: √(.25/.75 / 4000) = .009.
    let mean = kept.iter().sum::<f32>() / 4000.0;
    assert!((mean - 1.0).abs() < 0.04, "{mean}");
    let plain = Tensor::<4>::ones([8, 1, 1, 1], &Device::flex());
    let same: Vec<f32> = stochastic_depth(plain, 0.25).try_into_vec_as().unwrap();
    assert_eq!(same, [1.0; 8]);
}
