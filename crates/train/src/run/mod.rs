//! The run: round and round until the schedule ends, and nothing lost on the way.
//!
//! [`train`] is the whole of it. Everything that decides the result follows from the config, the
//! data and the number of the step, so that a run that was killed goes on from its last checkpoint
//! to the same weights.

mod checkpoint;
mod curves;
mod folder;
mod history;
pub(crate) mod scores;
mod state;
mod watch;

pub use checkpoint::CheckpointError;
pub use folder::{RunError as FolderError, RunFolder};
pub use history::{Judgement, Row};
pub use watch::{Progress, Watch};

use crate::config::{ConfigError, TrainConfig};
use crate::data::{
    DataError, Division, DivisionError, FindError, PreparedFile, PreparedFileError, Store, divide,
    find, learns_regions, prepare_all,
};
use crate::loader::Loader;
use crate::objective::Objective;
use crate::sample::Sampler;
use crate::score::{JudgeError, best_threshold, counts_by_threshold};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Device;
use siderin_core::evaluate::LabelledScan;
use siderin_core::random::Stream;
use siderin_net::infer::Predictor;
use siderin_net::model_file::{Model, ModelCard, ModelFileError, ModelWriteError, Training};
use state::State;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A run that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TrainError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Find(#[from] FindError),
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
    Results(#[from] siderin_core::folder::FolderError),
    #[error(transparent)]
    Report(#[from] siderin_core::report::ReportError),
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
        "training: the loss is {loss} at step {step}; lower optimiser.learning_rate or set \
         optimiser.clip_norm. The last checkpoint and the best model are kept"
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
    pub device: Device,
    /// Whether the best model is held against all scans of the run at its end.
    pub score_all: bool,
    /// Steps after which the run pauses, to be taken up again; none for all.
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

/// Scans of a run, by what they are for.
#[derive(Debug, Clone)]
pub struct Scans {
    /// To learn from.
    pub train: Vec<LabelledScan>,
    /// To judge.
    pub validation: Vec<LabelledScan>,
}

impl Scans {
    /// Finds and divides the scans that a config names.
    ///
    /// # Errors
    /// When there are none, or they cannot be divided.
    pub fn of(config: &TrainConfig) -> Result<Self, TrainError> {
        let data = &config.data;
        let found = find(&data.train, &data.validation, data.sequence)?;
        let division = divide(&found.train, &found.validation, data, config.seed)?;
        let all: Vec<LabelledScan> = found.train.into_iter().chain(found.validation).collect();
        let pick = |names: &[String]| -> Vec<LabelledScan> {
            let names: BTreeSet<&String> = names.iter().collect();
            all.iter()
                .filter(|scan| names.contains(&scan.name))
                .cloned()
                .collect()
        };
        Ok(Self {
            train: pick(&division.train),
            validation: evenly(pick(&division.validation), config.validation.scans),
        })
    }

    fn division(&self) -> Division {
        let names = |scans: &[LabelledScan]| scans.iter().map(|s| s.name.clone()).collect();
        Division {
            train: names(&self.train),
            validation: names(&self.validation),
        }
    }
}

/// Seconds after which a checkpoint is due.
const CHECKPOINT_S: u64 = 120;
/// Steps of which the history keeps the mean loss.
const ROW_STEPS: u64 = 10;

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
    let (train, validation) = prepared(scans, &card, &cache, watch)?;
    let named = |scans: &[LabelledScan], files: &[PreparedFile]| -> Vec<(String, PreparedFile)> {
        let names = scans.iter().map(|scan| scan.name.clone());
        names.zip(files.iter().cloned()).collect()
    };
    let sets = [
        (
            "train",
            "the scans that it learnt from",
            named(&scans.train, &train),
        ),
        (
            "validation",
            "the scans that picked it",
            named(&scans.validation, &validation),
        ),
    ];
    let run = Run::new(setup, &card, &folder, train, validation)?;
    let outcome = run.go(watch)?;
    if setup.score_all && outcome.best.is_some() {
        let model = Model::read(&folder.best(), &setup.device)?;
        let card = model.card.clone();
        let predictor = predictor_of(model, &setup.device)?;
        for (name, what, scans) in sets {
            let rule = setup.config.validation.rule;
            let scores = scores::score_all(&scans, &predictor, &card, rule, watch)?;
            let remark = format!("The model is held against {what}: this is no test of it.");
            scores::write(scores, rule, &remark, &folder.scores(name))?;
        }
    }
    Ok(outcome)
}

/// A model, ready to go over scans.
pub(crate) fn predictor_of(model: Model, device: &Device) -> Result<Predictor, JudgeError> {
    Ok(Predictor::new(
        model.network,
        model.card.model,
        model.card.inference,
        device,
    )?)
}

/// Where in a folder the scans lie that are prepared for a card: runs with other recipes may share
/// the folder, even at the same time.
pub(crate) fn prepared_folder(cache: &Path, card: &ModelCard) -> PathBuf {
    let what = serde_json::to_string(&(&card.recipe, card.model.inputs(), learns_regions(card)));
    let number = Stream::new(0, &what.unwrap_or_default(), 0).seed();
    cache.join(format!("recipe-{number:014x}"))
}

/// Prepares all scans and refuses data from which nothing can be learnt.
fn prepared(
    scans: &Scans,
    card: &ModelCard,
    cache: &Path,
    watch: &dyn Watch,
) -> Result<(Vec<PreparedFile>, Vec<PreparedFile>), TrainError> {
    let cache = &prepared_folder(cache, card);
    std::fs::create_dir_all(cache).map_err(PreparedFileError::Io)?;
    let all: Vec<LabelledScan> = scans
        .train
        .iter()
        .chain(&scans.validation)
        .cloned()
        .collect();
    let counter = std::sync::atomic::AtomicUsize::new(0);
    let mut files = prepare_all(&all, card, cache, &|name| {
        let done = 1 + counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        watch.see(&Progress::Prepared {
            name,
            done,
            of: all.len(),
        });
    })?;
    let validation = files.split_off(scans.train.len());
    let lesions = |files: &[PreparedFile]| -> Result<usize, PreparedFileError> {
        files.iter().map(PreparedFile::lesion_count).sum()
    };
    if lesions(&files)? == 0 {
        let scans = files.len();
        return Err(TrainError::NoLesions { scans });
    }
    if lesions(&validation)? == 0 {
        return Err(TrainError::NoLesionsToJudge);
    }
    Ok((files, validation))
}

/// A run that is under way.
struct Run<'a> {
    setup: &'a Setup,
    card: &'a ModelCard,
    folder: &'a RunFolder,
    store: Arc<Store>,
    sampler: Sampler,
    validation: Vec<PreparedFile>,
    objective: Objective,
    /// With gradients.
    device: Device,
}

impl<'a> Run<'a> {
    fn new(
        setup: &'a Setup,
        card: &'a ModelCard,
        folder: &'a RunFolder,
        train: Vec<PreparedFile>,
        validation: Vec<PreparedFile>,
    ) -> Result<Self, TrainError> {
        let config = &setup.config;
        let device = setup.device.clone().autodiff();
        let sampler = Sampler::new(
            config.sampling.clone(),
            config.augment.clone(),
            config.seed,
            train.len(),
        );
        Ok(Self {
            store: Arc::new(Store::new(train, config.data.memory_gib)),
            sampler,
            validation,
            objective: Objective::new(
                config,
                &card.model,
                card.inference.coarse_threshold,
                &device,
            ),
            setup,
            card,
            folder,
            device,
        })
    }

    fn per_epoch(&self) -> u64 {
        let accumulate = self.setup.config.optimiser.accumulate as u64;
        (self.sampler.batches_per_epoch() / accumulate).max(1)
    }

    fn go(&self, watch: &dyn Watch) -> Result<Outcome, TrainError> {
        let config = &self.setup.config;
        let per_epoch = self.per_epoch();
        let steps = per_epoch * config.schedule.epochs as u64;
        let judge_every = per_epoch * config.validation.every_epochs as u64;
        let accumulate = config.optimiser.accumulate as u64;
        let mut state = match self.folder.checkpoint()? {
            Some(bytes) => State::restore(&bytes, self.card, config, &self.device)?,
            None => State::begin(self.card, config, &self.device)?,
        };
        if state.step > 0 {
            watch.see(&Progress::TakenUp { step: state.step });
        }
        let mut clock = Clock::start(state.step);
        let mut loader = Loader::start(
            &self.store,
            &self.sampler,
            state.step * accumulate,
            self.setup.loaders,
        );
        let pause = self.setup.pause_after.map(|more| state.step + more);
        let patience = config.validation.patience.unwrap_or(usize::MAX);
        while state.step < steps && state.since_best < patience {
            if pause.is_some_and(|pause| state.step >= pause) {
                break;
            }
            self.step(&mut state, &mut loader, per_epoch, &mut clock)?;
            if state.step.is_multiple_of(ROW_STEPS) || state.step == steps {
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
            if judge || clock.checkpoint_is_due() {
                self.keep(&state, watch);
                clock.checkpointed();
            }
        }
        // The end must be kept: here a full disk is a failure.
        self.folder.keep(&state.to_bytes(self.card)?)?;
        self.folder.write_history(&state.history)?;
        Ok(Outcome {
            steps: state.step,
            of: steps,
            stopped_early: state.step < steps && state.since_best >= patience,
            best: state.best.clone(),
        })
    }

    fn samples_per_step(&self) -> usize {
        self.setup.config.sampling.batch * self.setup.config.optimiser.accumulate
    }

    fn step(
        &self,
        state: &mut State,
        loader: &mut Loader,
        per_epoch: u64,
        clock: &mut Clock,
    ) -> Result<(), TrainError> {
        let config = &self.setup.config;
        let rate = config
            .schedule
            .rate(state.step, per_epoch, config.optimiser.learning_rate);
        let mut gathered = GradientsAccumulator::new();
        let mut total = 0.0;
        // Dropout and stochastic depth draw from the device: the same in a run that is taken up.
        self.device
            .seed(Stream::new(config.seed, "step", state.step).seed());
        for _ in 0..config.optimiser.accumulate {
            let waiting = Instant::now();
            let batch = loader.next()?;
            clock.waited(waiting.elapsed(), batch.made_in_s);
            let parts = config.optimiser.accumulate as f64;
            let loss = self.objective.loss(&state.network, &batch) / parts;
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

    /// Scores the validation scans; the best weights so far become `best.siderin`.
    fn judge(&self, state: &mut State, watch: &dyn Watch) -> Result<(), TrainError> {
        let config = &self.setup.config.validation;
        let predictor = predictor_of(self.model(state), &self.setup.device)?;
        let counts = counts_by_threshold(
            &self.validation,
            &predictor,
            &self.card.operating,
            &config.thresholds,
            config.rule,
            &|done| {
                watch.see(&Progress::Judging {
                    done,
                    of: self.validation.len(),
                });
            },
        )?;
        let at = best_threshold(&counts);
        let judgement = Judgement {
            step: state.step,
            threshold: config.thresholds[at],
            counts: counts[at],
        };
        let better = state.judged(&judgement);
        watch.see(&Progress::Judged {
            judgement: &judgement,
            better,
        });
        if better {
            let mut model = self.model(state);
            model.card.operating.threshold = judgement.threshold;
            if let Err(error) = model.write(&self.folder.best()) {
                // The checkpoint holds it, too.
                watch.see(&Progress::NotKept(&error.to_string()));
            }
            state.best_model = Some(model.to_bytes()?);
        }
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
            summary: format!(
                "{} steps on {} scans{from}; no real microbleed is among simulated scans",
                state.step,
                self.store.len(),
            ),
            software: concat!("siderin ", env!("CARGO_PKG_VERSION")).into(),
            settings: serde_json::to_value(folder::without_paths(config)).unwrap_or_default(),
        }
    }

    /// Keeps all that the run has so far. A full disk is said and tried again later.
    fn keep(&self, state: &State, watch: &dyn Watch) {
        let kept = state
            .to_bytes(self.card)
            .map_err(TrainError::from)
            .and_then(|bytes| Ok(self.folder.keep(&bytes)?))
            .and_then(|()| Ok(self.folder.write_history(&state.history)?))
            .and_then(|()| Ok(self.folder.best_from(state.best_model.as_deref())?));
        if let Err(error) = kept {
            watch.see(&Progress::NotKept(&error.to_string()));
        }
    }
}

/// `most` of the scans at even steps; all of them for 0.
fn evenly(scans: Vec<LabelledScan>, most: usize) -> Vec<LabelledScan> {
    let count = scans.len();
    if most == 0 || most >= count {
        return scans;
    }
    (0..most)
        .map(|at| scans[at * count / most].clone())
        .collect()
}

/// Time, kept apart from what decides the result.
struct Clock {
    begun: Instant,
    first_step: u64,
    idle: Duration,
    paused: Option<Instant>,
    waiting: Duration,
    making_s: f64,
    batches: u64,
    kept: Instant,
}

impl Clock {
    fn start(first_step: u64) -> Self {
        let now = Instant::now();
        Self {
            begun: now,
            first_step,
            idle: Duration::ZERO,
            paused: None,
            waiting: Duration::ZERO,
            making_s: 0.0,
            batches: 0,
            kept: now,
        }
    }

    fn pause(&mut self) {
        self.paused = Some(Instant::now());
    }

    fn go_on(&mut self) {
        self.idle += self.paused.take().map_or(Duration::ZERO, |at| at.elapsed());
    }

    fn waited(&mut self, time: Duration, made_in_s: f64) {
        self.waiting += time;
        self.making_s += made_in_s;
        self.batches += 1;
    }

    fn checkpoint_is_due(&self) -> bool {
        self.kept.elapsed().as_secs() >= CHECKPOINT_S
    }

    fn checkpointed(&mut self) {
        self.kept = Instant::now();
    }

    /// Seconds of training alone.
    fn trained_s(&self) -> f64 {
        (self.begun.elapsed() - self.idle).as_secs_f64()
    }

    fn progress(&self, state: &State, of: u64, samples: usize) -> Progress<'static> {
        let made = (state.step - self.first_step).max(1) as f64;
        // Judgements take time, too.
        let per_step_s = self.begun.elapsed().as_secs_f64() / made;
        Progress::Step {
            step: state.step,
            of,
            epoch: state.history.last().map_or(0.0, |row| row.epoch),
            loss: state.history.last().map_or(f64::NAN, |row| row.loss),
            f1: state.best.as_ref().map(|best| best.counts.f1()),
            samples_per_s: made * samples as f64 / self.trained_s(),
            left_s: per_step_s * (of - state.step) as f64,
        }
    }

    /// Step, seconds, share of the time that the network waited, batches a loader thread makes a
    /// second, memory in MiB.
    fn speed_row(&self, state: &State) -> [f64; 5] {
        [
            state.step as f64,
            self.begun.elapsed().as_secs_f64(),
            self.waiting.as_secs_f64() / self.trained_s(),
            self.batches as f64 / self.making_s.max(1e-9),
            resident_mib(),
        ]
    }
}

/// Memory that the process holds, where the system tells.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}
