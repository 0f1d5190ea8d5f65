use super::state::State;
use super::watch::Progress;
use std::time::{Duration, Instant};

/// Seconds after which a checkpoint is due.
const CHECKPOINT_S: u64 = 120;

/// Time, kept apart from what decides the result.
pub(super) struct Clock {
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
    pub(super) fn start(first_step: u64) -> Self {
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

    pub(super) fn first_step(&self) -> u64 {
        self.first_step
    }

    pub(super) fn pause(&mut self) {
        self.paused = Some(Instant::now());
    }

    pub(super) fn go_on(&mut self) {
        self.idle += self.paused.take().map_or(Duration::ZERO, |at| at.elapsed());
    }

    pub(super) fn waited(&mut self, time: Duration, made_in_s: f64) {
        self.waiting += time;
        self.making_s += made_in_s;
        self.batches += 1;
    }

    pub(super) fn checkpoint_is_due(&self) -> bool {
        self.kept.elapsed().as_secs() >= CHECKPOINT_S
    }

    pub(super) fn checkpointed(&mut self) {
        self.kept = Instant::now();
    }

    /// Seconds of training alone.
    fn trained_s(&self) -> f64 {
        (self.begun.elapsed() - self.idle).as_secs_f64()
    }

    pub(super) fn progress(&self, state: &State, of: u64, samples: usize) -> Progress<'static> {
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
    pub(super) fn speed_row(&self, state: &State) -> [f64; 5] {
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
