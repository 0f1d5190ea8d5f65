//! One module per command.

pub(crate) mod detect;
pub(crate) mod inspect;

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
    let mut causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    causes.dedup();
    causes.join(": ")
}
