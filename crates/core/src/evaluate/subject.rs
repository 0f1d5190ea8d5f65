//! The score of one case.

use super::matching::{Candidates, CurveStep, MatchError, Matching, curve_steps};
use super::objects::{MapKind, Object, objects_of};
use super::read::{Lesions, Point};
use super::rule::{Rule, ScoreSettings};
use super::voxelwise::{VoxelScore, ratio, voxel_score};
use crate::regions::Region;
use crate::volume::{Grid, Volume};
use serde::{Deserialize, Serialize};
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
        "comparing the grids: the region map lies on another grid than the reference; give one on \
         the reference's grid"
    )]
    Regions,
    #[error(transparent)]
    Match(#[from] MatchError),
}

/// Corners of one grid written by two programs lie closer than this: headers keep affines in
/// single precision, and quaternions lose more.
const SAME_GRID_MM: f64 = 0.1;

/// What of a prediction is scored where.
struct Side {
    objects: Vec<Object>,
    /// Reaching down to the curve's threshold.
    curve_objects: Vec<Object>,
    /// Volume in mm³ as the rule takes it.
    volume_mm3: Option<f64>,
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
    let mut reference = side(reference, settings, false);
    let mut prediction = side(prediction, settings, true);
    for object in reference
        .objects
        .iter_mut()
        .chain(&mut prediction.objects)
        .chain(&mut prediction.curve_objects)
    {
        // Points take part in the space of the maps.
        object.center_voxel = grid.as_ref().map(|grid| grid.to_voxel(object.center_world));
    }
    let candidates = Candidates::find(
        settings.rule,
        grid.as_ref(),
        &reference.objects,
        &prediction.objects,
    )?;
    let matching = candidates.decide()?;
    let for_curve = Candidates::find(
        settings.rule,
        grid.as_ref(),
        &reference.objects,
        &prediction.curve_objects,
    )?;
    let curve = curve_steps(&for_curve, &prediction.curve_objects)?;
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
    let precision = ratio(correct as f64, predictions.len() as f64);
    let recall = ratio(tp as f64, references.len() as f64);
    let counts = [references.len() as u64, predictions.len() as u64];
    SubjectScore {
        tp,
        fp,
        missed,
        correct_predictions: correct,
        f1: f1(rule, references.len(), [tp, correct, fp, missed]),
        precision,
        recall,
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

/// Without a reference it has no meaning; without a prediction it is 0.
fn f1(rule: Rule, references: usize, [tp, correct, fp, missed]: [u64; 4]) -> Option<f64> {
    if references == 0 {
        return None;
    }
    if rule != Rule::Overlap {
        let twice = 2.0 * tp as f64;
        return ratio(twice, twice + (missed + fp) as f64);
    }
    let precision = ratio(correct as f64, (correct + fp) as f64).unwrap_or(0.0);
    let recall = tp as f64 / references as f64;
    Some(ratio(2.0 * precision * recall, precision + recall).unwrap_or(0.0))
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
        let index = place.map(|v| v.round().max(0.0) as usize);
        if (0..3).all(|a| index[a] < regions.shape()[a]) {
            vote(regions.grid().offset(index));
        }
    }
    let most = votes
        .iter()
        .max_by_key(|(name, count)| (**count, std::cmp::Reverse(**name)));
    most.map_or("outside the regions", |(name, _)| name)
        .to_string()
}

/// The grid of the case; both sides' must be one.
fn common_grid(
    reference: Option<&Lesions>,
    prediction: Option<&Lesions>,
) -> Result<Option<Grid>, ScoreError> {
    let of = |lesions: Option<&Lesions>| match lesions {
        Some(Lesions::Map(map, _) | Lesions::Results { labels: map, .. }) => {
            Some((map.grid().clone(), true))
        }
        Some(Lesions::Points(_, grid)) => grid.clone().map(|grid| (grid, false)),
        None => None,
    };
    match (of(reference), of(prediction)) {
        // Points lie in the world: which grid they came from does not matter.
        (Some((a, true)), Some((b, true))) => {
            if a.shape() != b.shape() {
                return Err(ScoreError::Shape {
                    reference: a.shape(),
                    prediction: b.shape(),
                });
            }
            let distance_mm = a.largest_corner_distance_mm(&b);
            if distance_mm > SAME_GRID_MM {
                return Err(ScoreError::Place { distance_mm });
            }
            Ok(Some(a))
        }
        (Some((map, true)), _) | (_, Some((map, true))) => Ok(Some(map)),
        (Some((grid, _)), _) | (None, Some((grid, _))) => Ok(Some(grid)),
        (None, None) => Ok(None),
    }
}

fn side(lesions: Option<&Lesions>, settings: &ScoreSettings, is_prediction: bool) -> Side {
    let threshold = settings.map_threshold();
    let curve = settings.curve_threshold.unwrap_or(threshold);
    match lesions {
        None => Side {
            objects: Vec::new(),
            curve_objects: Vec::new(),
            volume_mm3: Some(0.0),
        },
        Some(Lesions::Map(map, kind)) => {
            // A reference is cut where half of it is lesion, whatever the prediction's
            // threshold.
            let cut = if is_prediction {
                threshold
            } else {
                super::rule::MAP_THRESHOLD
            };
            let objects = objects_of(map, *kind, cut, settings);
            let curve_objects = match () {
                () if !is_prediction => Vec::new(),
                () if curve < cut => objects_of(map, *kind, curve, settings),
                () => objects.clone(),
            };
            Side {
                volume_mm3: Some(volume_mm3(map, cut, settings.rule, is_prediction)),
                objects,
                curve_objects,
            }
        }
        Some(Lesions::Points(points, _)) => {
            let at_least = |limit: f64| -> Vec<Object> {
                let kept = points
                    .iter()
                    .filter(|point| point.confidence.is_none_or(|c| c >= limit));
                kept.map(object_of_point).collect()
            };
            let lowest = settings.threshold.filter(|_| is_prediction);
            let objects = at_least(lowest.unwrap_or(f64::NEG_INFINITY));
            let curve = settings.curve_threshold.or(lowest);
            Side {
                objects,
                curve_objects: at_least(curve.unwrap_or(f64::NEG_INFINITY)),
                volume_mm3: None,
            }
        }
        Some(Lesions::Results {
            labels,
            findings,
            candidates,
        }) => {
            let mut objects = objects_of(labels, MapKind::Labels, 0.5, settings);
            let mut kept = Vec::new();
            for mut object in objects.drain(..) {
                object.confidence = confidence_of(&object, labels, findings);
                if object
                    .confidence
                    .zip(settings.threshold)
                    .is_none_or(|(confidence, threshold)| confidence >= threshold)
                {
                    kept.push(object);
                }
            }
            let curve_objects = match settings.curve_threshold {
                Some(lowest) if !settings.rule.needs_voxels() && !settings.per_slice => candidates
                    .iter()
                    .filter(|point| point.confidence.is_some_and(|c| c >= lowest))
                    .map(object_of_point)
                    .collect(),
                _ => kept.clone(),
            };
            let voxels: usize = kept.iter().map(|object| object.voxels.len()).sum();
            Side {
                volume_mm3: Some(voxels as f64 * labels.grid().voxel_volume_mm3()),
                objects: kept,
                curve_objects,
            }
        }
    }
}

/// The highest confidence of the findings whose labels an object holds.
fn confidence_of(object: &Object, labels: &Volume<f32>, findings: &[Point]) -> Option<f64> {
    let held: HashSet<u32> = object
        .voxels
        .iter()
        .map(|&offset| labels.voxels()[offset] as u32)
        .collect();
    findings
        .iter()
        .filter(|finding| finding.id.is_some_and(|id| held.contains(&id)))
        .filter_map(|finding| finding.confidence)
        .fold(None, |best: Option<f64>, c| {
            Some(best.map_or(c, |b| b.max(c)))
        })
}

fn object_of_point(point: &Point) -> Object {
    Object {
        center_voxel: None,
        center_world: point.center_world,
        voxels: Vec::new(),
        volume_mm3: point.volume_mm3,
        diameter_mm: point.diameter_mm,
        confidence: point.confidence,
        slice: None,
    }
}

/// What is at or above the cut. VALDO sums a prediction's values as they are, so that a
/// probability of .6 is .6 of a voxel.
fn volume_mm3(map: &Volume<f32>, cut: f64, rule: Rule, is_prediction: bool) -> f64 {
    let kept = map.voxels().iter().filter(|v| f64::from(**v) >= cut);
    let sum = if rule == Rule::Valdo && is_prediction {
        kept.map(|&v| f64::from(v)).sum()
    } else {
        kept.count() as f64
    };
    sum * map.grid().voxel_volume_mm3()
}

fn by_voxels(
    reference: Option<&Lesions>,
    prediction: Option<&Lesions>,
    settings: &ScoreSettings,
) -> Result<SubjectScore, ScoreError> {
    let mask = |lesions: Option<&Lesions>, cut: f64| match lesions {
        None => Ok(None),
        Some(Lesions::Map(map, _) | Lesions::Results { labels: map, .. }) => {
            Ok(Some(map.map(|v| f64::from(v) >= cut)))
        }
        Some(Lesions::Points(..)) => Err(MatchError::NeedsVoxels { rule: Rule::Voxel }),
    };
    let reference = mask(reference, super::rule::MAP_THRESHOLD)?;
    let prediction = mask(prediction, settings.map_threshold())?;
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
