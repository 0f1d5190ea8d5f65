//! The same counts among lesions or scans of one kind.

use super::bootstrap::{Interval, Sample};
use super::figures::Figures;
use crate::rule::Rule;
use crate::subject::{LesionRecord, SubjectScore};
use crate::tally::Tally;
use std::collections::BTreeMap;

/// What the paths of these figures begin with.
pub(super) const PREFIX: &str = "strata\u{1f}";
const BETWEEN: char = '\u{1f}';

/// Diameters as METRICS of the field divide them: a lesion of exactly 3 mm belongs to the
/// smaller ones.
fn diameter_level(record: &LesionRecord) -> &'static str {
    match record.diameter_mm {
        None => "unknown",
        Some(d) if d <= 3.0 => "up to 3 mm",
        Some(d) if d <= 5.0 => "over 3 to 5 mm",
        Some(d) if d <= 10.0 => "over 5 to 10 mm",
        Some(_) => "over 10 mm",
    }
}

type Levels = BTreeMap<(String, String), Tally>;

/// A subject's counts by dimension and level. A lesion found or missed belongs to the level of
/// the reference, a false alarm to its own.
fn levels_of(subject: &SubjectScore) -> Levels {
    let mut levels = Levels::new();
    let mut add = |dimension: &str, level: &str, tally: Tally| {
        let name = (dimension.to_string(), level.to_string());
        let there = levels.entry(name).or_default();
        *there = there.plus(tally);
    };
    for (dimension, level) in &subject.strata {
        add(dimension, level, Tally::of(subject));
    }
    for (records, is_reference) in [(&subject.references, true), (&subject.predictions, false)] {
        for record in records {
            let tally = tally_of(record, is_reference);
            add("diameter", diameter_level(record), tally);
            if let Some(region) = &record.region {
                add("region", region, tally);
            }
        }
    }
    levels
}

fn tally_of(record: &LesionRecord, is_reference: bool) -> Tally {
    let one = |yes: bool| f64::from(u8::from(yes));
    Tally {
        tp: one(is_reference && record.matched),
        missed: one(is_reference && !record.matched),
        correct: one(!is_reference && record.matched),
        fp: one(!is_reference && !record.matched),
    }
}

/// The levels that occur, and each subject's counts at its own.
pub(super) struct Strata {
    names: Vec<(String, String)>,
    of_subject: Vec<Vec<(usize, Tally)>>,
}

impl Strata {
    pub(super) fn of(subjects: &[&SubjectScore]) -> Self {
        let own: Vec<Levels> = subjects.iter().map(|s| levels_of(s)).collect();
        let mut names: Vec<(String, String)> = own.iter().flat_map(|l| l.keys().cloned()).collect();
        names.sort();
        names.dedup();
        let place = |name| names.binary_search(name).unwrap_or_default();
        let of_subject = own
            .iter()
            .map(|levels| levels.iter().map(|(n, t)| (place(n), *t)).collect())
            .collect();
        Self { names, of_subject }
    }
}

/// Every draw gives the same figures, whether or not it holds their levels.
pub(super) fn figures(sample: &Sample, rule: Rule) -> Vec<(String, Option<f64>)> {
    let strata = &sample.cohort.strata;
    let mut sums = vec![Tally::default(); strata.names.len()];
    for (levels, &weight) in strata.of_subject.iter().zip(&sample.weight) {
        for &(level, tally) in levels {
            sums[level] = sums[level].plus(tally.times(f64::from(weight)));
        }
    }
    let mut figures = Vec::new();
    for ((dimension, level), tally) in strata.names.iter().zip(sums) {
        let values = [
            ("tp", Some(tally.tp)),
            ("fp", Some(tally.fp)),
            ("fn", Some(tally.missed)),
            ("precision", tally.precision()),
            ("recall", tally.recall()),
            ("f1", tally.f1(rule)),
        ];
        for (name, value) in values {
            let path = format!("{PREFIX}{dimension}{BETWEEN}{level}{BETWEEN}{name}");
            figures.push((path, value));
        }
    }
    figures
}

/// Figures by dimension and level.
pub(super) fn grouped(
    figures: Vec<(String, Interval)>,
) -> BTreeMap<String, BTreeMap<String, Figures>> {
    let mut parts: BTreeMap<String, BTreeMap<String, Vec<(String, Interval)>>> = BTreeMap::new();
    for (path, figure) in figures {
        let mut names = path
            .trim_start_matches(PREFIX)
            .split(BETWEEN)
            .map(String::from);
        if let (Some(dimension), Some(level), Some(name)) =
            (names.next(), names.next(), names.next())
        {
            let levels = parts.entry(dimension).or_default();
            levels.entry(level).or_default().push((name, figure));
        }
    }
    parts
        .into_iter()
        .map(|(dimension, levels)| {
            let levels = levels.into_iter();
            let named = levels.map(|(level, figures)| (level, figures.into_iter().collect()));
            (dimension, named.collect())
        })
        .collect()
}
