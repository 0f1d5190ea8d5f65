//! Candidates of the search, judged by a network in the brain that another one finds.

use super::brain_map::{BrainMapError, BrainSource, brain_map};
use super::show::{ShowError, show_candidates};
use super::{DetectStage, EXPLAINED, Found, certain_from};
use crate::candidates::{APART_MM, CandidateError, CandidateJudge, HEAT_EDGE};
use crate::model_file::{ModelCard, PointName, RegionsUsed, Threshold};
use crate::regions::{RegionError, RegionFinder};
use siderin_core::candidates::{Candidate, FineFrame, LOCAL_MEAN_SIGMA_MM};
use siderin_core::detection::{Candidates, Method, Step};
use siderin_core::forms::count_interval;
use siderin_core::lesion::{Lesion, ScoredSpot, faint_lesions, select_lesions};
use siderin_image::scan::{Note, Scan};
use siderin_image::volume::Volume;

/// Half of the diagonal of a fine view of 16 mm.
const VIEW_REACH_MM: f64 = 11.4;

/// Two networks that find microbleeds together: one of regions, one of candidates.
#[derive(Debug)]
pub struct CandidateDetector {
    regions: RegionFinder,
    judge: CandidateJudge,
    threshold: Threshold,
}

/// A scan in which candidates cannot be judged.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CandidateDetectorError {
    #[error(transparent)]
    Regions(#[from] RegionError),
    #[error(transparent)]
    Brain(#[from] BrainMapError),
    #[error(transparent)]
    Show(#[from] ShowError),
    #[error(transparent)]
    Judge(#[from] CandidateError),
    #[error(
        "setting up the detector: the model of candidates was trained with the regions of {} ({}), not \
         those of {} ({}); give that model of regions", .expected.name, .expected.fingerprint, .given.name, .given.fingerprint
    )]
    OtherRegions {
        expected: RegionsUsed,
        given: RegionsUsed,
    },
}

impl CandidateDetector {
    /// A detector of two networks; `threshold` takes the place of the judge's own.
    ///
    /// # Errors
    /// When the judge was trained with other regions: what it sees of the brain, and what its confidence
    /// means, would be another thing.
    pub fn new(
        regions: RegionFinder,
        judge: CandidateJudge,
        threshold: Option<Threshold>,
    ) -> Result<Self, CandidateDetectorError> {
        let card = judge.card();
        if let Some(used) = &card.regions
            && used != regions.used()
        {
            return Err(CandidateDetectorError::OtherRegions {
                expected: used.clone(),
                given: regions.used().clone(),
            });
        }
        let own = card.threshold();
        Ok(Self {
            regions,
            judge,
            threshold: threshold.unwrap_or(own),
        })
    }

    /// What the model that judges says of itself.
    #[must_use]
    pub fn card(&self) -> &ModelCard {
        self.judge.card()
    }

    pub(super) fn find(
        &self,
        scan: &Scan,
        progress: &dyn Fn(DetectStage),
    ) -> Result<Found, CandidateDetectorError> {
        let brain = brain_map(&self.regions, scan, progress)?;

        progress(DetectStage::Search);
        let shown = show_candidates(scan, &brain.own)?;
        let opinions = self.judge.judge(&shown.views)?;

        progress(DetectStage::Select);
        let mut scored: Vec<_> = shown.candidates.into_iter().zip(opinions).collect();
        // Finer than their confidence, which may be 1 of several.
        scored.sort_by(|(_, a), (_, b)| b.log_odds.total_cmp(&a.log_odds));
        let scored = scored.into_iter();
        let scored = scored.map(|((candidate, _), opinion)| ScoredSpot {
            candidate,
            score: opinion.microbleed,
            otherwise: Some(opinion.otherwise),
        });
        let (mut lesions, judged) = select_lesions(
            scan.magnitude.grid(),
            scored.collect(),
            self.threshold.value,
            APART_MM,
        );
        let sensitive = self.judge.card().threshold_at(PointName::Sensitive);
        let sensitive_from = sensitive.map(|point| point.value);
        let mut faint: Vec<Lesion> = sensitive_from.map_or_else(Vec::new, |from| {
            faint_lesions(scan.magnitude.grid(), &judged, from, APART_MM)
        });
        let places = brain.places();
        let codes = match &brain.better {
            Some(map) => map.on(scan.magnitude.grid())?.codes,
            None => shown.brain.codes,
        };
        for lesion in lesions.iter_mut().chain(&mut faint) {
            lesion.place_in(&codes, places.detail());
        }
        let interval = self
            .judge
            .card()
            .calibration
            .map(|_| count_interval(&judged, APART_MM));
        Ok(Found {
            brain: shown.brain.brain,
            lesions,
            candidates: Candidates::Spots(judged),
            notes: brain
                .note
                .clone()
                .into_iter()
                .chain(self.untrained())
                .collect(),
            structures: places.structures_on(scan.magnitude.grid())?,
            anatomy: places.anatomy().cloned(),
            maps: None,
            noise: Some(shown.noise),
            fluid_to_tissue: brain.own.fluid_to_tissue().map(f64::from),
            interval,
            faint,
            sensitive_from,
            regions: Some(codes),
            method: self.method(),
            preprocessing: self.steps(brain.source),
            used: brain
                .images()
                .into_iter()
                .chain(scan.phase.is_some().then_some("phase"))
                .collect(),
        })
    }

    /// Where the judge looked for each of the first [`EXPLAINED`] lesions of a detection in the scan, 0 to 1,
    /// in the slice of each; where several lie close together the highest. The candidates are shown again.
    ///
    /// # Errors
    /// As detection.
    pub fn heat(
        &self,
        scan: &Scan,
        lesions: &[Lesion],
    ) -> Result<Volume<f32>, CandidateDetectorError> {
        let shown = show_candidates(scan, &self.regions.find(&scan.magnitude)?)?;
        let grid = scan.magnitude.grid();
        let mut heat = Volume::filled(grid, 0f32);
        for lesion in lesions.iter().take(EXPLAINED) {
            let is_it =
                |(candidate, _): &(Candidate, f32)| candidate.center_world == lesion.center_world;
            if let Some(at) = shown.candidates.iter().position(is_it) {
                paint(&mut heat, lesion, &self.judge.heat(&shown.views[at]));
            }
        }
        Ok(heat)
    }

    fn untrained(&self) -> Option<Note> {
        let random = self.judge.card().training.is_none() || self.regions.training().is_none();
        random.then_some(Note::ModelNotTrained)
    }

    fn method(&self) -> Method {
        let card = self.judge.card();
        Method {
            name: card.name.clone(),
            version: format!("of {}; {}", card.training.software, card.training.summary),
            threshold: self.threshold.value,
            operating_point: self.threshold.point.map(PointName::name),
            certain_from: certain_from(Some(card), self.threshold.value),
            confidence_meaning: format!("{}.", card.confidence_meaning),
        }
    }

    fn steps(&self, source: BrainSource) -> Vec<Step> {
        let step = |name: &str, settings: String| Step {
            name: name.into(),
            settings,
        };
        vec![
            step(
                "Brain and regions",
                format!(
                    "network {} ({}; {}), in voxels of 2 mm{}",
                    self.regions.used().name,
                    self.regions.training().software,
                    self.regions.training().summary,
                    match source {
                        BrainSource::Scan => "",
                        BrainSource::T1w => "; locations from the T1w image",
                        BrainSource::Parcellation { .. } =>
                            "; locations from the parcellation given",
                    }
                ),
            ),
            step(
                "Intensity",
                format!(
                    "divided by the local mean of the brain (Gaussian, σ {LOCAL_MEAN_SIGMA_MM} mm)"
                ),
            ),
            step(
                "Candidates",
                format!(
                    "dark round spots, the {} best; each judged in views of 16 and 40 mm",
                    super::MOST_CANDIDATES
                ),
            ),
            step(
                "Lesions",
                format!(
                    "probability {} or more; of two closer than {APART_MM} mm the likelier",
                    self.threshold.value
                ),
            ),
        ]
    }
}

/// Raises the voxels of a lesion's slice to the heat of its view, by lines between its pixels.
fn paint(heat: &mut Volume<f32>, lesion: &Lesion, own: &[f32]) {
    let grid = heat.grid().clone();
    let frame = FineFrame::of(&grid, lesion.center_world);
    let at = |column: usize, row: usize| own.get(row * HEAT_EDGE + column).copied().unwrap_or(0.0);
    // No view is wider than 16 mm.
    let middle = lesion.center_voxel.to_array();
    let range = |axis: usize| {
        let steps = VIEW_REACH_MM / grid.spacing_mm()[axis];
        let first = (middle[axis] - steps).floor().max(0.0) as usize;
        let last = (middle[axis] + steps).ceil().max(0.0) as usize;
        first..(last + 1).min(grid.shape()[axis])
    };
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                let Some(pixel) = frame.pixel(&grid, [i, j, k]) else {
                    continue;
                };
                // Pixel n of the heat has the view's pixels 2 n and 2 n + 1.
                let [x, y] = pixel.map(|p| (0.5 * (p - 0.5)).clamp(0.0, HEAT_EDGE as f64 - 1.0));
                let (column, row) = (x.floor() as usize, y.floor() as usize);
                let (right, below) = (x.fract() as f32, y.fract() as f32);
                let next = |n: usize| (n + 1).min(HEAT_EDGE - 1);
                let above = at(column, row) * (1.0 - right) + at(next(column), row) * right;
                let under =
                    at(column, next(row)) * (1.0 - right) + at(next(column), next(row)) * right;
                let value = above * (1.0 - below) + under * below;
                heat.set([i, j, k], heat.at([i, j, k]).max(value));
            }
        }
    }
}
