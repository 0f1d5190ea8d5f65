//! A bar on a terminal, plain lines in a pipe.

use crate::flags::as_flags;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use siderin_image::scan::printable;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Tells the user how far things are. Results go to standard output, remarks to standard
/// error.
pub(crate) struct Progress {
    bar: ProgressBar,
    total: usize,
    quiet: bool,
    /// Percent that the last line told of.
    told: AtomicU64,
}

impl Progress {
    pub(crate) fn new(total: usize, quiet: bool) -> Self {
        let show = !quiet && std::io::stderr().is_terminal();
        let target = if show {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        let style = ProgressStyle::with_template("{spinner} [{bar:30}] {pos}/{len} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        if show {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self {
            bar,
            total,
            quiet,
            told: AtomicU64::new(u64::MAX),
        }
    }

    /// What is being done now; seen on a terminal only.
    pub(crate) fn doing(&self, what: &str) {
        self.bar.set_message(printable(what, false));
    }

    /// One of many is done, without a line of its own.
    pub(crate) fn step(&self, name: &str) {
        self.bar.inc(1);
        self.bar.set_message(printable(name, false));
    }

    /// How far something is whose length is known by now.
    pub(crate) fn at(&self, done: u64, of: u64) {
        self.bar.set_length(of);
        self.bar.set_position(done);
    }

    /// How a long run goes: beside the bar on a terminal; in a pipe a line now and then, when
    /// another percent is done.
    pub(crate) fn line(&self, done: u64, of: u64, what: &str) {
        self.bar.set_message(printable(what, false));
        let percent = |done: u64| done * 100 / of.max(1);
        let before = self.told.swap(percent(done), Ordering::Relaxed);
        if !self.quiet && self.bar.is_hidden() && percent(done) != before {
            complain(&format!("[{done}/{of}] {what}"));
        }
    }

    /// One scan is done.
    pub(crate) fn done(&self, name: &str, result: &str) {
        self.bar.inc(1);
        if !self.quiet {
            let line = format!("[{}/{}] {name}: {result}", self.bar.position(), self.total);
            self.bar.suspend(|| {
                // A closed pipe is the reader's choice, not a failure.
                let _ = writeln!(std::io::stdout(), "{}", printable(&line, true));
            });
        }
    }

    /// One scan failed; said even when quiet.
    pub(crate) fn failed(&self, name: &str, why: &str) {
        self.bar.inc(1);
        self.bar
            .suspend(|| complain(&format!("error: {name}: {why}")));
    }

    /// Something to know about a scan.
    pub(crate) fn warn(&self, name: &str, what: &str) {
        if !self.quiet {
            self.bar
                .suspend(|| complain(&format!("warning: {name}: {what}")));
        }
    }

    /// A remark on the whole.
    pub(crate) fn note(&self, what: &str) {
        if !self.quiet {
            self.bar.suspend(|| complain(what));
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A line on standard output; settings that it names are written as flags.
pub(crate) fn say(line: &str) {
    // A closed pipe is the reader's choice, not a failure.
    let _ = writeln!(std::io::stdout(), "{}", printable(&as_flags(line), true));
}

/// A line on standard error; settings that it names are written as flags.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", printable(&as_flags(line), true));
}
