//! `siderin demo`.

use super::simulate::scan as simulate_scan;
use super::{Failure, Outcome, detect, in_one_line};
use crate::args::{Demo, Detect, Lesions, SimulateScan};
use crate::progress::say;
use anyhow::{Context, Result};
use siderin_core::scan::{ReadLimits, nifti};
use std::collections::BTreeSet;
use std::path::Path;

/// A person with a dozen microbleeds, some of them too faint to be seen.
const LESIONS: usize = 12;

pub(crate) fn run(args: &Demo) -> Result<Outcome, Failure> {
    let scan = args.out.join("scan");
    // A demo that was run before, or stopped, has its scan already.
    if seed_of(&scan) != Some(args.seed) {
        simulate(args, &scan)?;
    }
    find(args, &scan)
}

/// The seed of a simulated scan that is there.
fn seed_of(scan: &Path) -> Option<u64> {
    let record = std::fs::read(scan.join("truth.json")).ok()?;
    serde_json::from_slice::<serde_json::Value>(&record).ok()?["seed"].as_u64()
}

fn simulate(args: &Demo, scan: &Path) -> Result<Outcome, Failure> {
    simulate_scan::run(&SimulateScan {
        head: "builtin".into(),
        protocol: "3t-gre-1x3".into(),
        lesions: Lesions::Count(LESIONS),
        seed: args.seed,
        out: scan.to_path_buf(),
        visit2: None,
        t1w: false,
        quiet: args.quiet,
    })
}

fn find(args: &Demo, scan: &Path) -> Result<Outcome, Failure> {
    let outcome = detect::run(&Detect {
        inputs: vec![scan.join("magnitude.nii.gz")],
        out: args.out.clone(),
        t1: None,
        phase: None,
        volume: None,
        threshold: siderin_net::DetectConfig::default().threshold,
        jobs: 1,
        force: true,
        quiet: args.quiet,
    })?;
    let results = args.out.join("magnitude");
    if !args.quiet {
        let score = score(&scan.join("truth.nii.gz"), &results.join("lesions.nii.gz"))
            .map_err(|error| Failure::Run(in_one_line(&error)))?;
        say(&score);
        say(&format!("open {}", results.join("report.html").display()));
    }
    Ok(outcome)
}

/// What was found of what can be seen, by shared voxels.
fn score(truth: &Path, found: &Path) -> Result<String> {
    let read = |path: &Path| {
        nifti::read_volume(path, None, ReadLimits::default())
            .map(|(_, volume, _)| volume)
            .context("reading the demo's labels")
    };
    let (truth, found) = (read(truth)?, read(found)?);
    let numbers = |labels: &[f32]| -> BTreeSet<u32> {
        labels
            .iter()
            .filter(|v| **v > 0.0)
            .map(|v| *v as u32)
            .collect()
    };
    let mut hit = BTreeSet::new();
    let mut right = BTreeSet::new();
    for (&t, &f) in truth.voxels().iter().zip(found.voxels()) {
        if t > 0.0 && f > 0.0 {
            hit.insert(t as u32);
            right.insert(f as u32);
        }
    }
    let all = numbers(truth.voxels()).len();
    let false_alarms = numbers(found.voxels()).len() - right.len();
    Ok(format!(
        "of {all} simulated microbleeds that can be seen, {} were found, with {false_alarms} false \
         alarm{} (a simulation: what it says about patients is not known)",
        hit.len(),
        if false_alarms == 1 { "" } else { "s" }
    ))
}
