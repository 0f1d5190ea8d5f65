//! Dark round spots, judged by rules.

use super::{DetectError, DetectStage, Found, brain_mask_step, certain_from};
use siderin_core::candidates::{LOCAL_MEAN_SIGMA_MM, SearchConfig, search};
use siderin_core::detection::{Candidates, Method, Step};
use siderin_core::lesion::{ScoredSpot, select_lesions};
use siderin_image::scan::Scan;
use siderin_image::volume::Volume;

/// Settings of the search by rules.
#[derive(Debug, Clone, PartialEq)]
pub struct RulesConfig {
    /// Score from which a candidate is a lesion.
    pub threshold: f32,
    /// Settings of the search.
    pub search: SearchConfig,
}

impl Default for RulesConfig {
    /// The threshold was chosen with the score's terms, on the same rough simulated scans.
    fn default() -> Self {
        Self {
            threshold: 0.5,
            search: SearchConfig::default(),
        }
    }
}

pub(super) fn find(
    scan: &Scan,
    brain: Volume<bool>,
    config: &RulesConfig,
    progress: &dyn Fn(DetectStage),
) -> Result<Found, DetectError> {
    progress(DetectStage::Search);
    let searched = search(&scan.magnitude, &brain, &config.search)?;

    progress(DetectStage::Select);
    let grid = scan.magnitude.grid();
    let scored = searched
        .found
        .into_iter()
        .map(|(candidate, score)| ScoredSpot {
            candidate,
            score,
            otherwise: None,
        });
    let (lesions, candidates) = select_lesions(grid, scored.collect(), config.threshold, 0.0);

    let sigmas = &config.search.sigmas_mm;
    Ok(Found {
        brain,
        lesions,
        candidates: Candidates::Spots(candidates),
        notes: Vec::new(),
        regions: None,
        maps: None,
        noise: Some(searched.noise),
        fluid_to_tissue: None,
        interval: None,
        structures: None,
        anatomy: None,
        faint: Vec::new(),
        sensitive_from: None,
        method: Method {
            name: "learning-free search".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            threshold: config.threshold,
            operating_point: None,
            certain_from: certain_from(None, config.threshold),
            confidence_meaning: "the product of rules on darkness, roundness, surroundings, \
                 size and depth; a ranking, not a probability."
                .into(),
        },
        preprocessing: vec![
            brain_mask_step(),
            Step {
                name: "Intensity".into(),
                settings: format!(
                    "divided by the local mean of the brain (Gaussian, σ {LOCAL_MEAN_SIGMA_MM} mm)"
                ),
            },
            Step {
                name: "Search".into(),
                settings: format!("dark spots between Gaussians of σ {sigmas:?} mm"),
            },
        ],
        used: Vec::new(),
    })
}
