//! What is minimised, for each network.

use super::head_loss::head_loss;
use super::patches::PatchBatch;
use crate::config::{LossConfig, TrainConfig};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData};
use siderin_image::random::Stream;
use siderin_net::infer::{RegionCut, cut_region, regions_of};
use siderin_net::loss::{DeepSupervision, Loss, shrink_target2d, shrink_target3d};
use siderin_net::model::{Fine, Guided, GuidedClass, GuidedConfig, Mmoc, ModelConfig, Network};

/// The loss of a batch.
pub(crate) struct Objective {
    model: ModelConfig,
    loss: LossConfig,
    deep: DeepSupervision,
    coarse_threshold: f32,
    regions: usize,
    seed: u64,
    device: Device,
}

const MICROBLEED: u8 = GuidedClass::Microbleed as u8;

impl Objective {
    pub(crate) fn new(
        config: &TrainConfig,
        model: &ModelConfig,
        coarse_threshold: f32,
        device: &Device,
    ) -> Self {
        let loss = config.loss();
        Self {
            model: model.clone(),
            deep: DeepSupervision {
                weights: loss.levels.clone(),
                loss: loss.of.clone(),
            },
            loss,
            coarse_threshold,
            regions: config.sampling.regions,
            seed: config.seed,
            device: device.clone(),
        }
    }

    /// One number, to be minimised.
    pub(crate) fn loss(&self, network: &Network, batch: &PatchBatch) -> Tensor<1> {
        match (network, &self.model) {
            (Network::RlkUnet(network), _) => {
                let outputs = network.forward_all(self.slices(batch));
                let mut targets = vec![self.mask2d(batch)];
                for _ in 1..outputs.len() {
                    let finer = targets[targets.len() - 1].clone();
                    targets.push(shrink_target2d(finer));
                }
                self.deep.forward(outputs, targets)
            }
            (Network::Unet3d(network), _) => {
                let logits = network.head(network.features(self.patches(batch)));
                let target = self.one_hot(batch, &[&|class| class != MICROBLEED, &is_microbleed]);
                self.loss.of.forward(logits, target)
            }
            (Network::MmocNet(network), _) => self.cascade(network, batch),
            (Network::GuidedUnet(network), ModelConfig::GuidedUnet(config)) => {
                self.guided(network, config, batch)
            }
            (Network::GuidedUnet(_), _) => unreachable!("a network is of its config"),
            (Network::RegionUnet(network), _) => {
                let logits = network.head(network.features(self.patches(batch)));
                head_loss(logits, &batch.classes, &self.device)
            }
            (Network::CandidateNet(_), _) => unreachable!("candidates are a task of their own"),
        }
    }

    fn guided(&self, network: &Guided, config: &GuidedConfig, batch: &PatchBatch) -> Tensor<1> {
        let outputs = network.forward_all(self.patches(batch));
        let target = if config.proxy {
            self.one_hot(
                batch,
                &[
                    &|class| class == 0,
                    &|class| class == 1,
                    &|class| class == 2,
                    &|class| class == 3,
                    &is_microbleed,
                ],
            )
        } else {
            self.one_hot(batch, &[&|class| class != MICROBLEED, &is_microbleed])
        };
        let mut targets = vec![target];
        for level in &config.levels[1..outputs.len()] {
            let finer = targets[targets.len() - 1].clone();
            targets.push(shrink_target3d(finer, level.stride));
        }
        self.deep.forward(outputs, targets)
    }

    /// The first stage on whole slices, and the second on regions around what is there and around
    /// what the first one takes for it.
    fn cascade(&self, network: &Mmoc, batch: &PatchBatch) -> Tensor<1> {
        let x = self.slices(batch);
        let logits = network.coarse.head(network.coarse.features(x));
        let likely: Vec<f32> = sigmoid(logits.clone().inner())
            .try_into_vec_as()
            .expect("probabilities can be read as floats");
        let coarse = self.loss.of.forward(logits, self.mask2d(batch));
        let (Some(fine), Some(loss), ModelConfig::MmocNet(config)) =
            (&network.fine, &self.loss.second, &self.model)
        else {
            return coarse;
        };
        let region = config.fine.as_ref().map_or(0, |fine| fine.region);
        let (images, masks, count) = self.regions(batch, &likely, region);
        coarse + self.second(fine, images, masks, [count, 1, region, region], loss)
    }

    fn second(
        &self,
        fine: &Fine,
        images: Vec<f32>,
        masks: Vec<f32>,
        shape: [usize; 4],
        loss: &Loss,
    ) -> Tensor<1> {
        let tensor = |values| Tensor::<4>::from_data(TensorData::new(values, shape), &self.device);
        let logits = fine.head(fine.features(tensor(images)));
        loss.forward(logits, tensor(masks))
    }

    /// Images and masks of regions, and how many: those of true lesions first, then others drawn
    /// from what the first stage takes for lesions; a drawn place where there is neither.
    fn regions(
        &self,
        batch: &PatchBatch,
        likely: &[f32],
        region: usize,
    ) -> (Vec<f32>, Vec<f32>, usize) {
        let [_, _, _, h, w] = batch.shape;
        let mut stream = Stream::new(self.seed, "regions", batch.number);
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
        chosen.truncate(self.regions);
        let mut others = cuts_of(likely, self.coarse_threshold);
        while chosen.len() < self.regions && !others.is_empty() {
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

    /// `[n, slices, h, w]`: slices as channels.
    fn slices(&self, batch: &PatchBatch) -> Tensor<4> {
        let [n, _, d, h, w] = batch.shape;
        let data = TensorData::new(batch.images.clone(), [n, d, h, w]);
        Tensor::from_data(data, &self.device)
    }

    /// `[n, images, d, h, w]`.
    fn patches(&self, batch: &PatchBatch) -> Tensor<5> {
        let data = TensorData::new(batch.images.clone(), batch.shape);
        Tensor::from_data(data, &self.device)
    }

    /// `[n, 1, h, w]`: microbleeds of the middle slice.
    fn mask2d(&self, batch: &PatchBatch) -> Tensor<4> {
        let [n, _, d, h, w] = batch.shape;
        let values: Vec<f32> = batch
            .classes
            .chunks_exact(d * h * w)
            .flat_map(|sample| &sample[d / 2 * h * w..][..h * w])
            .map(|class| f32::from(u8::from(*class == MICROBLEED)))
            .collect();
        Tensor::from_data(TensorData::new(values, [n, 1, h, w]), &self.device)
    }

    /// `[n, classes, d, h, w]`: 1 where a voxel is of the class.
    fn one_hot(&self, batch: &PatchBatch, classes: &[&dyn Fn(u8) -> bool]) -> Tensor<5> {
        let [n, _, d, h, w] = batch.shape;
        let mut values = Vec::with_capacity(n * classes.len() * d * h * w);
        for sample in batch.classes.chunks_exact(d * h * w) {
            for is_of in classes {
                values.extend(
                    sample
                        .iter()
                        .map(|class| f32::from(u8::from(is_of(*class)))),
                );
            }
        }
        let shape = [n, classes.len(), d, h, w];
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }
}

fn is_microbleed(class: u8) -> bool {
    class == MICROBLEED
}
