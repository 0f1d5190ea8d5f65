//! The detection pipeline, and the home of its networks.
//!
//! Start with [`detect`]: the whole pipeline in one function. The networks are in [`model`], what
//! they are trained by in [`loss`], what they compute with in [`ops`], and [`infer`] takes them over
//! whole scans. This is the one crate that knows a tensor library.

mod built_in;
mod candidates;
mod checks;
mod detect;
mod explain;
pub mod infer;
pub mod loss;
pub mod model;
pub mod model_file;
pub mod ops;
#[cfg(test)]
mod reference;
mod regions;

pub use built_in::{
    BuiltInError, DEFAULT_CANDIDATES, DEFAULT_REGIONS, default_candidates, default_regions,
};
pub use burn::tensor::Device;
pub use candidates::{APART_MM, CandidateError, CandidateJudge, Opinion};
pub use detect::{
    CandidateDetector, CandidateDetectorError, DetectError, Detection, Detector, DetectorError,
    Finder, MOST_CANDIDATES, ModelMaps, OnScan, PrepareError, Ready, RulesConfig, ShowError, Shown,
    Stage, detect, prepare, show_candidates,
};
pub use explain::{EXPLAINED, heat_map};
pub use regions::{BrainRegions, RegionError, RegionFinder, RegionMap};
