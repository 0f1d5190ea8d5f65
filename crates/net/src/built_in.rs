//! The default model: two networks whose weights are part of the program.
//!
//! `reproduce/studies/default_model.sh` makes both; docs/model-card.md says what they were trained and measured on.

use crate::model_file::{Model, ModelFileError};
use burn::tensor::Device;

/// The file of the network of regions.
pub const DEFAULT_REGIONS: &[u8] = include_bytes!("../weights/regions.siderin");
/// The file of the network of candidates, trained in the brain that [`DEFAULT_REGIONS`] finds.
pub const DEFAULT_CANDIDATES: &[u8] = include_bytes!("../weights/candidates.siderin");

/// Weights in the program that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "reading the model that is part of the program: {0}; the program is damaged, install it again"
)]
pub struct BuiltInError(#[from] ModelFileError);

/// The network of regions, on `device`.
///
/// # Errors
/// When the program is damaged.
pub fn default_regions(device: &Device) -> Result<Model, BuiltInError> {
    Ok(Model::from_bytes(DEFAULT_REGIONS.to_vec(), device)?)
}

/// The network of candidates, on `device`.
///
/// # Errors
/// When the program is damaged.
pub fn default_candidates(device: &Device) -> Result<Model, BuiltInError> {
    Ok(Model::from_bytes(DEFAULT_CANDIDATES.to_vec(), device)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::Compute;
    use crate::{CandidateDetector, CandidateJudge, RegionFinder};

    #[test]
    fn both_are_trained_calibrated_and_belong_together() {
        let compute = Compute::cpu();
        let device = compute.device();
        let regions = RegionFinder::new(default_regions(device).unwrap(), &compute).unwrap();
        let judge = CandidateJudge::new(default_candidates(device).unwrap(), &compute).unwrap();
        let card = judge.card();
        assert!(!regions.training().is_none() && !card.training.is_none());
        assert!(card.calibration.is_some() && card.other_points.is_some());
        assert_eq!(card.regions.as_ref(), Some(regions.used()));
        assert!(CandidateDetector::new(regions, judge, None).is_ok());
    }
}
