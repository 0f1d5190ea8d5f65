//! The score of one case.

use super::matching::{Candidates, CurveStep, MatchError, Matching, curve_steps};
use super::objects::Object;
use super::read::Lesions;
use super::rule::{Rule, ScoreSettings};
use super::side::{self, Side, common_grid};
use super::tally::Tally;
use super::voxelwise::{VoxelScore, voxel_score};
use serde::{Deserialize, Serialize};
use siderin_core::regions::Region;
use siderin_image::volume::{Grid, SAME_GRID_MM, Volume};
use std::collections::{BTreeMap, HashSet};

/// One case's score. What has no meaning is none (null in JSON).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubjectScore {
    /// References found; voxels under the rule `voxel`.
    pub tp: u64,
    /// False alarms.
    pub fp: u64,
    /// References missed.
    #[serde(rename = "fn")]
    pub missed: u64,
    /// Predictions that are right: under `overlap` their number can differ from `tp`.
    pub correct_predictions: u64,
    /// 2TP / (2TP + FP + FN); under `overlap` the harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// Share of the predictions that are right.
    pub precision: Option<f64>,
    /// Share of the references that are found.
    pub recall: Option<f64>,
    /// Lesions of the reference; none under `voxel`.
    pub reference_count: Option<u64>,
    /// Lesions of the prediction; none under `voxel`.
    pub prediction_count: Option<u64>,
    /// How far the counts are apart.
    pub absolute_count_difference: Option<u64>,
    /// Mean over the references found of the Dice coefficient between the reference and the
    /// predictions that go to it; of all voxels under `voxel`.
    pub dice: Option<f64>,
    /// How far the volumes are apart. Under `valdo` values at or above .5 are summed as they are.
    pub absolute_volume_difference_mm3: Option<f64>,
    /// Voxel by voxel, under the rule `voxel`.
    pub voxel: Option<VoxelScore>,
    /// References with the prediction that is right about them.
    pub pairs: Vec<Pair>,
    /// Every reference.
    pub references: Vec<LesionRecord>,
    /// Every prediction.
    pub predictions: Vec<LesionRecord>,
    /// From the highest confidence down; none without confidences.
    pub curve: Option<Vec<CurveStep>>,
    /// What the scan belongs to: sequence, field strength, slice thickness, and what a table
    /// adds.
    pub strata: BTreeMap<String, String>,
}

/// A reference and a prediction that match.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Number of the reference, from 1.
    pub reference: usize,
    /// Number of the prediction, from 1.
    pub prediction: usize,
    /// Distance of their centroids.
    pub distance_mm: f64,
}

/// A lesion in the score of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LesionRecord {
    /// Number, from 1.
    pub id: usize,
    /// Centroid, RAS+ mm.
    pub center_world_mm: [f64; 3],
    /// Diameter of the sphere of its volume.
    pub diameter_mm: Option<f64>,
    /// How sure the method is.
    pub confidence: Option<f64>,
    /// MARS region, where a region map is given.
    pub region: Option<String>,
    /// Whether this reference is found, or this prediction right.
    pub matched: bool,
}

/// A case that cannot be scored.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ScoreError {
    #[error(
        "comparing the grids: reference {reference:?} and prediction {prediction:?} voxels; the \
         prediction must lie on the reference's grid, resample it (nearest neighbour) first"
    )]
    Shape {
        reference: [usize; 3],
        prediction: [usize; 3],
    },
    #[error(
        "comparing the grids: corners of reference and prediction lie up to {distance_mm:.2} mm \
         apart although their shapes are equal; one of them has another orientation or origin, \
         write the prediction with the reference's affine"
    )]
    Place { distance_mm: f64 },
    #[error(
        "scoring: ‹labels› takes labels as lesions, but a map holds probabilities; leave ‹labels› \
         out or give labels"
    )]
    NoLabels,
    #[error(
        "scoring: ‹per-slice› counts voxels in slices, but only points are given; give maps or \
         leave ‹per-slice› out"
    )]
    PointsPerSlice,
    #[error(
        "comparing the grids: the region map lies on another grid than the reference; give one on \
         the reference's grid"
    )]
    Regions,
    #[error(transparent)]
    Match(#[from] MatchError),
}

/// Scores one case; what is not given counts as empty.
///
/// # Errors
/// [`ScoreError`]: different grids, or lesions that the rule cannot match.
pub fn score_case(
    reference: Option<&Lesions>,
    prediction: Option<&Lesions>,
    regions: Option<&Volume<u8>>,
    settings: &ScoreSettings,
) -> Result<SubjectScore, ScoreError> {
    let grid = common_grid(reference, prediction)?;
    if let (Some(grid), Some(regions)) = (&grid, regions)
        && !grid.matches(regions.grid(), SAME_GRID_MM)
    {
        return Err(ScoreError::Regions);
    }
    if settings.rule == Rule::Voxel {
        return by_voxels(reference, prediction, settings);
    }
    let mut reference = side::of_reference(reference, settings)?;
    let mut prediction = side::of_prediction(prediction, settings)?;
    let curve = prediction.curve_objects.iter_mut().flatten();
    let all = reference
        .objects
        .iter_mut()
        .chain(&mut prediction.objects)
        .chain(curve);
    for point in all.filter(|object| object.center_voxel.is_none()) {
        if settings.per_slice {
            return Err(ScoreError::PointsPerSlice);
        }
        // Points take part in the space of the maps.
        point.center_voxel = grid.as_ref().map(|grid| grid.to_voxel(point.center_world));
    }
    let find = |predictions: &[Object]| {
        Candidates::find(
            settings.rule,
            grid.as_ref(),
            &reference.objects,
            predictions,
        )
    };
    let candidates = find(&prediction.objects)?;
    let matching = candidates.decide()?;
    let curve = match &prediction.curve_objects {
        Some(objects) => curve_steps(&find(objects)?, objects),
        None => curve_steps(&candidates, &prediction.objects),
    };
    Ok(assemble(
        settings.rule,
        &reference,
        &prediction,
        &matching,
        curve,
        regions,
    ))
}

fn assemble(
    rule: Rule,
    reference: &Side,
    prediction: &Side,
    matching: &Matching,
    curve: Option<Vec<CurveStep>>,
    regions: Option<&Volume<u8>>,
) -> SubjectScore {
    let (references, predictions) = (&reference.objects, &prediction.objects);
    let tp = matching.found_count() as u64;
    let correct = matching.correct_count() as u64;
    let missed = references.len() as u64 - tp;
    let fp = predictions.len() as u64 - correct;
    let tally = Tally {
        tp: tp as f64,
        fp: fp as f64,
        missed: missed as f64,
        correct: correct as f64,
    };
    let counts = [references.len() as u64, predictions.len() as u64];
    SubjectScore {
        tp,
        fp,
        missed,
        correct_predictions: correct,
        f1: tally.f1(rule),
        precision: tally.precision(),
        recall: tally.recall(),
        reference_count: Some(counts[0]),
        prediction_count: Some(counts[1]),
        absolute_count_difference: Some(counts[0].abs_diff(counts[1])),
        dice: dice(references, predictions, matching),
        absolute_volume_difference_mm3: reference
            .volume_mm3
            .zip(prediction.volume_mm3)
            .map(|(a, b)| (a - b).abs()),
        voxel: None,
        pairs: matching
            .matches
            .iter()
            .map(|pair| Pair {
                reference: pair.reference + 1,
                prediction: pair.prediction + 1,
                distance_mm: pair.distance_mm,
            })
            .collect(),
        references: records(references, &matching.found, regions),
        predictions: records(predictions, &matching.correct, regions),
        curve,
        strata: BTreeMap::new(),
    }
}

/// Mean over the references found; 0 where none is, none without references or voxels.
fn dice(references: &[Object], predictions: &[Object], matching: &Matching) -> Option<f64> {
    let is_point = |object: &Object| object.voxels.is_empty();
    if references.is_empty() || references.iter().chain(predictions).any(is_point) {
        return None;
    }
    let mut sum = 0.0;
    for (reference, assigned) in references.iter().zip(&matching.assigned) {
        let union = assigned.iter().flat_map(|&p| &predictions[p].voxels);
        let union: HashSet<usize> = union.copied().collect();
        if !union.is_empty() {
            let shared = reference
                .voxels
                .iter()
                .filter(|v| union.contains(v))
                .count();
            let all = reference.voxels.len() + union.len();
            sum += 2.0 * shared as f64 / all as f64;
        }
    }
    let found = matching.found_count();
    Some(if found == 0 { 0.0 } else { sum / found as f64 })
}

fn records(
    objects: &[Object],
    matched: &[bool],
    regions: Option<&Volume<u8>>,
) -> Vec<LesionRecord> {
    objects
        .iter()
        .zip(matched)
        .enumerate()
        .map(|(at, (object, &matched))| LesionRecord {
            id: at + 1,
            center_world_mm: object.center_world.to_array(),
            diameter_mm: object.diameter_mm,
            confidence: object.confidence,
            region: regions.map(|regions| region_of(object, regions)),
            matched,
        })
        .collect()
}

/// The region most of its voxels lie in; of a point that at its place.
fn region_of(object: &Object, regions: &Volume<u8>) -> String {
    let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut vote = |offset: usize| {
        if let Some((region, _)) = Region::of_code(regions.voxels()[offset]) {
            *votes.entry(region.name()).or_default() += 1;
        }
    };
    object.voxels.iter().for_each(|&offset| vote(offset));
    if object.voxels.is_empty() {
        let place = regions.grid().to_voxel(object.center_world).to_array();
        let shape = regions.shape();
        if (0..3).all(|a| place[a] >= -0.5 && place[a] < shape[a] as f64 - 0.5) {
            vote(regions.grid().offset(place.map(|v| v.round() as usize)));
        }
    }
    let most = votes
        .iter()
        .max_by_key(|(name, count)| (**count, std::cmp::Reverse(**name)));
    most.map_or("outside the regions", |(name, _)| name)
        .to_string()
}

fn by_voxels(
    reference: Option<&Lesions>,
    prediction: Option<&Lesions>,
    settings: &ScoreSettings,
) -> Result<SubjectScore, ScoreError> {
    let reference = side::mask(reference, settings, false)?;
    let prediction = side::mask(prediction, settings, true)?;
    let grid = reference.as_ref().or(prediction.as_ref()).map(Volume::grid);
    let voxel_mm3 = grid.map_or(0.0, Grid::voxel_volume_mm3);
    let score = voxel_score(reference.as_ref(), prediction.as_ref());
    let counts = score.as_ref().map(|s| s.volume).unwrap_or_default();
    let measures = counts.measures();
    let has_reference = counts.tp + counts.missed > 0;
    let overlap = measures.dsc.filter(|_| has_reference);
    Ok(SubjectScore {
        tp: counts.tp,
        fp: counts.fp,
        missed: counts.missed,
        correct_predictions: counts.tp,
        f1: overlap,
        precision: measures.pre,
        recall: measures.sen,
        reference_count: None,
        prediction_count: None,
        absolute_count_difference: None,
        dice: overlap,
        absolute_volume_difference_mm3: Some(counts.fp.abs_diff(counts.missed) as f64 * voxel_mm3),
        voxel: score,
        pairs: Vec::new(),
        references: Vec::new(),
        predictions: Vec::new(),
        curve: None,
        strata: BTreeMap::new(),
    })
}
