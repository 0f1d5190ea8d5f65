//! `siderin train`.

use super::{Failure, Outcome, in_one_line};
use crate::args::{Train, Training};
use crate::progress::{Progress, complain, say};
use anyhow::{Context, Result};
use siderin_image::settings::read_settings;
use siderin_train::config::TrainConfig;
use siderin_train::run::{Progress as Event, Setup, train};
use std::path::Path;

pub(crate) fn run(args: &Train) -> Result<Outcome, Failure> {
    trained(args).map_err(|error| Failure::Run(in_one_line(&error)))?;
    Ok(Outcome::Done)
}

fn trained(args: &Train) -> Result<()> {
    let config = config(&args.config, &args.training)?;
    let setup = Setup {
        pause_after: args.pause_after,
        score_all: args.scores,
        ..setup(config, &args.training)?
    };
    let scans = setup.config.scans()?;
    let teller = Teller::new(args.training.quiet);
    if let [first, ..] = &scans.on_both_sides[..] {
        let count = scans.on_both_sides.len();
        complain(&format!(
            "warning: {count} subjects are named alike among the scans to learn from and those that \
             judge; if they are the same people, the scores are too good (first: {first})"
        ));
    }
    teller.note(&match &setup.config.heads {
        Some(heads) => format!(
            "heads are drawn from {} label maps to learn from, and from {} that judge",
            heads.train.len(),
            heads.validation.len()
        ),
        None => format!(
            "{} scans to learn from, {} that judge",
            scans.train.len(),
            scans.validation.len()
        ),
    });
    let outcome = train(&setup, &scans, &args.training.out, &|event: &Event| {
        teller.tell(event);
    })?;
    teller.progress.finish();
    let out = args.training.out.display();
    if outcome.steps < outcome.of && !outcome.stopped_early {
        teller.note(&format!(
            "stopped after {} of {} steps; the same command goes on",
            outcome.steps, outcome.of
        ));
    }
    if let Some(best) = outcome.best.filter(|_| !args.training.quiet) {
        say(&format!(
            "best at step {}: lesion F1 {:.3} on the validation scans ({} found, {} missed, {} false \
             alarms) at threshold {}",
            best.step,
            best.counts.f1(),
            best.counts.found,
            best.counts.missed,
            best.counts.wrong,
            best.threshold
        ));
        say(&format!(
            "model: {out}/best.siderin, curves: {out}/curves.svg"
        ));
    }
    Ok(())
}

/// The config of a file with what the command line says in its place.
pub(super) fn config(path: &Path, args: &Training) -> Result<TrainConfig> {
    let text = read_settings(path)
        .with_context(|| format!("reading the training config {}", path.display()))?;
    let mut config = TrainConfig::from_toml(&text)?;
    if !args.data.is_empty() {
        config.data.train.clone_from(&args.data);
    }
    if !args.validation.is_empty() {
        config.data.validation.clone_from(&args.validation);
        config.data.split = None;
    }
    if let (Some(folder), Some(heads)) = (&args.heads, &mut config.heads) {
        heads.folder.clone_from(folder);
    }
    if let Some(seed) = args.seed {
        config.seed = seed;
    }
    if let Some(epochs) = args.epochs {
        config.schedule.epochs = epochs as usize;
    }
    config.check()?;
    Ok(config)
}

pub(super) fn setup(config: TrainConfig, args: &Training) -> Result<Setup> {
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(threads))
            .build_global()
            .context("setting the number of threads")?;
    }
    Ok(Setup {
        config,
        cache: args.cache.clone(),
        loaders: usize::from(args.loaders),
        compute: args.device.device().open()?,
        score_all: false,
        pause_after: None,
    })
}

/// Tells how far a training is.
pub(super) struct Teller {
    pub(super) progress: Progress,
}

impl Teller {
    pub(super) fn new(quiet: bool) -> Self {
        Self {
            progress: Progress::new(0, quiet),
        }
    }

    pub(super) fn note(&self, what: &str) {
        self.progress.note(what);
    }

    pub(super) fn tell(&self, event: &Event) {
        match event {
            Event::Training { name, number, of } => {
                self.note(&format!("training {number} of {of}: {name}"));
            }
            Event::Prepared { name, done, of } => {
                self.progress.at(*done as u64, *of as u64);
                self.progress.doing(&format!("preparing {name}"));
            }
            Event::TakenUp { step } => self.note(&format!("going on after step {step}")),
            Event::Step {
                step,
                of,
                epoch,
                loss,
                f1,
                samples_per_s,
                left_s,
            } => {
                let f1 = f1.map_or(String::new(), |f1| format!(", best F1 {f1:.3}"));
                let line = format!(
                    "epoch {epoch:.1}, loss {loss:.4}{f1}, {samples_per_s:.1} samples/s, {} left",
                    duration(*left_s)
                );
                self.progress.at(*step, *of);
                self.progress.line(*step, *of, &line);
            }
            Event::Judging { done, of } => {
                self.progress.doing(&format!("scoring scan {done} of {of}"));
            }
            Event::Mining { done, of } => {
                self.progress
                    .doing(&format!("mining mistakes, scan {done} of {of}"));
            }
            Event::Mined { false_alarms } => {
                self.note(&format!("{false_alarms} false alarms mined"));
            }
            Event::Judged { judgement, better } => {
                let counts = &judgement.counts;
                self.note(&format!(
                    "step {}: F1 {:.3}, precision {:.3}, recall {:.3}, threshold {}{}",
                    judgement.step,
                    counts.f1(),
                    counts.precision(),
                    counts.recall(),
                    judgement.threshold,
                    if *better { " (best so far)" } else { "" }
                ));
            }
            Event::NotKept(why) => complain(&format!(
                "warning: {why}; the training goes on, and this is tried again"
            )),
        }
    }
}

fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}
