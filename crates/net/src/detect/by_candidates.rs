//! Candidates of the search, judged by a network in the brain that another one finds.

use super::show::{ShowError, show_candidates};
use super::{DetectStage, EXPLAINED, Found, certain_from};
use crate::candidates::{APART_MM, CandidateError, CandidateJudge, HEAT_EDGE};
use crate::model_file::{ModelCard, PointName, RegionsUsed, Threshold};
use crate::regions::{RegionError, RegionFinder, RegionMap};
use nalgebra::Matrix4;
use siderin_core::candidates::{Candidate, FineFrame, LOCAL_MEAN_SIGMA_MM};
use siderin_core::detection::{Candidates, Method, Step};
use siderin_core::forms::count_interval;
use siderin_core::lesion::{Lesion, ScoredSpot, faint_lesions, select_lesions};
use siderin_core::regions::MapDetail;
use siderin_image::registration::{LEAST_SHARPNESS, register_rigid};
use siderin_image::scan::{Note, Scan};
use siderin_image::volume::{Grid, Volume};

/// Half of the diagonal of a fine view of 16 mm.
const VIEW_REACH_MM: f64 = 11.4;

/// Two networks that find microbleeds together: one of regions, one of candidates.
#[derive(Debug)]
pub struct CandidateDetector {
    regions: RegionFinder,
    judge: CandidateJudge,
    threshold: Threshold,
}

const T1W: &str = "T1w image";

/// The map that takes the world of a T1w image to that of the scan, where the two align.
fn aligned(
    t1: &Volume<f32>,
    scan: &Volume<f32>,
    progress: &dyn Fn(DetectStage),
) -> Option<Matrix4<f64>> {
    progress(DetectStage::Register);
    let placed = register_rigid(t1, scan).ok()?;
    let is_sharp = placed.quality.sharpness >= LEAST_SHARPNESS;
    is_sharp.then(|| placed.fixed_from_moving.to_homogeneous())
}

fn shows_whole_brain(map: &RegionMap) -> bool {
    const LEAST_SEEN: f64 = 0.95;
    let seen = map.anatomy().and_then(|anatomy| anatomy.seen);
    map.detail() == MapDetail::Regions && seen.is_some_and(|seen| seen >= LEAST_SEEN)
}

/// Refuses a parcellation whose brain is not where the scan shows one.
fn check_agreement(
    given: &RegionMap,
    own: &RegionMap,
    grid: &Grid,
) -> Result<(), CandidateDetectorError> {
    const LEAST_DICE: f64 = 0.8;
    let (given, own) = (given.on(grid)?.brain, own.on(grid)?.brain);
    let count = |mask: &Volume<bool>| mask.voxels().iter().filter(|inside| **inside).count();
    let pairs = given.voxels().iter().zip(own.voxels());
    let both = pairs.filter(|(a, b)| **a && **b).count();
    let dice = 2.0 * both as f64 / (count(&given) + count(&own)).max(1) as f64;
    if dice < LEAST_DICE {
        return Err(CandidateDetectorError::ParcellationElsewhere { dice });
    }
    Ok(())
}

/// The map of a scan's brain, and where it comes from.
struct BrainMap {
    map: RegionMap,
    notes: Vec<Note>,
    /// The image beside the scan that it was found on.
    used: Option<&'static str>,
}

/// A scan in which candidates cannot be judged.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CandidateDetectorError {
    #[error(transparent)]
    Regions(#[from] RegionError),
    #[error(
        "using the parcellation: the T1w image that it lies on cannot be aligned to the scan; give a parcellation on \
         the scan's own grid, without the T1w image"
    )]
    T1Elsewhere,
    #[error(
        "using the parcellation: its brain and the one that the scan shows overlap too little (Dice {dice:.2}, at least \
         0.80 is expected); is it of this person? One that lies on the T1w image needs that image, too"
    )]
    ParcellationElsewhere { dice: f64 },
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
        let BrainMap {
            map,
            mut notes,
            used,
        } = self.map(scan, progress)?;
        notes.extend(self.untrained());

        progress(DetectStage::Search);
        let shown = show_candidates(scan, &map)?;
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
        for lesion in lesions.iter_mut().chain(&mut faint) {
            lesion.place_in(&shown.brain.codes, map.detail());
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
            notes,
            structures: map.structures_on(scan.magnitude.grid())?,
            anatomy: map.anatomy().cloned(),
            maps: None,
            noise: Some(shown.noise),
            fluid_to_tissue: map.fluid_to_tissue().map(f64::from),
            interval,
            faint,
            sensitive_from,
            regions: Some(shown.brain.codes),
            method: self.method(),
            preprocessing: self.steps(),
            used: used
                .into_iter()
                .chain(scan.phase.is_some().then_some("phase"))
                .collect(),
        })
    }

    /// Finds the brain's structures: from a parcellation where one is given; on the T1w image of the same person where
    /// that is given, for it shows them best, can be aligned to the scan and holds the whole brain; else on the scan.
    fn map(
        &self,
        scan: &Scan,
        progress: &dyn Fn(DetectStage),
    ) -> Result<BrainMap, CandidateDetectorError> {
        progress(DetectStage::Brain);
        let own = || self.regions.find(&scan.magnitude);
        if let Some(parcels) = &scan.parcellation {
            let map = RegionMap::of_parcellation(parcels)?;
            let scan_from_parcels = match &scan.t1 {
                Some(t1) => aligned(t1, &scan.magnitude, progress),
                None => Some(Matrix4::identity()),
            };
            let scan_from_parcels = scan_from_parcels.ok_or(CandidateDetectorError::T1Elsewhere)?;
            let map = map.carried(&scan.magnitude, &scan_from_parcels)?;
            check_agreement(&map, &own()?, scan.magnitude.grid())?;
            return Ok(BrainMap {
                map,
                notes: Vec::new(),
                used: scan.t1.as_ref().map(|_| T1W),
            });
        }
        let mut notes = Vec::new();
        if let Some(t1) = scan
            .t1
            .as_ref()
            .filter(|_| self.regions.outlines_structures())
        {
            let found = self.regions.find(t1).ok().filter(shows_whole_brain);
            let placed = found.zip(aligned(t1, &scan.magnitude, progress));
            if let Some((map, scan_from_t1)) = placed {
                return Ok(BrainMap {
                    map: map.carried(&scan.magnitude, &scan_from_t1)?,
                    notes,
                    used: Some(T1W),
                });
            }
            let why = "it does not show the whole brain, or could not be aligned to the scan; the brain was outlined \
                       on the scan itself";
            notes.push(Note::SeriesRefused {
                what: format!("the {T1W}"),
                why: why.into(),
            });
        }
        Ok(BrainMap {
            map: own()?,
            notes,
            used: None,
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
        let BrainMap { map, .. } = self.map(scan, &|_| ())?;
        let shown = show_candidates(scan, &map)?;
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

    fn steps(&self) -> Vec<Step> {
        let step = |name: &str, settings: String| Step {
            name: name.into(),
            settings,
        };
        vec![
            step(
                "Brain and regions",
                format!(
                    "network {} ({}; {}), in voxels of 2 mm",
                    self.regions.used().name,
                    self.regions.training().software,
                    self.regions.training().summary
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
