//! Matching against brute force, and what must hold for any lesions.

use super::*;
use proptest::prelude::*;
use siderin_image::volume::WorldPoint;

fn point(at: [f64; 3], confidence: f64) -> Object {
    Object {
        center_voxel: None,
        center_world: WorldPoint::new(at[0], at[1], at[2]),
        voxels: Vec::new(),
        volume_mm3: None,
        diameter_mm: None,
        confidence: Some(confidence),
        slice: None,
    }
}

fn points(places: &[[f64; 3]]) -> Vec<Object> {
    let numbered = places.iter().enumerate();
    numbered
        .map(|(at, &place)| point(place, 0.9 - 0.01 * at as f64))
        .collect()
}

fn matched(rule: Rule, references: &[Object], predictions: &[Object]) -> Matching {
    let candidates = Candidates::find(rule, None, references, predictions).unwrap();
    candidates.decide().unwrap()
}

/// The most pairs and, among those, the shortest sum, by trying everything.
fn brute_force(
    pairs: &[Match],
    used: &mut Vec<usize>,
    from: usize,
    references: usize,
) -> (usize, f64) {
    if from == references {
        return (0, 0.0);
    }
    let mut best = brute_force(pairs, used, from + 1, references);
    for pair in pairs.iter().filter(|p| p.reference == from) {
        if used.contains(&pair.prediction) {
            continue;
        }
        used.push(pair.prediction);
        let (count, sum) = brute_force(pairs, used, from + 1, references);
        used.pop();
        let here = (count + 1, sum + pair.distance_mm);
        if here.0 > best.0 || here.0 == best.0 && here.1 < best.1 {
            best = here;
        }
    }
    best
}

/// Shortest pairs first, each side once.
fn greedy(pairs: &[Match]) -> usize {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| a.distance_mm.total_cmp(&b.distance_mm));
    let (mut references, mut predictions) = (Vec::new(), Vec::new());
    for pair in sorted {
        if !references.contains(&pair.reference) && !predictions.contains(&pair.prediction) {
            references.push(pair.reference);
            predictions.push(pair.prediction);
        }
    }
    references.len()
}

fn places() -> impl Strategy<Value = Vec<[f64; 3]>> {
    prop::collection::vec(prop::array::uniform3(0.0..14.0f64), 0..6)
}

proptest! {
    #[test]
    fn one_to_one_is_the_best_there_is(references in places(), predictions in places()) {
        let (references, predictions) = (points(&references), points(&predictions));
        let candidates =
            Candidates::find(Rule::Centroid5Mm, None, &references, &predictions).unwrap();
        let matching = candidates.decide().unwrap();
        let (count, sum) =
            brute_force(&candidates.pairs, &mut Vec::new(), 0, references.len());
        prop_assert_eq!(matching.matches.len(), count);
        let distances: f64 = matching.matches.iter().map(|m| m.distance_mm).sum();
        prop_assert!((distances - sum).abs() < 1e-6, "{} {}", distances, sum);
        prop_assert!(matching.matches.len() >= greedy(&candidates.pairs));
        prop_assert!(matching.matches.iter().all(|m| m.distance_mm <= 5.0));
    }

    #[test]
    fn order_never_matters(references in places(), predictions in places(), turn in 0..6usize) {
        let turned = |list: &[[f64; 3]]| {
            let mut list = list.to_vec();
            if !list.is_empty() {
                let by = turn % list.len();
                list.rotate_left(by);
            }
            list.reverse();
            list
        };
        for rule in [Rule::Valdo, Rule::Centroid5Mm] {
            let a = matched(rule, &points(&references), &points(&predictions));
            let b = matched(rule, &points(&turned(&references)), &points(&turned(&predictions)));
            prop_assert_eq!(a.found_count(), b.found_count());
            prop_assert_eq!(a.correct_count(), b.correct_count());
        }
    }

    #[test]
    fn a_far_false_alarm_changes_nothing_else(references in places(), predictions in places()) {
        let mut more = predictions.clone();
        more.push([100.0, 100.0, 100.0]);
        for rule in [Rule::Valdo, Rule::Centroid5Mm] {
            let a = matched(rule, &points(&references), &points(&predictions));
            let b = matched(rule, &points(&references), &points(&more));
            prop_assert_eq!(a.found, b.found);
            prop_assert_eq!(b.correct.last(), Some(&false));
        }
    }

    #[test]
    fn steps_sum_up_to_the_count_at_every_threshold(
        references in places(),
        predictions in places(),
        confidences in prop::collection::vec(0..4u8, 6),
    ) {
        let references = points(&references);
        let predictions: Vec<Object> = predictions
            .iter()
            .zip(&confidences)
            .map(|(&place, &c)| point(place, 0.2 * f64::from(c) + 0.1))
            .collect();
        for rule in [Rule::Valdo, Rule::Centroid5Mm] {
            let candidates = Candidates::find(rule, None, &references, &predictions).unwrap();
            let steps = curve_steps(&candidates, &predictions).unwrap();
            for level in 0..4u8 {
                let threshold = 0.2 * f64::from(level) + 0.1;
                let kept: Vec<Object> = predictions
                    .iter()
                    .filter(|p| p.confidence.unwrap() >= threshold)
                    .cloned()
                    .collect();
                let direct = matched(rule, &references, &kept);
                let reached: Vec<&CurveStep> =
                    steps.iter().filter(|s| s.confidence >= threshold).collect();
                let found: usize = reached.iter().map(|s| s.found).sum();
                let wrong = reached.iter().filter(|s| s.false_alarm).count();
                prop_assert_eq!(found, direct.found_count());
                prop_assert_eq!(wrong, kept.len() - direct.correct_count());
            }
        }
    }
}

#[test]
fn a_chain_is_matched_whole_where_greedy_loses_one() {
    // References at 0 and 4, predictions at 4.5 and 8.5. The shortest pair (4, 4.5) would leave
    // 0 and 8.5 alone; 0-4.5 and 4-8.5 match both.
    let references = points(&[[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]]);
    let predictions = points(&[[4.5, 0.0, 0.0], [8.5, 0.0, 0.0]]);
    let matching = matched(Rule::Centroid5Mm, &references, &predictions);
    assert_eq!(matching.matches.len(), 2);
    let candidates = Candidates::find(Rule::Centroid5Mm, None, &references, &predictions).unwrap();
    assert_eq!(greedy(&candidates.pairs), 1);
    // VALDO: 4.5 goes to its nearest, 4; 8.5 too (4.5 mm): one is right, 0 stays missed.
    let valdo = matched(Rule::Valdo, &references, &predictions);
    assert_eq!((valdo.found_count(), valdo.correct_count()), (1, 1));
}

#[test]
fn of_references_at_one_distance_order_does_not_choose() {
    // A prediction midway between two references, and one on the left of them: the first goes to
    // the reference with the lower coordinates, 0, in whichever order they come.
    let predictions = points(&[[2.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]);
    for places in [[[0.0; 3], [4.0, 0.0, 0.0]], [[4.0, 0.0, 0.0], [0.0; 3]]] {
        let matching = matched(Rule::Valdo, &points(&places), &predictions);
        assert_eq!((matching.found_count(), matching.correct_count()), (1, 1));
        assert_eq!(matching.matches[0].prediction, 1);
    }
}

#[test]
fn four_voxels_need_a_grid_and_measure_in_the_plane() {
    let rule = Rule::Centroid4Vox;
    let missing = Candidates::find(rule, None, &[], &[]).err().unwrap();
    assert_eq!(missing, MatchError::NoGrid { rule });
    // Voxels of .5 × .5 × 4 mm: the limit is 2 mm.
    let grid = Grid::axis_aligned([64, 64, 8], [0.5, 0.5, 4.0]).unwrap();
    let in_grid = |places: &[[f64; 3]]| -> Vec<Object> {
        let mut objects = points(places);
        for object in &mut objects {
            object.center_voxel = Some(grid.to_voxel(object.center_world));
        }
        objects
    };
    let references = in_grid(&[[10.0, 10.0, 8.0], [20.0, 10.0, 8.0]]);
    let predictions = in_grid(&[[12.0, 10.0, 8.0], [20.0, 10.0, 12.0]]);
    let matching = Candidates::find(rule, Some(&grid), &references, &predictions)
        .unwrap()
        .decide()
        .unwrap();
    // 2 mm in the plane is four voxels; one slice away is 4 mm.
    assert_eq!(matching.found, [true, false]);
}

#[test]
fn points_cannot_overlap() {
    let references = points(&[[0.0; 3]]);
    let error = Candidates::find(Rule::Overlap, None, &references, &[]);
    assert!(matches!(error.err(), Some(MatchError::NeedsVoxels { .. })));
}

#[test]
fn crowds_are_refused_instead_of_taking_all_memory() {
    let crowd: Vec<[f64; 3]> = (0..1100).map(|n| [n as f64 * 1e-4, 0.0, 0.0]).collect();
    let objects = points(&crowd);
    let candidates = Candidates::find(Rule::Centroid5Mm, None, &objects, &objects).unwrap();
    assert!(matches!(
        candidates.decide(),
        Err(MatchError::Crowded { .. })
    ));
}
