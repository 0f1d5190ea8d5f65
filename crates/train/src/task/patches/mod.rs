//! Patches and slices of scans, of which a network makes maps.

mod mine;

use super::batches::maker;
use super::{Task, TaskError, Verdict};
use crate::config::{LossConfig, TrainConfig, ValidationConfig};
use crate::data::{PreparedFile, Store};
use crate::loader::Maker;
use crate::objective::{self, PatchBatch, Step};
use crate::sample::Sampler;
use crate::score::{JudgeError, best_thresholds, counts_by_threshold};
use burn::tensor::{Device, Tensor};
use mine::false_alarms;
use siderin_net::architectures::{ModelConfig, Network};
use siderin_net::compute::Compute;
use siderin_net::infer::Predictor;
use siderin_net::model_file::{Model, ModelCard};
use std::sync::Arc;

/// Learning from patches.
pub(crate) struct PatchTask {
    store: Arc<Store>,
    sampler: Sampler,
    model: ModelConfig,
    loss: LossConfig,
    coarse_threshold: f32,
    /// Regions of a batch that the cascade's second stage sees.
    regions: usize,
    seed: u64,
    with_gradients: Device,
    validation: Vec<PreparedFile>,
    judging: ValidationConfig,
    compute: Compute,
}

impl PatchTask {
    /// A task of prepared scans.
    pub(crate) fn new(
        config: &TrainConfig,
        card: &ModelCard,
        train: Vec<PreparedFile>,
        validation: Vec<PreparedFile>,
        compute: &Compute,
    ) -> Self {
        let sampler = Sampler::new(
            config.sampling.clone(),
            config.augment.clone(),
            config.seed,
            train.len(),
        );
        Self {
            store: Arc::new(Store::new(train, config.data.memory_gib)),
            sampler,
            model: card.model.clone(),
            loss: config.loss(),
            coarse_threshold: card.inference.coarse_threshold,
            regions: config.sampling.regions,
            seed: config.seed,
            with_gradients: compute.device().clone().autodiff(),
            validation,
            judging: config.validation.clone(),
            compute: compute.clone(),
        }
    }
}

/// A model, ready to go over scans.
pub(crate) fn predictor_of(model: Model, compute: &Compute) -> Result<Predictor, JudgeError> {
    Ok(Predictor::new(
        model.network,
        &model.card.model,
        model.card.inference,
        compute,
    )?)
}

impl Task for PatchTask {
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
        maker(&self.store, self.sampler.showing(mistakes), false)
    }

    fn loss(&self, network: &Network, batch: &PatchBatch) -> Tensor<1> {
        let step = Step {
            batch,
            loss: &self.loss,
            coarse_threshold: self.coarse_threshold,
            regions: self.regions,
            seed: self.seed,
            device: &self.with_gradients,
        };
        objective::loss(&self.model, network, &step)
    }

    fn judge(&self, model: Model, told: &dyn Fn(usize)) -> Result<Verdict, TaskError> {
        let mut card = model.card.clone();
        let thresholds = &self.judging.thresholds;
        let counts = counts_by_threshold(
            &self.validation,
            &predictor_of(model, &self.compute)?,
            &card.operating,
            thresholds,
            self.judging.rule,
            told,
        )?;
        let chosen = best_thresholds(&counts, thresholds);
        card.operating.threshold = thresholds[chosen.at];
        card.other_points = Some(chosen.others);
        Ok(Verdict {
            counts: counts[chosen.at],
            card,
        })
    }

    fn mine(&self, model: Model, told: &dyn Fn(usize)) -> Result<Vec<Vec<usize>>, TaskError> {
        let predictor = predictor_of(model, &self.compute)?;
        Ok(false_alarms(&self.store, &predictor, told)?)
    }
}
