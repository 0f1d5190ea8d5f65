//! Structures of whole heads, learnt from heads that are drawn on the way.

mod example;
mod heads;
mod judge;
mod loss;

pub use heads::HeadsError;

use super::{Task, TaskError, Verdict};
use crate::config::TrainConfig;
use crate::loader::Maker;
use burn::tensor::{Device, Tensor, TensorData};
use example::{Example, Examples};
use heads::Heads;
use judge::structure_counts;
use loss::structure_loss;
use siderin_net::architectures::Network;
use siderin_net::compute::Compute;
use siderin_net::model_file::Model;
use std::sync::Arc;

/// Learning structures.
pub(crate) struct StructureTask {
    examples: Arc<Examples>,
    per_epoch: u64,
    with_gradients: Device,
    validation: Vec<Example>,
    compute: Compute,
}

impl StructureTask {
    /// A task of the config's heads.
    ///
    /// # Errors
    /// Names the label map that cannot be used.
    pub(crate) fn new(config: &TrainConfig, compute: &Compute) -> Result<Self, HeadsError> {
        let choice = config.heads.as_ref();
        let choice = choice.expect("the check of the config asks for it");
        let train = Heads::read(choice, &choice.train)?;
        let judges = Examples::new(
            Heads::read(choice, &choice.validation)?,
            config.seed,
            "judge",
        );
        let validation = (0..config.validation.scans as u64).map(|number| judges.draw(number));
        Ok(Self {
            per_epoch: (choice.train.len() * config.sampling.per_scan) as u64,
            validation: validation.collect::<Result<_, _>>()?,
            examples: Arc::new(Examples::new(train, config.seed, "train")),
            with_gradients: compute.device().clone().autodiff(),
            compute: compute.clone(),
        })
    }
}

impl Task for StructureTask {
    type Batch = Example;

    fn scans(&self) -> usize {
        self.examples.heads()
    }

    fn judges(&self) -> usize {
        self.validation.len()
    }

    fn batches_per_epoch(&self) -> u64 {
        self.per_epoch
    }

    fn samples_per_batch(&self) -> usize {
        1
    }

    fn maker(&self, _: &[Vec<usize>]) -> Maker<Example> {
        let examples = Arc::clone(&self.examples);
        Box::new(move |number| {
            examples
                .draw(number)
                .map_err(|error| std::io::Error::other(error).into())
        })
    }

    fn loss(&self, network: &Network, example: &Example) -> Tensor<1> {
        let Network::StructureUnet(network) = network else {
            unreachable!("a network is of its config");
        };
        let data = TensorData::new(example.view.clone(), example.shape());
        let logits = network.logits(Tensor::from_data(data, &self.with_gradients));
        let values: Vec<f32> = logits
            .clone()
            .detach()
            .try_into_vec_as()
            .expect("logits are numbers");
        let (loss, gradient) = structure_loss(&values, &example.truth);
        // A plane that has the loss's slope, moved to the loss's height.
        let slope = Tensor::<5>::from_data(
            TensorData::new(gradient, logits.dims()),
            &self.with_gradients,
        );
        let plane = (logits * slope).sum();
        plane.clone() - plane.detach() + loss
    }

    fn judge(&self, model: Model, told: &dyn Fn(usize)) -> Result<Verdict, TaskError> {
        let Network::StructureUnet(network) = &model.network else {
            unreachable!("a network is of its config");
        };
        let mut card = model.card.clone();
        let counts = structure_counts(&self.validation, network, &self.compute, told);
        card.operating.threshold = 0.5;
        Ok(Verdict { counts, card })
    }
}
