//! The detection pipeline, and the home of its networks.
//!
//! Start with [`detect`]: the whole pipeline in one function. The networks are in [`architectures`], what they
//! compute with in [`ops`] and on in [`compute`]; [`tiling`] cuts scans for them, and [`infer`] takes them over
//! whole scans.

pub mod architectures;
mod built_in;
mod candidates;
mod checks;
pub mod compute;
mod detect;
mod explain;
pub mod infer;
pub mod model_file;
pub mod ops;
#[cfg(test)]
mod reference;
mod regions;
pub mod tiling;

pub use built_in::{
    BuiltInError, DEFAULT_CANDIDATES, DEFAULT_REGIONS, default_candidates, default_regions,
};
pub use burn::tensor::Device;
pub use candidates::{APART_MM, CandidateError, CandidateJudge, Opinion};
pub use checks::regions_note;
pub use detect::{
    BrainMapError, CandidateDetector, CandidateDetectorError, DetectError, DetectStage, Detection,
    Detector, DetectorError, EXPLAINED, Finder, MOST_CANDIDATES, ModelMaps, OnScan, PrepareError,
    Ready, RulesConfig, ShowError, Shown, detect, prepare, show_candidates,
};
pub use explain::heat_map;
pub use regions::{BrainRegions, RegionError, RegionFinder, RegionMap};
