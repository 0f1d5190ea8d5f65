//! The run: round and round until the schedule ends, and nothing lost on the way.
//!
//! [`train`] is the whole of it. Everything that decides the result follows from the config, the
//! data and the number of the step, so that a run that was killed goes on from its last checkpoint
//! to the same weights.

mod average;
mod candidates;
mod checkpoint;
mod clock;
mod curves;
mod folder;
mod history;
mod scans;
pub(crate) mod scores;
mod state;
mod watch;

pub use crate::task::{HeadsError, RegionJudgeError, TaskError};
pub use checkpoint::CheckpointError;
pub use folder::{RunError as FolderError, RunFolder};
pub use history::{Judgement, Row};
pub(crate) use scans::prepare_told;
pub use watch::{Progress, Watch};

use crate::config::{ConfigError, TrainConfig};
use crate::data::LabelledScan;
use crate::data::{DataError, DivisionError, PreparedFile, PreparedFileError, Scans};
use crate::loader::Loader;
use crate::score::JudgeError;
use crate::task::{PatchTask, RegionTask, StructureTask, Task, predictor_of};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Device;
use candidates::train_candidates;
use clock::Clock;
use scans::prepared;
use scores::ScoredSet;
use siderin_image::random::Stream;
use siderin_net::architectures::Output;
use siderin_net::compute::Compute;
use siderin_net::model_file::{Model, ModelCard, ModelFileError, ModelWriteError, Training};
use siderin_net::{BuiltInError, RegionError};
use state::State;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A run that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TrainError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Division(#[from] DivisionError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Prepared(#[from] PreparedFileError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Model(#[from] ModelFileError),
    #[error(transparent)]
    Write(#[from] ModelWriteError),
    #[error(transparent)]
    Judge(#[from] JudgeError),
    #[error(transparent)]
    Task(#[from] TaskError),
    #[error(transparent)]
    Heads(#[from] HeadsError),
    #[error(transparent)]
    Regions(RegionError),
    #[error("the model of regions (candidates.regions in the config): {0}")]
    RegionsFile(ModelFileError),
    #[error(transparent)]
    BuiltIn(#[from] BuiltInError),
    #[error(
        "training: of {lesions} lesions in {scans} scans to learn from the search found none; look at the \
         brain that candidates.regions finds in them (`siderin regions find`)"
    )]
    NoneFound { scans: usize, lesions: usize },
    #[error(transparent)]
    Results(#[from] siderin_image::folder::FolderError),
    #[error(transparent)]
    Scores(#[from] siderin_evaluate::ScoreFilesError),
    #[error(
        "training: no scan to learn from has a lesion; give some that do, nothing can be learnt from \
         {scans} empty ones"
    )]
    NoLesions { scans: usize },
    #[error(
        "training: no scan that judges has a lesion, so no lesion F1 can pick the weights; give \
         others, or another split"
    )]
    NoLesionsToJudge,
    #[error(
        "training: the loss or the weights are no longer finite at step {step} (loss {loss}); lower \
         optimiser.learning_rate or set optimiser.clip_norm, and give another ‹out›. The last \
         checkpoint and the best model are kept"
    )]
    Diverged { step: u64, loss: f64 },
}

/// What a run needs besides its config.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What is asked for.
    pub config: TrainConfig,
    /// Where prepared scans are kept; several runs may share it. In the run's folder where none is
    /// given.
    pub cache: Option<PathBuf>,
    /// Threads that make batches.
    pub loaders: usize,
    /// What computes, without gradients.
    pub compute: Compute,
    /// Whether the best model is held against all scans of the run at its end. Regions are not.
    pub score_all: bool,
    /// Steps after which the run pauses, to be resumed; `None` for all.
    pub pause_after: Option<u64>,
}

/// What a run brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Steps made in all.
    pub steps: u64,
    /// Steps of the whole schedule.
    pub of: u64,
    /// Whether judgements stopped getting better before the schedule ended.
    pub stopped_early: bool,
    /// The best judgement, whose weights are in `best.siderin`.
    pub best: Option<Judgement>,
}

/// Steps at least of which the history keeps the mean loss.
const ROW_STEPS: u64 = 10;
/// Rows of that kind at most, however long the run is.
const MOST_ROWS: u64 = 5000;

/// Trains a network into the folder `out`, or goes on where an earlier run of the same config and
/// data stopped. One run at a time in a process: burn has one generator of random numbers.
///
/// # Errors
/// What is wrong with config and data is said before training starts. A disk that is full later
/// costs nothing: the run goes on and tries again, and only fails if it cannot keep its end.
pub fn train(
    setup: &Setup,
    scans: &Scans,
    out: &Path,
    watch: &dyn Watch,
) -> Result<Outcome, TrainError> {
    setup.config.check()?;
    let card = setup.config.card()?;
    let folder = RunFolder::open(out, &setup.config, &scans.division())?;
    let cache = setup.cache.clone().unwrap_or_else(|| folder.prepared());
    match card.model.design().output() {
        Output::Microbleeds => train_patches(setup, &card, scans, (&folder, &cache), watch),
        Output::Regions => {
            let (train, validation) = prepared(scans, &card, &cache, watch)?;
            let task = RegionTask::new(&setup.config, train, validation, &setup.compute);
            Run::new(setup, &card, &folder, task).go(watch)
        }
        Output::Structures => {
            let task = StructureTask::new(&setup.config, &setup.compute)?;
            Run::new(setup, &card, &folder, task).go(watch)
        }
        Output::Candidates => {
            let choice = setup.config.candidates.as_ref();
            let choice = choice.expect("the check of the config asks for it");
            train_candidates(setup, choice, &card, scans, (&folder, &cache), watch)
        }
    }
}

/// Trains a network that makes maps.
fn train_patches(
    setup: &Setup,
    card: &ModelCard,
    scans: &Scans,
    (folder, cache): (&RunFolder, &Path),
    watch: &dyn Watch,
) -> Result<Outcome, TrainError> {
    let (train, validation) = prepared(scans, card, cache, watch)?;
    let named = |scans: &[LabelledScan], files: &[PreparedFile]| -> Vec<(String, PreparedFile)> {
        let names = scans.iter().map(|scan| scan.name.clone());
        names.zip(files.iter().cloned()).collect()
    };
    let sets = [
        (ScoredSet::Train, named(&scans.train, &train)),
        (ScoredSet::Validation, named(&scans.validation, &validation)),
    ];
    let task = PatchTask::new(&setup.config, card, train, validation, &setup.compute);
    let outcome = Run::new(setup, card, folder, task).go(watch)?;
    if setup.score_all && outcome.best.is_some() {
        let model = Model::read(&folder.best(), setup.compute.device())?;
        let card = model.card.clone();
        let predictor = predictor_of(model, &setup.compute)?;
        let rule = setup.config.validation.rule;
        for (set, scans) in sets {
            let scores = scores::score_all(&scans, &predictor, &card, rule, watch)?;
            set.write(scores, rule, folder)?;
        }
    }
    Ok(outcome)
}

/// A run that is under way.
struct Run<'a, T> {
    setup: &'a Setup,
    card: &'a ModelCard,
    folder: &'a RunFolder,
    task: T,
    /// With gradients.
    device: Device,
}

impl<'a, T: Task> Run<'a, T> {
    fn new(setup: &'a Setup, card: &'a ModelCard, folder: &'a RunFolder, task: T) -> Self {
        Self {
            setup,
            card,
            folder,
            task,
            device: setup.compute.device().clone().autodiff(),
        }
    }

    fn per_epoch(&self) -> u64 {
        let accumulate = self.setup.config.optimiser.accumulate as u64;
        (self.task.batches_per_epoch() / accumulate).max(1)
    }

    fn go(&self, watch: &dyn Watch) -> Result<Outcome, TrainError> {
        let config = &self.setup.config;
        let per_epoch = self.per_epoch();
        let steps = per_epoch * config.schedule.epochs as u64;
        let row_steps = ROW_STEPS.max(steps / MOST_ROWS);
        let judge_every = per_epoch * config.validation.every_epochs as u64;
        let mining_epochs = config.sampling.mining_epochs;
        let mine_every = mining_epochs.map(|epochs| per_epoch * epochs as u64);
        let accumulate = config.optimiser.accumulate as u64;
        let mut state = match self.folder.checkpoint()? {
            Some(bytes) => State::restore(&bytes, self.card, config, &self.device)?,
            None => State::begin(self.card, config, &self.device)?,
        };
        if state.step > 0 {
            watch.see(&Progress::TakenUp { step: state.step });
        }
        let mut clock = Clock::start(state.step);
        let load = |state: &State| {
            let maker = |_| self.task.maker(&state.mistakes);
            let makers = (0..self.setup.loaders.max(1)).map(maker).collect();
            Loader::start(makers, state.step * accumulate)
        };
        let mut loader = load(&state);
        let pause = self.setup.pause_after.map(|more| state.step + more);
        let patience = config.validation.patience.unwrap_or(usize::MAX);
        while state.step < steps && state.since_best < patience {
            if pause.is_some_and(|pause| state.step >= pause) {
                break;
            }
            self.step(&mut state, &mut loader, per_epoch, &mut clock)?;
            if state.step.is_multiple_of(row_steps) || state.step == steps {
                state.close_row();
                watch.see(&clock.progress(&state, steps, self.samples_per_step()));
                self.folder.add_speed(&clock.speed_row(&state));
            }
            let judge = state.step.is_multiple_of(judge_every) || state.step == steps;
            if judge {
                clock.pause();
                self.judge(&mut state, watch)?;
                clock.go_on();
            }
            let mine = mine_every.is_some_and(|every| state.step.is_multiple_of(every))
                && state.step < steps;
            if mine {
                clock.pause();
                self.mine(&mut state, watch)?;
                loader = load(&state);
                clock.go_on();
            }
            if judge || mine || clock.checkpoint_is_due() {
                self.hold_finite(&state)?;
                self.keep(&state, watch);
                clock.checkpointed();
            }
        }
        if state.step > clock.first_step() {
            self.folder.add_speed(&clock.speed_row(&state));
        }
        self.hold_finite(&state)?;
        // The end must be kept: here a full disk is a failure.
        self.folder.keep(&state.to_bytes(self.card)?)?;
        self.folder.write_history(&state.history)?;
        self.folder.best_from(state.best_model.as_deref())?;
        Ok(Outcome {
            steps: state.step,
            of: steps,
            stopped_early: state.step < steps && state.since_best >= patience,
            best: state.best.clone(),
        })
    }

    /// Weights that went to infinity must not take the place of a good checkpoint.
    fn hold_finite(&self, state: &State) -> Result<(), TrainError> {
        if state.is_finite() {
            return Ok(());
        }
        Err(TrainError::Diverged {
            step: state.step,
            loss: state.history.last().map_or(f64::NAN, |row| row.loss),
        })
    }

    fn samples_per_step(&self) -> usize {
        self.task.samples_per_batch() * self.setup.config.optimiser.accumulate
    }

    fn step(
        &self,
        state: &mut State,
        loader: &mut Loader<T::Batch>,
        per_epoch: u64,
        clock: &mut Clock,
    ) -> Result<(), TrainError> {
        let config = &self.setup.config;
        let rate = config
            .schedule
            .rate(state.step, per_epoch, config.optimiser.learning_rate);
        let mut gathered = GradientsAccumulator::new();
        let mut total = 0.0;
        // Dropout and stochastic depth draw from the device: the same in a resumed run.
        self.device
            .seed(Stream::new(config.seed, "step", state.step).seed());
        for _ in 0..config.optimiser.accumulate {
            let waiting = Instant::now();
            let made = loader.next()?;
            clock.waited(waiting.elapsed(), made.in_s);
            let parts = config.optimiser.accumulate as f64;
            let loss = || self.task.loss(&state.network, &made.batch) / parts;
            let loss = self.setup.compute.scope(loss);
            total += f64::from(loss.clone().into_scalar::<f32>());
            let gradients = GradientsParams::from_grads(loss.backward(), &state.network);
            gathered.accumulate(&state.network, gradients);
        }
        if !total.is_finite() {
            return Err(TrainError::Diverged {
                step: state.step,
                loss: total,
            });
        }
        state.learn(rate, gathered.grads(), total, per_epoch);
        Ok(())
    }

    /// Scores the validation scans; the best weights so far are to become `best.siderin`.
    fn judge(&self, state: &mut State, watch: &dyn Watch) -> Result<(), TrainError> {
        let of = self.task.judges();
        let told = |done| watch.see(&Progress::Judging { done, of });
        let verdict = self.task.judge(self.model(state), &told)?;
        let judgement = Judgement {
            step: state.step,
            threshold: verdict.card.operating.threshold,
            counts: verdict.counts,
        };
        let better = state.judged(&judgement);
        watch.see(&Progress::Judged {
            judgement: &judgement,
            better,
        });
        if better {
            let best = Model {
                card: verdict.card,
                network: state.settled(),
            };
            state.best_model = Some(best.to_bytes()?);
        }
        Ok(())
    }

    /// Looks where the network is wrong on the scans that it learns from.
    fn mine(&self, state: &mut State, watch: &dyn Watch) -> Result<(), TrainError> {
        let of = self.task.scans();
        let told = |done| watch.see(&Progress::Mining { done, of });
        state.mistakes = self.task.mine(self.model(state), &told)?;
        watch.see(&Progress::Mined {
            false_alarms: state.mistakes.iter().map(Vec::len).sum(),
        });
        Ok(())
    }

    fn model(&self, state: &State) -> Model {
        let mut card = self.card.clone();
        card.training = self.training(state);
        Model {
            card,
            network: state.settled(),
        }
    }

    fn training(&self, state: &State) -> Training {
        let config = &self.setup.config;
        let from = match &config.model.start {
            Some(_) => ", starting from another model",
            None => "",
        };
        Training {
            summary: format!("{} steps on {} scans{from}", state.step, self.task.scans()),
            software: concat!("siderin ", env!("CARGO_PKG_VERSION")).into(),
            settings: serde_json::to_value(config.without_paths()).unwrap_or_default(),
        }
    }

    /// Keeps all that the run has so far. A full disk is said and tried again later.
    fn keep(&self, state: &State, watch: &dyn Watch) {
        let bytes = state.to_bytes(self.card);
        // Each for itself: the smaller files may still fit.
        let kept = [
            bytes.and_then(|bytes| Ok(self.folder.keep(&bytes)?)),
            self.folder
                .best_from(state.best_model.as_deref())
                .map_err(TrainError::from),
            self.folder
                .write_history(&state.history)
                .map_err(TrainError::from),
        ];
        for error in kept.into_iter().filter_map(Result::err) {
            watch.see(&Progress::NotKept(&error.to_string()));
        }
    }
}
