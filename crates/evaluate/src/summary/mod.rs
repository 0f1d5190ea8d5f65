//! Figures over all subjects, each with an interval by bootstrap over subjects.

mod bootstrap;
mod counts;
mod curves;
mod detection;
mod figures;
mod strata;
mod voxels;

pub use bootstrap::{Bootstrap, Interval};
pub use counts::Burden;
pub(super) use counts::counts;
pub use curves::{Curves, FROC_FP_PER_SCAN, FrocPoint, PrecisionRecallPoint, ReliabilityBin};
pub use figures::Figures;

use super::rule::Rule;
use super::subject::SubjectScore;
use bootstrap::{Cohort, Sample, with_intervals};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What all subjects say together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Cases scored.
    pub cases: usize,
    /// How many subjects leave a figure of theirs undefined.
    pub undefined: BTreeMap<String, usize>,
    /// Every figure with its interval, by path.
    pub figures: Figures,
    /// Burden groups, reference against prediction; none under `voxel`.
    pub burden: Option<Burden>,
}

/// All there is to say about a set of scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Summaries {
    /// Over all.
    pub summary: Summary,
    /// By dimension (diameter, region, sequence, …) and level.
    pub strata: BTreeMap<String, BTreeMap<String, Figures>>,
    /// What the confidences say; none where a prediction has none.
    pub curves: Option<Curves>,
}

/// Sums up scores that were made under `rule`.
#[must_use]
pub fn summarise(
    subjects: &BTreeMap<String, SubjectScore>,
    rule: Rule,
    bootstrap: &Bootstrap,
) -> Summaries {
    let cohort = Cohort::of(subjects);
    let figures = with_intervals(&cohort, bootstrap, |sample| figures_of(sample, rule));
    let (strata, figures): (Vec<_>, Vec<_>) = figures
        .into_iter()
        .partition(|(path, _)| path.starts_with(strata::PREFIX));
    let curves = (rule != Rule::Voxel)
        .then(|| curves::curves(&Sample::whole(&cohort)))
        .flatten();
    Summaries {
        summary: Summary {
            cases: subjects.len(),
            undefined: detection::undefined(&cohort.subjects),
            figures: figures.into_iter().collect(),
            burden: counts::burden(&cohort.subjects),
        },
        strata: strata::grouped(strata),
        curves,
    }
}

/// Figures of the first method minus those of the second, with intervals from draws of the same
/// subjects. Both hold the same cases.
pub(super) fn paired_differences(
    first: &BTreeMap<String, SubjectScore>,
    second: &BTreeMap<String, SubjectScore>,
    rule: Rule,
    bootstrap: &Bootstrap,
) -> Figures {
    let cohorts = [first, second].map(Cohort::of);
    let [first, second] = [&cohorts[0], &cohorts[1]];
    let figures = |sample: &Sample| overall_figures(sample, rule);
    bootstrap::differences([first, second], bootstrap, figures)
        .into_iter()
        .collect()
}

fn figures_of(sample: &Sample, rule: Rule) -> Vec<(String, Option<f64>)> {
    let mut figures = overall_figures(sample, rule);
    figures.extend(strata::figures(sample, rule));
    figures
}

fn overall_figures(sample: &Sample, rule: Rule) -> Vec<(String, Option<f64>)> {
    let mut figures = detection::figures(sample, rule);
    if rule == Rule::Voxel {
        figures.extend(voxels::figures(sample));
    } else {
        figures.extend(counts::figures(sample));
        figures.extend(curves::figures(sample));
    }
    figures
}

#[cfg(test)]
mod tests;
