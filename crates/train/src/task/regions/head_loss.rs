//! What the network of regions minimises.

use crate::loss::Loss;
use burn::tensor::activation::{log_sigmoid, log_softmax};
use burn::tensor::{Device, Tensor, TensorData};
use siderin_core::regions::{FLUID_CODE, Region, Side};
use siderin_net::architectures::{REGIONS, RegionLogits};

/// Sides are easy, and learnt by the way.
const SIDE_WEIGHT: f64 = 0.25;
/// Logit of what no longer counts: its share in any sum is below 1e-13.
const NEVER: f32 = -30.0;

/// The sum of: cross-entropy and half of Dice's loss of what lies inside; the same of fluid, over what truly
/// lies inside; cross-entropy of the regions and, a quarter of it, of the side, over tissue. Each is a mean
/// over its own voxels, so that regions count however small the brain is in the sample. `codes` has the
/// sample's voxels as [`Region::code`] and [`FLUID_CODE`] have them, `[n, d, h, w]`.
pub(super) fn head_loss(logits: RegionLogits, codes: &[u8], device: &Device) -> Tensor<1> {
    let [n, _, d, h, w] = logits.regions.dims();
    let truth = Truth::of(codes, [n, d, h, w]);
    let tensor = |values: Vec<f32>| {
        let channels = values.len() / (n * d * h * w);
        Tensor::<5>::from_data(TensorData::new(values, [n, channels, d, h, w]), device)
    };
    let share = |part: f64, of: f64| part / of.max(1.0);
    let voxels = codes.len() as f64;

    let of_inside = shape_loss(logits.inside, tensor(truth.inside.clone()), 1.0);
    let never = truth.inside.iter().map(|inside| (1.0 - inside) * NEVER);
    let among_inside = logits.fluid * tensor(truth.inside.clone()) + tensor(never.collect());
    let of_fluid = shape_loss(
        among_inside,
        tensor(truth.fluid),
        share(voxels, truth.inside_count),
    );
    let of_regions = log_softmax(logits.regions, 1) * tensor(truth.regions);
    let of_sides = log_sigmoid(logits.right.clone()) * tensor(truth.right)
        + log_sigmoid(-logits.right) * tensor(truth.left);
    let of_tissue = of_regions.sum() + of_sides.sum() * SIDE_WEIGHT;
    of_inside + of_fluid + of_tissue * -share(1.0, truth.tissue_count)
}

/// What is true of a sample, as the network answers: samples, channels, slices, rows, columns of cubes.
struct Truth {
    /// 1 where a voxel is tissue or fluid; eight channels, the last axis of the cube fastest.
    inside: Vec<f32>,
    /// 1 where it is fluid.
    fluid: Vec<f32>,
    /// Voxels of the cube in each region.
    regions: Vec<f32>,
    /// Voxels of the cube that have this side.
    left: Vec<f32>,
    right: Vec<f32>,
    inside_count: f64,
    tissue_count: f64,
}

impl Truth {
    /// Of the voxels of `[n, d, h, w]` cubes.
    fn of(codes: &[u8], [n, d, h, w]: [usize; 4]) -> Self {
        let cubes = d * h * w;
        let zeros = |channels: usize| vec![0f32; n * channels * cubes];
        let mut truth = Self {
            inside: zeros(8),
            fluid: zeros(8),
            regions: zeros(REGIONS),
            left: zeros(1),
            right: zeros(1),
            inside_count: 0.0,
            tissue_count: 0.0,
        };
        for (row, codes) in codes.chunks_exact(2 * w).enumerate() {
            let (y, z, sample) = (row % (2 * h), row / (2 * h) % (2 * d), row / (4 * h * d));
            let first = (z / 2 * h + y / 2) * w;
            for (x, &code) in codes.iter().enumerate().filter(|(_, code)| **code > 0) {
                let cube = first + x / 2;
                let channel = |channels: usize, at: usize| (sample * channels + at) * cubes + cube;
                let voxel = channel(8, z % 2 * 4 + y % 2 * 2 + x % 2);
                if let Some((region, side)) = Region::of_code(code) {
                    truth.regions[channel(REGIONS, region as usize - 1)] += 1.0;
                    let of_side = match side {
                        Side::Left => &mut truth.left,
                        Side::Right => &mut truth.right,
                    };
                    of_side[channel(1, 0)] += 1.0;
                    truth.tissue_count += 1.0;
                } else if code == FLUID_CODE {
                    truth.fluid[voxel] = 1.0;
                } else {
                    continue;
                }
                truth.inside[voxel] = 1.0;
                truth.inside_count += 1.0;
            }
        }
        truth
    }
}

/// Cross-entropy times a weight, and half of Dice's loss, of one class that is told by many channels.
fn shape_loss(logits: Tensor<5>, target: Tensor<5>, weight: f64) -> Tensor<1> {
    let one_class = |x: Tensor<5>| {
        let [n, c, d, h, w] = x.dims();
        x.reshape([n, 1, c * d, h, w])
    };
    let (logits, target) = (one_class(logits), one_class(target));
    Loss::CrossEntropy.forward(logits.clone(), target.clone()) * weight
        + Loss::Dice.forward(logits, target) * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_a_mean_over_its_own_voxels() {
        let device = Device::flex();
        // One cube: two voxels of the frontal lobe on the left (9), one of the thalamus on the right (24), one
        // of fluid, four outside.
        let codes = [9, 9, 24, FLUID_CODE, 0, 0, 0, 0];
        let channels = |values: &[f32]| {
            let shape = [1, values.len(), 1, 1, 1];
            Tensor::<5>::from_data(TensorData::new(values.to_vec(), shape), &device)
        };
        // e^ln 3 / (1 + e^ln 3) = ¾ for what is there, ¼ for the others: each voxel is right by ¾.
        let ln3 = 3f32.ln();
        let right = |is: [bool; 8]| channels(&is.map(|is| if is { ln3 } else { -ln3 }));
        let mut regions = [0.0; REGIONS];
        regions[Region::Frontal as usize - 1] = ln3;
        let logits = RegionLogits {
            inside: right([true, true, true, true, false, false, false, false]),
            fluid: right([false, false, false, true, true, true, true, true]),
            regions: channels(&regions),
            right: channels(&[0.0]),
        };
        // Cross-entropy of a voxel that is right by ¾ is ln 4/3, inside and among the four of inside.
        // Dice inside: Σpg = 3, Σp = 4, Σg = 4: 1 - 7/9. Of fluid: Σpg = ¾, Σp = 3 · ¼ + ¾ = 1.5, Σg = 1:
        // 1 - 2.5/3.5. The frontal lobe has 3 of 3 + 12 parts, others 1: (2 ln 5 + ln 15) / 3. Sides: ln 2.
        let expected = 2.0 * (4.0f64 / 3.0).ln()
            + 0.5 * (2.0 / 9.0 + 1.0 / 3.5)
            + (2.0 * 5f64.ln() + 15f64.ln()) / 3.0
            + 0.25 * 2f64.ln();
        let loss = f64::from(head_loss(logits, &codes, &device).into_scalar::<f32>());
        assert!((loss - expected).abs() < 1e-5, "{loss} {expected}");
    }

    #[test]
    fn truth_is_told_by_cubes() {
        // Two samples of 1 × 1 × 2 cubes; of the second, voxel (1, 0, 3) is the right parietal lobe (30), of the
        // first (0, 1, 0) fluid.
        let mut codes = [0; 32];
        codes[16 + 8 + 3] = 30;
        codes[4] = FLUID_CODE;
        let truth = Truth::of(&codes, [2, 1, 1, 2]);
        let ones = |values: &[f32]| -> Vec<usize> {
            (0..values.len()).filter(|at| values[*at] == 1.0).collect()
        };
        // Place 2 of the first sample's first cube; place 5 of the second's second.
        assert_eq!(ones(&truth.fluid), [4]);
        assert_eq!(ones(&truth.inside), [4, 16 + 11]);
        assert_eq!(ones(&truth.regions), [2 * REGIONS + 2 * 9 + 1]);
        assert_eq!((ones(&truth.left), ones(&truth.right)), (vec![], vec![3]));
        assert_eq!((truth.inside_count, truth.tissue_count), (2.0, 1.0));
    }
}
