//! What confidences are worth: FROC, precision against recall, calibration.

use super::bootstrap::Sample;
use crate::subject::SubjectScore;
use crate::voxelwise::ratio;
use serde::{Deserialize, Serialize};

/// One prediction of one subject.
#[derive(Debug, Clone, Copy)]
pub(super) struct Detection {
    subject: usize,
    confidence: f64,
    found: usize,
    false_alarm: bool,
}

/// All predictions by falling confidence; none where one has no confidence.
pub(super) fn detections(subjects: &[&SubjectScore]) -> Option<Vec<Detection>> {
    let mut all = Vec::new();
    for (subject, score) in subjects.iter().enumerate() {
        all.extend(score.curve.as_ref()?.iter().map(|step| Detection {
            subject,
            confidence: step.confidence,
            found: step.found,
            false_alarm: step.false_alarm,
        }));
    }
    all.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    Some(all)
}

/// The false alarms per scan at which sensitivity is reported.
pub const FROC_FP_PER_SCAN: [f64; 7] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// What confidences say about all subjects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// From no prediction to all of them.
    pub froc: Vec<FrocPoint>,
    /// The same thresholds.
    pub precision_recall: Vec<PrecisionRecallPoint>,
    /// Ten bins of confidence; none where a confidence is not from 0 to 1.
    pub reliability: Option<Vec<ReliabilityBin>>,
}

/// A point of the free-response curve (Bunch 1977, doi 10.1117/12.955926).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrocPoint {
    /// Predictions at or above it count; none before the first.
    pub threshold: Option<f64>,
    /// False alarms per scan.
    pub fp_per_scan: f64,
    /// Share of all references found.
    pub sensitivity: Option<f64>,
}

/// A point of the precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecallPoint {
    /// Predictions at or above it count.
    pub threshold: f64,
    /// Share of all references found.
    pub recall: Option<f64>,
    /// Share of the predictions that are right.
    pub precision: f64,
}

/// Predictions of about the same confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Lowest confidence of the bin.
    pub from: f64,
    /// Highest.
    pub to: f64,
    /// Predictions in it.
    pub predictions: u64,
    /// Their mean confidence; none in an empty bin.
    pub mean_confidence: Option<f64>,
    /// Share of them that is right.
    pub share_right: Option<f64>,
}

/// Sums after all predictions of one confidence or more.
#[derive(Debug, Clone, Copy)]
struct Level {
    confidence: f64,
    found: f64,
    false_alarms: f64,
    predictions: f64,
}

/// The sums at each confidence, from the highest down.
fn levels(sample: &Sample) -> Option<Vec<Level>> {
    let detections = sample.cohort.detections.as_ref()?;
    let mut levels: Vec<Level> = Vec::new();
    let (mut found, mut false_alarms, mut predictions) = (0.0, 0.0, 0.0);
    for detection in detections {
        let weight = f64::from(sample.weight[detection.subject]);
        if weight == 0.0 {
            continue;
        }
        found += weight * detection.found as f64;
        false_alarms += weight * f64::from(u8::from(detection.false_alarm));
        predictions += weight;
        let level = Level {
            confidence: detection.confidence,
            found,
            false_alarms,
            predictions,
        };
        match levels.last_mut() {
            Some(last) if last.confidence == level.confidence => *last = level,
            _ => levels.push(level),
        }
    }
    Some(levels)
}

fn references(sample: &Sample) -> f64 {
    let counts = sample.subjects().filter_map(|s| s.reference_count);
    counts.map(|n| n as f64).sum()
}

pub(super) fn curves(sample: &Sample) -> Option<Curves> {
    let levels = levels(sample)?;
    let (scans, references) = (sample.len() as f64, references(sample));
    let start = FrocPoint {
        threshold: None,
        fp_per_scan: 0.0,
        sensitivity: ratio(0.0, references),
    };
    let froc = levels.iter().map(|level| FrocPoint {
        threshold: Some(level.confidence),
        fp_per_scan: level.false_alarms / scans,
        sensitivity: ratio(level.found, references),
    });
    let precision_recall = levels.iter().map(|level| PrecisionRecallPoint {
        threshold: level.confidence,
        recall: ratio(level.found, references),
        precision: (level.predictions - level.false_alarms) / level.predictions,
    });
    Some(Curves {
        froc: std::iter::once(start).chain(froc).collect(),
        precision_recall: precision_recall.collect(),
        reliability: reliability(sample),
    })
}

pub(super) fn figures(sample: &Sample) -> Vec<(String, Option<f64>)> {
    let levels = levels(sample);
    let (scans, references) = (sample.len() as f64, references(sample));
    let sensitivity_at = |limit: f64| {
        let within = levels.as_ref()?.iter().rev();
        let best = within
            .filter(|level| level.false_alarms <= limit * scans)
            .map(|level| level.found)
            .next();
        ratio(best.unwrap_or(0.0), references)
    };
    let mut figures: Vec<(String, Option<f64>)> = FROC_FP_PER_SCAN
        .iter()
        .map(|&limit| {
            let path = format!("froc/sensitivity_at_fp_per_scan/{limit}");
            (path, sensitivity_at(limit))
        })
        .collect();
    let area = levels
        .as_ref()
        .and_then(|l| average_precision(l, references));
    figures.push(("precision_recall/average_precision".to_string(), area));
    let (error, brier) = calibration(sample).unzip();
    figures.push(("calibration/expected_error".to_string(), error));
    figures.push(("calibration/brier".to_string(), brier));
    figures
}

/// The area under precision against recall in steps: Σ (Rₙ - Rₙ₋₁)·Pₙ, as scikit-learn's
/// average precision. References that no prediction finds keep it below 1.
fn average_precision(levels: &[Level], references: f64) -> Option<f64> {
    let mut area = 0.0;
    let mut before = 0.0;
    for level in levels {
        let precision = (level.predictions - level.false_alarms) / level.predictions;
        area += (level.found - before) * precision;
        before = level.found;
    }
    ratio(area, references)
}

const BINS: usize = 10;

/// Predictions, sum of confidences and right predictions of each bin.
fn bins(sample: &Sample) -> Option<[[f64; 3]; BINS]> {
    let mut bins = [[0.0; 3]; BINS];
    for detection in sample.cohort.detections.as_ref()? {
        if !(0.0..=1.0).contains(&detection.confidence) {
            return None;
        }
        let weight = f64::from(sample.weight[detection.subject]);
        let bin = ((detection.confidence * BINS as f64) as usize).min(BINS - 1);
        bins[bin][0] += weight;
        bins[bin][1] += weight * detection.confidence;
        bins[bin][2] += weight * f64::from(u8::from(!detection.false_alarm));
    }
    Some(bins)
}

fn reliability(sample: &Sample) -> Option<Vec<ReliabilityBin>> {
    let bins = bins(sample)?;
    let edge = |at: usize| at as f64 / BINS as f64;
    let named = bins
        .iter()
        .enumerate()
        .map(|(at, [n, confidence, right])| ReliabilityBin {
            from: edge(at),
            to: edge(at + 1),
            predictions: *n as u64,
            mean_confidence: ratio(*confidence, *n),
            share_right: ratio(*right, *n),
        });
    Some(named.collect())
}

/// Expected calibration error (Naeini 2015, doi 10.1609/aaai.v29i1.9602; ten bins of equal
/// width) and Brier score (Brier 1950).
fn calibration(sample: &Sample) -> Option<(f64, f64)> {
    let bins = bins(sample)?;
    let all: f64 = bins.iter().map(|bin| bin[0]).sum();
    if all == 0.0 {
        return None;
    }
    let error: f64 = bins.iter().map(|bin| (bin[1] - bin[2]).abs()).sum();
    let detections = sample.cohort.detections.as_ref()?.iter();
    let squares: f64 = detections
        .map(|d| {
            let right = f64::from(u8::from(!d.false_alarm));
            f64::from(sample.weight[d.subject]) * (d.confidence - right).powi(2)
        })
        .sum();
    Some((error / all, squares / all))
}
