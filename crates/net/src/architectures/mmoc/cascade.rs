//! From coarse to fine: whole slices, then regions around what they show.

use super::Mmoc;
use super::coarse::STRIDE;
use crate::tiling::{Pass, Window, cut_regions, floats, regions_of};
use burn::tensor::activation::sigmoid;

/// Regions that run through the second stage at once.
const BATCH: usize = 32;

/// Probabilities of the second stage in regions around what the first one found, 0 elsewhere. Where
/// regions overlap, the highest counts. Those of the first stage where there is no second.
pub(super) fn coarse_to_fine(network: &Mmoc, pass: &Pass) -> Vec<f32> {
    let stack = &pass.stack;
    let [nx, ny, nz] = stack.shape;
    let mut out = vec![0f32; nx * ny * nz];
    for (k, slice) in out.chunks_exact_mut(nx * ny).enumerate() {
        let Some(window) = Window::around_brain(stack, k, STRIDE) else {
            continue;
        };
        let x = window.take(stack, &[k], pass.device);
        let coarse = sigmoid(network.coarse.head(network.coarse.features(x)));
        let mut likely = vec![0f32; nx * ny];
        window.keep(coarse, &mut likely, [nx, ny]);
        if likely.iter().any(|p| p.is_nan()) {
            slice.fill(f32::NAN);
            continue;
        }
        let Some(second) = &network.fine else {
            slice.copy_from_slice(&likely);
            continue;
        };
        let image = &stack.images[0][k * nx * ny..][..nx * ny];
        let region = second.region();
        let regions = regions_of(&likely, [nx, ny], pass.inference.coarse_threshold, region);
        for batch in regions.chunks(BATCH) {
            let x = cut_regions(image, [nx, ny], batch, region, pass.device);
            let fine = floats(sigmoid(second.head(second.features(x))));
            let pixels = region * region;
            for (cut, values) in batch.iter().zip(fine.chunks_exact(pixels)) {
                cut.put_highest(values, slice, [nx, ny], region);
            }
        }
    }
    out
}
