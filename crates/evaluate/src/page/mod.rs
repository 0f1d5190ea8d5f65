//! `report.html` of a score: one file that needs nothing else.

mod charts;
mod gallery;

pub use gallery::{Gallery, GalleryItem, gallery};

use super::document::Metrics;
use super::rule::Rule;
use super::summary::{Figures, Interval};
use minijinja::{Environment, Value, context};

const TEMPLATE: &str = include_str!("evaluation.html.jinja");

/// The page as a string.
pub(super) fn render(metrics: &Metrics, gallery: &Gallery) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.add_template("evaluation.html", TEMPLATE)?;
    let charts: Vec<Value> = charts::charts(metrics)
        .into_iter()
        .map(|chart| {
            context! {
                title => chart.title,
                svg => Value::from_safe_string(chart.svg),
                caption => chart.caption,
            }
        })
        .collect();
    let settings = &metrics.settings;
    environment
        .get_template("evaluation.html")?
        .render(context! {
            rule => metrics.rule.name(),
            meaning => metrics.rule.meaning(),
            by_voxels => metrics.rule == Rule::Voxel,
            version => metrics.software.version.clone(),
            research_use => metrics.research_use.clone(),
            cases => metrics.summary.cases,
            warnings => metrics.warnings.clone(),
            missing_predictions => metrics.missing.predictions.clone(),
            missing_references => metrics.missing.references.clone(),
            tiles => tiles(metrics),
            connectivity => settings.connectivity.neighbours(),
            threshold => settings.threshold,
            curve_threshold => settings.curve_threshold,
            per_slice => settings.per_slice,
            samples => metrics.bootstrap.samples,
            charts => charts,
            groups => groups(metrics),
            confusion => confusion(metrics),
            group_names => metrics.summary.burden.as_ref().map(|b| b.groups.to_vec()),
            strata => strata(metrics),
            subjects => subjects(metrics),
            gallery => gallery_values(gallery),
            gallery_notes => gallery.notes.clone(),
        })
}

/// The few figures most people look for.
fn tiles(metrics: &Metrics) -> Vec<[String; 3]> {
    let paths: &[(&str, &str, usize)] = if metrics.rule == Rule::Voxel {
        &[
            ("voxel/per_volume/dsc/mean", "Dice, mean over volumes", 3),
            (
                "voxel/per_slice/dsc/mean",
                "Dice, mean over slices with lesion",
                3,
            ),
            (
                "voxel/per_volume/sen/mean",
                "sensitivity, mean over volumes",
                3,
            ),
        ]
    } else {
        &[
            ("micro/recall", "recall, all lesions", 3),
            ("micro/precision", "precision, all lesions", 3),
            ("micro/f1", "F1, all lesions", 3),
            ("fp_per_scan/mean", "false alarms per scan", 2),
        ]
    };
    let tile = |&(path, name, digits): &(&str, &str, usize)| {
        let figure = metrics.summary.figures.get(path);
        let only = Interval {
            value: figure.value,
            ..Interval::default()
        };
        let interval = match (figure.low, figure.high) {
            (Some(low), Some(high)) => format!("95 % {low:.digits$} to {high:.digits$}"),
            _ => String::new(),
        };
        [only.in_words(digits), name.to_string(), interval]
    };
    paths.iter().map(tile).collect()
}

/// Every figure, by the first part of its path.
fn groups(metrics: &Metrics) -> Vec<Value> {
    let mut groups: Vec<(String, Vec<[String; 2]>)> = Vec::new();
    for (path, figure) in metrics.summary.figures.iter() {
        let (group, name) = path.split_once('/').unwrap_or(("", path));
        let name = name.replace('/', ", ").replace('_', " ");
        let digits = if figure.value.is_some_and(|v| v.abs() >= 10.0) {
            1
        } else {
            3
        };
        let row = [name, figure.in_words(digits)];
        match groups.last_mut() {
            Some((last, rows)) if last == group => rows.push(row),
            _ => groups.push((group.to_string(), vec![row])),
        }
    }
    let named = groups.into_iter().map(|(group, rows)| {
        context! { name => group_name(&group), rows => rows, undefined => undefined(metrics, &group) }
    });
    named.collect()
}

fn undefined(metrics: &Metrics, group: &str) -> Option<String> {
    if group != "per_subject" {
        return None;
    }
    let some = metrics.summary.undefined.iter().filter(|(_, n)| **n > 0);
    let parts: Vec<String> = some
        .map(|(name, n)| format!("{} in {n}", name.replace('_', " ")))
        .collect();
    (!parts.is_empty()).then(|| format!("Undefined and left out: {}.", parts.join(", ")))
}

fn group_name(group: &str) -> &str {
    match group {
        "micro" => "All lesions together (micro)",
        "per_subject" => "Over cases (macro)",
        "fp_per_scan" => "False alarms per scan",
        "froc" => "Free-response",
        "precision_recall" => "Precision and recall",
        "subject_level" => "Scans with at least one lesion",
        "burden" => "Burden groups",
        "counts" => "Counts per scan",
        "calibration" => "Calibration",
        "voxel" => "Voxels",
        "fp_per_reference_lesion" | "" => "False alarms per reference lesion",
        other => other,
    }
}

/// Rows of counts with the share of the row's scans, for the shade.
fn confusion(metrics: &Metrics) -> Option<Vec<Vec<(u64, f64)>>> {
    let burden = metrics.summary.burden.as_ref()?;
    let rows = burden.confusion.iter().map(|row| {
        let all: f64 = row.iter().sum();
        let cell = |n: &f64| (*n as u64, if all > 0.0 { n / all } else { 0.0 });
        row.iter().map(cell).collect()
    });
    Some(rows.collect())
}

fn strata(metrics: &Metrics) -> Vec<Value> {
    let dimension = |(name, levels): (&String, &std::collections::BTreeMap<String, Figures>)| {
        let mut rows: Vec<(&String, &Figures)> = levels.iter().collect();
        // Sizes in their order, everything else by name.
        rows.sort_by_key(|(level, _)| (size_order(level), (*level).clone()));
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .map(|(level, figures)| {
                let count = |name: &str| figures.get(name).value.unwrap_or(0.0);
                vec![
                    level.replace('_', " "),
                    format!("{:.0}", count("tp") + count("fn")),
                    figures.get("recall").in_words(2),
                    figures.get("precision").in_words(2),
                    figures.get("f1").in_words(2),
                    format!("{:.0}", count("fp")),
                ]
            })
            .collect();
        context! { name => name, rows => rows }
    };
    metrics.strata.iter().map(dimension).collect()
}

fn size_order(level: &str) -> usize {
    ["up to", "over 1.5", "over 3", "over 5", "over 10"]
        .iter()
        .rposition(|start| level.starts_with(start))
        .unwrap_or(usize::MAX)
}

fn subjects(metrics: &Metrics) -> Vec<Vec<String>> {
    let share = |value: Option<f64>| value.map_or("–".to_string(), |v| format!("{v:.3}"));
    metrics
        .subjects
        .iter()
        .map(|(name, score)| {
            vec![
                name.clone(),
                score.tp.to_string(),
                score.fp.to_string(),
                score.missed.to_string(),
                share(score.precision),
                share(score.recall),
                share(score.f1),
                share(score.dice),
                score
                    .absolute_count_difference
                    .map_or("–".to_string(), |n| n.to_string()),
                score
                    .absolute_volume_difference_mm3
                    .map_or("–".to_string(), |v| format!("{v:.1}")),
            ]
        })
        .collect()
}

fn gallery_values(gallery: &Gallery) -> Vec<Value> {
    let item = |item: &GalleryItem| {
        let pictures: Vec<Value> = item
            .pictures
            .iter()
            .map(|(plane, svg)| context! { plane => *plane, svg => Value::from_safe_string(svg.clone()) })
            .collect();
        context! {
            case => item.case.clone(),
            missed => item.missed,
            words => item.words.clone(),
            pictures => pictures,
        }
    };
    gallery.items.iter().map(item).collect()
}
