//! What of a file is scored: its objects, its volume, its grid.

use super::matching::MatchError;
use super::objects::{MapKind, Object, objects_of};
use super::read::{Lesions, Point};
use super::rule::{MAP_THRESHOLD, Objects, Rule, ScoreSettings};
use super::subject::ScoreError;
use siderin_image::volume::{Grid, SAME_GRID_MM, Volume};
use std::collections::HashSet;

/// One side of a case.
#[derive(Default)]
pub(super) struct Side {
    pub objects: Vec<Object>,
    /// Reaching down to the curve's threshold; none where these are the objects.
    pub curve_objects: Option<Vec<Object>>,
    /// Volume in mm³ as the rule takes it.
    pub volume_mm3: Option<f64>,
}

/// What is scored of the reference: cut where half of it is lesion, whatever the prediction's
/// threshold.
///
/// # Errors
/// When it is no label map and one is asked for.
pub(super) fn of_reference(
    lesions: Option<&Lesions>,
    settings: &ScoreSettings,
) -> Result<Side, ScoreError> {
    let settings = ScoreSettings {
        threshold: None,
        curve_threshold: None,
        ..settings.clone()
    };
    let mut side = of_prediction(lesions, &settings)?;
    if let Some(Lesions::Map(map, _)) = lesions {
        side.volume_mm3 = Some(volume_mm3(map, MAP_THRESHOLD, false));
    }
    Ok(side)
}

/// What is scored of the prediction.
///
/// # Errors
/// As [`of_reference`].
pub(super) fn of_prediction(
    lesions: Option<&Lesions>,
    settings: &ScoreSettings,
) -> Result<Side, ScoreError> {
    match lesions {
        None => Ok(Side {
            volume_mm3: Some(0.0),
            ..Side::default()
        }),
        Some(Lesions::Map(map, kind)) => of_map(map, *kind, settings),
        Some(Lesions::Points(points, _)) => Ok(of_points(points, settings)),
        Some(Lesions::Results {
            labels,
            findings,
            candidates,
        }) => Ok(of_results(labels, findings, candidates, settings)),
    }
}

fn of_map(map: &Volume<f32>, kind: MapKind, settings: &ScoreSettings) -> Result<Side, ScoreError> {
    if settings.objects == Objects::Labels && kind == MapKind::Probability {
        return Err(ScoreError::NoLabels);
    }
    let cut = settings.map_threshold();
    let lower = settings.curve_threshold.filter(|curve| *curve < cut);
    Ok(Side {
        objects: objects_of(map, kind, cut, settings),
        curve_objects: lower.map(|curve| objects_of(map, kind, curve, settings)),
        volume_mm3: Some(volume_mm3(map, cut, settings.rule == Rule::Valdo)),
    })
}

fn of_points(points: &[Point], settings: &ScoreSettings) -> Side {
    let at_least = |limit: f64| -> Vec<Object> {
        let kept = points
            .iter()
            .filter(|point| point.confidence.is_none_or(|c| c >= limit));
        kept.map(object_of_point).collect()
    };
    let Some(threshold) = settings.threshold else {
        // All of them count, so curves cannot reach any lower.
        return Side {
            objects: at_least(f64::NEG_INFINITY),
            curve_objects: None,
            volume_mm3: points.is_empty().then_some(0.0),
        };
    };
    Side {
        objects: at_least(threshold),
        curve_objects: settings.curve_threshold.map(at_least),
        volume_mm3: points.is_empty().then_some(0.0),
    }
}

fn of_results(
    labels: &Volume<f32>,
    findings: &[Point],
    candidates: &[Point],
    settings: &ScoreSettings,
) -> Side {
    let kept = confident(labels, findings, settings.threshold);
    let mut objects = objects_of(&kept, MapKind::Labels, MAP_THRESHOLD, settings);
    for object in &mut objects {
        object.confidence = confidence_of(object, &kept, findings);
    }
    // Candidates are points, which some rules cannot match.
    let as_points = !settings.rule.needs_voxels() && !settings.per_slice;
    let curve_objects = settings
        .curve_threshold
        .filter(|_| as_points)
        .map(|lowest| {
            let reached = candidates
                .iter()
                .filter(|point| point.confidence.is_some_and(|c| c >= lowest));
            reached.map(object_of_point).collect()
        });
    let voxels: usize = objects.iter().map(|object| object.voxels.len()).sum();
    Side {
        objects,
        curve_objects,
        volume_mm3: Some(voxels as f64 * labels.grid().voxel_volume_mm3()),
    }
}

/// The labels of the findings that are confident enough.
fn confident(labels: &Volume<f32>, findings: &[Point], threshold: Option<f64>) -> Volume<f32> {
    let too_low: HashSet<u32> = findings
        .iter()
        .filter(|finding| {
            finding
                .confidence
                .zip(threshold)
                .is_some_and(|(c, t)| c < t)
        })
        .filter_map(|finding| finding.id)
        .collect();
    labels.map(|v| {
        if too_low.contains(&(v as u32)) {
            0.0
        } else {
            v
        }
    })
}

/// What of a side is lesion, for rules that count voxels; none where it is not given.
///
/// # Errors
/// When only points are given.
pub(super) fn mask(
    lesions: Option<&Lesions>,
    settings: &ScoreSettings,
    is_prediction: bool,
) -> Result<Option<Volume<bool>>, MatchError> {
    let cut = if is_prediction {
        settings.map_threshold() as f32
    } else {
        MAP_THRESHOLD as f32
    };
    match lesions {
        None => Ok(None),
        Some(Lesions::Map(map, _)) => Ok(Some(map.map(|v| v >= cut))),
        Some(Lesions::Results {
            labels, findings, ..
        }) => Ok(Some(
            confident(labels, findings, settings.threshold).map(|v| v > 0.0),
        )),
        Some(Lesions::Points(..)) => Err(MatchError::NeedsVoxels { rule: Rule::Voxel }),
    }
}

/// The grid of the case; both sides' must be one.
pub(super) fn common_grid(
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

/// What is at or above the cut: voxels, or, as VALDO has it for predictions, values as they are,
/// so that a probability of .6 is .6 of a voxel.
fn volume_mm3(map: &Volume<f32>, cut: f64, sum_values: bool) -> f64 {
    let kept = map.voxels().iter().filter(|v| **v >= cut as f32);
    let sum = if sum_values {
        kept.map(|&v| f64::from(v)).sum()
    } else {
        kept.count() as f64
    };
    sum * map.grid().voxel_volume_mm3()
}
