//! Everything that a run has to remember.

use super::TrainError;
use super::average::Average;
use super::checkpoint::{self, CheckpointError};
use super::history::{Judgement, Row};
use crate::config::TrainConfig;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Bool, Device, Int, Tensor};
use serde::{Deserialize, Serialize};
use siderin_net::architectures::Network;
use siderin_net::model_file::{Model, ModelCard, ModelFileError};

/// A run between two steps.
pub(super) struct State {
    pub(super) network: Network,
    optimiser: ModuleOptimizer,
    average: Option<Average>,
    /// Steps made.
    pub(super) step: u64,
    pub(super) best: Option<Judgement>,
    /// The bytes of `best.siderin`.
    pub(super) best_model: Option<Vec<u8>>,
    /// Judgements since the best.
    pub(super) since_best: usize,
    /// False alarms of each scan that were mined last, as voxels.
    pub(super) mistakes: Vec<Vec<usize>>,
    pub(super) history: Vec<Row>,
    /// Loss of the steps since the last row, and what the row will say.
    open: Open,
}

/// The part of the history that is no row yet.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Open {
    steps: u64,
    loss: f64,
    epoch: f64,
    learning_rate: f64,
}

/// What of a state is not a tensor.
#[derive(Serialize, Deserialize)]
struct Notes {
    step: u64,
    best: Option<Judgement>,
    since_best: usize,
    #[serde(default)]
    mistakes: Vec<Vec<usize>>,
    history: Vec<Row>,
    open: Open,
}

impl State {
    /// Random weights, or those of the model to start from.
    pub(super) fn begin(
        card: &ModelCard,
        config: &TrainConfig,
        device: &Device,
    ) -> Result<Self, TrainError> {
        device.seed(config.seed);
        let network = match config.model.start_bytes()? {
            Some(bytes) => {
                let start = Model::from_bytes(bytes, device)?;
                if start.card.model != card.model {
                    return Err(CheckpointError::OtherNetwork("model to start from").into());
                }
                start.network
            }
            None => card.model.init(device).map_err(ModelFileError::from)?,
        };
        let average = config.optimiser.average_steps;
        Ok(Self {
            average: average.map(|steps| Average::begin(steps, &network.valid())),
            network: numbered(network),
            optimiser: config.optimiser.init(),
            step: 0,
            best: None,
            best_model: None,
            since_best: 0,
            mistakes: Vec::new(),
            history: Vec::new(),
            open: Open::default(),
        })
    }

    /// A state as [`State::to_bytes`] wrote it.
    pub(super) fn restore(
        bytes: &[u8],
        card: &ModelCard,
        config: &TrainConfig,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let parts = checkpoint::read(bytes)?;
        let notes: Notes = toml::from_str(&parts.notes)
            .map_err(|error| CheckpointError::Notes(error.to_string()))?;
        let model = Model::from_bytes(parts.model, device)?;
        if model.card.model != card.model {
            return Err(CheckpointError::OtherNetwork("checkpoint").into());
        }
        if model.card.regions != card.regions {
            return Err(CheckpointError::OtherRegions.into());
        }
        let average = match (config.optimiser.average_steps, parts.average) {
            (None, _) => None,
            (Some(steps), None) => Some(Average::begin(steps, &model.network.valid())),
            (Some(steps), Some(bytes)) => {
                let average = Model::from_bytes(bytes, device)?;
                Some(Average::begin(steps, &average.network.valid()))
            }
        };
        Ok(Self {
            average,
            network: numbered(model.network),
            optimiser: checkpoint::with_state(config.optimiser.init(), parts.optimiser)?,
            step: notes.step,
            best: notes.best,
            best_model: parts.best,
            since_best: notes.since_best,
            mistakes: notes.mistakes,
            history: notes.history,
            open: notes.open,
        })
    }

    /// Everything, as bytes.
    pub(super) fn to_bytes(&self, card: &ModelCard) -> Result<Vec<u8>, TrainError> {
        let notes = Notes {
            step: self.step,
            best: self.best.clone(),
            since_best: self.since_best,
            mistakes: self.mistakes.clone(),
            history: self.history.clone(),
            open: self.open.clone(),
        };
        let bytes_of = |network: Network| {
            let card = card.clone();
            Model { card, network }.to_bytes()
        };
        let average = self.average.as_ref().map(|_| bytes_of(self.settled()));
        Ok(checkpoint::write(&checkpoint::Parts {
            // TOML gives numbers back to the last bit.
            notes: toml::to_string(&notes)
                .map_err(|error| CheckpointError::Notes(error.to_string()))?,
            model: bytes_of(self.network.valid())?,
            optimiser: checkpoint::state_of(&self.optimiser)?,
            average: average.transpose()?,
            best: self.best_model.clone(),
        })?)
    }

    /// The network without gradients, its weights and running statistics averaged where the config asks for it. Else
    /// its running statistics are those of the last step: without this they are one step behind.
    pub(super) fn settled(&self) -> Network {
        let network = self.network.valid();
        match &self.average {
            Some(average) => average.within(network),
            None => network,
        }
    }

    /// Whether every weight is a finite number.
    pub(super) fn is_finite(&self) -> bool {
        let mut look = LookFinite { finite: true };
        self.network.visit(&mut look);
        look.finite
    }

    /// One step along the gradients.
    pub(super) fn learn(
        &mut self,
        rate: f64,
        gradients: GradientsParams,
        loss: f64,
        per_epoch: u64,
    ) {
        self.network = self.optimiser.step(rate, self.network.clone(), gradients);
        self.step += 1;
        if let Some(average) = &mut self.average {
            average.add(&self.network.valid(), self.step);
        }
        self.open.steps += 1;
        self.open.loss += loss;
        self.open.learning_rate = rate;
        self.open.epoch = self.step as f64 / per_epoch as f64;
    }

    /// Makes a row of the steps since the last one.
    pub(super) fn close_row(&mut self) {
        let open = std::mem::take(&mut self.open);
        if open.steps > 0 {
            self.history.push(Row {
                step: self.step,
                epoch: open.epoch,
                learning_rate: open.learning_rate,
                loss: open.loss / open.steps as f64,
                judgement: None,
            });
        }
    }

    /// Writes a judgement down; whether it is the best so far.
    pub(super) fn judged(&mut self, judgement: &Judgement) -> bool {
        self.close_row();
        if let Some(row) = self.history.last_mut() {
            row.judgement = Some(judgement.clone());
        }
        let better = self
            .best
            .as_ref()
            .is_none_or(|best| judgement.counts.f1() > best.counts.f1());
        if better {
            self.best = Some(judgement.clone());
            self.since_best = 0;
        } else {
            self.since_best += 1;
        }
        better
    }
}

struct LookFinite {
    finite: bool,
}

impl ModuleVisitor for LookFinite {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.finite &= param.val().is_finite().all().into_scalar::<bool>();
    }
}

/// The network with its parameters numbered in order: an optimiser's state names them by number, and
/// a network that is read again would have others.
fn numbered(network: Network) -> Network {
    network.map(&mut Numbering { next: 1 })
}

struct Numbering {
    next: u64,
}

impl Numbering {
    fn next(&mut self) -> ParamId {
        self.next += 1;
        ParamId::from(self.next)
    }
}

impl ModuleMapper for Numbering {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (_, value, mapper) = param.consume();
        Param::from_mapped_value(self.next(), value, mapper)
    }

    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        let (_, value, mapper) = param.consume();
        Param::from_mapped_value(self.next(), value, mapper)
    }

    fn map_bool<const D: usize>(
        &mut self,
        param: Param<Tensor<D, Bool>>,
    ) -> Param<Tensor<D, Bool>> {
        let (_, value, mapper) = param.consume();
        Param::from_mapped_value(self.next(), value, mapper)
    }
}
