//! The project's kernels and burn's own operations are two paths to the same numbers. One test, and
//! alone in its process, because the choice is the process's.
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use siderin_core::candidates::{COARSE_CHANNELS, FINE_CHANNELS, SpotKind, VIEW_EDGE, VIEW_NUMBERS};
use siderin_net::architectures::{Architecture, HEAD_CHANNELS, ModelConfig, Network, Preset};
use siderin_net::ops::with_burn;

/// What was computed, and how far two paths may be apart.
type Found = (TensorData, f64);
const OUTPUT: f64 = 1e-5;
/// An activation or a maximum that lies within rounding of its kink changes gradients by percents:
/// burn's own, of the cascade, by 1.7 % when the input is scaled by 1 + 6e-7. Gradients of single
/// layers are held to 1e-4 by the values from PyTorch; here it is seen that none is missing.
const GRADIENT: f64 = 5e-2;

/// Outputs, and on a device with gradients that to the input, which every layer has a part in.
fn run(network: &Network, flat: &Tensor<4>, deep: &Tensor<5>) -> Vec<Found> {
    let mut found = Vec::new();
    match network {
        Network::RlkUnet(network) => {
            let x = flat.clone().repeat_dim(1, 3);
            flat_case(x, |x| network.head(network.features(x)), &mut found);
        }
        Network::MmocNet(network) => {
            let coarse = |x| network.coarse.head(network.coarse.features(x));
            flat_case(flat.clone(), coarse, &mut found);
            let fine = network.fine.as_ref().unwrap();
            let fine = |x| fine.head(fine.features(x));
            flat_case(flat.clone(), fine, &mut found);
        }
        Network::Unet3d(network) => {
            deep_case(
                deep.clone(),
                |x| network.head(network.features(x)),
                &mut found,
            );
        }
        Network::GuidedUnet(network) => {
            deep_case(
                deep.clone(),
                |x| network.head(network.features(x)),
                &mut found,
            );
        }
        Network::RegionUnet(network) => {
            let judge = |x: Tensor<5>| {
                let x = x.repeat_dim(1, HEAD_CHANNELS);
                network.head(network.features(x)).probabilities()
            };
            deep_case(deep.clone(), judge, &mut found);
        }
        Network::StructureUnet(network) => {
            deep_case(deep.clone(), |x| network.logits(x), &mut found);
        }
        Network::CandidateNet(network) => {
            let x = flat.clone().narrow(2, 0, VIEW_EDGE).narrow(3, 0, VIEW_EDGE);
            // One plane becomes all views; its first row the numbers, of which there are as many.
            let judge = |x: Tensor<4>| {
                let n = x.dims()[0];
                let row = x.clone().narrow(2, 0, 1).reshape([n, VIEW_NUMBERS]);
                let fine = x.clone().repeat_dim(1, FINE_CHANNELS);
                let coarse = x.repeat_dim(1, COARSE_CHANNELS);
                let logits = network.forward(fine, coarse, row);
                logits.reshape([n, SpotKind::ALL.len(), 1, 1])
            };
            flat_case(x, judge, &mut found);
        }
    }
    found
}

macro_rules! case {
    ($name:ident, $dims:literal) => {
        fn $name(
            x: Tensor<$dims>,
            forward: impl Fn(Tensor<$dims>) -> Tensor<$dims>,
            found: &mut Vec<Found>,
        ) {
            if !x.device().is_autodiff() {
                found.push((forward(x).into_data(), OUTPUT));
                return;
            }
            let x = x.require_grad();
            let y = forward(x.clone());
            let gradients = y.clone().square().mean().backward();
            found.push((y.into_data(), OUTPUT));
            found.push((x.grad(&gradients).unwrap().into_data(), GRADIENT));
        }
    };
}
case!(flat_case, 4);
case!(deep_case, 5);

#[test]
fn kernels_and_burn_agree() {
    for &architecture in Architecture::ALL {
        // Without gradients, layers are one where they can be.
        for device in [Device::flex(), Device::flex().autodiff()] {
            device.seed(7);
            let mut config = architecture.preset(Preset::Small);
            // Nothing by chance.
            match &mut config {
                ModelConfig::RlkUnet(config) => config.stochastic_depth = [0.0; 4],
                ModelConfig::CandidateNet(config) => config.dropout = 0.0,
                _ => {}
            }
            let network = config.init(&device).unwrap();
            let flat = Tensor::<4>::random([2, 1, 32, 48], Distribution::Default, &device);
            let deep = Tensor::<5>::random([1, 1, 32, 64, 64], Distribution::Default, &device);
            let expected = with_burn(true, || run(&network, &flat, &deep));
            let found = run(&network, &flat, &deep);
            compare(architecture, &found, &expected);
        }
    }
}

/// By the root of the sum of squares of all differences over that of what is expected.
fn compare(architecture: Architecture, found: &[Found], expected: &[Found]) {
    assert_eq!(found.len(), expected.len());
    for (at, ((found, tolerance), (expected, _))) in found.iter().zip(expected).enumerate() {
        let [found, expected] = [found, expected].map(|data| data.as_slice::<f32>().unwrap());
        assert_eq!(found.len(), expected.len());
        let size = |values: &mut dyn Iterator<Item = f32>| {
            values.map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt()
        };
        let off = size(&mut found.iter().zip(expected).map(|(a, b)| a - b));
        let off = off / size(&mut expected.iter().copied());
        assert!(off <= *tolerance, "{architecture} {at}: {off}");
    }
}
