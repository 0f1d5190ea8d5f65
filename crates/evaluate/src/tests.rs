//! Every row of VALDO's details, the other rules, and what must hold for any maps. Expected
//! values are worked out by hand in the comments.

use super::*;
use nalgebra::Matrix4;
use proptest::prelude::*;
use siderin_image::volume::{Grid, Volume, WorldPoint};

/// 1 mm voxels unless a test is about spacing.
fn grid() -> Grid {
    Grid::axis_aligned([40, 12, 12], [1.0; 3]).unwrap()
}

/// A map with boxes of values: first voxel, edges, value.
fn boxes(grid: &Grid, boxes: &[([usize; 3], [usize; 3], f32)]) -> Volume<f32> {
    let mut map = Volume::filled(grid, 0.0);
    for &(first, size, value) in boxes {
        for k in 0..size[2] {
            for j in 0..size[1] {
                for i in 0..size[0] {
                    map.set([first[0] + i, first[1] + j, first[2] + k], value);
                }
            }
        }
    }
    map
}

fn lesions(map: Volume<f32>) -> Lesions {
    // The kind only decides about confidences.
    Lesions::Map(map, MapKind::Probability)
}

fn score(rule: Rule, reference: Volume<f32>, prediction: Volume<f32>) -> SubjectScore {
    let (reference, prediction) = (lesions(reference), lesions(prediction));
    let settings = ScoreSettings::of(rule);
    score_case(Some(&reference), Some(&prediction), None, &settings).unwrap()
}

fn counts(score: &SubjectScore) -> [u64; 3] {
    [score.tp, score.fp, score.missed]
}

/// One voxel at each place along the first axis, on one line.
fn line(places: &[usize]) -> Volume<f32> {
    let voxels: Vec<_> = places
        .iter()
        .map(|&i| ([i, 5, 5], [1, 1, 1], 1.0))
        .collect();
    boxes(&grid(), &voxels)
}

#[test]
fn valdo_a_match_is_closer_than_5_mm() {
    // Centroids 5 mm apart are no match, 4 mm are.
    assert_eq!(
        counts(&score(Rule::Valdo, line(&[10]), line(&[15]))),
        [0, 1, 1]
    );
    assert_eq!(
        counts(&score(Rule::Valdo, line(&[10]), line(&[14]))),
        [1, 0, 0]
    );
    // The one-to-one rule takes exactly 5 mm.
    let exact = score(Rule::Centroid5Mm, line(&[10]), line(&[15]));
    assert_eq!(counts(&exact), [1, 0, 0]);
    assert_eq!(exact.pairs[0].distance_mm, 5.0);
}

#[test]
fn valdo_the_closest_of_several_predictions_wins() {
    // Predictions at 2 and 4 mm from the one reference: one right, one false alarm.
    let s = score(Rule::Valdo, line(&[10]), line(&[12, 14]));
    assert_eq!(counts(&s), [1, 1, 0]);
    assert_eq!((s.pairs[0].prediction, s.pairs[0].distance_mm), (1, 2.0));
    // P 1/2, R 1, F1 2/(2+0+1) = 2/3; counts 1 and 2.
    assert_eq!((s.precision, s.recall), (Some(0.5), Some(1.0)));
    assert!((s.f1.unwrap() - 2.0 / 3.0).abs() < 1e-15);
    assert_eq!(s.absolute_count_difference, Some(1));
}

#[test]
fn valdo_a_loser_does_not_try_its_second_nearest() {
    // References at 10 and 14; predictions at 9 and 11, both nearest to 10 (1 mm; 11 is 3 mm from
    // 14). One of them is right, the other does not go on to 14: TP 1, FP 1, FN 1.
    let valdo = score(Rule::Valdo, line(&[10, 14]), line(&[9, 11]));
    assert_eq!(counts(&valdo), [1, 1, 1]);
    // One to one 9-10 and 11-14 both match.
    let optimal = score(Rule::Centroid5Mm, line(&[10, 14]), line(&[9, 11]));
    assert_eq!(counts(&optimal), [2, 0, 0]);
}

#[test]
fn valdo_cuts_at_one_half_inclusive_and_joins_six_neighbours() {
    // Exactly .5 is lesion, just below is not.
    let prediction = boxes(
        &grid(),
        &[
            ([10, 5, 5], [1, 1, 1], 0.5),
            ([20, 5, 5], [1, 1, 1], 0.499_99),
        ],
    );
    let s = score(Rule::Valdo, line(&[10]), prediction);
    assert_eq!((counts(&s), s.prediction_count), ([1, 0, 0], Some(1)));
    // Two voxels that share an edge are two lesions among 6 neighbours, one among 26.
    let diagonal = boxes(
        &grid(),
        &[([10, 5, 5], [1, 1, 1], 1.0), ([11, 6, 5], [1, 1, 1], 1.0)],
    );
    let valdo = score(Rule::Valdo, line(&[10]), diagonal.clone());
    assert_eq!(valdo.prediction_count, Some(2));
    let joined = score(Rule::Centroid5Mm, line(&[10]), diagonal);
    assert_eq!(joined.prediction_count, Some(1));
}

#[test]
fn valdo_distances_are_index_times_spacing() {
    // Slices of 4 mm: one slice apart is 4 mm and matches, two are 8 mm. A turned affine with
    // the same spacing changes nothing.
    let turn = Matrix4::new_rotation(nalgebra::Vector3::new(0.3, -0.2, 0.5));
    let spaced = Matrix4::from_diagonal(&nalgebra::Vector4::new(0.5, 0.5, 4.0, 1.0));
    for affine in [spaced, turn * spaced] {
        let grid = Grid::new([12, 12, 8], affine).unwrap();
        let at = |k: usize| boxes(&grid, &[([5, 5, k], [1, 1, 1], 1.0)]);
        let next = score(Rule::Valdo, at(2), at(3));
        assert_eq!(counts(&next), [1, 0, 0]);
        assert_eq!(next.pairs[0].distance_mm, 4.0);
        assert_eq!(counts(&score(Rule::Valdo, at(2), at(4))), [0, 1, 1]);
    }
}

#[test]
fn valdo_exactly_5_mm_is_too_far_however_the_scan_lies() {
    // Places in the scanner, which need not come out exactly, must not decide: 3 and 4 voxels of
    // 1 mm make 5 mm. A header that is off by a twentieth of a millimetre moves nothing either.
    for number in 0..40 {
        let n = f64::from(number);
        let turn = nalgebra::Vector3::new(0.1 + 0.01 * n, 0.3 - 0.02 * n, 0.2);
        let mut affine = Matrix4::new_rotation(turn);
        affine[(0, 3)] = -91.3 + 7.7 * n;
        affine[(1, 3)] = -126.1;
        affine[(2, 3)] = 13.7 * n;
        let grid = Grid::new([20, 20, 4], affine).unwrap();
        affine[(0, 3)] += 0.05;
        let shifted = Grid::new([20, 20, 4], affine).unwrap();
        let voxel = |grid: &Grid, first| boxes(grid, &[(first, [1, 1, 1], 1.0)]);
        let far = score(
            Rule::Valdo,
            voxel(&grid, [5, 5, 1]),
            voxel(&grid, [8, 9, 1]),
        );
        assert_eq!(counts(&far), [0, 1, 1], "{number}");
        let same = score(
            Rule::Valdo,
            voxel(&grid, [5, 5, 1]),
            voxel(&shifted, [5, 5, 1]),
        );
        assert_eq!(same.pairs[0].distance_mm, 0.0);
    }
}

#[test]
fn valdo_dice_is_the_mean_over_references_found() {
    // Reference A: 4 voxels 10..14; predictions on it: 10..12 (shares 2) and 13..15 (shares 1),
    // both nearest to A. Union 4 voxels, 3 shared: 2·3/(4+4) = 3/4.
    // Reference B: 2 voxels 30..32, prediction 31..33 shares 1: 2·1/(2+2) = 1/2.
    // Reference C is missed and left out: (3/4 + 1/2)/2 = .625.
    let reference = boxes(
        &grid(),
        &[
            ([10, 5, 5], [4, 1, 1], 1.0),
            ([30, 5, 5], [2, 1, 1], 1.0),
            ([22, 1, 1], [1, 1, 1], 1.0),
        ],
    );
    let prediction = boxes(
        &grid(),
        &[
            ([10, 5, 5], [2, 1, 1], 1.0),
            ([13, 5, 5], [2, 1, 1], 1.0),
            ([31, 5, 5], [2, 1, 1], 1.0),
        ],
    );
    let s = score(Rule::Valdo, reference, prediction);
    assert_eq!(counts(&s), [2, 1, 1]);
    assert!((s.dice.unwrap() - 0.625).abs() < 1e-15);
}

#[test]
fn valdo_volumes_sum_kept_values_as_they_are() {
    // Voxels of .5 × 1 × 2 = 1 mm³. Reference 3 voxels = 3 mm³. Prediction .75 and .5 kept, .4
    // clipped: 1.25 mm³. Difference 1.75 mm³; other rules count voxels: |3 - 2| = 1.
    let grid = Grid::axis_aligned([20, 8, 8], [0.5, 1.0, 2.0]).unwrap();
    let reference = boxes(&grid, &[([5, 4, 4], [3, 1, 1], 1.0)]);
    let prediction = boxes(
        &grid,
        &[
            ([5, 4, 4], [1, 1, 1], 0.75),
            ([6, 4, 4], [1, 1, 1], 0.5),
            ([7, 4, 4], [1, 1, 1], 0.4),
        ],
    );
    let valdo = score(Rule::Valdo, reference.clone(), prediction.clone());
    assert_eq!(valdo.absolute_volume_difference_mm3, Some(1.75));
    let other = score(Rule::Centroid5Mm, reference, prediction);
    assert_eq!(other.absolute_volume_difference_mm3, Some(1.0));
}

#[test]
fn valdo_empty_references_and_predictions() {
    let (none, one) = (line(&[]), line(&[10]));
    // Empty reference: F1 and Dice undefined, counts and volume still score.
    let s = score(Rule::Valdo, none.clone(), one.clone());
    assert_eq!((s.f1, s.dice, s.recall), (None, None, None));
    assert_eq!(s.absolute_count_difference, Some(1));
    assert_eq!(s.absolute_volume_difference_mm3, Some(1.0));
    assert_eq!(counts(&s), [0, 1, 0]);
    // Empty prediction: F1 = Dice = 0, precision undefined.
    let s = score(Rule::Valdo, one.clone(), none.clone());
    assert_eq!((s.f1, s.dice, s.precision), (Some(0.0), Some(0.0), None));
    assert_eq!(
        (s.absolute_count_difference, counts(&s)),
        (Some(1), [0, 0, 1])
    );
    // Both there, no match: 0.
    let s = score(Rule::Valdo, one, line(&[30]));
    assert_eq!((s.f1, s.dice), (Some(0.0), Some(0.0)));
    // Both empty: undefined, 0, 0.
    let s = score(Rule::Valdo, none.clone(), none);
    assert_eq!((s.f1, s.dice), (None, None));
    assert_eq!(s.absolute_count_difference, Some(0));
    assert_eq!(s.absolute_volume_difference_mm3, Some(0.0));
}

#[test]
fn overlap_counts_each_side_by_itself() {
    // One long prediction covers both references, another none: references 2 of 2 found,
    // predictions 1 of 2 right.
    let reference = boxes(
        &grid(),
        &[([10, 5, 5], [2, 1, 1], 1.0), ([14, 5, 5], [2, 1, 1], 1.0)],
    );
    let prediction = boxes(
        &grid(),
        &[([10, 5, 5], [5, 1, 1], 1.0), ([10, 8, 5], [1, 1, 1], 1.0)],
    );
    let s = score(Rule::Overlap, reference.clone(), prediction);
    assert_eq!((counts(&s), s.correct_predictions), ([2, 1, 0], 1));
    // Each reference touched by one prediction, a third one alone: 2 of 3 right, so
    // F1 = 2·(2/3)·1/(5/3) = .8.
    let two = boxes(
        &grid(),
        &[
            ([10, 5, 5], [1, 1, 1], 1.0),
            ([15, 5, 5], [3, 1, 1], 1.0),
            ([30, 8, 5], [1, 1, 1], 1.0),
        ],
    );
    let s = score(Rule::Overlap, reference, two);
    assert_eq!((counts(&s), s.correct_predictions), ([2, 1, 0], 2));
    assert!((s.f1.unwrap() - 0.8).abs() < 1e-15);
}

#[test]
fn slices_count_a_lesion_once_each() {
    // One lesion on three slices, found on two of them, 4 mm slices.
    let grid = Grid::axis_aligned([20, 20, 6], [1.0, 1.0, 4.0]).unwrap();
    let reference = lesions(boxes(&grid, &[([8, 8, 1], [2, 2, 3], 1.0)]));
    let prediction = lesions(boxes(&grid, &[([8, 9, 1], [2, 2, 2], 1.0)]));
    let settings = ScoreSettings {
        per_slice: true,
        ..ScoreSettings::of(Rule::Centroid4Vox)
    };
    let s = score_case(Some(&reference), Some(&prediction), None, &settings).unwrap();
    assert_eq!(counts(&s), [2, 0, 1]);
    let whole = ScoreSettings::of(Rule::Centroid4Vox);
    let s = score_case(Some(&reference), Some(&prediction), None, &whole).unwrap();
    assert_eq!(counts(&s), [1, 0, 0]);
}

#[test]
fn grids_are_compared_by_affine() {
    let settings = ScoreSettings::of(Rule::Valdo);
    let here = grid();
    let mut affine = *here.world_from_voxel();
    affine[(0, 3)] = 3.0;
    let there = Grid::new(here.shape(), affine).unwrap();
    let a = lesions(Volume::filled(&here, 0.0));
    let b = lesions(Volume::filled(&there, 0.0));
    let error = score_case(Some(&a), Some(&b), None, &settings).unwrap_err();
    assert!(error.to_string().contains("3.00 mm apart"), "{error}");
    let small = Grid::axis_aligned([3, 3, 3], [1.0; 3]).unwrap();
    let c = lesions(Volume::filled(&small, 0.0));
    let error = score_case(Some(&a), Some(&c), None, &settings).unwrap_err();
    assert!(matches!(error, ScoreError::Shape { .. }));
}

#[test]
fn points_take_part_in_the_maps_space() {
    // A turned grid with an origin of its own; a point at the voxel's world place matches.
    let mut affine = Matrix4::new_rotation(nalgebra::Vector3::new(0.1, 0.4, 0.2));
    affine[(0, 3)] = -80.0;
    affine[(2, 3)] = 33.0;
    let grid = Grid::new([40, 12, 12], affine).unwrap();
    let reference = lesions(boxes(&grid, &[([10, 5, 5], [1, 1, 1], 1.0)]));
    let place = grid.to_world(siderin_image::volume::VoxelPoint::new(12.0, 5.0, 5.0));
    let point = |center_world| Point {
        id: None,
        center_world,
        confidence: Some(0.8),
        diameter_mm: None,
        volume_mm3: None,
    };
    let far = WorldPoint::new(0.0, 0.0, 0.0);
    let prediction = Lesions::Points(vec![point(place), point(far)], None);
    for rule in [Rule::Valdo, Rule::Centroid5Mm, Rule::Centroid4Vox] {
        let settings = ScoreSettings::of(rule);
        let s = score_case(Some(&reference), Some(&prediction), None, &settings).unwrap();
        assert_eq!(counts(&s), [1, 1, 0], "{rule}");
        assert!((s.pairs[0].distance_mm - 2.0).abs() < 1e-9);
        assert_eq!((s.dice, s.absolute_volume_difference_mm3), (None, None));
    }
}

#[test]
fn results_bring_the_confidence_of_their_labels() {
    // Labels 1 and 2 touch and are one component, of the higher confidence; label 3 is alone
    // and below the threshold.
    let labels = boxes(
        &grid(),
        &[
            ([10, 5, 5], [1, 1, 1], 1.0),
            ([11, 5, 5], [1, 1, 1], 2.0),
            ([30, 5, 5], [1, 1, 1], 3.0),
        ],
    );
    let finding = |id, x, confidence| Point {
        id: Some(id),
        center_world: WorldPoint::new(x, 5.0, 5.0),
        confidence: Some(confidence),
        diameter_mm: None,
        volume_mm3: None,
    };
    let findings = vec![
        finding(1, 10.0, 0.6),
        finding(2, 11.0, 0.9),
        finding(3, 30.0, 0.55),
    ];
    let mut candidates = findings.clone();
    candidates.push(finding(4, 20.0, 0.2));
    let prediction = Lesions::Results {
        labels,
        findings,
        candidates,
    };
    let reference = lesions(line(&[10, 20]));
    let settings = ScoreSettings {
        threshold: Some(0.58),
        curve_threshold: Some(0.1),
        ..ScoreSettings::of(Rule::Centroid5Mm)
    };
    let s = score_case(Some(&reference), Some(&prediction), None, &settings).unwrap();
    assert_eq!(counts(&s), [1, 0, 1]);
    assert_eq!(s.predictions[0].confidence, Some(0.9));
    // Every candidate takes part in the curve; 10 and 11 are two there.
    let curve = s.curve.unwrap();
    assert_eq!(curve.len(), 4);
    assert_eq!(curve.last().unwrap().found, 1);
}

#[test]
fn thresholds_leave_out_findings_under_every_rule() {
    let labels = boxes(
        &grid(),
        &[([10, 5, 5], [1, 1, 1], 1.0), ([20, 5, 5], [1, 1, 1], 2.0)],
    );
    let finding = |id, confidence| Point {
        id: Some(id),
        center_world: WorldPoint::new(10.0 * f64::from(id), 5.0, 5.0),
        confidence: Some(confidence),
        diameter_mm: None,
        volume_mm3: None,
    };
    let findings = vec![finding(1, 0.9), finding(2, 0.3)];
    let prediction = Lesions::Results {
        labels,
        candidates: findings.clone(),
        findings,
    };
    let reference = lesions(line(&[10, 20]));
    for rule in Rule::ALL {
        let settings = ScoreSettings {
            threshold: Some(0.5),
            ..ScoreSettings::of(rule)
        };
        let s = score_case(Some(&reference), Some(&prediction), None, &settings).unwrap();
        assert_eq!(counts(&s), [1, 0, 1], "{rule}");
    }
}

#[test]
fn what_a_setting_cannot_do_is_said() {
    let map = lesions(line(&[10]));
    let point = Lesions::Points(
        vec![Point {
            id: None,
            center_world: WorldPoint::new(10.0, 5.0, 5.0),
            confidence: None,
            diameter_mm: None,
            volume_mm3: None,
        }],
        None,
    );
    let per_slice = ScoreSettings {
        per_slice: true,
        ..ScoreSettings::of(Rule::Centroid4Vox)
    };
    let error = score_case(Some(&map), Some(&point), None, &per_slice).unwrap_err();
    assert!(matches!(error, ScoreError::PointsPerSlice));
    let labels = ScoreSettings {
        objects: Objects::Labels,
        ..ScoreSettings::of(Rule::Centroid5Mm)
    };
    let error = score_case(Some(&map), Some(&map), None, &labels).unwrap_err();
    assert!(matches!(error, ScoreError::NoLabels));
}

#[test]
fn a_damaged_header_cannot_overflow_the_matching() {
    // Voxels of 10¹⁰ mm: two references and two predictions, each within four voxels of all.
    let grid = Grid::axis_aligned([20, 4, 4], [1e10; 3]).unwrap();
    let map = |places: &[usize]| {
        let voxels: Vec<_> = places
            .iter()
            .map(|&i| ([i, 1, 1], [1, 1, 1], 1.0))
            .collect();
        boxes(&grid, &voxels)
    };
    let s = score(Rule::Centroid4Vox, map(&[5, 7]), map(&[6, 8]));
    assert_eq!(counts(&s), [2, 0, 0]);
}

fn random_map() -> impl Strategy<Value = Volume<f32>> {
    let voxels = prop::collection::vec(0..40u8, 10 * 9 * 8);
    voxels.prop_map(|values| {
        let grid = Grid::axis_aligned([10, 9, 8], [1.0, 1.5, 2.0]).unwrap();
        // One voxel in ten or so is lesion, with a confidence.
        let values = values
            .iter()
            .map(|&v| if v < 4 { 0.6 + 0.1 * f32::from(v) } else { 0.0 });
        Volume::new(grid, values.collect()).unwrap()
    })
}

proptest! {
    #[test]
    fn a_perfect_prediction_scores_one(map in random_map()) {
        prop_assume!(map.voxels().iter().any(|v| *v > 0.0));
        for rule in Rule::ALL {
            let s = score(rule, map.clone(), map.clone());
            prop_assert_eq!((s.f1, s.precision, s.recall), (Some(1.0), Some(1.0), Some(1.0)));
            prop_assert_eq!(s.dice, Some(1.0));
            if rule != Rule::Valdo {
                prop_assert_eq!(s.absolute_volume_difference_mm3, Some(0.0));
            }
        }
    }

    #[test]
    fn another_false_alarm_never_raises_f1(a in random_map(), b in random_map()) {
        // Both in a larger grid, whose far corner gets the false alarm.
        let grid = Grid::axis_aligned([40, 20, 20], [1.0, 1.5, 2.0]).unwrap();
        let placed = |map: &Volume<f32>, alarm: bool| Volume::from_fn(&grid, |index| {
            match index {
                [38, 18, 18] if alarm => 1.0,
                [i, j, k] if i < 10 && j < 9 && k < 8 => map.at([i, j, k]),
                _ => 0.0,
            }
        });
        for rule in Rule::ALL {
            let before = score(rule, placed(&a, false), placed(&b, false));
            let after = score(rule, placed(&a, false), placed(&b, true));
            prop_assert_eq!(before.tp, after.tp);
            prop_assert_eq!(before.fp + 1, after.fp);
            if let (Some(before), Some(after)) = (before.f1, after.f1) {
                prop_assert!(after <= before, "{} {} {}", rule, before, after);
            }
        }
    }
}
