//! Settings that are refused unless something can be trained by them.

use std::fmt;

/// A setting that nothing can be trained by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("reading the training config: {what} is {value}, expected {expected}")]
pub struct SettingError {
    what: &'static str,
    value: String,
    expected: String,
}

/// Refuses a setting unless it is right.
pub(crate) fn require(
    right: bool,
    what: &'static str,
    value: impl fmt::Display,
    expected: impl Into<String>,
) -> Result<(), SettingError> {
    if right {
        return Ok(());
    }
    Err(SettingError {
        what,
        value: value.to_string(),
        expected: expected.into(),
    })
}
