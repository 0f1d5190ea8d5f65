//! Several methods on the same cases under the same rule.

use super::document::Metrics;
use super::measures::{MEASURES, Measure};
use super::rule::Rule;
use super::statistics::{Alternative, mcnemar_exact, mean, median, ranks, wilcoxon};
use super::subject::SubjectScore;
use super::summary::{Bootstrap, Figures, paired_differences};
use serde::Serialize;
use std::collections::BTreeMap;

/// Scores that cannot be put side by side.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CompareError {
    #[error("comparing methods: {count} was given; two or more are needed")]
    TooFew { count: usize },
    #[error("comparing methods: {name} is the name of two of them; tell them apart with ‹names›")]
    SameName { name: String },
    #[error(
        "comparing methods: {first} was scored under {first_rule}, {second} under {second_rule}; \
         such numbers cannot be compared, score both under one rule and settings"
    )]
    Rules {
        first: String,
        first_rule: String,
        second: String,
        second_rule: String,
    },
    #[error(
        "comparing methods: case {case} is scored for {there} and not for {lacking}; score the \
         same cases for both"
    )]
    Cases {
        case: String,
        there: String,
        lacking: String,
    },
    #[error(
        "comparing methods: {first} and {second} were scored against different references in case \
         {case}; score both against the same files"
    )]
    References {
        first: String,
        second: String,
        case: String,
    },
}

/// A method's name and scores.
#[derive(Debug, Clone)]
pub struct ScoredMethod {
    /// As shown.
    pub name: String,
    /// Its scores.
    pub metrics: Metrics,
}

/// The content of `comparison.json`.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// As in `metrics.json`.
    pub schema_version: &'static str,
    /// What the numbers are for.
    pub research_use: String,
    /// The rule of all of them.
    pub rule: Rule,
    /// Cases that all of them were scored on.
    pub cases: usize,
    /// Names, in the order given.
    pub methods: Vec<String>,
    /// Each method's figures.
    pub figures: BTreeMap<String, Figures>,
    /// Each two of them, tested.
    pub pairs: Vec<PairOfMethods>,
    /// As VALDO ranks teams, best first.
    pub ranking: Vec<Ranked>,
}

/// Two methods.
#[derive(Debug, Clone, Serialize)]
pub struct PairOfMethods {
    /// The first.
    pub first: String,
    /// The second.
    pub second: String,
    /// Wilcoxon's signed-rank test of each figure over cases.
    pub wilcoxon: BTreeMap<&'static str, PairedTest>,
    /// First minus second with intervals by bootstrap over subjects, the same for both.
    pub differences: Figures,
    /// Lesion by lesion; none under the rule `voxel`.
    pub mcnemar: Option<McNemar>,
}

/// A figure of two methods over the cases in which both have it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PairedTest {
    /// Cases with a value of both.
    pub cases: usize,
    /// Median of first minus second.
    pub median_difference: Option<f64>,
    /// Two-sided p.
    pub p_two_sided: f64,
    /// One-sided p for the first being better.
    pub p_first_better: f64,
    /// One-sided p for the second being better.
    pub p_second_better: f64,
}

/// References by who found them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct McNemar {
    /// Found by both.
    pub both: u64,
    /// By the first alone.
    pub only_first: u64,
    /// By the second alone.
    pub only_second: u64,
    /// By neither.
    pub neither: u64,
    /// Two-sided, exact.
    pub p: f64,
}

/// A method's place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranked {
    /// Which.
    pub method: String,
    /// For each figure, how many methods it beats (one-sided Wilcoxon, p < .05).
    pub beats: BTreeMap<&'static str, usize>,
    /// Mean of its ranks by those numbers, 1 the best.
    pub mean_rank: f64,
}

const SIGNIFICANT: f64 = 0.05;

/// Puts methods side by side and tests each two of them. P values are not corrected for their
/// number.
///
/// # Errors
/// When rule, settings, cases or references differ.
pub fn compare(
    methods: &[ScoredMethod],
    bootstrap: &Bootstrap,
) -> Result<Comparison, CompareError> {
    let [first, others @ ..] = methods else {
        return Err(CompareError::TooFew { count: 0 });
    };
    if others.is_empty() {
        return Err(CompareError::TooFew { count: 1 });
    }
    for (at, other) in others.iter().enumerate() {
        if methods[..=at].iter().any(|m| m.name == other.name) {
            let name = other.name.clone();
            return Err(CompareError::SameName { name });
        }
        check_comparable(first, other)?;
    }
    let mut pairs = Vec::new();
    for (at, a) in methods.iter().enumerate() {
        for b in &methods[at + 1..] {
            pairs.push(PairOfMethods {
                first: a.name.clone(),
                second: b.name.clone(),
                wilcoxon: MEASURES.iter().map(|m| (m.name, test(m, a, b))).collect(),
                differences: paired_differences(
                    &a.metrics.subjects,
                    &b.metrics.subjects,
                    first.metrics.rule,
                    bootstrap,
                ),
                mcnemar: (first.metrics.rule != Rule::Voxel).then(|| lesion_by_lesion(a, b)),
            });
        }
    }
    Ok(Comparison {
        schema_version: "1.0",
        research_use: first.metrics.research_use.clone(),
        rule: first.metrics.rule,
        cases: first.metrics.summary.cases,
        methods: methods.iter().map(|m| m.name.clone()).collect(),
        figures: methods
            .iter()
            .map(|m| (m.name.clone(), m.metrics.summary.figures.clone()))
            .collect(),
        pairs,
        ranking: ranking(methods),
    })
}

/// The rule and what it depends on; each method may have a threshold of its own.
fn rule_in_words(metrics: &Metrics) -> String {
    let s = &metrics.settings;
    format!(
        "{} ({} neighbours, {}{})",
        metrics.rule,
        s.connectivity.neighbours(),
        match s.objects {
            super::Objects::Components => "components",
            super::Objects::Labels => "labels",
        },
        if s.per_slice { ", slice by slice" } else { "" }
    )
}

fn check_comparable(a: &ScoredMethod, b: &ScoredMethod) -> Result<(), CompareError> {
    let rules = [a, b].map(|m| rule_in_words(&m.metrics));
    if rules[0] != rules[1] {
        let [first_rule, second_rule] = rules;
        return Err(CompareError::Rules {
            first: a.name.clone(),
            first_rule,
            second: b.name.clone(),
            second_rule,
        });
    }
    for (there, lacking) in [(a, b), (b, a)] {
        let mut names = there.metrics.subjects.keys();
        if let Some(case) = names.find(|name| !lacking.metrics.subjects.contains_key(*name)) {
            return Err(CompareError::Cases {
                case: case.clone(),
                there: there.name.clone(),
                lacking: lacking.name.clone(),
            });
        }
    }
    for (case, score) in &a.metrics.subjects {
        let other = &b.metrics.subjects[case];
        let places = |score: &SubjectScore| -> Vec<[f64; 3]> {
            score.references.iter().map(|r| r.center_world_mm).collect()
        };
        let (p, q) = (places(score), places(other));
        let close = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.01);
        let same_voxels = score.tp + score.missed == other.tp + other.missed;
        if p.len() != q.len() || !p.iter().zip(&q).all(|(a, b)| close(a, b)) || !same_voxels {
            return Err(CompareError::References {
                first: a.name.clone(),
                second: b.name.clone(),
                case: case.clone(),
            });
        }
    }
    Ok(())
}

/// Both methods' values in the cases in which both have one.
fn paired(measure: &Measure, a: &ScoredMethod, b: &ScoredMethod) -> Vec<(f64, f64)> {
    let cases = a.metrics.subjects.iter();
    let both = cases.filter_map(|(name, score)| {
        (measure.of)(score).zip((measure.of)(&b.metrics.subjects[name]))
    });
    both.collect()
}

fn test(measure: &Measure, a: &ScoredMethod, b: &ScoredMethod) -> PairedTest {
    let differences: Vec<f64> = paired(measure, a, b).iter().map(|(a, b)| a - b).collect();
    let [better, worse] = if measure.higher_is_better {
        [Alternative::Greater, Alternative::Less]
    } else {
        [Alternative::Less, Alternative::Greater]
    };
    PairedTest {
        cases: differences.len(),
        median_difference: median(&differences),
        p_two_sided: wilcoxon(&differences, Alternative::TwoSided).p,
        p_first_better: wilcoxon(&differences, better).p,
        p_second_better: wilcoxon(&differences, worse).p,
    }
}

fn lesion_by_lesion(a: &ScoredMethod, b: &ScoredMethod) -> McNemar {
    let mut table = [[0u64; 2]; 2];
    for (case, score) in &a.metrics.subjects {
        let other = &b.metrics.subjects[case];
        for (r, q) in score.references.iter().zip(&other.references) {
            table[usize::from(!r.matched)][usize::from(!q.matched)] += 1;
        }
    }
    let [[both, only_first], [only_second, neither]] = table;
    McNemar {
        both,
        only_first,
        only_second,
        neither,
        p: mcnemar_exact(only_first, only_second),
    }
}

fn ranking(methods: &[ScoredMethod]) -> Vec<Ranked> {
    let mut beats: Vec<BTreeMap<&'static str, usize>> = vec![BTreeMap::new(); methods.len()];
    let mut places: Vec<Vec<f64>> = vec![Vec::new(); methods.len()];
    for measure in MEASURES.iter().filter(|m| m.ranks) {
        let beaten: Vec<f64> = methods
            .iter()
            .enumerate()
            .map(|(at, method)| {
                let others = methods.iter().enumerate().filter(|(other, _)| *other != at);
                let count = others
                    .filter(|(_, other)| test(measure, method, other).p_first_better < SIGNIFICANT)
                    .count();
                beats[at].insert(measure.name, count);
                count as f64
            })
            .collect();
        let order: Vec<f64> = beaten.iter().map(|n| -n).collect();
        for (own, rank) in places.iter_mut().zip(ranks(&order)) {
            own.push(rank);
        }
    }
    let mut ranked: Vec<Ranked> = methods
        .iter()
        .zip(beats)
        .zip(places)
        .map(|((method, beats), places)| Ranked {
            method: method.name.clone(),
            beats,
            mean_rank: mean(&places).unwrap_or_default(),
        })
        .collect();
    ranked.sort_by(|a, b| a.mean_rank.total_cmp(&b.mean_rank));
    ranked
}
