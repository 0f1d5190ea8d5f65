//! Judging a network of structures: voxels instead of lesions.

use super::example::Example;
use crate::score::Counts;
use burn::tensor::{Tensor, TensorData};
use siderin_core::regions::{Side, Structure};
use siderin_net::architectures::{CUBE, STRUCTURE_CLASSES, StructureUnet};
use siderin_net::compute::Compute;

/// Voxels of all examples with the right structure and side, or the wrong one: their F1 is Dice's coefficient over all
/// structures.
pub(super) fn structure_counts(
    examples: &[Example],
    network: &StructureUnet,
    compute: &Compute,
    told: &dyn Fn(usize),
) -> Counts {
    let mut counts = Counts::default();
    for (number, example) in examples.iter().enumerate() {
        let data = TensorData::new(example.view.clone(), example.shape());
        let logits: Vec<f32> = compute.scope(|| {
            let logits = network.logits(Tensor::from_data(data, compute.device()));
            logits.try_into_vec_as().expect("logits are numbers")
        });
        compare(
            &logits,
            &example.truth.codes,
            example.truth.cubes,
            &mut counts,
        );
        told(number + 1);
    }
    counts
}

fn compare(logits: &[f32], truth: &[u8], cubes: [usize; 3], counts: &mut Counts) {
    let [d, h, w] = cubes;
    let planes = d * h * w;
    for (offset, &truth) in truth.iter().enumerate() {
        let (z, y, x) = (
            offset / (4 * h * w),
            offset / (2 * w) % (2 * h),
            offset % (2 * w),
        );
        let place = z % 2 * 4 + y % 2 * 2 + x % 2;
        let cube = (z / 2 * h + y / 2) * w + x / 2;
        let logit = |class: usize| logits[(class * CUBE + place) * planes + cube];
        let likeliest = (1..STRUCTURE_CLASSES).fold(0, |best, class| {
            if logit(class) > logit(best) {
                class
            } else {
                best
            }
        });
        let side = if logit(STRUCTURE_CLASSES) > 0.0 {
            Side::Right
        } else {
            Side::Left
        };
        let found = match likeliest {
            0 => 0,
            class => Structure::ALL[class - 1].code(side),
        };
        if found == truth {
            counts.found += u64::from(truth > 0);
            counts.right += u64::from(truth > 0);
        } else {
            counts.missed += u64::from(truth > 0);
            counts.wrong += u64::from(found > 0);
        }
    }
}
