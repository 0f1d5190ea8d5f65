//! Sizes that make a network, and not one beyond any computer.

/// Sizes of which no network can be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("configuring a network: {what} is {value}; {expected}")]
pub struct ConfigError {
    what: &'static str,
    value: String,
    expected: &'static str,
}

/// More channels than any of the papers' networks, by far.
const MOST_CHANNELS: usize = 2048;
const MOST_BLOCKS: usize = 32;

/// # Errors
/// What was expected, unless `right`.
pub(super) fn require(
    right: bool,
    what: &'static str,
    value: &impl std::fmt::Debug,
    expected: &'static str,
) -> Result<(), ConfigError> {
    if right {
        return Ok(());
    }
    Err(ConfigError {
        what,
        value: format!("{value:?}"),
        expected,
    })
}

/// Channels that a network can have.
pub(super) fn check_channels(what: &'static str, counts: &[usize]) -> Result<(), ConfigError> {
    let possible = |count: &usize| (1..=MOST_CHANNELS).contains(count);
    require(
        counts.iter().all(possible),
        what,
        &counts,
        "channels must be from 1 to 2048",
    )
}

/// Blocks that a stage can have.
pub(super) fn check_blocks(what: &'static str, counts: &[usize]) -> Result<(), ConfigError> {
    let possible = |count: &usize| (1..=MOST_BLOCKS).contains(count);
    require(
        counts.iter().all(possible),
        what,
        &counts,
        "every stage needs 1 to 32 blocks",
    )
}

/// Images that a network can take.
pub(super) fn check_inputs(inputs: usize) -> Result<(), ConfigError> {
    require(
        (1..=3).contains(&inputs),
        "inputs",
        &inputs,
        "1 (T2*), 2 (T2* and T1w) and 3 (T2*, T1w and T2w) are possible",
    )
}
