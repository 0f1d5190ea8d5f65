//! The search without learning: dark round spots, measured in mm and scored by rules.
//!
//! [`find_candidates`] is the whole search; its steps: [`relative_signal`] removes slow shading, [`find_spots`] lists dark spots at several
//! sizes, [`measure`] tells for each how dark, how round and how free-standing it is, and
//! [`score`] turns that into a number between 0 and 1. The score alone is the baseline detector;
//! [`ViewSource`] shows candidates to a network.

mod extent;
mod kind;
mod measure;
mod relative;
mod score;
mod search;
mod spots;
mod surround;
mod view;

pub use kind::SpotKind;
pub use measure::{Candidate, Measures, Surroundings, measure};
pub use relative::{LOCAL_MEAN_SIGMA_MM, RelativeError, noise_level, relative_signal};
pub use score::{ScoreTerms, score};
pub use search::{SearchError, Searched, find_candidates, scan_noise, search};
pub use spots::{SearchConfig, Spot, find_spots};
pub use view::{
    COARSE_CHANNELS, CandidateView, DEEPEST_MM, DEPTH_NUMBER, FINE_CHANNELS, FineFrame, Mirroring,
    NOISE_NUMBER, PHASE_CHANNELS, USUAL_NOISE, VIEW_EDGE, VIEW_NUMBERS, VIEW_VERSION, ViewSource,
};
