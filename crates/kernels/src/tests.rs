use crate::*;
use proptest::prelude::*;
use statrs::distribution::{Continuous, ContinuousCDF, Normal};

/// Values between -1 and 1 that look random (xorshift, Marsaglia 2003).
pub(crate) fn values(seed: u64, length: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

/// Within `tolerance` of the largest.
#[track_caller]
pub(crate) fn assert_near(what: &str, found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3f64, |most, v| most.max(v.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(*found) - expected).abs() <= tolerance * largest,
            "{what} at {at}: {found}, {expected} expected"
        );
    }
}

const ACTIVATIONS: [Activation; 5] = [
    Activation::None,
    Activation::Relu,
    Activation::LeakyRelu(0.01),
    Activation::Elu,
    Activation::Gelu,
];

/// Value and derivative, in `f64`.
fn by_definition(activation: Activation, v: f64) -> [f64; 2] {
    let below = v <= 0.0;
    match activation {
        Activation::None => [v, 1.0],
        Activation::Relu if below => [0.0, 0.0],
        Activation::LeakyRelu(slope) if below => [v * f64::from(slope), f64::from(slope)],
        Activation::Elu if below => [v.exp_m1(), v.exp()],
        Activation::Gelu => {
            let normal = Normal::standard();
            [v * normal.cdf(v), normal.cdf(v) + v * normal.pdf(v)]
        }
        _ => [v, 1.0],
    }
}

#[test]
fn activations_are_their_definitions() {
    // From the far left, where exponentials vanish, to the far right.
    let x: Vec<f32> = (-1200..1203)
        .map(|v| v as f32 * 0.013)
        .chain([-100.0, 100.0])
        .collect();
    let dy = values(1, x.len());
    for level in InstructionSet::available() {
        for activation in ACTIVATIONS {
            let mut y = vec![f32::NAN; x.len()];
            let mut dx = vec![f32::NAN; x.len()];
            activation.forward(level, &x, &mut y).unwrap();
            activation.backward(level, &x, &dy, &mut dx).unwrap();
            for at in 0..x.len() {
                let [value, slope] = by_definition(activation, f64::from(x[at]));
                let near = |found: f32, expected: f64| {
                    (f64::from(found) - expected).abs() <= 1e-6 * expected.abs().max(0.5)
                };
                assert!(
                    near(y[at], value),
                    "{level:?} {activation:?} of {}: {}",
                    x[at],
                    y[at]
                );
                let slope = slope * f64::from(dy[at]);
                assert!(
                    near(dx[at], slope),
                    "{level:?} {activation:?}' at {}: {}",
                    x[at],
                    dx[at]
                );
            }
        }
    }
}

#[test]
fn elu_keeps_its_digits_near_zero() {
    for level in InstructionSet::available() {
        let mut y = [0.0];
        Activation::Elu.forward(level, &[-1e-6], &mut y).unwrap();
        // exp(-1e-6) - 1 = -1e-6 + 5e-13; computed as a difference, one digit would be left.
        assert!((y[0] + 9.999_995e-7).abs() < 1e-12, "{level:?} {}", y[0]);
    }
}

#[test]
fn what_is_not_a_number_stays_so() {
    for level in InstructionSet::available() {
        for activation in ACTIVATIONS {
            let x = [f32::NAN; 19];
            let mut y = [0.0; 19];
            activation.forward(level, &x, &mut y).unwrap();
            assert!(y.iter().all(|v| v.is_nan()), "{level:?} {activation:?}");
        }
        let pool = MaxPool {
            planes: 1,
            size: [1, 2, 2],
            window: [1, 2, 2],
        };
        let mut y = [0.0];
        pool.forward(&[1.0, f32::NAN, 3.0, 2.0], &mut y).unwrap();
        assert!(y[0].is_nan());
    }
}

/// The normalised values in `f64`, before `γ` and `β`.
fn normalised(norm: &Norm, x: &[f64]) -> Vec<f64> {
    let set = |at: usize| {
        let (sample, channel) = (
            at / norm.voxels / norm.channels,
            at / norm.voxels % norm.channels,
        );
        match norm.over {
            Over::Batch => channel,
            Over::Groups(groups) => sample * groups + channel * groups / norm.channels,
        }
    };
    let mut members = vec![Vec::new(); norm.sets()];
    for (at, v) in x.iter().enumerate() {
        members[set(at)].push(*v);
    }
    let moments: Vec<[f64; 2]> = members
        .iter()
        .map(|values| {
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            [
                mean,
                values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count,
            ]
        })
        .collect();
    x.iter()
        .enumerate()
        .map(|(at, v)| {
            let [mean, variance] = moments[set(at)];
            (v - mean) / (variance + f64::from(norm.epsilon)).sqrt()
        })
        .collect()
}

fn any_norm() -> impl Strategy<Value = Norm> {
    (
        1usize..4,
        1usize..4,
        1usize..4,
        1usize..70,
        0usize..5,
        any::<bool>(),
    )
        .prop_map(
            |(batch, groups, of_group, voxels, activation, by_batch)| Norm {
                batch,
                channels: groups * of_group,
                voxels,
                over: if by_batch {
                    Over::Batch
                } else {
                    Over::Groups(groups)
                },
                epsilon: 1e-2,
                activation: ACTIVATIONS[activation],
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 5 } else { 100 }))]
    #[test]
    fn every_normalisation_is_its_definition(norm in any_norm(), seed in 0u64..1000, shift in -50f32..50.0) {
        let length = norm.batch * norm.channels * norm.voxels;
        let x: Vec<f32> = values(seed, length).iter().map(|v| v + shift).collect();
        let dy = values(seed + 1, length);
        let affine = [values(seed + 2, norm.channels), values(seed + 3, norm.channels)];
        let channel = |at: usize| at / norm.voxels % norm.channels;
        let exact: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
        let before = |x: &[f64]| -> Vec<f64> {
            normalised(&norm, x).iter().enumerate().map(|(at, v)| {
                let [gamma, beta] = [0, 1].map(|which| f64::from(affine[which][channel(at)]));
                gamma * v + beta
            }).collect()
        };
        let output = |x: &[f64]| -> Vec<[f64; 2]> {
            before(x).iter().map(|v| by_definition(norm.activation, *v)).collect()
        };
        // At a kink single precision may take the other side's slope, and differences take both.
        let has_kink = matches!(norm.activation, Activation::Relu | Activation::LeakyRelu(_));
        prop_assume!(!has_kink || before(&exact).iter().all(|v| v.abs() > 1e-5));
        let expected = output(&exact);
        let hat = normalised(&norm, &exact);
        // With respect to parameters by hand, with respect to the input by differences of the loss
        // Σ y dy along one direction that touches every value.
        let mut of_gamma = vec![0.0; norm.channels];
        let mut of_beta = vec![0.0; norm.channels];
        for at in 0..length {
            let g = expected[at][1] * f64::from(dy[at]);
            of_gamma[channel(at)] += g * hat[at];
            of_beta[channel(at)] += g;
        }
        let direction = values(seed + 4, length);
        let loss = |step: f64| -> f64 {
            let x: Vec<f64> = exact.iter().zip(&direction).map(|(x, d)| x + step * f64::from(*d)).collect();
            output(&x).iter().zip(&dy).map(|(y, dy)| y[0] * f64::from(*dy)).sum()
        };
        let slope = (loss(1e-6) - loss(-1e-6)) / 2e-6;
        let y_expected: Vec<f64> = expected.iter().map(|y| y[0]).collect();
        // What is added up to a value has the size that its digits count from.
        let size = (0..length).fold(0f64, |most, at| {
            let [gamma, beta] = [0, 1].map(|which| f64::from(affine[which][channel(at)]));
            most.max((gamma * hat[at]).abs() + beta.abs())
        });
        let affine = [affine[0].as_slice(), affine[1].as_slice()];
        for level in InstructionSet::available() {
            let moments = norm.statistics(level, &x).unwrap();
            let mut y = vec![f32::NAN; length];
            norm.forward(level, &x, &moments, affine, &mut y).unwrap();
            for (at, (found, expected)) in y.iter().zip(&y_expected).enumerate() {
                let off = (f64::from(*found) - expected).abs();
                prop_assert!(off <= 3e-6 * size, "{level:?} {norm:?} at {at}: {found}, {expected} expected");
            }
            let (mut dx, mut dgamma, mut dbeta) =
                (vec![f32::NAN; length], vec![f32::NAN; norm.channels], vec![f32::NAN; norm.channels]);
            let gradients = NormGradients { x: &mut dx, gamma: &mut dgamma, beta: &mut dbeta };
            norm.backward(level, &x, &dy, &moments, affine, gradients).unwrap();
            let found: f64 = dx.iter().zip(&direction).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            let size: f64 = dx.iter().map(|v| f64::from(v.abs())).sum::<f64>() + 1.0;
            prop_assert!((found - slope).abs() <= 1e-3 * size, "{level:?} {norm:?}: {found} {slope}");
            assert_near(&format!("γ {level:?} {norm:?}"), &dgamma, &of_gamma, 1e-3);
            assert_near(&format!("β {level:?} {norm:?}"), &dbeta, &of_beta, 1e-3);
        }
    }

    #[test]
    fn every_pooling_is_its_definition(
        size in [1usize..7, 1..9, 1..12],
        window in [1usize..3, 1..3, 1..4],
        seed in 0u64..1000,
    ) {
        let pool = MaxPool { planes: 3, size, window };
        let out = pool.output_size().unwrap();
        let x = values(seed, 3 * size.iter().product::<usize>());
        let dy = values(seed + 1, 3 * out.iter().product::<usize>());
        let (mut y, mut dx) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
        pool.forward(&x, &mut y).unwrap();
        pool.backward(&x, &dy, &mut dx).unwrap();
        let mut expected = vec![0.0; x.len()];
        for at in 0..dy.len() {
            let [d, h, w] = [at / out[2] / out[1] % out[0], at / out[2] % out[1], at % out[2]];
            let plane = at / out.iter().product::<usize>();
            let mut best = (f32::MIN, 0);
            for k in 0..window.iter().product::<usize>() {
                let [i, j, l] = [k / window[2] / window[1], k / window[2] % window[1], k % window[2]];
                let from = ((plane * size[0] + d * window[0] + i) * size[1] + h * window[1] + j)
                    * size[2] + w * window[2] + l;
                if x[from] > best.0 { best = (x[from], from); }
            }
            prop_assert_eq!(y[at], best.0);
            expected[best.1] = dy[at];
        }
        prop_assert_eq!(dx, expected);
    }

    #[test]
    fn an_upsampling_keeps_constants_and_its_gradient_is_its_transpose(
        size in [1usize..5, 1..6, 1..9],
        to in [1usize..9, 1..9, 1..20],
        seed in 0u64..1000,
        linear: bool,
    ) {
        let mode = if linear { UpsampleMode::Linear } else { UpsampleMode::Nearest };
        let up = Upsample { planes: 2, size, to, mode };
        let (input, output) = (2 * size.iter().product::<usize>(), 2 * to.iter().product::<usize>());
        let mut y = vec![f32::NAN; output];
        up.forward(&vec![0.75; input], &mut y).unwrap();
        prop_assert!(y.iter().all(|v| (v - 0.75).abs() < 1e-6));
        let (x, dy) = (values(seed, input), values(seed + 1, output));
        let mut dx = vec![f32::NAN; input];
        up.forward(&x, &mut y).unwrap();
        up.backward(&dy, &mut dx).unwrap();
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        prop_assert!((dot(&y, &dy) - dot(&x, &dx)).abs() < 1e-4);
    }
}

#[test]
fn an_upsampled_row_by_hand() {
    let up = |mode| Upsample {
        planes: 1,
        size: [1, 1, 2],
        to: [1, 1, 4],
        mode,
    };
    let mut y = [0.0; 4];
    // Centres of the new voxels at -.25, .25, .75, 1.25 of the old.
    up(UpsampleMode::Linear)
        .forward(&[0.0, 4.0], &mut y)
        .unwrap();
    assert_eq!(y, [0.0, 1.0, 3.0, 4.0]);
    up(UpsampleMode::Nearest)
        .forward(&[0.0, 4.0], &mut y)
        .unwrap();
    assert_eq!(y, [0.0, 0.0, 4.0, 4.0]);
}

#[test]
fn wrong_lengths_are_errors() {
    let level = InstructionSet::detected();
    let conv = Conv::same(1, [2, 3], [1, 4, 4], [1, 3, 3]);
    let mut y = vec![0.0; 3 * 16];
    let error = conv.forward(level, &[0.0; 31], &[0.0; 54], &Finish::default(), &mut y);
    assert_eq!(
        error,
        Err(SizeError::Length {
            what: "the input of a convolution",
            found: 31,
            expected: 32
        })
    );
    let finish = Finish {
        shift: Some(&[0.0; 2]),
        ..Finish::default()
    };
    assert!(
        conv.forward(level, &[0.0; 32], &[0.0; 54], &finish, &mut y)
            .is_err()
    );
    let groups = Conv { groups: 4, ..conv };
    assert!(matches!(
        groups.output_size(),
        Err(SizeError::Impossible(_))
    ));
    let larger = Conv {
        kernel: [1, 9, 3],
        ..conv
    };
    assert!(matches!(
        larger.output_size(),
        Err(SizeError::Impossible(_))
    ));
    let norm = Norm {
        batch: 1,
        channels: 3,
        voxels: 4,
        over: Over::Groups(2),
        epsilon: 1e-5,
        activation: Activation::None,
    };
    assert!(norm.statistics(level, &[0.0; 12]).is_err());
}

#[test]
fn an_outlier_at_the_start_costs_no_digits() {
    // 10 000 ± 1, but for the first.
    let mut x: Vec<f32> = (0..4096)
        .map(|v| if v % 2 == 0 { 9999.0 } else { 10001.0 })
        .collect();
    x[0] = 0.0;
    let exact: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
    let mean = exact.iter().sum::<f64>() / 4096.0;
    let variance = exact.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 4096.0;
    let norm = Norm {
        batch: 1,
        channels: 1,
        voxels: 4096,
        over: Over::Batch,
        epsilon: 1e-5,
        activation: Activation::None,
    };
    for level in InstructionSet::available() {
        let moments = norm.statistics(level, &x).unwrap()[0];
        assert!(
            (moments.mean - mean).abs() < 1e-9 * mean,
            "{moments:?} {mean}"
        );
        assert!(
            (f64::from(moments.variance) / variance - 1.0).abs() < 1e-5,
            "{moments:?} {variance}"
        );
    }
}

#[test]
fn infinity_stays_where_nothing_is_mixed() {
    let up = Upsample {
        planes: 1,
        size: [1, 1, 1],
        to: [1, 1, 2],
        mode: UpsampleMode::Nearest,
    };
    let mut y = [0.0; 2];
    up.forward(&[f32::INFINITY], &mut y).unwrap();
    assert_eq!(y, [f32::INFINITY; 2]);
    let huge = Upsample {
        planes: (1 << 63) + 1,
        size: [1, 1, 2],
        to: [1, 1, 2],
        ..up
    };
    assert!(huge.backward(&[0.0; 2], &mut [0.0; 2]).is_err());
}
