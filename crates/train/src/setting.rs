//! Settings that are refused unless something can be trained by them.

use crate::loss::LossError;
use siderin_net::model_file::ModelFileError;
use std::fmt;

/// A config that nothing can be trained by.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ConfigError {
    #[error("reading the training config: {0}")]
    Toml(String),
    #[error("reading the training config: {what} is {value}, expected {expected}")]
    Setting {
        what: &'static str,
        value: String,
        expected: String,
    },
    #[error(
        "reading the training config: the card with the changes of [model.card] is none of a model \
         ({0}); `siderin inspect MODEL --json` shows what a card holds"
    )]
    Card(serde_json::Error),
    #[error("reading the training config: {0}")]
    Loss(#[from] LossError),
    #[error(transparent)]
    Model(#[from] ModelFileError),
}

/// Refuses a setting unless it is right.
pub(crate) fn require(
    right: bool,
    what: &'static str,
    value: impl fmt::Display,
    expected: impl Into<String>,
) -> Result<(), ConfigError> {
    if right {
        return Ok(());
    }
    Err(ConfigError::Setting {
        what,
        value: value.to_string(),
        expected: expected.into(),
    })
}
