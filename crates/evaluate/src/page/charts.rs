//! The plots of the report.

use crate::document::Metrics;
use crate::rule::Rule;
use crate::statistics::{bland_altman, quantile};
use crate::subject::SubjectScore;
use crate::summary::{Curves, FROC_FP_PER_SCAN, counts};
use siderin_image::plot::{Axis, Plot};

/// A plot with the words below it.
pub(super) struct Chart {
    pub title: &'static str,
    pub svg: String,
    pub caption: String,
}

/// All plots that the scores allow.
pub(super) fn charts(metrics: &Metrics) -> Vec<Chart> {
    let mut charts = Vec::new();
    if let Some(curves) = &metrics.curves {
        charts.push(froc(metrics, curves));
        charts.push(precision_recall(metrics, curves));
        charts.extend(reliability(metrics, curves));
    }
    charts.extend(regression(metrics));
    charts.extend(agreement(metrics));
    charts.extend(raincloud(metrics));
    charts
}

/// Steps: nothing is known between two thresholds.
fn steps(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for (x, y) in points {
        if let Some(&(_, before)) = steps.last() {
            steps.push((x, before));
        }
        steps.push((x, y));
    }
    steps
}

fn froc(metrics: &Metrics, curves: &Curves) -> Chart {
    let last = curves.froc.last().map_or(0.0, |point| point.fp_per_scan);
    let x = Axis::round("false alarms per scan", 0.0, last.clamp(1.0, 8.0));
    let mut plot = Plot::new("FROC", x, Axis::share("sensitivity"));
    let points = curves
        .froc
        .iter()
        .filter_map(|p| Some((p.fp_per_scan, p.sensitivity?)));
    plot.line("curve", &steps(points));
    for at in FROC_FP_PER_SCAN {
        let path = format!("froc/sensitivity_at_fp_per_scan/{at}");
        let figure = metrics.summary.figures.get(&path);
        if let (Some(value), Some(low), Some(high)) = (figure.value, figure.low, figure.high) {
            plot.line("whisker", &[(at, low), (at, high)]);
            plot.points([((at, value), 3.0)]);
        }
    }
    Chart {
        title: "Free-response curve",
        svg: plot.svg(),
        caption: format!(
            "Sensitivity against false alarms per scan as the threshold falls; points with 95 % \
             intervals at 1/8 to 8 per scan. The lowest threshold gives {last:.2} per scan; beyond \
             it the sensitivity is that of the lowest threshold."
        ),
    }
}

fn precision_recall(metrics: &Metrics, curves: &Curves) -> Chart {
    let mut plot = Plot::new(
        "Precision and recall",
        Axis::share("recall"),
        Axis::share("precision"),
    );
    let points: Vec<(f64, f64)> = curves
        .precision_recall
        .iter()
        .filter_map(|p| Some((p.recall?, p.precision)))
        .collect();
    plot.line("curve", &steps(points.into_iter()));
    let figures = &metrics.summary.figures;
    let here = (figures.get("micro/recall"), figures.get("micro/precision"));
    if let (Some(recall), Some(precision)) = (here.0.value, here.1.value) {
        plot.points([((recall, precision), 4.0)]);
    }
    let area = figures.get("precision_recall/average_precision");
    Chart {
        title: "Precision and recall",
        svg: plot.svg(),
        caption: format!(
            "Each threshold a point; the dot is the operating point. Average precision {}.",
            area.in_words(3)
        ),
    }
}

fn reliability(metrics: &Metrics, curves: &Curves) -> Option<Chart> {
    let bins = curves.reliability.as_ref()?;
    let mut plot = Plot::new(
        "Reliability",
        Axis::share("mean confidence"),
        Axis::share("share that is right"),
    );
    plot.line("reference", &[(0.0, 0.0), (1.0, 1.0)]);
    let most = bins
        .iter()
        .map(|bin| bin.predictions)
        .max()
        .unwrap_or(0)
        .max(1) as f64;
    let filled: Vec<((f64, f64), f64)> = bins
        .iter()
        .filter_map(|bin| {
            let size = 3.0 + 7.0 * (bin.predictions as f64 / most).sqrt();
            Some(((bin.mean_confidence?, bin.share_right?), size))
        })
        .collect();
    let line: Vec<(f64, f64)> = filled.iter().map(|(point, _)| *point).collect();
    plot.line("curve", &line);
    plot.points(filled);
    let figures = &metrics.summary.figures;
    Some(Chart {
        title: "Reliability",
        svg: plot.svg(),
        caption: format!(
            "Ten bins of confidence; larger dots hold more predictions. On the dashed line a \
             confidence of .7 is right seven times in ten. Expected calibration error {}, Brier \
             score {}.",
            figures.get("calibration/expected_error").in_words(3),
            figures.get("calibration/brier").in_words(3),
        ),
    })
}

/// Points at the same place get larger, by how many there are.
fn gathered(x: &[f64], y: &[f64]) -> Vec<((f64, f64), f64)> {
    let mut points: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    points
        .chunk_by(|a, b| a == b)
        .map(|same| (same[0], 2.0 + 1.5 * (same.len() as f64).sqrt()))
        .collect()
}

fn regression(metrics: &Metrics) -> Option<Chart> {
    let [references, predictions] = counts(metrics.subjects.values());
    let burden = metrics.summary.burden.as_ref()?;
    let highest = references
        .iter()
        .chain(&predictions)
        .copied()
        .fold(1.0, f64::max);
    let mut plot = Plot::new(
        "Counts",
        Axis::round("lesions of the reference", 0.0, highest),
        Axis::round("lesions predicted", 0.0, highest),
    );
    plot.line("reference", &[(0.0, 0.0), (highest, highest)]);
    let mut words = String::new();
    if let Some(line) = burden.regression {
        let xs: Vec<f64> = (0..=40).map(|i| highest * f64::from(i) / 40.0).collect();
        let upper = xs.iter().map(|&x| (x, line.at(x) + line.half_band(x)));
        let lower = xs
            .iter()
            .rev()
            .map(|&x| (x, line.at(x) - line.half_band(x)));
        plot.area("band", &upper.chain(lower).collect::<Vec<_>>());
        plot.line("curve", &[(0.0, line.at(0.0)), (highest, line.at(highest))]);
        words = format!(
            " Line: predicted = {:.2} + {:.2} · reference, with its 95 % band.",
            line.intercept, line.slope
        );
    }
    plot.points(gathered(&references, &predictions));
    let figures = &metrics.summary.figures;
    let fisher = burden.spearman_fisher.map_or(String::new(), |[low, high]| {
        format!(" (by Fisher's z {low:.2} to {high:.2})")
    });
    Some(Chart {
        title: "Counts",
        svg: plot.svg(),
        caption: format!(
            "Scans by their counts; larger dots are several scans.{words} Spearman's ρ {}{fisher}; \
             Lin's concordance {}.",
            figures.get("counts/spearman").in_words(2),
            figures.get("counts/concordance").in_words(2),
        ),
    })
}

fn agreement(metrics: &Metrics) -> Option<Chart> {
    let [references, predictions] = counts(metrics.subjects.values());
    let limits = bland_altman(&references, &predictions)?;
    let means: Vec<f64> = references
        .iter()
        .zip(&predictions)
        .map(|(r, p)| 0.5 * (r + p))
        .collect();
    let differences: Vec<f64> = references
        .iter()
        .zip(&predictions)
        .map(|(r, p)| p - r)
        .collect();
    let highest = means.iter().copied().fold(1.0, f64::max);
    let ends = [limits.lower_limit, limits.upper_limit];
    let low = differences.iter().chain(&ends).copied().fold(0.0, f64::min);
    let high = differences.iter().chain(&ends).copied().fold(0.0, f64::max);
    let x = Axis::round("mean of the two counts", 0.0, highest);
    let mut plot = Plot::new(
        "Bland-Altman",
        x.clone(),
        Axis::round("predicted minus reference", low, high.max(low + 1.0)),
    );
    let across = |y: f64| [(0.0, y), (x.high, y)];
    plot.line("curve", &across(limits.bias));
    plot.line("reference", &across(limits.lower_limit));
    plot.line("reference", &across(limits.upper_limit));
    plot.points(gathered(&means, &differences));
    let figures = &metrics.summary.figures;
    Some(Chart {
        title: "Agreement of counts",
        svg: plot.svg(),
        caption: format!(
            "Bland-Altman. Bias {}, limits of agreement {:.1} to {:.1}.",
            figures.get("counts/bias").in_words(2),
            limits.lower_limit,
            limits.upper_limit
        ),
    })
}

type OfSubject = fn(&SubjectScore) -> Option<f64>;

/// Scores of each case as points, their distribution above, their quartiles between.
fn raincloud(metrics: &Metrics) -> Option<Chart> {
    let mut rows: Vec<(&str, OfSubject)> = vec![
        ("F1", |s| s.f1),
        ("precision", |s| s.precision),
        ("recall", |s| s.recall),
        ("Dice", |s| s.dice),
    ];
    if metrics.rule == Rule::Voxel {
        // There F1 is the Dice coefficient.
        rows.remove(0);
    }
    let n = rows.len() as f64;
    let y = Axis {
        label: String::new(),
        low: -0.2,
        high: n,
        ticks: Vec::new(),
    };
    let mut plot = Plot::new("Scores of the cases", Axis::share("score of a case"), y);
    let mut medians = Vec::new();
    for (row, (name, of)) in rows.iter().enumerate() {
        let values: Vec<f64> = metrics.subjects.values().filter_map(of).collect();
        let base = n - 1.0 - row as f64;
        plot.row(base + 0.3, name);
        let quartiles = [0.25, 0.5, 0.75].map(|share| quantile(&values, share));
        let [Some(q1), Some(q2), Some(q3)] = quartiles else {
            continue;
        };
        let cloud = density(&values);
        let top = cloud.iter().map(|(_, d)| *d).fold(1e-9, f64::max);
        let outline = cloud
            .iter()
            .map(|&(x, d)| (x, base + 0.32 + 0.45 * d / top));
        let closed = std::iter::once((0.0, base + 0.32)).chain(outline);
        let closed = closed.chain(std::iter::once((1.0, base + 0.32)));
        plot.area("band", &closed.collect::<Vec<_>>());
        let box_of = |y0: f64, y1: f64| [(q1, y0), (q3, y0), (q3, y1), (q1, y1)];
        plot.area("box", &box_of(base + 0.2, base + 0.28));
        plot.line("median", &[(q2, base + 0.18), (q2, base + 0.3)]);
        plot.points(values.iter().enumerate().map(|(at, &value)| {
            // Spread evenly, the same each time.
            let spread = (at as f64 * 0.618_034).fract();
            ((value, base + 0.12 - 0.2 * spread), 1.6)
        }));
        medians.push(format!("{name} {q2:.2} ({q1:.2} to {q3:.2})"));
    }
    if medians.is_empty() {
        return None;
    }
    Some(Chart {
        title: "Scores of the cases",
        svg: plot.svg(),
        caption: format!(
            "Each dot a case; above it their distribution. Medians (quartiles): {}. Cases in which a \
             score has no meaning are left out.",
            medians.join(", ")
        ),
    })
}

/// A smooth density over 0 to 1: Gaussians of width .06.
fn density(values: &[f64]) -> Vec<(f64, f64)> {
    (0..=50)
        .map(|i| {
            let x = f64::from(i) / 50.0;
            let sum = values
                .iter()
                .map(|v| (-0.5 * ((x - v) / 0.06).powi(2)).exp());
            (x, sum.sum())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_steps_and_equal_points_gather() {
        let drawn = steps([(0.0, 0.0), (1.0, 0.5)].into_iter());
        assert_eq!(drawn, [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5)]);
        let points = gathered(&[1.0, 0.0, 1.0], &[2.0, 0.0, 2.0]);
        assert_eq!(points.len(), 2);
        assert!(points[1].1 > points[0].1);
    }
}
