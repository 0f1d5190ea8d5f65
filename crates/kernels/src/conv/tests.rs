use super::*;
use crate::Activation;
use crate::tests::{assert_near, values};
use proptest::prelude::*;

/// The definition, in `f64`.
fn by_definition(conv: &Conv, x: &[f32], w: &[f32], dy: &[f32]) -> [Vec<f64>; 3] {
    let out = conv.output_size().unwrap();
    let [inputs, outputs] = conv.channels.map(|channels| channels / conv.groups);
    let mut y = vec![0.0; conv.output_length().unwrap()];
    let mut dx = vec![0.0; conv.input_length().unwrap()];
    let mut dw = vec![0.0; conv.weight_length().unwrap()];
    let voxels = |size: [usize; 3]| {
        (0..size[0])
            .flat_map(move |d| (0..size[1]).flat_map(move |h| (0..size[2]).map(move |w| [d, h, w])))
    };
    let index = |at: [usize; 3], size: [usize; 3]| (at[0] * size[1] + at[1]) * size[2] + at[2];
    for n in 0..conv.batch {
        for o in 0..conv.channels[1] {
            let group = o / outputs;
            for p in voxels(out) {
                let to = (n * conv.channels[1] + o) * out.iter().product::<usize>() + index(p, out);
                for i in 0..inputs {
                    let image = (n * conv.channels[0] + group * inputs + i)
                        * conv.size.iter().product::<usize>();
                    for k in voxels(conv.kernel) {
                        let at: [Option<usize>; 3] = std::array::from_fn(|axis| {
                            (p[axis] * conv.stride[axis] + k[axis] * conv.dilation[axis])
                                .checked_sub(conv.padding[axis][0])
                                .filter(|v| *v < conv.size[axis])
                        });
                        let [Some(d), Some(h), Some(v)] = at else {
                            continue;
                        };
                        let from = image + index([d, h, v], conv.size);
                        let weight = (o * inputs + i) * conv.kernel.iter().product::<usize>()
                            + index(k, conv.kernel);
                        y[to] += f64::from(w[weight]) * f64::from(x[from]);
                        dx[from] += f64::from(w[weight]) * f64::from(dy[to]);
                        dw[weight] += f64::from(x[from]) * f64::from(dy[to]);
                    }
                }
            }
        }
    }
    [y, dx, dw]
}

fn check(conv: &Conv, seed: u64) {
    let x = values(seed, conv.input_length().unwrap());
    let w = values(seed + 1, conv.weight_length().unwrap());
    let dy = values(seed + 2, conv.output_length().unwrap());
    let expected = by_definition(conv, &x, &w, &dy);
    for level in InstructionSet::available() {
        // What was there before must not shine through.
        let mut y = vec![f32::NAN; dy.len()];
        let mut dx = vec![f32::NAN; x.len()];
        let mut dw = vec![f32::NAN; w.len()];
        let plain = Finish::default();
        conv.forward(level, &x, &w, &plain, &mut y).unwrap();
        conv.input_gradient(level, &dy, &w, &plain, &mut dx)
            .unwrap();
        conv.weight_gradient(level, &x, &dy, &mut dw).unwrap();
        assert_near(
            &format!("{level:?} output of {conv:?}"),
            &y,
            &expected[0],
            1e-5,
        );
        assert_near(
            &format!("{level:?} input gradient of {conv:?}"),
            &dx,
            &expected[1],
            1e-5,
        );
        assert_near(
            &format!("{level:?} weight gradient of {conv:?}"),
            &dw,
            &expected[2],
            1e-5,
        );
    }
}

/// Multiply-adds of a drawn convolution.
const MOST: usize = if cfg!(miri) { 500 } else { 2_000_000 };

fn any_conv() -> impl Strategy<Value = Conv> {
    let axis = (
        1usize..20,
        prop_oneof![Just(1usize), Just(2), Just(3), Just(5)],
        1usize..3,
        1usize..3,
        0usize..4,
        0usize..4,
    );
    (
        [axis.clone(), axis.clone(), axis],
        0usize..3,
        1usize..8,
        1usize..8,
        1usize..4,
    )
        .prop_filter_map("fits", |(axes, batch, inputs, outputs, groups)| {
            let conv = Conv {
                batch,
                channels: [inputs * groups, outputs * groups],
                size: axes.map(|a| a.0),
                kernel: axes.map(|a| a.1),
                stride: axes.map(|a| a.2),
                dilation: axes.map(|a| a.3),
                padding: axes.map(|a| [a.4, a.5]),
                groups,
            };
            let fits = conv.output_size().is_ok() && conv.multiply_adds().ok()? < MOST;
            fits.then_some(conv)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 6 } else { 300 }))]
    #[test]
    fn every_convolution_is_its_definition(conv in any_conv(), seed in 0u64..1000) {
        check(&conv, seed);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too large for an interpreter")]
fn sizes_of_real_networks() {
    let same = |channels, size, kernel| Conv::same(1, channels, size, kernel);
    for conv in [
        same([1, 16], [6, 20, 33], [3; 3]),
        same([16, 12], [3, 17, 70], [3; 3]),
        // More channels than fit into the cache at a time.
        same([300, 5], [2, 9, 40], [3; 3]),
        // The same by transformed rows; in groups; with padding on one side.
        same([300, 12], [2, 33, 40], [3; 3]),
        Conv {
            groups: 2,
            ..Conv::same(2, [18, 24], [3, 9, 70], [1, 3, 2])
        },
        Conv {
            padding: [[0, 2], [2, 0], [0, 1]],
            ..same([9, 10], [6, 16, 33], [3; 3])
        },
        // Deep and small.
        same([64, 64], [2, 3, 2], [3; 3]),
        Conv {
            groups: 6,
            ..same([6, 6], [1, 40, 30], [1, 13, 13])
        },
        // Up-sampling by 2, and a strided step down.
        Conv {
            stride: [2; 3],
            padding: [[0; 2]; 3],
            ..same([9, 7], [8, 10, 36], [2; 3])
        },
        Conv {
            stride: [1, 2, 2],
            ..same([5, 8], [1, 31, 29], [1, 3, 3])
        },
        same([40, 3], [4, 30, 31], [1; 3]),
    ] {
        check(&conv, 5);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too large for an interpreter")]
fn the_finish_is_scale_shift_and_activation() {
    let conv = Conv::same(2, [3, 5], [2, 5, 21], [3; 3]);
    let x = values(1, conv.input_length().unwrap());
    let w = values(2, conv.weight_length().unwrap());
    let (scale, shift) = (values(3, 5), values(4, 5));
    let [y, ..] = by_definition(&conv, &x, &w, &vec![0.0; conv.output_length().unwrap()]);
    let channel = |at: usize| at / (2 * 5 * 21) % 5;
    let line = |at: usize| y[at] * f64::from(scale[channel(at)]) + f64::from(shift[channel(at)]);
    let expected: Vec<f64> = (0..y.len())
        .map(|at| match line(at) {
            v if v > 0.0 => v,
            v => v * 0.125,
        })
        .collect();
    let finish = Finish {
        scale: Some(&scale),
        shift: Some(&shift),
        activation: Activation::LeakyRelu(0.125),
    };
    for level in InstructionSet::available() {
        let mut y = vec![f32::NAN; expected.len()];
        conv.forward(level, &x, &w, &finish, &mut y).unwrap();
        assert_near(&format!("{level:?}"), &y, &expected, 1e-5);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too large for an interpreter")]
fn the_number_of_threads_changes_no_bit() {
    // So many channels that they come in parts.
    let conv = Conv::same(2, [280, 14], [2, 20, 40], [3; 3]);
    let x = values(1, conv.input_length().unwrap());
    let w = values(2, conv.weight_length().unwrap());
    let dy = values(3, conv.output_length().unwrap());
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), w.clone());
            let (level, plain) = (InstructionSet::detected(), Finish::default());
            conv.forward(level, &x, &w, &plain, &mut y).unwrap();
            conv.input_gradient(level, &dy, &w, &plain, &mut dx)
                .unwrap();
            conv.weight_gradient(level, &x, &dy, &mut dw).unwrap();
            [y, dx, dw].map(|values| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
        })
    };
    let one = run(1);
    for threads in [2, 3, 7] {
        assert!(one == run(threads), "{threads} threads");
    }
}

#[test]
fn what_an_earlier_task_left_behind_is_not_read() {
    let run = |conv: &Conv, x: &[f32]| {
        let dy = values(1, conv.output_length().unwrap());
        let w = values(2, conv.weight_length().unwrap());
        let (mut y, mut dw) = (dy.clone(), w.clone());
        for level in InstructionSet::available() {
            conv.forward(level, x, &w, &Finish::default(), &mut y)
                .unwrap();
            conv.weight_gradient(level, x, &dy, &mut dw).unwrap();
        }
        dw
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.unwrap().install(|| {
        let large = Conv::same(1, [4, 1], [1, 20, 20], [1, 3, 3]);
        run(&large, &vec![f32::NAN; large.input_length().unwrap()]);
        let small = Conv::same(1, [1, 1], [1, 5, 5], [1, 3, 3]);
        let dw = run(&small, &values(3, small.input_length().unwrap()));
        assert!(dw.iter().all(|v| v.is_finite()), "{dw:?}");
    });
}

#[test]
fn sizes_beyond_memory_are_errors() {
    let level = InstructionSet::detected();
    let conv = Conv::same(1, [1, 1], [1, 4, 4], [1, 3, 3]);
    for odd in [
        Conv { groups: 0, ..conv },
        Conv {
            batch: (1 << 63) + 1,
            channels: [0, 2],
            ..conv
        },
        Conv {
            dilation: [1, usize::MAX, 1],
            ..conv
        },
        Conv {
            padding: [[0; 2], [usize::MAX, 1], [1; 2]],
            ..conv
        },
        Conv {
            padding: [[0; 2], [usize::MAX / 2, 1], [1; 2]],
            ..conv
        },
    ] {
        let (mut y, mut dx, mut dw) = ([0.0; 2], [0.0; 16], [0.0; 9]);
        let plain = Finish::default();
        assert!(
            odd.forward(level, &[0.0; 16], &[0.0; 9], &plain, &mut y)
                .is_err(),
            "{odd:?}"
        );
        assert!(
            odd.input_gradient(level, &[0.0; 16], &[0.0; 9], &plain, &mut dx)
                .is_err()
        );
        assert!(
            odd.weight_gradient(level, &[0.0; 16], &[0.0; 16], &mut dw)
                .is_err()
        );
    }
    // A step larger than the image is none.
    let step = Conv {
        stride: [1, 1, 1 << 60],
        ..conv
    };
    let mut dx = [f32::NAN; 16];
    let dy = [1.0; 4];
    step.input_gradient(level, &dy, &[1.0; 9], &Finish::default(), &mut dx)
        .unwrap();
    assert!(dx.iter().all(|v| v.is_finite()));
}
