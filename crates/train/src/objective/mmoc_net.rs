use super::step::MICROBLEED;
use super::{Objective, Step};
use crate::loss::{Loss, LossConfig};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Tensor, TensorData};
use siderin_image::random::Stream;
use siderin_net::architectures::{Mmoc, MmocConfig};
use siderin_net::tiling::{RegionCut, cut_region, regions_of};

impl Objective for MmocConfig {
    type Network = Mmoc;

    /// λ = 10 in the first and 1 in the second stage (Wei 2022).
    fn paper_loss() -> LossConfig {
        LossConfig {
            second: Some(Loss::cascade(1.0)),
            ..LossConfig::plain(Loss::cascade(10.0))
        }
    }

    fn has_second_stage(&self) -> bool {
        self.fine.is_some()
    }

    /// The first stage on whole slices, and the second on regions around what is there and around
    /// what the first one takes for it.
    fn loss(&self, network: &Mmoc, step: &Step) -> Tensor<1> {
        let x = step.slices();
        let logits = network.coarse.head(network.coarse.features(x));
        let likely: Vec<f32> = sigmoid(logits.clone().inner())
            .try_into_vec_as()
            .expect("probabilities can be read as floats");
        let coarse = step.loss.of.forward(logits, step.mask2d());
        let (Some(fine), Some(loss)) = (&network.fine, &step.loss.second) else {
            return coarse;
        };
        let region = fine.region();
        let (images, masks, count) = regions(step, &likely, region);
        let shape = [count, 1, region, region];
        let tensor = |values| Tensor::<4>::from_data(TensorData::new(values, shape), step.device);
        let logits = fine.head(fine.features(tensor(images)));
        coarse + loss.forward(logits, tensor(masks))
    }
}

/// Images and masks of regions, and how many: those of true lesions first, then others drawn
/// from what the first stage takes for lesions; a drawn place where there is neither.
fn regions(step: &Step, likely: &[f32], region: usize) -> (Vec<f32>, Vec<f32>, usize) {
    let batch = step.batch;
    let [_, _, _, h, w] = batch.shape;
    let mut stream = Stream::new(step.seed, "regions", batch.number);
    let masks: Vec<f32> = batch
        .classes
        .iter()
        .map(|c| f32::from(u8::from(*c == MICROBLEED)))
        .collect();
    let cuts_of = |values: &[f32], threshold: f32| -> Vec<(usize, RegionCut)> {
        values
            .chunks_exact(h * w)
            .enumerate()
            .flat_map(|(sample, slice)| {
                let cuts = regions_of(slice, [w, h], threshold, region);
                cuts.into_iter().map(move |cut| (sample, cut))
            })
            .collect()
    };
    let mut chosen = cuts_of(&masks, 0.5);
    chosen.truncate(step.regions);
    let mut others = cuts_of(likely, step.coarse_threshold);
    while chosen.len() < step.regions && !others.is_empty() {
        chosen.push(others.swap_remove(stream.index(others.len())));
    }
    if chosen.is_empty() {
        let anywhere = |stream: &mut Stream, length: usize| {
            stream.index(length) as isize - region as isize / 2
        };
        let start = [anywhere(&mut stream, w), anywhere(&mut stream, h)];
        chosen.push((0, RegionCut { start }));
    }
    let cut = |values: &[f32]| -> Vec<f32> {
        chosen
            .iter()
            .flat_map(|(sample, cut)| {
                let slice = &values[sample * h * w..][..h * w];
                cut_region(slice, [w, h], *cut, region)
            })
            .collect()
    };
    (cut(&batch.images), cut(&masks), chosen.len())
}
