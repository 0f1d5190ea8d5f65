//! A network held against the truth, by the project's own scorer.

use crate::data::{PreparedFile, PreparedFileError, Truth};
use rayon::prelude::*;
use siderin_core::lesion::{Lesion, MapFinding, OperatingPoint, label_volume};
use siderin_evaluate::{
    Lesions, MapKind, Point, Rule, ScoreError, ScoreSettings, SubjectScore, score_case,
};
use siderin_image::volume::{Grid, GridError, ResampleError, Volume};
use siderin_net::OnScan;
use siderin_net::infer::{Flips, InferError, Predictor};
use siderin_net::model_file::OtherPoints;
use std::ops::Range;

/// A scan that cannot be scored.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum JudgeError {
    #[error(transparent)]
    File(#[from] PreparedFileError),
    #[error(transparent)]
    Infer(#[from] InferError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
    #[error(transparent)]
    Grid(#[from] GridError),
    #[error(transparent)]
    Score(#[from] ScoreError),
}

/// A prediction of one prepared scan, with what is true of it. Both lie on the part of the scan's
/// grid that the network saw; what it did not see holds nothing.
#[derive(Debug)]
pub struct Judged {
    /// Of the whole scan.
    grid: Grid,
    /// The part, as indices.
    seen: [Range<usize>; 3],
    prediction: OnScan,
    truth: Truth,
    /// The same as the scorer takes it.
    reference: Lesions,
}

/// Lesions, and everything that was looked at.
pub type Found = (Vec<Lesion>, Vec<MapFinding>);

impl Judged {
    /// Runs a network over a prepared scan.
    ///
    /// # Errors
    /// When the scan cannot be read, or the network fails on it.
    pub fn of(file: &PreparedFile, predictor: &Predictor) -> Result<Self, JudgeError> {
        let (prepared, truth) = file.whole()?;
        let seen = seen(prepared.brain.grid(), &truth.mask);
        let grid = truth.mask.grid().clone();
        let truth = Truth {
            brain: truth.brain.crop(seen.clone())?,
            mask: truth.mask.crop(seen.clone())?,
        };
        let prediction = predictor.predict(&prepared, Flips::None)?;
        Ok(Self {
            grid,
            seen,
            prediction: OnScan::of(prediction, truth.mask.grid())?,
            reference: Lesions::Map(
                truth.mask.map(|inside| f32::from(u8::from(inside))),
                MapKind::Mask,
            ),
            truth,
        })
    }

    /// Lesions at an operating point, on the part's grid.
    #[must_use]
    pub fn lesions(&self, point: &OperatingPoint) -> Found {
        self.prediction.lesions(&self.truth.brain, point)
    }

    /// Lesions as labels on the whole scan's grid.
    #[must_use]
    pub fn labels(&self, lesions: &[Lesion]) -> Volume<u16> {
        let part = label_volume(self.truth.mask.grid(), lesions);
        let mut whole = Volume::filled(&self.grid, 0);
        whole.paste(&part, &self.seen);
        whole
    }

    /// Scores lesions under a rule.
    ///
    /// # Errors
    /// When the rule cannot match them.
    pub fn score(&self, found: &Found, rule: Rule) -> Result<SubjectScore, ScoreError> {
        let grid = self.truth.mask.grid();
        let prediction = Lesions::Results {
            labels: label_volume(grid, &found.0).map(f32::from),
            findings: found.0.iter().map(point_of_lesion).collect(),
            candidates: found.0.iter().map(point_of_lesion).collect(),
        };
        score_case(
            Some(&self.reference),
            Some(&prediction),
            None,
            &ScoreSettings::of(rule),
        )
    }
}

/// The box of the scan that holds the network's grid and every lesion, as indices.
fn seen(network: &Grid, mask: &Volume<bool>) -> [Range<usize>; 3] {
    let (grid, shape) = (mask.grid(), mask.shape());
    let lesions = mask.bounding_box();
    let corners = network
        .corners()
        .map(|corner| grid.to_voxel(corner).to_array());
    std::array::from_fn(|axis| {
        let along = corners.iter().map(|corner| corner[axis]);
        let low = along.clone().fold(f64::INFINITY, f64::min);
        let high = along.fold(f64::NEG_INFINITY, f64::max);
        // Interpolation reaches one voxel of the network's grid further.
        let reach =
            (network.spacing_mm().into_iter().fold(0.0, f64::max) / grid.spacing_mm()[axis]).ceil();
        let low = ((low.floor() - reach).max(0.0) as usize).min(shape[axis] - 1);
        let high = ((high.ceil() + reach).max(0.0) as usize + 1).clamp(low + 1, shape[axis]);
        match &lesions {
            Some(range) => low.min(range[axis].start)..high.max(range[axis].end),
            None => low..high,
        }
    })
}

fn point_of_lesion(lesion: &Lesion) -> Point {
    Point {
        id: Some(u32::from(lesion.id)),
        center_world: lesion.center_world,
        confidence: Some(f64::from(lesion.confidence)),
        diameter_mm: Some(lesion.diameter_mm),
        volume_mm3: Some(lesion.volume_mm3),
    }
}

/// Counts of several cases, added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// References found.
    pub found: u64,
    /// References missed.
    pub missed: u64,
    /// Predictions that are right.
    pub right: u64,
    /// False alarms.
    pub wrong: u64,
}

impl Counts {
    /// Adds a case.
    pub fn add(&mut self, score: &SubjectScore) {
        self.found += score.tp;
        self.missed += score.missed;
        self.right += score.correct_predictions;
        self.wrong += score.fp;
    }

    /// Share of the references that are found; 0 where there are none.
    #[must_use]
    pub fn recall(&self) -> f64 {
        share(self.found, self.missed)
    }

    /// Share of the predictions that are right; 0 where there are none.
    #[must_use]
    pub fn precision(&self) -> f64 {
        share(self.right, self.wrong)
    }

    /// Harmonic mean of both; 0 where nothing is right.
    #[must_use]
    pub fn f1(&self) -> f64 {
        self.f(1.0)
    }

    /// F-measure in which recall counts `beta` times as much as precision (van Rijsbergen 1979); 0 where
    /// nothing is right.
    #[must_use]
    pub fn f(&self, beta: f64) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        let weight = beta * beta;
        if precision + recall > 0.0 {
            (1.0 + weight) * precision * recall / (weight * precision + recall)
        } else {
            0.0
        }
    }
}

fn share(yes: u64, no: u64) -> f64 {
    if yes + no > 0 {
        yes as f64 / (yes + no) as f64
    } else {
        0.0
    }
}

/// Counts at each threshold, over all scans. `done` is called after each.
///
/// # Errors
/// When a scan cannot be scored.
pub fn counts_by_threshold(
    files: &[PreparedFile],
    predictor: &Predictor,
    point: &OperatingPoint,
    thresholds: &[f32],
    rule: Rule,
    done: &dyn Fn(usize),
) -> Result<Vec<Counts>, JudgeError> {
    let mut counts = vec![Counts::default(); thresholds.len()];
    for (at, file) in files.iter().enumerate() {
        let judged = Judged::of(file, predictor)?;
        let scores: Vec<SubjectScore> = thresholds
            .par_iter()
            .map(|&threshold| {
                let point = OperatingPoint {
                    threshold,
                    ..*point
                };
                judged.score(&judged.lesions(&point), rule)
            })
            .collect::<Result<_, ScoreError>>()?;
        for (counts, score) in counts.iter_mut().zip(&scores) {
            counts.add(score);
        }
        done(at + 1);
    }
    Ok(counts)
}

/// The best of several thresholds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// Place of the balanced one.
    pub at: usize,
    /// More sensitive and more specific ones.
    pub others: OtherPoints,
}

/// Recall, or precision, counts four times as much as the other. F2 and F½ are usual, but where few false
/// alarms are left F½ is best where F1 is, and the specific point would be the balanced one.
const LEANING: f64 = 4.0;

/// The thresholds with the best F1, F4 and F¼; of equal ones the middle one, which is the safest.
#[must_use]
pub fn best_thresholds(counts: &[Counts], thresholds: &[f32]) -> Chosen {
    let at = best(counts, 1.0);
    let [sensitive, specific] = [LEANING, 1.0 / LEANING].map(|beta| thresholds[best(counts, beta)]);
    Chosen {
        at,
        others: OtherPoints {
            sensitive: sensitive.min(thresholds[at]),
            specific: specific.max(thresholds[at]),
        },
    }
}

fn best(counts: &[Counts], beta: f64) -> usize {
    let most = counts.iter().map(|c| c.f(beta)).fold(0.0, f64::max);
    let equal: Vec<usize> = (0..counts.len())
        .filter(|&at| counts[at].f(beta) >= most)
        .collect();
    equal[equal.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Matrix4;

    #[test]
    fn a_prediction_is_judged_where_the_network_saw_the_scan() {
        // Voxels of 1 mm, and a network's of 2 mm whose centres lie from 8 to 16, 10 to 12 and 20 to
        // 38 mm: it reaches one of its voxels further. Columns run from high to low.
        let scan = Matrix4::new(
            -1.0, 0.0, 0.0, 30.0, //
            0.0, 1.0, 0.0, 0.0, //
            0.0, 0.0, 1.0, 0.0, //
            0.0, 0.0, 0.0, 1.0,
        );
        let grid = Grid::new([31, 30, 40], scan).unwrap();
        let network = Matrix4::new(
            2.0, 0.0, 0.0, 8.0, //
            0.0, 2.0, 0.0, 10.0, //
            0.0, 0.0, 2.0, 20.0, //
            0.0, 0.0, 0.0, 1.0,
        );
        let network = Grid::new([5, 2, 10], network).unwrap();
        let empty = Volume::filled(&grid, false);
        assert_eq!(seen(&network, &empty), [12..25, 8..15, 18..40]);
        // A lesion that the network did not see is a miss.
        let mut mask = empty;
        mask.set([29, 9, 3], true);
        assert_eq!(seen(&network, &mask), [12..30, 8..15, 3..40]);
    }

    #[test]
    fn the_middle_of_the_best_thresholds_is_kept() {
        let of = |found, wrong| Counts {
            found,
            missed: 4 - found,
            right: found,
            wrong,
        };
        // F1: 2·2/(4+4) = ½, then 2·3/(4+4) = ¾ three times, then ⅔.
        let counts = [of(2, 2), of(3, 1), of(3, 1), of(3, 1), of(2, 0)];
        assert_eq!(counts[0].f1(), 0.5);
        assert_eq!(counts[1].f1(), 0.75);
        assert!((counts[4].f1() - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(best(&counts, 1.0), 2);
        assert_eq!(best(&[of(0, 0), of(0, 5)], 1.0), 1);
        assert_eq!(Counts::default().f1(), 0.0);
    }

    #[test]
    fn sensitive_and_specific_points_weigh_misses_and_false_alarms() {
        let of = |found, wrong| Counts {
            found,
            missed: 10 - found,
            right: found,
            wrong,
        };
        // 10 of 10 with 10 false alarms: F4 = 17·½·1/(16·½+1) = .944, F¼ = 1.0625·½/(.0625·½+1) = .515.
        // 7 with 2: P = 7/9, R = .7; F1 = .737, F4 = 17·.5444/(12.444+.7) = .704.
        // 5 with 0: F1 = .667, F¼ = 1.0625·.5/(.0625+.5) = .944; of 7 with 2 .773.
        let counts = [of(10, 10), of(7, 2), of(5, 0)];
        assert!((counts[0].f(4.0) - 0.9444).abs() < 1e-4);
        assert!((counts[1].f(0.25) - 0.7727).abs() < 1e-4);
        assert!((counts[2].f(0.25) - 0.9444).abs() < 1e-4);
        let chosen = best_thresholds(&counts, &[0.2, 0.5, 0.8]);
        assert_eq!(chosen.at, 1);
        assert_eq!(
            (chosen.others.sensitive, chosen.others.specific),
            (0.2, 0.8)
        );
        // The middle one of equal ones, and no further than the balanced one: F¼ is .962 at the first two,
        // of which the second is taken, and .780 at the last; F1 is .75 and .870.
        let counts = [of(6, 0), of(6, 0), of(10, 3)];
        let chosen = best_thresholds(&counts, &[0.2, 0.5, 0.8]);
        assert_eq!((chosen.at, chosen.others.specific), (2, 0.8));
    }
}
