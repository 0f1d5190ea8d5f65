//! What ran.

use serde::Serialize;

/// What scored the candidates.
#[derive(Debug, Clone, Serialize)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Score from which a candidate is a lesion.
    pub threshold: f32,
    /// Name of the operating point with this threshold, of methods that have such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operating_point: Option<&'static str>,
    /// Confidence from which a finding can be definite on the forms: the specific point, of methods that have
    /// one, else halfway from the threshold to 1.
    pub certain_from: f32,
    /// What a confidence means.
    pub confidence_meaning: String,
}

/// One step of preprocessing.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Its settings in words.
    pub settings: String,
}
