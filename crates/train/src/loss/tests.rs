use super::*;
use burn::tensor::{Device, TensorData};
use siderin_testing::Reference;

fn tensor<const D: usize>(reference: &Reference, name: &str, device: &Device) -> Tensor<D> {
    let (shape, values) = reference.values(name);
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn compare<const D: usize>(reference: &Reference, name: &str, found: Tensor<D>) {
    let shape = found.dims();
    reference.compare(name, &shape, &found.try_into_vec_as::<f32>().unwrap());
}

fn losses(weights: usize) -> Vec<(&'static str, Loss)> {
    let focal = |alpha| Loss::Focal { gamma: 2.0, alpha };
    let mut losses = vec![
        ("dice", Loss::Dice),
        ("sensitivity", Loss::Sensitivity),
        (
            "focal_tversky",
            Loss::FocalTversky {
                false_positives: 0.3,
                false_negatives: 0.7,
                gamma: 3.0,
            },
        ),
        ("cross_entropy", Loss::CrossEntropy),
        (
            "weighted_cross_entropy",
            Loss::WeightedCrossEntropy {
                weights: [0.1, 5.0, 2.0][..weights].to_vec(),
            },
        ),
        ("top_k", Loss::TopK { share: 0.1 }),
        ("focal", focal(None)),
        ("focal_alpha", focal(Some(0.75))),
        ("dice_top_k", Loss::dice_top_k()),
        ("dice_focal", Loss::dice_focal()),
        ("dice_cross_entropy", Loss::dice_cross_entropy()),
        ("cascade", Loss::cascade(10.0)),
    ];
    if weights == 2 {
        losses.push(("tversky_cross_entropy", Loss::tversky_cross_entropy()));
    }
    losses
}

#[test]
fn impossible_losses_are_refused() {
    for (_, loss) in losses(2) {
        loss.check(1).unwrap();
        loss.check(2).unwrap();
    }
    let refused = |loss: Loss| loss.check(3).unwrap_err().to_string();
    let said = refused(Loss::tversky_cross_entropy());
    assert!(
        said.contains("weights is [0.1, 5.0] for 3 classes"),
        "{said}"
    );
    for share in [0.0, 1.5, f64::NAN] {
        refused(Loss::TopK { share });
    }
    let focal = |gamma, alpha| Loss::Focal { gamma, alpha };
    refused(focal(-1.0, None));
    refused(focal(2.0, Some(1.5)));
    refused(Loss::Sum { terms: vec![] });
}

fn check<const D: usize>(kind: &str, weights: usize) {
    let device = Device::flex().autodiff();
    let reference = Reference::read("losses");
    for (name, loss) in losses(weights) {
        let logits: Tensor<D> =
            tensor(&reference, &format!("{kind}.logits"), &device).require_grad();
        let target = tensor(&reference, &format!("{kind}.target"), &device);
        let value = loss.forward(logits.clone(), target);
        let gradient = logits.grad(&value.backward()).unwrap();
        compare(&reference, &format!("{kind}.{name}"), value);
        compare(&reference, &format!("{kind}.{name}.grad"), gradient);
    }
}

#[test]
fn binary_losses_equal_pytorch() {
    check::<4>("binary", 2);
}

#[test]
fn losses_over_classes_equal_pytorch() {
    check::<5>("classes", 3);
}

#[test]
fn deep_supervision_equals_pytorch() {
    let device = Device::flex().autodiff();
    let reference = Reference::read("losses");
    let outputs: Vec<Tensor<4>> = (0..3)
        .map(|at| tensor(&reference, &format!("deep.output.{at}"), &device).require_grad())
        .collect();
    let target: Tensor<4> = tensor(&reference, "deep.target", &device);
    let half = shrink_target2d(target.clone());
    let targets = vec![target, half.clone(), shrink_target2d(half)];
    // The fourth weight has no output here.
    let deep = DeepSupervision::rlk_unet();
    let value = deep.forward(outputs.clone(), targets);
    let gradients = value.backward();
    compare(&reference, "deep.value", value);
    for (at, output) in outputs.iter().enumerate() {
        compare(
            &reference,
            &format!("deep.grad.{at}"),
            output.grad(&gradients).unwrap(),
        );
    }
}

#[test]
fn a_microbleed_stays_when_a_target_shrinks() {
    let device = Device::flex();
    // Four voxels in a row along the last axis: background, class 2, class 1, background.
    let target = Tensor::<5>::from_data(
        [[
            [[[1.0, 0.0, 0.0, 1.0]]],
            [[[0.0, 0.0, 1.0, 0.0]]],
            [[[0.0, 1.0, 0.0, 0.0]]],
        ]],
        &device,
    );
    let small: Vec<f32> = shrink_target3d(target, [1, 1, 2])
        .try_into_vec_as()
        .unwrap();
    // The first pair keeps class 2, the second class 1; no voxel has two classes.
    assert_eq!(small, [0.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
}

#[test]
fn nothing_there_and_nothing_found_costs_little() {
    let device = Device::flex();
    let logits = Tensor::<4>::full([1, 1, 8, 8], -30.0, &device);
    let target = Tensor::<4>::zeros([1, 1, 8, 8], &device);
    for (name, loss) in losses(2) {
        let value: f32 = loss.forward(logits.clone(), target.clone()).into_scalar();
        assert!((0.0..1e-5).contains(&value), "{name}: {value}");
    }
}
