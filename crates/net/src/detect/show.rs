//! Candidates of a scan, with what a network is shown of them. Detection and training share it.

use crate::regions::{BrainRegions, RegionError, RegionMap};
use half::f16;
use rayon::prelude::*;
use siderin_core::candidates::{
    Candidate, CandidateView, PHASE_CHANNELS, SearchConfig, SearchError, VIEW_EDGE, ViewSource,
    search,
};
use siderin_image::scan::{Scan, phase_in_rad};

/// Candidates of a scan that are shown, the best by the rules.
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
    /// Noise (standard deviation) of the signal relative to the brain's.
    pub noise: f32,
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
    let phase = phase.as_deref();
    let (depth_mm, regions) = (map.depth_mm(), map.codes()?);
    let source = ViewSource {
        relative: &searched.relative,
        noise: searched.noise,
        phase,
        depth_mm: &depth_mm,
        regions: &regions,
    };
    let mut views: Vec<CandidateView> = candidates
        .par_iter()
        .map(|(candidate, _)| source.view(candidate))
        .collect();
    turn_phase(&mut views);
    for view in &mut views {
        halve(&mut view.fine);
        halve(&mut view.coarse);
    }
    Ok(Shown {
        brain,
        candidates,
        views,
        noise: searched.noise,
    })
}

/// Turns the phase of all views around where the spots' middles are negative on the whole. Which way
/// phase counts differs between scanners; most dark spots are veins, whose blood turns the same way as
/// hemosiderin and the other way than calcium.
fn turn_phase(views: &mut [CandidateView]) {
    const HALF: usize = VIEW_EDGE / 2;
    let middle_plane = PHASE_CHANNELS.start + PHASE_CHANNELS.len() / 2;
    let of_middles: f64 = views
        .iter()
        .flat_map(|view| {
            let plane = &view.fine[middle_plane * PIXELS..][..PIXELS];
            let pixels = (HALF - 1..=HALF)
                .flat_map(|row| [row * VIEW_EDGE + HALF - 1, row * VIEW_EDGE + HALF]);
            pixels.map(|at| f64::from(plane[at]))
        })
        .sum();
    if of_middles >= 0.0 {
        return;
    }
    for view in views {
        for value in &mut view.fine[PHASE_CHANNELS.start * PIXELS..PHASE_CHANNELS.end * PIXELS] {
            *value = -*value;
        }
    }
}

/// In half precision, as training keeps views: both see the same.
fn halve(values: &mut [f32]) {
    for value in values {
        *value = f16::from_f32(*value).to_f32();
    }
}

const PIXELS: usize = VIEW_EDGE * VIEW_EDGE;

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_core::candidates::{COARSE_CHANNELS, FINE_CHANNELS, VIEW_NUMBERS};

    #[test]
    fn phase_is_turned_so_that_most_spots_are_positive() {
        let view = |phase: f32| {
            let mut fine = vec![0.25; FINE_CHANNELS * PIXELS];
            fine[PHASE_CHANNELS.start * PIXELS..PHASE_CHANNELS.end * PIXELS].fill(phase);
            CandidateView {
                fine,
                coarse: vec![0.0; COARSE_CHANNELS * PIXELS],
                numbers: vec![0.0; VIEW_NUMBERS],
            }
        };
        let phases = |views: &[CandidateView]| -> Vec<f32> {
            let at = PHASE_CHANNELS.start * PIXELS;
            views.iter().map(|view| view.fine[at]).collect()
        };
        let mut views = vec![view(-0.3), view(0.2), view(-0.1)];
        turn_phase(&mut views);
        assert_eq!(phases(&views), [0.3, -0.2, 0.1]);
        assert_eq!(views[0].fine[0], 0.25);
        // Turned around it is the same again.
        let mut other = vec![view(0.3), view(-0.2), view(0.1)];
        turn_phase(&mut other);
        assert_eq!(views, other);
    }
}
