//! Figures of small cohorts by hand, and published ones.

use super::*;
use crate::matching::CurveStep;
use crate::subject::LesionRecord;

fn record(id: usize, diameter_mm: f64, matched: bool) -> LesionRecord {
    LesionRecord {
        id,
        center_world_mm: [0.0; 3],
        diameter_mm: Some(diameter_mm),
        confidence: None,
        region: None,
        matched,
    }
}

/// A subject with counts, and a curve of (confidence, right).
fn subject(tp: u64, fp: u64, missed: u64, steps: &[(f64, bool)]) -> SubjectScore {
    let (tpf, all) = (tp as f64, (2 * tp + fp + missed) as f64);
    SubjectScore {
        tp,
        fp,
        missed,
        correct_predictions: tp,
        f1: (tp + missed > 0).then(|| 2.0 * tpf / all),
        precision: (tp + fp > 0).then(|| tpf / (tp + fp) as f64),
        recall: (tp + missed > 0).then(|| tpf / (tp + missed) as f64),
        reference_count: Some(tp + missed),
        prediction_count: Some(tp + fp),
        absolute_count_difference: Some((tp + missed).abs_diff(tp + fp)),
        dice: None,
        absolute_volume_difference_mm3: None,
        voxel: None,
        pairs: Vec::new(),
        references: Vec::new(),
        predictions: Vec::new(),
        curve: Some(
            steps
                .iter()
                .map(|&(confidence, right)| CurveStep {
                    confidence,
                    found: usize::from(right),
                    false_alarm: !right,
                })
                .collect(),
        ),
        strata: BTreeMap::new(),
    }
}

fn summed(subjects: Vec<SubjectScore>) -> Summaries {
    let named = subjects
        .into_iter()
        .enumerate()
        .map(|(at, score)| (format!("sub-{at:02}"), score))
        .collect();
    let bootstrap = Bootstrap {
        samples: 200,
        seed: 1,
    };
    summarise(&named, Rule::Centroid5Mm, &bootstrap)
}

#[test]
fn the_known_free_response_curve() {
    // nnDetection's own test: eight predictions on four images with four references.
    let subjects = vec![
        subject(1, 1, 0, &[(0.9, true), (0.85, false)]),
        subject(1, 1, 0, &[(0.8, true), (0.75, false)]),
        subject(1, 1, 0, &[(0.7, true), (0.65, false)]),
        subject(1, 1, 0, &[(0.6, true), (0.55, false)]),
    ];
    let all = summed(subjects);
    let froc = all.curves.unwrap().froc;
    let fp: Vec<f64> = froc.iter().map(|p| p.fp_per_scan).collect();
    let sensitivity: Vec<f64> = froc.iter().map(|p| p.sensitivity.unwrap()).collect();
    assert_eq!(fp, [0.0, 0.0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1.0]);
    assert_eq!(
        sensitivity,
        [0.0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1.0, 1.0]
    );
    let at = |limit: &str| {
        let path = format!("froc/sensitivity_at_fp_per_scan/{limit}");
        all.summary.figures.get(&path).value.unwrap()
    };
    // At 1/8 only what comes before the first false alarm; at 1/2 three of four; at 1 and
    // beyond everything.
    assert_eq!(
        [at("0.125"), at("0.5"), at("1"), at("8")],
        [0.25, 0.75, 1.0, 1.0]
    );
    // Recall rises by 1/4 at precisions 1/1, 2/3, 3/5, 4/7.
    let area = 0.25 * (1.0 + 2.0 / 3.0 + 3.0 / 5.0 + 4.0 / 7.0);
    let figure = all
        .summary
        .figures
        .get("precision_recall/average_precision");
    assert!((figure.value.unwrap() - area).abs() < 1e-12);
}

#[test]
fn published_counts_give_published_figures() {
    // 52 TP, 23 FP, 22 FN: P .6933, R .7027, F1 .6980.
    let all = summed(vec![subject(50, 20, 20, &[]), subject(2, 3, 2, &[])]);
    let figure = |path: &str| all.summary.figures.get(path).value.unwrap();
    for (path, expected) in [
        ("micro/precision", 0.6933),
        ("micro/recall", 0.7027),
        ("micro/f1", 0.6980),
    ] {
        assert!((figure(path) - expected).abs() < 5e-5, "{path}");
    }
    assert_eq!(figure("fp_per_scan/mean"), 11.5);
    assert!((figure("fp_per_reference_lesion") - 23.0 / 74.0).abs() < 1e-12);
}

#[test]
fn undefined_subjects_are_left_out_and_counted() {
    let all = summed(vec![
        subject(1, 0, 1, &[(0.9, true)]),
        subject(0, 0, 0, &[]),
        subject(0, 2, 0, &[(0.4, false), (0.3, false)]),
    ]);
    // F1 has a meaning in the first only: 2/3. Precision 1 and 0.
    let figure = |path: &str| all.summary.figures.get(path).value.unwrap();
    assert!((figure("per_subject/f1/mean") - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(figure("per_subject/precision/mean"), 0.5);
    assert_eq!(all.summary.undefined["f1"], 2);
    assert_eq!(all.summary.undefined["precision"], 1);
    // Scans with lesions: 1 of 1 with a finding; without: 1 of 2 without.
    assert_eq!(figure("subject_level/sensitivity"), 1.0);
    assert_eq!(figure("subject_level/specificity"), 0.5);
    assert!((figure("subject_level/accuracy") - 2.0 / 3.0).abs() < 1e-12);
    // Groups: reference 1-4, 0, 0; prediction 1-4, 0, 1-4.
    let burden = all.summary.burden.unwrap();
    assert_eq!(burden.confusion[0][..2], [1.0, 1.0]);
    assert_eq!(burden.confusion[1][..2], [0.0, 1.0]);
}

#[test]
fn calibration_by_hand() {
    // .8 right, .8 wrong, .25 wrong. Bins: two of mean .8, half right: |.8 - .5|·2/3; one of
    // .25, none right: .25/3. Sum .2 + .08333. Brier: (.04 + .64 + .0625)/3.
    let all = summed(vec![subject(
        1,
        2,
        0,
        &[(0.8, true), (0.8, false), (0.25, false)],
    )]);
    let figure = |path: &str| all.summary.figures.get(path).value.unwrap();
    let error = 0.2 + 0.25 / 3.0;
    assert!((figure("calibration/expected_error") - error).abs() < 1e-12);
    assert!((figure("calibration/brier") - 0.7425 / 3.0).abs() < 1e-12);
    let bins = all.curves.unwrap().reliability.unwrap();
    assert_eq!((bins[8].predictions, bins[8].share_right), (2, Some(0.5)));
    // A confidence of exactly .8 belongs to the bin that begins there.
    assert_eq!((bins[8].from, bins[2].predictions), (0.8, 1));
}

#[test]
fn without_confidences_there_are_no_curves() {
    let mut silent = subject(1, 0, 0, &[]);
    silent.curve = None;
    let all = summed(vec![silent, subject(1, 0, 0, &[(0.9, true)])]);
    assert!(all.curves.is_none());
    let figure = all.summary.figures.get("froc/sensitivity_at_fp_per_scan/1");
    assert_eq!((figure.value, figure.low), (None, None));
}

#[test]
fn strata_divide_lesions_and_scans() {
    let mut a = subject(1, 1, 1, &[]);
    a.references = vec![record(1, 3.0, true), record(2, 6.0, false)];
    a.predictions = vec![record(1, 3.2, true), record(2, 2.0, false)];
    a.strata.insert("site".into(), "A".into());
    let mut b = subject(0, 0, 1, &[]);
    b.references = vec![record(1, 2.0, false)];
    b.strata.insert("site".into(), "B".into());
    let all = summed(vec![a, b]);
    let figure =
        |dimension: &str, level: &str, name: &str| all.strata[dimension][level].get(name).value;
    // Up to 3 mm: one of exactly 3 mm found, one of 2 mm missed, a false alarm of 2 mm.
    assert_eq!(figure("diameter", "up to 3 mm", "recall"), Some(0.5));
    assert_eq!(figure("diameter", "up to 3 mm", "fp"), Some(1.0));
    assert_eq!(figure("diameter", "over 5 to 10 mm", "recall"), Some(0.0));
    assert_eq!(figure("site", "A", "recall"), Some(0.5));
    assert_eq!(figure("site", "B", "precision"), None);
}

#[test]
fn intervals_hold_the_value_and_repeat() {
    let subjects = || -> Vec<SubjectScore> {
        (0..30u64)
            .map(|n| subject(n % 4, n % 3, (n + 1) % 2, &[]))
            .collect()
    };
    let (a, b) = (summed(subjects()), summed(subjects()));
    assert_eq!(a, b);
    let recall = a.summary.figures.get("micro/recall");
    let (low, high) = (recall.low.unwrap(), recall.high.unwrap());
    assert!(low < recall.value.unwrap() && recall.value.unwrap() < high);
}

#[test]
fn the_interval_of_a_mean_is_as_wide_as_theory_says() {
    // False alarms of 400 scans, 0 and 2 by turns: deviation 1, so the mean's interval is
    // 1 ± 1.96/√400 = ±.098. 200 draws know that to about a tenth.
    let subjects = (0..400u64)
        .map(|n| subject(0, 2 * (n % 2), 0, &[]))
        .collect();
    let figure = summed(subjects).summary.figures.get("fp_per_scan/mean");
    let half = 0.5 * (figure.high.unwrap() - figure.low.unwrap());
    assert!((half - 0.098).abs() < 0.02, "{half}");
}

#[test]
fn visits_of_a_person_are_drawn_together() {
    // 100 people with two visits each, both with 0 or both with 2 false alarms: as many scans as
    // in 200 people, but the mean is known as well as from 100: ±1.96/√100 = .196, not .139.
    let mut subjects = BTreeMap::new();
    for person in 0..100u64 {
        for visit in 1..3 {
            let score = subject(0, 2 * (person % 2), 0, &[]);
            subjects.insert(format!("sub-{person:03}_ses-{visit}"), score);
        }
    }
    let bootstrap = Bootstrap {
        samples: 400,
        seed: 0,
    };
    let figures = summarise(&subjects, Rule::Valdo, &bootstrap)
        .summary
        .figures;
    let figure = figures.get("fp_per_scan/mean");
    let half = 0.5 * (figure.high.unwrap() - figure.low.unwrap());
    assert!((half - 0.196).abs() < 0.025, "{half}");
}
