//! Intervals: subjects are drawn with replacement, and every figure is computed again.

use super::curves::Detection;
use super::strata::Strata;
use crate::read::subject_of;
use crate::statistics::quantile;
use crate::subject::SubjectScore;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use siderin_image::random::Stream;
use std::collections::BTreeMap;

/// How intervals are made: the percentile method (Efron and Tibshirani 1993, chapter 13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// How often subjects are drawn; 0 for no intervals.
    pub samples: usize,
    /// Decides which; the same seed gives the same intervals.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            samples: 2000,
            seed: 0,
        }
    }
}

impl Interval {
    /// The value, with the interval in brackets; a dash where it has no meaning.
    #[must_use]
    pub fn in_words(self, digits: usize) -> String {
        match (self.value, self.low, self.high) {
            (Some(value), Some(low), Some(high)) => {
                format!("{value:.digits$} ({low:.digits$} to {high:.digits$})")
            }
            (Some(value), ..) => format!("{value:.digits$}"),
            _ => "–".to_string(),
        }
    }
}

/// A figure with its 95 % interval; none where it has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Interval {
    /// Of all subjects.
    pub value: Option<f64>,
    /// 2.5 % of the draws lie below it.
    pub low: Option<f64>,
    /// 2.5 % lie above it.
    pub high: Option<f64>,
}

/// Cases and all their detections by falling confidence.
pub(super) struct Cohort<'a> {
    /// Scores by case; a person with two sessions has two.
    pub subjects: Vec<&'a SubjectScore>,
    /// Places of each person's cases: they are drawn together.
    people: Vec<Vec<usize>>,
    /// None where a prediction has no confidence.
    pub detections: Option<Vec<Detection>>,
    pub strata: Strata,
}

impl<'a> Cohort<'a> {
    pub(super) fn of(scores: &'a BTreeMap<String, SubjectScore>) -> Self {
        let subjects: Vec<&SubjectScore> = scores.values().collect();
        let mut people: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, case) in scores.keys().enumerate() {
            people.entry(subject_of(case)).or_default().push(at);
        }
        Self {
            people: people.into_values().collect(),
            detections: super::curves::detections(&subjects),
            strata: Strata::of(&subjects),
            subjects,
        }
    }
}

/// Cases of a cohort, some of them several times.
pub(super) struct Sample<'a> {
    pub cohort: &'a Cohort<'a>,
    drawn: Vec<usize>,
    /// How often each case was drawn.
    pub weight: Vec<u32>,
}

impl<'a> Sample<'a> {
    /// Each case once.
    pub(super) fn whole(cohort: &'a Cohort<'a>) -> Self {
        let n = cohort.subjects.len();
        Self {
            cohort,
            drawn: (0..n).collect(),
            weight: vec![1; n],
        }
    }

    fn drawn(cohort: &'a Cohort<'a>, stream: &mut Stream) -> Self {
        let people = &cohort.people;
        let drawn: Vec<usize> = (0..people.len())
            .flat_map(|_| people[stream.index(people.len())].iter().copied())
            .collect();
        let mut weight = vec![0; cohort.subjects.len()];
        for &subject in &drawn {
            weight[subject] += 1;
        }
        Self {
            cohort,
            drawn,
            weight,
        }
    }

    pub(super) fn subjects(&self) -> impl Iterator<Item = &'a SubjectScore> {
        self.drawn.iter().map(|&at| self.cohort.subjects[at])
    }

    pub(super) fn len(&self) -> usize {
        self.drawn.len()
    }
}

/// Computes figures of all subjects and of each draw. Draws in which a figure has no meaning
/// are left out of its interval; if that is every second one or more, it has none.
pub(super) fn with_intervals<'a>(
    cohort: &'a Cohort<'a>,
    bootstrap: &Bootstrap,
    figures: impl Fn(&Sample) -> Vec<(String, Option<f64>)> + Sync,
) -> Vec<(String, Interval)> {
    let whole = figures(&Sample::whole(cohort));
    intervals(bootstrap, whole, |stream| {
        figures(&Sample::drawn(cohort, stream))
    })
}

/// Figures of all subjects with the intervals of what `drawn` computes of a draw.
fn intervals(
    bootstrap: &Bootstrap,
    whole: Vec<(String, Option<f64>)>,
    drawn: impl Fn(&mut Stream) -> Vec<(String, Option<f64>)> + Sync,
) -> Vec<(String, Interval)> {
    let draws: Vec<Vec<Option<f64>>> = (0..bootstrap.samples)
        .into_par_iter()
        .map(|draw| {
            let mut stream = Stream::new(bootstrap.seed, "bootstrap over subjects", draw as u64);
            let drawn = drawn(&mut stream);
            debug_assert!(drawn.len() == whole.len());
            drawn.into_iter().map(|(_, value)| value).collect()
        })
        .collect();
    whole
        .into_iter()
        .enumerate()
        .map(|(at, (path, value))| {
            let values: Vec<f64> = draws.iter().filter_map(|draw| draw[at]).collect();
            let enough = 2 * values.len() > bootstrap.samples && value.is_some();
            let end = |share| enough.then(|| quantile(&values, share)).flatten();
            let interval = Interval {
                value,
                low: end(0.025),
                high: end(0.975),
            };
            (path, interval)
        })
        .collect()
}

/// Figures of the first cohort minus those of the second, with intervals from draws of the same
/// subjects in both. The cohorts hold the same subjects in the same order.
pub(super) fn differences<'a>(
    [first, second]: [&'a Cohort<'a>; 2],
    bootstrap: &Bootstrap,
    figures: impl Fn(&Sample) -> Vec<(String, Option<f64>)> + Sync,
) -> Vec<(String, Interval)> {
    let minus = |a: &Sample, b: &Sample| -> Vec<(String, Option<f64>)> {
        let pairs = figures(a).into_iter().zip(figures(b));
        pairs
            .map(|((path, a), (_, b))| (path, a.zip(b).map(|(a, b)| a - b)))
            .collect()
    };
    let whole = minus(&Sample::whole(first), &Sample::whole(second));
    intervals(bootstrap, whole, |stream| {
        let a = Sample::drawn(first, stream);
        let b = Sample {
            cohort: second,
            drawn: a.drawn.clone(),
            weight: a.weight.clone(),
        };
        minus(&a, &b)
    })
}
