//! One module per command.

pub(crate) mod annotate;
pub(crate) mod compare;
pub(crate) mod compare_methods;
pub(crate) mod demo;
pub(crate) mod detect;
pub(crate) mod evaluate;
pub(crate) mod implant;
mod implant_site;
mod inputs_stay;
pub(crate) mod inspect;
pub(crate) mod model;
pub(crate) mod regions;
pub(crate) mod register;
pub(crate) mod review;
pub(crate) mod simulate;
pub(crate) mod split;
pub(crate) mod study;
pub(crate) mod train;
pub(crate) mod validate;

use inputs_stay::check_inputs_stay;

/// How a command ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done,
    /// Some inputs failed and were reported; the others are done.
    SomeFailed,
}

/// Why a command did not start or could not go on.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was called wrongly.
    Usage(String),
    /// It could not be done.
    Run(String),
}

/// An error chain in one line.
pub(crate) fn in_one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // Some messages already quote their cause.
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}
