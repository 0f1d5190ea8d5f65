//! `siderin split`.

use super::{Failure, Outcome, check_inputs_stay, in_one_line};
use crate::args::Split;
use crate::progress::say;
use anyhow::{Context, Result, bail};
use siderin_evaluate::{CaseTable, SplitFile, split};
use siderin_image::folder::{write_json, write_then_rename};
use std::collections::BTreeMap;

pub(crate) fn run(args: &Split) -> Result<Outcome, Failure> {
    divide(args).map_err(|error| Failure::Run(in_one_line(&error)))?;
    Ok(Outcome::Done)
}

fn divide(args: &Split) -> Result<()> {
    if args.out.exists() && !args.force {
        bail!(
            "writing the folds: a file of this name exists; folds that results rest on must not \
             change, give another --out, or --force"
        );
    }
    check_inputs_stay(&args.out, [args.manifest.as_path()])?;
    let table = CaseTable::read(&args.manifest)
        .with_context(|| format!("in {}", args.manifest.display()))?;
    let folds = split(&table, usize::from(args.folds), &args.stratify, args.seed)?;
    write_then_rename(&args.out, |path| write_json(path, &folds))?;
    print(&folds);
    Ok(())
}

/// How many of each stratum every fold holds.
fn print(split: &SplitFile) {
    let mut counts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, fold) in split.folds.iter().enumerate() {
        for subject in fold {
            let stratum = split.strata.get(subject).map_or("", String::as_str);
            let row = counts
                .entry(stratum)
                .or_insert_with(|| vec![0; split.folds.len()]);
            row[at] += 1;
        }
    }
    let line = |counts: &[usize]| -> String { counts.iter().map(|n| format!("{n:5}")).collect() };
    let all: Vec<usize> = split.folds.iter().map(Vec::len).collect();
    say(&format!("subjects by fold{}", line(&all)));
    for (stratum, counts) in counts.iter().filter(|(name, _)| !name.is_empty()) {
        say(&format!("  {stratum:30}{}", line(counts)));
    }
}
