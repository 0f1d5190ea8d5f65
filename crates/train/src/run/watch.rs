//! What a run tells while it goes.

use super::history::Judgement;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress<'a> {
    /// One training of a study begins.
    Training {
        /// Its name.
        name: &'a str,
        /// Its number, from 1.
        number: usize,
        /// Of how many.
        of: usize,
    },
    /// A scan is prepared.
    Prepared {
        /// Its name.
        name: &'a str,
        /// How many are done.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// An earlier run is resumed.
    TakenUp {
        /// Steps it has made.
        step: u64,
    },
    /// Some steps are made.
    Step {
        /// How many.
        step: u64,
        /// Of how many.
        of: u64,
        /// Rounds through the samples.
        epoch: f64,
        /// Mean loss of the last steps.
        loss: f64,
        /// The best lesion F1 so far.
        f1: Option<f64>,
        /// Samples a second, judgements not counted.
        samples_per_s: f64,
        /// Seconds that are left at this pace.
        left_s: f64,
    },
    /// A validation scan is looked at.
    Judging {
        /// How many are.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// A scan to learn from is searched for false alarms.
    Mining {
        /// How many are.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// All of them are.
    Mined {
        /// False alarms that are shown from now on.
        false_alarms: usize,
    },
    /// The validation scans are scored.
    Judged {
        /// The score.
        judgement: &'a Judgement,
        /// Whether it is the best so far.
        better: bool,
    },
    /// A checkpoint could not be written; the run goes on and tries again.
    NotKept(&'a str),
}

/// Who is told.
pub trait Watch: Sync {
    /// Something happened.
    fn see(&self, progress: &Progress);
}

impl<F: Fn(&Progress) + Sync> Watch for F {
    fn see(&self, progress: &Progress) {
        self(progress);
    }
}
