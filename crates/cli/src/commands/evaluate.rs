//! `siderin evaluate`.

use super::{Failure, Outcome, check_inputs_stay, in_one_line};
use crate::args::Evaluate;
use crate::progress::{Progress, complain, say};
use anyhow::{Context, Result, bail};
use siderin_evaluate::{
    CaseList, CaseTable, Companions, Metrics, Missing, Objects, Remark, Rule, ScoreSettings,
    Scored, claim_scores, gallery, pair_cases, score_cases, write_scores,
};
use siderin_image::scan::{ReadLimits, expand_input};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(crate) fn run(args: &Evaluate) -> Result<Outcome, Failure> {
    let failed = |error: anyhow::Error| Failure::Run(in_one_line(&error));
    let settings = settings(args);
    settings
        .check()
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let inputs = [args.reference.as_path(), args.prediction.as_path()];
    check_inputs_stay(&args.out, inputs).map_err(failed)?;
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
    let gaps = companions.gaps(&cases);
    let metrics = metrics(args, &settings, &cases, scored, gaps);
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

/// Dimensions that come by themselves; a column of the same name would be mixed with them.
const TAKEN: [&str; 5] = [
    "diameter",
    "region",
    "sequence",
    "field strength",
    "slice thickness",
];

fn companions(args: &Evaluate, cases: &CaseList) -> Result<Companions> {
    for path in [&args.regions, &args.scans].into_iter().flatten() {
        if !path.exists() {
            bail!(
                "looking for scans and regions: there is no {}; give a file or a folder that exists",
                path.display()
            );
        }
    }
    if let Some(name) = args.by.iter().find(|name| TAKEN.contains(&name.as_str())) {
        bail!("dividing cases by {name}: that is done anyway; name the column otherwise");
    }
    let regions = match &args.regions {
        Some(path) => Companions::regions_in(cases, path)?,
        None if args.reference.is_dir() => Companions::regions_in(cases, &args.reference)?,
        None => BTreeMap::new(),
    };
    let mut scans: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    if let Some(path) = &args.scans {
        // One file for one case needs no name.
        let only = cases.only_name().filter(|_| path.is_file());
        let found = expand_input(path).context("looking for scans")?;
        if let Some(part) = found.unreachable.first() {
            bail!("looking for scans: {part} ({})", part.name());
        }
        for scan in found.scans {
            let name = only.map_or_else(|| cases.name_of(&scan.path), String::from);
            scans.entry(name).or_default().push(scan.path);
        }
    }
    let is_case = |name: &String| cases.cases.iter().any(|case| case.name == *name);
    if args.regions.is_some() && !regions.keys().any(is_case) {
        bail!(
            "looking for regions: no map in --regions is named after a case; give names with its \
             subject and desc-regions"
        );
    }
    if args.scans.is_some() && !scans.keys().any(is_case) {
        bail!(
            "looking for scans: no scan in --scans is named after a case; give them its subject or \
             name"
        );
    }
    let table = match &args.table {
        None => BTreeMap::new(),
        Some(path) => CaseTable::read(path)
            .and_then(|table| table.levels(&args.by))
            .with_context(|| format!("in {}", path.display()))?,
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
    gaps: Vec<String>,
) -> Metrics {
    let mut remarks: BTreeMap<Remark, usize> = BTreeMap::new();
    for remark in scored.values().flat_map(|case| &case.remarks) {
        *remarks.entry(*remark).or_default() += 1;
    }
    let warnings = remarks
        .into_iter()
        .map(|(remark, cases)| remark.in_words(cases))
        .chain(gaps)
        .collect();
    let subjects = scored
        .into_iter()
        .map(|(name, case)| (name, case.score))
        .collect();
    let missing = Missing {
        predictions: cases.without_prediction(),
        references: cases.without_reference(),
    };
    Metrics::of(
        subjects,
        settings,
        &args.draws.bootstrap(),
        missing,
        warnings,
    )
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
            ("Dice, mean over volumes", "voxel/per_volume/dsc/mean"),
            (
                "Dice, mean over slices with lesion",
                "voxel/per_slice/dsc/mean",
            ),
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
        say(&format!("  {name:36}{}", figures.get(path).in_words(3)));
    }
}
