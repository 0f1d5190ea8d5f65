//! From a scan to lesions.

use crate::checks::{coverage_note, many_findings_note, volume_note};
use siderin_core::candidates::{LOCAL_MEAN_SIGMA_MM, SearchConfig, SearchError, find_candidates};
use siderin_core::lesion::{Judged, Lesion, select_lesions};
use siderin_core::preprocess::{BrainMaskConfig, BrainMaskError, brain_mask};
use siderin_core::report::{Findings, Method, Step};
use siderin_core::scan::{Note, Scan, Verdict, suitability};
use siderin_core::volume::Volume;

/// Settings of a detection.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectConfig {
    /// Score from which a candidate is a lesion.
    pub threshold: f32,
    /// Settings of the brain mask.
    pub brain: BrainMaskConfig,
    /// Settings of the search.
    pub search: SearchConfig,
}

impl Default for DetectConfig {
    /// The threshold was chosen with the score's terms, on the same rough simulated scans.
    fn default() -> Self {
        Self {
            threshold: 0.5,
            brain: BrainMaskConfig::default(),
            search: SearchConfig::default(),
        }
    }
}

/// Where a detection is, for progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Finding the brain.
    Brain,
    /// Searching and scoring candidates.
    Search,
    /// Choosing lesions.
    Select,
}

/// A scan that cannot be searched.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// No brain.
    #[error(transparent)]
    Brain(#[from] BrainMaskError),
    /// The search failed.
    #[error(transparent)]
    Search(#[from] SearchError),
}

/// What a detection brought.
#[derive(Debug)]
pub struct Detection {
    /// The brain mask on the scan's grid.
    pub brain: Volume<bool>,
    /// Findings at or above the threshold, best first.
    pub lesions: Vec<Lesion>,
    /// Everything scored, best first.
    pub candidates: Vec<Judged>,
    /// The scan's notes and what the pipeline noticed.
    pub warnings: Vec<Note>,
    /// The settings that ran.
    pub config: DetectConfig,
}

/// The whole pipeline: brain, candidates, score, lesions. The scan's own grid is kept
/// throughout. The same scan and settings give the same result on any number of threads.
///
/// # Errors
/// When no brain is found.
pub fn detect(
    scan: &Scan,
    config: &DetectConfig,
    progress: &dyn Fn(Stage),
) -> Result<Detection, DetectError> {
    progress(Stage::Brain);
    let brain = brain_mask(&scan.magnitude, &config.brain)?;

    progress(Stage::Search);
    let scored = find_candidates(&scan.magnitude, &brain, &config.search)?;

    progress(Stage::Select);
    let grid = scan.magnitude.grid();
    let (lesions, candidates) = select_lesions(grid, scored, config.threshold);

    let mut warnings = scan.notes.clone();
    warnings.extend(suitability_note(scan));
    warnings.extend(companion_notes(scan));
    warnings.extend(volume_note(&brain));
    warnings.extend(coverage_note(&brain));
    warnings.extend(many_findings_note(&lesions));
    Ok(Detection {
        brain,
        lesions,
        candidates,
        warnings,
        config: config.clone(),
    })
}

fn suitability_note(scan: &Scan) -> Option<Note> {
    let judged = suitability(scan.magnitude.grid(), &scan.acquisition);
    (judged.verdict != Verdict::Suitable).then(|| Note::Suitability {
        verdict: judged.verdict.to_string(),
        reason: judged.reasons.first().cloned().unwrap_or_default(),
    })
}

fn companion_notes(scan: &Scan) -> Vec<Note> {
    let unused = |given: bool, what| given.then_some(Note::CompanionUnused { what });
    [
        unused(scan.t1.is_some(), "T1w image"),
        unused(scan.phase.is_some(), "phase"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Detection {
    /// The detection as the report wants it.
    #[must_use]
    pub fn findings<'a>(&'a self, scan: &'a Scan) -> Findings<'a> {
        let brain = &self.config.brain;
        let sigmas = &self.config.search.sigmas_mm;
        Findings {
            suitability: suitability(scan.magnitude.grid(), &scan.acquisition),
            scan,
            brain: &self.brain,
            lesions: &self.lesions,
            candidates: &self.candidates,
            method: Method {
                name: "learning-free search".into(),
                version: env!("CARGO_PKG_VERSION").into(),
                threshold: self.config.threshold,
                confidence_meaning: "the product of rules on darkness, roundness, surroundings, \
                     size and depth; a ranking, not a probability."
                    .into(),
            },
            preprocessing: vec![
                Step {
                    name: "Brain mask".into(),
                    settings: format!(
                        "growing surface at {} mm, border fraction {}",
                        brain.working_spacing_mm, brain.fraction
                    ),
                },
                Step {
                    name: "Intensity".into(),
                    settings: format!(
                        "divided by the local mean of the brain (Gaussian, σ {LOCAL_MEAN_SIGMA_MM} mm)"
                    ),
                },
                Step {
                    name: "Candidates".into(),
                    settings: format!("dark spots between Gaussians of σ {sigmas:?} mm"),
                },
            ],
            warnings: self.warnings.clone(),
        }
    }
}
