//! `siderin compare-methods`.

use super::{Failure, Outcome, in_one_line};
use crate::args::CompareMethods;
use crate::progress::say;
use anyhow::{Context, Result, bail};
use siderin_evaluate::{
    Metrics, ScoredMethod, claim_comparison, compare, markdown, write_comparison,
};
use siderin_image::folder::read_bounded;
use std::path::Path;

pub(crate) fn run(args: &CompareMethods) -> Result<Outcome, Failure> {
    if !args.names.is_empty() && args.names.len() != args.metrics.len() {
        return Err(Failure::Usage(format!(
            "{} names are given for {} methods; give one for each",
            args.names.len(),
            args.metrics.len()
        )));
    }
    compared(args).map_err(|error| Failure::Run(in_one_line(&error)))?;
    Ok(Outcome::Done)
}

fn compared(args: &CompareMethods) -> Result<()> {
    let folder = claim_comparison(&args.out, args.force)?;
    let methods: Vec<ScoredMethod> = args
        .metrics
        .iter()
        .enumerate()
        .map(|(at, path)| {
            let name = args.names.get(at).cloned();
            Ok(ScoredMethod {
                metrics: read(path)?,
                name: name.map_or_else(|| name_of(path), Ok)?,
            })
        })
        .collect::<Result<_>>()?;
    let comparison = compare(&methods, &args.draws.bootstrap())?;
    write_comparison(folder, &comparison)?;
    if !args.quiet {
        say(&markdown(&comparison));
    }
    Ok(())
}

fn read(path: &Path) -> Result<Metrics> {
    let text = read_bounded(path, 64).with_context(|| format!("reading {}", path.display()))?;
    let text =
        text.with_context(|| format!("reading {}: it is larger than 64 MB", path.display()))?;
    let metrics: Metrics = serde_json::from_slice(&text).with_context(|| {
        format!(
            "reading scores: this is no metrics.json of this version of siderin evaluate ({})",
            path.display()
        )
    })?;
    if !metrics.schema_version.starts_with("1.") {
        bail!(
            "reading scores: schema {} is newer than this program knows; score again with it, or \
             take a newer one ({})",
            metrics.schema_version,
            path.display()
        );
    }
    Ok(metrics)
}

/// The folder that holds the scores, as `siderin evaluate --out NAME` made it.
fn name_of(path: &Path) -> Result<String> {
    let folder = path.canonicalize()?;
    let name = folder.parent().and_then(Path::file_name);
    let name = name.context("naming the methods: give --names")?;
    Ok(name.to_string_lossy().into_owned())
}
