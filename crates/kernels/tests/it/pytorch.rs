//! Outputs and gradients of drawn convolutions, against PyTorch's (tests/pytorch/draw.py): odd
//! sizes, axes of one voxel, empty batches, groups, strides, dilations, transposed.
use safetensors::SafeTensors;
use serde::Deserialize;
use siderin_kernels::{Conv, Finish, InstructionSet};

const DRAWN: &[u8] = include_bytes!("pytorch/drawn.safetensors");
/// Of the largest value.
const TOLERANCE: f32 = 1e-4;

#[derive(Debug, Deserialize)]
struct Case {
    batch: usize,
    channels: [usize; 2],
    size: [usize; 3],
    kernel: [usize; 3],
    stride: [usize; 3],
    dilation: [usize; 3],
    padding: [usize; 3],
    groups: usize,
    transposed: bool,
    output: [usize; 3],
}

/// As `values` in draw.py.
fn values(seed: u64, length: usize) -> Vec<f32> {
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

#[test]
#[cfg_attr(miri, ignore = "too large for an interpreter")]
fn drawn_convolutions_equal_pytorch() {
    let file = SafeTensors::deserialize(DRAWN).unwrap();
    let (_, metadata) = SafeTensors::read_metadata(DRAWN).unwrap();
    let cases = &metadata.metadata().as_ref().unwrap()["cases"];
    let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
    assert_eq!(cases.len(), 120);
    assert!(cases.iter().any(|case| case.batch == 0));
    assert!(
        cases
            .iter()
            .any(|case| case.transposed && case.stride[2] == 2)
    );
    let expected = |name: &str, at: usize| -> Vec<f32> {
        let tensor = file.tensor(&format!("{name}.{at}")).unwrap();
        let floats = tensor.data().chunks_exact(4);
        floats
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    };
    for level in InstructionSet::available() {
        for (at, case) in cases.iter().enumerate() {
            let [y, dx, dw] = ["y", "dx", "dw"].map(|name| expected(name, at));
            let seed = 10 * at as u64;
            let x = values(seed, dx.len());
            let w = values(seed + 1, dw.len());
            let dy = values(seed + 2, y.len());
            let found = run(level, case, &x, &w, &dy);
            for (name, found, expected) in [
                ("y", &found[0], y),
                ("dx", &found[1], dx),
                ("dw", &found[2], dw),
            ] {
                let largest = expected.iter().fold(1e-3f32, |most, v| most.max(v.abs()));
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(&expected) {
                    assert!(
                        (found - expected).abs() <= TOLERANCE * largest,
                        "{level:?}, case {at} {case:?}: {name} {found}, {expected} expected"
                    );
                }
            }
        }
    }
}

/// Output and gradients to input and kernel.
fn run(level: InstructionSet, case: &Case, x: &[f32], w: &[f32], dy: &[f32]) -> [Vec<f32>; 3] {
    let [inputs, outputs] = case.channels;
    let mut conv = Conv {
        batch: case.batch,
        channels: [inputs, outputs],
        size: case.size,
        kernel: case.kernel,
        stride: case.stride,
        padding: case.padding.map(|pad| [pad; 2]),
        dilation: case.dilation,
        groups: case.groups,
    };
    let mut y = vec![f32::NAN; dy.len()];
    let mut dx = vec![f32::NAN; x.len()];
    let mut dw = vec![f32::NAN; w.len()];
    let plain = Finish::default();
    if case.transposed {
        // The two ends of the convolution change places.
        conv.channels = [outputs, inputs];
        conv.size = case.output;
        assert_eq!(conv.output_size().unwrap(), case.size);
        conv.input_gradient(level, x, w, &plain, &mut y).unwrap();
        conv.forward(level, dy, w, &plain, &mut dx).unwrap();
        conv.weight_gradient(level, dy, x, &mut dw).unwrap();
    } else {
        assert_eq!(conv.output_size().unwrap(), case.output);
        conv.forward(level, x, w, &plain, &mut y).unwrap();
        conv.input_gradient(level, dy, w, &plain, &mut dx).unwrap();
        conv.weight_gradient(level, x, dy, &mut dw).unwrap();
    }
    [y, dx, dw]
}
