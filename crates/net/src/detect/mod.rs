//! From a scan to lesions.

mod brain_map;
mod by_candidates;
mod by_model;
mod by_rules;
mod prepare;
mod show;

pub use brain_map::BrainMapError;
pub use by_candidates::{CandidateDetector, CandidateDetectorError};
pub use by_model::{Detector, DetectorError, ModelMaps, OnScan};
pub use by_rules::RulesConfig;
pub use prepare::{PrepareError, Ready, prepare};
pub use show::{MOST_CANDIDATES, ShowError, Shown, show_candidates};

use crate::checks::{coverage_note, many_findings_note, quality_notes, regions_note, volume_ml};
use crate::model_file::{ModelCard, PointName};
use siderin_core::candidates::{SearchError, scan_noise};
use siderin_core::detection::{Candidates, Findings, Maps, Method, Quality, Step};
use siderin_core::forms::CountInterval;
use siderin_core::lesion::Lesion;
use siderin_core::regions::Anatomy;
use siderin_image::preprocess::{BrainMaskConfig, BrainMaskError, brain_mask};
use siderin_image::scan::{Note, Scan, Verdict, suitability};
use siderin_image::volume::Volume;

/// Lesions that are explained; of more, the surest. The report shows no more pictures.
pub const EXPLAINED: usize = 300;

/// What looks for microbleeds.
#[derive(Debug)]
pub enum Finder {
    /// Rules, without learning.
    Rules(RulesConfig),
    /// A trained network that makes a map.
    Model(Box<Detector>),
    /// Trained networks of regions and of candidates.
    Candidates(Box<CandidateDetector>),
}

/// Where a detection is, for progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetectStage {
    /// Finding the brain.
    Brain,
    /// Laying the images given along onto the scan.
    Register,
    /// Preparing images for a network.
    Prepare,
    /// Searching and scoring candidates.
    Search,
    /// Choosing lesions.
    Select,
}

impl DetectStage {
    /// What is being done.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Brain => "finding the brain",
            Self::Register => "aligning the images given along to it",
            Self::Prepare => "preparing",
            Self::Search => "searching",
            Self::Select => "choosing lesions",
        }
    }
}

/// A scan that cannot be searched.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// No brain.
    #[error(transparent)]
    Brain(#[from] BrainMaskError),
    /// The search by rules failed.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The network cannot be run.
    #[error(transparent)]
    Model(#[from] DetectorError),
    /// Candidates cannot be judged.
    #[error(transparent)]
    Candidates(#[from] CandidateDetectorError),
}

/// Result of a detection.
#[derive(Debug)]
pub struct Detection {
    /// Lesions, and all that the finder knows.
    pub found: Found,
    /// The scan's notes and what the pipeline noticed.
    pub warnings: Vec<Note>,
    /// What was measured of the scan itself.
    pub quality: Quality,
}

/// Result of a finder.
#[derive(Debug)]
pub struct Found {
    /// The brain mask on the scan's grid.
    pub brain: Volume<bool>,
    /// Findings at or above the threshold, best first.
    pub lesions: Vec<Lesion>,
    /// Everything scored, best first.
    pub candidates: Candidates,
    /// What the finder noticed.
    pub notes: Vec<Note>,
    /// Regions of the brain on the scan's grid, of networks that find them: those of MARS by a network of
    /// regions, the groups of the guided U-Net by that.
    pub regions: Option<Volume<u8>>,
    /// The brain's structures on the scan's grid and what they say of it, of finders with a network of structures.
    pub structures: Option<Volume<u8>>,
    /// See [`Found::structures`].
    pub anatomy: Option<Anatomy>,
    /// What a network that makes maps gave, where one ran.
    pub maps: Option<ModelMaps>,
    /// Noise of the signal relative to the brain's, of finders that look at that.
    pub noise: Option<f32>,
    /// The signal of fluid as a multiple of that of brain tissue, of finders that look at that.
    pub fluid_to_tissue: Option<f64>,
    /// Range of the number of microbleeds, of finders whose confidence is calibrated.
    pub interval: Option<CountInterval>,
    /// What would be lesions at the sensitive point, best first, of finders of candidates that have one.
    pub faint: Vec<Lesion>,
    /// Confidence from which something may be a lesion: the sensitive point, of finders that have one.
    pub sensitive_from: Option<f32>,
    /// What ran.
    pub method: Method,
    /// What was done before, in order.
    pub preprocessing: Vec<Step>,
    /// Which images besides the scan went into it.
    pub used: Vec<&'static str>,
}

/// The whole pipeline: brain, then lesions by rules or by a network. Lesions are on the scan's own
/// grid. The same scan and settings give the same result on any number of threads.
///
/// # Errors
/// When no brain is found, or the network cannot be run on the scan.
pub fn detect(
    scan: &Scan,
    finder: &Finder,
    progress: &dyn Fn(DetectStage),
) -> Result<Detection, DetectError> {
    let surface = || {
        progress(DetectStage::Brain);
        brain_mask(&scan.magnitude, &BrainMaskConfig::default())
    };
    let found = match finder {
        Finder::Rules(rules) => by_rules::find(scan, surface()?, rules, progress)?,
        Finder::Model(detector) => detector.find(scan, surface()?, progress)?,
        Finder::Candidates(detector) => detector.find(scan, progress)?,
    };

    let noise = match found.noise {
        Some(noise) => noise,
        None => scan_noise(&scan.magnitude, &found.brain)?,
    };
    let quality = Quality {
        brain_ml: volume_ml(&found.brain),
        // Exactly 0 is of a brain too small for an estimate, or of a drawing.
        noise: Some(f64::from(noise)).filter(|noise| *noise > 0.0),
        fluid_to_tissue: found.fluid_to_tissue,
    };
    let mut warnings = scan.notes.clone();
    warnings.extend(suitability_note(scan));
    warnings.extend(companion_notes(scan, &found.used));
    warnings.extend(found.notes.iter().cloned());
    warnings.extend(quality_notes(&quality));
    warnings.extend(coverage_note(&found.brain));
    warnings.extend(found.anatomy.as_ref().and_then(regions_note));
    warnings.extend(many_findings_note(&found.lesions));
    Ok(Detection {
        found,
        warnings,
        quality,
    })
}

/// Confidence from which findings at a threshold can be definite: the model's specific point, or halfway to 1.
fn certain_from(card: Option<&ModelCard>, threshold: f32) -> f32 {
    let specific = card.and_then(|card| card.threshold_at(PointName::Specific));
    specific.map_or(0.5 * (threshold + 1.0), |point| point.value)
}

/// How the brain is found without a network.
fn brain_mask_step() -> Step {
    let config = BrainMaskConfig::default();
    Step {
        name: "Brain mask".into(),
        settings: format!(
            "growing surface at {} mm, border fraction {}",
            config.working_spacing_mm, config.fraction
        ),
    }
}

fn suitability_note(scan: &Scan) -> Option<Note> {
    let judged = suitability(scan.magnitude.grid(), &scan.acquisition);
    (judged.verdict != Verdict::Suitable).then(|| Note::Suitability {
        verdict: judged.verdict.to_string(),
        reason: judged.reasons.first().cloned().unwrap_or_default(),
    })
}

fn companion_notes(scan: &Scan, used: &[&str]) -> Vec<Note> {
    let unused = |given: bool, what| {
        (given && !used.contains(&what)).then_some(Note::CompanionUnused { what })
    };
    [
        unused(scan.t1.is_some(), "T1w image"),
        unused(scan.t2.is_some(), "T2w image"),
        unused(scan.parcellation.is_some(), "parcellation"),
        unused(scan.phase.is_some(), "phase"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Detection {
    /// Confidence from which a candidate is a lesion.
    #[must_use]
    pub fn threshold(&self) -> f32 {
        self.found.method.threshold
    }

    /// The detection as the report wants it.
    #[must_use]
    pub fn findings<'a>(&'a self, scan: &'a Scan) -> Findings<'a> {
        Findings {
            suitability: suitability(scan.magnitude.grid(), &scan.acquisition),
            scan,
            brain: &self.found.brain,
            lesions: &self.found.lesions,
            candidates: &self.found.candidates,
            method: self.found.method.clone(),
            preprocessing: self.found.preprocessing.clone(),
            warnings: self.warnings.clone(),
            quality: self.quality,
            anatomy: self.found.anatomy.as_ref(),
            structures: self.found.structures.as_ref(),
            interval: self.found.interval,
            maps: Maps::default(),
        }
    }
}
