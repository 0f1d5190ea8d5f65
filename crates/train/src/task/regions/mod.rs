//! Regions of whole heads, learnt from patches of them.

mod head_loss;
mod judge;

pub use judge::RegionJudgeError;

use super::batches::maker;
use super::{Task, TaskError, Verdict};
use crate::config::TrainConfig;
use crate::data::{PreparedFile, Store};
use crate::loader::Maker;
use crate::objective::PatchBatch;
use crate::sample::Sampler;
use burn::tensor::{Device, Tensor, TensorData};
use head_loss::head_loss;
use judge::region_counts;
use siderin_net::RegionFinder;
use siderin_net::architectures::Network;
use siderin_net::compute::Compute;
use siderin_net::model_file::Model;
use std::sync::Arc;

/// Learning regions.
pub(crate) struct RegionTask {
    store: Arc<Store>,
    sampler: Sampler,
    with_gradients: Device,
    validation: Vec<PreparedFile>,
    compute: Compute,
}

impl RegionTask {
    /// A task of prepared heads.
    pub(crate) fn new(
        config: &TrainConfig,
        train: Vec<PreparedFile>,
        validation: Vec<PreparedFile>,
        compute: &Compute,
    ) -> Self {
        let (sampling, augment) = (config.sampling.clone(), config.augment.clone());
        Self {
            sampler: Sampler::new(sampling, augment, config.seed, train.len()),
            store: Arc::new(Store::new(train, config.data.memory_gib)),
            with_gradients: compute.device().clone().autodiff(),
            validation,
            compute: compute.clone(),
        }
    }
}

impl Task for RegionTask {
    type Batch = PatchBatch;

    fn scans(&self) -> usize {
        self.store.len()
    }

    fn judges(&self) -> usize {
        self.validation.len()
    }

    fn batches_per_epoch(&self) -> u64 {
        self.sampler.batches_per_epoch()
    }

    fn samples_per_batch(&self) -> usize {
        self.sampler.config().batch
    }

    fn maker(&self, mistakes: &[Vec<usize>]) -> Maker<PatchBatch> {
        maker(&self.store, self.sampler.showing(mistakes), true)
    }

    fn loss(&self, network: &Network, batch: &PatchBatch) -> Tensor<1> {
        let Network::RegionUnet(network) = network else {
            unreachable!("a network is of its config");
        };
        let data = TensorData::new(batch.images.clone(), batch.shape);
        let x = Tensor::from_data(data, &self.with_gradients);
        let logits = network.head(network.features(x));
        head_loss(logits, &batch.classes, &self.with_gradients)
    }

    fn judge(&self, model: Model, told: &dyn Fn(usize)) -> Result<Verdict, TaskError> {
        let mut card = model.card.clone();
        let finder = RegionFinder::new(model, &self.compute)
            .map_err(|error| TaskError::Regions(error.into()))?;
        let counts = region_counts(&self.validation, &finder, told)?;
        card.operating.threshold = 0.5;
        Ok(Verdict { counts, card })
    }
}
