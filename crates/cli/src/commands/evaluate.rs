//! `siderin evaluate`.

use super::{Failure, Outcome, in_one_line};
use crate::args::Evaluate;
use crate::progress::{Progress, complain, say};
use anyhow::{Context, Result};
use siderin_core::evaluate::{
    Bootstrap, CaseList, CaseTable, Companions, Interval, Metrics, Missing, Objects, Remark, Rule,
    ScoreSettings, Scored, claim_scores, gallery, pair_cases, score_cases, write_scores,
};
use siderin_core::scan::{ReadLimits, expand_input};
use std::collections::BTreeMap;

pub(crate) fn run(args: &Evaluate) -> Result<Outcome, Failure> {
    let failed = |error: anyhow::Error| Failure::Run(in_one_line(&error));
    let settings = settings(args);
    settings
        .check()
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let folder = claim_scores(&args.out, args.force).map_err(|error| failed(error.into()))?;
    let cases = pair_cases(&args.reference, &args.prediction, args.allow_missing)
        .map_err(|error| failed(error.into()))?;
    let companions = companions(args, &cases).map_err(failed)?;
    let limits = ReadLimits::default();
    let progress = Progress::new(cases.cases.len(), args.quiet);
    let scored = score_cases(&cases, &companions, &settings, limits, &|name| {
        progress.step(name);
    });
    progress.finish();
    let scored = match scored {
        Ok(scored) => scored,
        Err(bad) => {
            for (name, error) in &bad {
                complain(&format!("error: {name}: {error}"));
            }
            return Err(Failure::Run(format!(
                "{} of {} cases cannot be scored; nothing was written, for figures over the others \
                 would not be those of the whole",
                bad.len(),
                cases.cases.len()
            )));
        }
    };
    let metrics = metrics(args, &settings, &cases, scored);
    let gallery = gallery(&metrics, &cases, &companions, limits);
    let target = write_scores(folder, &metrics, &gallery).map_err(|error| failed(error.into()))?;
    if !args.quiet {
        for warning in &metrics.warnings {
            complain(&format!("warning: {warning}"));
        }
        print_summary(&metrics);
        say(&format!("open {}", target.join("report.html").display()));
    }
    Ok(Outcome::Done)
}

fn settings(args: &Evaluate) -> ScoreSettings {
    ScoreSettings {
        rule: args.rule,
        connectivity: args.connectivity.unwrap_or(args.rule.connectivity()),
        objects: if args.labels {
            Objects::Labels
        } else {
            Objects::Components
        },
        threshold: args.threshold,
        curve_threshold: args.curve_threshold,
        per_slice: args.per_slice,
    }
}

fn companions(args: &Evaluate, cases: &CaseList) -> Result<Companions> {
    let regions = Companions::regions_in(cases, args.regions.as_ref().unwrap_or(&args.reference));
    let regions = if args.regions.is_some() || args.reference.is_dir() {
        regions
    } else {
        BTreeMap::new()
    };
    let scans = match &args.scans {
        None => BTreeMap::new(),
        Some(path) => {
            let scans = expand_input(path).context("looking for scans")?;
            let mut by_case: BTreeMap<String, Vec<_>> = BTreeMap::new();
            for scan in scans {
                let name = cases.name_of(&scan.path);
                by_case.entry(name).or_default().push(scan.path);
            }
            by_case
        }
    };
    let table = match &args.table {
        None => BTreeMap::new(),
        Some(path) => CaseTable::read(path)?.levels(&args.by)?,
    };
    Ok(Companions {
        regions,
        scans,
        table,
    })
}

fn metrics(
    args: &Evaluate,
    settings: &ScoreSettings,
    cases: &CaseList,
    scored: BTreeMap<String, Scored>,
) -> Metrics {
    let mut remarks: BTreeMap<Remark, usize> = BTreeMap::new();
    for remark in scored.values().flat_map(|case| &case.remarks) {
        *remarks.entry(*remark).or_default() += 1;
    }
    let warnings = remarks
        .into_iter()
        .map(|(remark, cases)| remark.in_words(cases))
        .collect();
    let subjects = scored
        .into_iter()
        .map(|(name, case)| (name, case.score))
        .collect();
    let bootstrap = Bootstrap {
        samples: args.bootstrap as usize,
        seed: args.seed,
    };
    let missing = Missing {
        predictions: cases.without_prediction(),
        references: cases.without_reference(),
    };
    Metrics::of(subjects, settings, &bootstrap, missing, warnings)
}

fn print_summary(metrics: &Metrics) {
    let figures = &metrics.summary.figures;
    say(&format!(
        "{} cases under {}: {}",
        metrics.summary.cases,
        metrics.rule,
        metrics.rule.meaning()
    ));
    let lines: &[(&str, &str)] = if metrics.rule == Rule::Voxel {
        &[
            ("Dice, mean over volumes", "voxel/per_volume/dsc"),
            ("Dice, mean over slices with lesion", "voxel/per_slice/dsc"),
        ]
    } else {
        &[
            ("recall, all lesions", "micro/recall"),
            ("precision, all lesions", "micro/precision"),
            ("F1, all lesions", "micro/f1"),
            ("F1, mean over cases", "per_subject/f1/mean"),
            ("F1, median over cases", "per_subject/f1/median"),
            ("Dice, median over cases", "per_subject/dice/median"),
            ("false alarms per scan", "fp_per_scan/mean"),
        ]
    };
    for (name, path) in lines {
        say(&format!("  {name:36}{}", in_words(figures.get(path))));
    }
}

fn in_words(figure: Interval) -> String {
    match (figure.value, figure.low, figure.high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.3}  ({low:.3} to {high:.3})"),
        (Some(value), ..) => format!("{value:.3}"),
        _ => "undefined".to_string(),
    }
}
