//! Scoring against scipy, scikit-learn and panoptica on random cases.
use serde_json::{Value, json};
use siderin_evaluate::statistics::{
    Alternative, fisher_interval, mcnemar_exact, regression, spearman, weighted_kappa, wilcoxon,
};
use siderin_evaluate::{
    Bootstrap, Lesions, MapKind, Point, Rule, ScoreSettings, score_case, summarise,
};
use siderin_image::volume::{Grid, Volume, WorldPoint};
use siderin_testing::{oracle, program, python};
use std::collections::BTreeMap;

/// Numbers that differ from run to run of nothing.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn share(&mut self) -> f64 {
        self.below(1 << 30) as f64 / f64::from(1u32 << 30)
    }
}

fn floats(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap();
    list.iter().map(|v| v.as_f64().unwrap()).collect()
}

fn close(ours: f64, theirs: &Value, what: &str) {
    let theirs = theirs.as_f64().unwrap();
    let error = (ours - theirs).abs();
    assert!(error < 1e-9, "{what}: ours {ours}, theirs {theirs}");
}

/// A case's numbers: counts with many ties, differences with and without ties and zeros.
fn case(numbers: &mut Numbers, at: usize) -> Value {
    let n = 8 + 9 * at;
    let a: Vec<f64> = (0..n).map(|_| numbers.below(14) as f64).collect();
    let b: Vec<f64> = a
        .iter()
        .map(|a| (a + numbers.below(7) as f64 - 2.0).max(0.0))
        .collect();
    let differences: Vec<f64> = if at.is_multiple_of(2) {
        (0..n).map(|_| numbers.share() - 0.4).collect()
    } else {
        a.iter().zip(&b).map(|(a, b)| a - b).collect()
    };
    let right: Vec<bool> = (0..n).map(|i| i == 0 || numbers.below(3) > 0).collect();
    // Some confidences are equal.
    let confidence: Vec<f64> = (0..n).map(|_| numbers.below(12) as f64 / 12.0).collect();
    json!({
        "a": a, "b": b, "differences": differences, "right": right, "confidence": confidence,
        "only": [numbers.below(20), 1 + numbers.below(20)],
    })
}

/// Predictions on a reference each, or far from any, as points.
fn average_precision(right: &[bool], confidence: &[f64]) -> f64 {
    let point = |x: f64, confidence| Point {
        id: None,
        center_world: WorldPoint::new(x, 0.0, 0.0),
        confidence,
        diameter_mm: None,
        volume_mm3: None,
    };
    let numbered = || right.iter().zip(confidence).enumerate();
    let references = numbered()
        .filter(|(_, (right, _))| **right)
        .map(|(at, _)| point(20.0 * at as f64, None))
        .collect();
    let predictions = numbered()
        .map(|(at, (_, &c))| point(20.0 * at as f64, Some(c)))
        .collect();
    let score = score_case(
        Some(&Lesions::Points(references, None)),
        Some(&Lesions::Points(predictions, None)),
        None,
        &ScoreSettings::of(Rule::Centroid5Mm),
    );
    let subjects = BTreeMap::from([("one".to_string(), score.unwrap())]);
    let none = Bootstrap {
        samples: 0,
        seed: 0,
    };
    let figures = summarise(&subjects, Rule::Centroid5Mm, &none)
        .summary
        .figures;
    let figure = figures.get("precision_recall/average_precision");
    figure.value.unwrap()
}

#[test]
fn statistics_agree_with_scipy_and_scikit_learn() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.json");
    let mut numbers = Numbers(11);
    let cases: Vec<Value> = (0..10).map(|at| case(&mut numbers, at)).collect();
    std::fs::write(&file, json!({ "cases": cases }).to_string()).unwrap();
    let Some(theirs) = python("statistics.py", &[file.as_os_str()]) else {
        return;
    };
    let theirs: Value = serde_json::from_str(&theirs).unwrap();
    for (given, theirs) in cases.iter().zip(theirs["cases"].as_array().unwrap()) {
        let (a, b) = (floats(&given["a"]), floats(&given["b"]));
        let rho = spearman(&a, &b).unwrap();
        close(rho, &theirs["spearman"], "Spearman's rho");
        let interval = fisher_interval(rho, a.len()).unwrap();
        for (end, value) in interval.iter().enumerate() {
            close(*value, &theirs["fisher"][end], "Fisher's z");
        }
        let group = |v: f64| [1.0, 5.0, 10.0].iter().filter(|cut| v >= **cut).count();
        let mut table = [[0.0; 4]; 4];
        for (&a, &b) in a.iter().zip(&b) {
            table[group(a)][group(b)] += 1.0;
        }
        close(weighted_kappa(&table).unwrap(), &theirs["kappa"], "kappa");
        let differences = floats(&given["differences"]);
        let sides = [
            Alternative::TwoSided,
            Alternative::Greater,
            Alternative::Less,
        ];
        for (at, side) in sides.into_iter().enumerate() {
            let p = wilcoxon(&differences, side).p;
            close(p, &theirs["wilcoxon"][at], "Wilcoxon's p");
        }
        let only = floats(&given["only"]);
        let p = mcnemar_exact(only[0] as u64, only[1] as u64);
        close(p, &theirs["mcnemar"], "McNemar's p");
        let line = regression(&a, &b).unwrap();
        close(line.slope, &theirs["line"][0], "slope");
        close(line.intercept, &theirs["line"][1], "intercept");
        let right: Vec<bool> = given["right"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_bool().unwrap())
            .collect();
        let ours = average_precision(&right, &floats(&given["confidence"]));
        close(ours, &theirs["average_precision"], "average precision");
    }
}

const SHAPE: [usize; 3] = [48, 36, 24];
const CASES: usize = 50;

/// Boxes in cells of 12 voxels, so that every prediction touches one reference at most and the
/// other way round: there `overlap` and panoptica's matching are the same rule.
fn random_masks(numbers: &mut Numbers) -> [Volume<u8>; 2] {
    let grid = Grid::axis_aligned(SHAPE, [1.0; 3]).unwrap();
    let mut masks = [Volume::filled(&grid, 0u8), Volume::filled(&grid, 0u8)];
    for cell in 0..4 * 3 * 2 {
        let corner = [cell % 4 * 12, cell / 4 % 3 * 12, cell / 12 * 12];
        for mask in &mut masks {
            if numbers.below(3) == 0 {
                continue;
            }
            let first: Vec<usize> = (0..3)
                .map(|a| corner[a] + 1 + numbers.below(4) as usize)
                .collect();
            let size: Vec<usize> = (0..3).map(|_| 1 + numbers.below(5) as usize).collect();
            for k in 0..size[2] {
                for j in 0..size[1] {
                    for i in 0..size[0] {
                        mask.set([first[0] + i, first[1] + j, first[2] + k], 1);
                    }
                }
            }
        }
    }
    masks
}

#[test]
fn counts_and_dice_agree_with_panoptica_on_50_random_cases() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: String| folder.path().join(name);
    let mut numbers = Numbers(5);
    let cases: Vec<[Volume<u8>; 2]> = (0..CASES).map(|_| random_masks(&mut numbers)).collect();
    for (number, [reference, prediction]) in cases.iter().enumerate() {
        std::fs::write(at(format!("{number}.ref")), reference.voxels()).unwrap();
        std::fs::write(at(format!("{number}.pred")), prediction.voxels()).unwrap();
    }
    let description = json!({ "shape": SHAPE, "count": CASES });
    std::fs::write(at("cases.json".into()), description.to_string()).unwrap();
    let Some(mut command) = program("panoptica-python") else {
        return;
    };
    let script = oracle("panoptica_counts.py");
    let output = command.arg(script).arg(folder.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "panoptica failed: {errors}");
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find_map(|line| line.strip_prefix("RESULT "));
    let theirs: Vec<(u64, u64, u64, Option<f64>)> = serde_json::from_str(line.unwrap()).unwrap();
    for ([reference, prediction], theirs) in cases.iter().zip(theirs) {
        let lesions = |mask: &Volume<u8>| Lesions::Map(mask.map(f32::from), MapKind::Mask);
        let ours = score_case(
            Some(&lesions(reference)),
            Some(&lesions(prediction)),
            None,
            &ScoreSettings::of(Rule::Overlap),
        )
        .unwrap();
        assert_eq!(
            (ours.tp, ours.fp, ours.missed),
            (theirs.0, theirs.1, theirs.2)
        );
        if let Some(dice) = theirs.3 {
            assert!((ours.dice.unwrap() - dice).abs() < 1e-9);
        }
    }
}
