//! What is answered when something cannot be done.

use crate::reading::ReadingError;
use crate::room::{LoadScanError, PartnerError};
use crate::store::StoreError;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A request that is not fulfilled: a status and a sentence.
#[derive(Debug)]
pub struct Refused {
    /// The status of HTTP.
    pub status: StatusCode,
    /// Operation, value, expectation, remedy.
    pub why: String,
}

impl Refused {
    pub(super) fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self {
            status,
            why: why.into(),
        }
    }

    /// What was asked for makes no sense.
    pub(super) fn wrong(why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, why)
    }

    /// What was asked for does not exist.
    pub(super) fn missing(why: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, why)
    }

    /// It makes sense, but not now.
    pub(super) fn not_now(why: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, why)
    }

    /// It could be done and failed.
    pub(super) fn failed(why: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, why)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        // Settings that the libraries name: the page has no flags to make of them.
        let why = self.why.replace(['\u{2039}', '\u{203a}'], "\"");
        (self.status, Json(json!({ "error": why }))).into_response()
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        let why = error.to_string();
        match error {
            StoreError::Nothing(_) | StoreError::HasDecisions { .. } | StoreError::OtherContent => {
                Self::not_now(why)
            }
            StoreError::NoItem { .. } => Self::missing(why),
            _ => Self::failed(why),
        }
    }
}

impl From<ReadingError> for Refused {
    fn from(error: ReadingError) -> Self {
        match error {
            ReadingError::Store(error) => error.into(),
            ReadingError::Mask(_) => Self::failed(error.to_string()),
        }
    }
}

impl From<LoadScanError> for Refused {
    fn from(error: LoadScanError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<PartnerError> for Refused {
    fn from(error: PartnerError) -> Self {
        Self::failed(error.to_string())
    }
}
