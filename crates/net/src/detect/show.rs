//! Candidates of a scan, with what a network is shown of them. Detection and training share it.

use crate::regions::{BrainRegions, RegionError, RegionMap};
use rayon::prelude::*;
use siderin_core::candidates::{
    Candidate, CandidateView, SearchConfig, SearchError, ViewSource, search,
};
use siderin_core::scan::{Scan, phase_in_rad};

/// Candidates of a scan that are shown, the best by the rules: nearly all visible microbleeds are among
/// the first hundred.
pub const MOST_CANDIDATES: usize = 200;

/// What a network of candidates sees of a scan.
#[derive(Debug)]
pub struct Shown {
    /// The brain on the scan's grid.
    pub brain: BrainRegions,
    /// Candidates with their score by the rules, best first; [`MOST_CANDIDATES`] at most.
    pub candidates: Vec<(Candidate, f32)>,
    /// The view of each.
    pub views: Vec<CandidateView>,
}

/// A scan without candidates to show.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ShowError {
    #[error(transparent)]
    Regions(#[from] RegionError),
    #[error(transparent)]
    Search(#[from] SearchError),
}

/// Searches a scan in the brain that `map` shows, and cuts views of what is found.
///
/// # Errors
/// When there is no brain on the scan's grid.
pub fn show_candidates(scan: &Scan, map: &RegionMap) -> Result<Shown, ShowError> {
    let brain = map.on(scan.magnitude.grid())?;
    let searched = search(&scan.magnitude, &brain.brain, &SearchConfig::default())?;
    let mut candidates = searched.found;
    candidates.truncate(MOST_CANDIDATES);
    let phase = scan.phase.as_ref().map(phase_in_rad);
    let (depth_mm, regions) = (map.depth_mm(), map.codes()?);
    let source = ViewSource {
        relative: &searched.relative,
        noise: searched.noise,
        phase: phase.as_ref(),
        depth_mm: &depth_mm,
        regions: &regions,
    };
    let views = candidates
        .par_iter()
        .map(|(candidate, _)| source.view(candidate))
        .collect();
    Ok(Shown {
        brain,
        candidates,
        views,
    })
}
