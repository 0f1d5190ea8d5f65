//! `siderin demo`.

use super::simulate::scan as simulate_scan;
use super::{Failure, Outcome, detect, in_one_line};
use crate::args::{
    Demo, Detect, DeviceName, Lesions, ModelFiles, PaperName, Results, Running, SimulateScan,
};
use crate::progress::say;
use anyhow::Result;
use siderin_evaluate::{Case, Companions, LesionFile, Rule, ScoreSettings, score_files};
use siderin_image::scan::ReadLimits;
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
        protocol2: None,
        t1w: false,
        quiet: args.quiet,
    })
}

fn find(args: &Demo, scan: &Path) -> Result<Outcome, Failure> {
    let outcome = detect::run(&Detect {
        inputs: vec![scan.join("magnitude.nii.gz")],
        files: ModelFiles::default(),
        rules: false,
        running: Running {
            operating_point: None,
            threshold: None,
            device: DeviceName::Cpu,
            flips: false,
        },
        maps: false,
        results: Results {
            out: args.out.clone(),
            t1: None,
            t2: None,
            parcellation: None,
            phase: None,
            paper: PaperName::A4,
            volume: None,
            force: true,
            quiet: args.quiet,
        },
        jobs: 1,
    })?;
    let results = args.out.join("magnitude");
    if !args.quiet {
        let score = score(&scan.join("truth.nii.gz"), &results)
            .map_err(|error| Failure::Run(in_one_line(&error)))?;
        say(&score);
        say(&format!("open {}", results.join("report.html").display()));
    }
    Ok(outcome)
}

/// What was found of what can be seen, by shared voxels.
fn score(truth: &Path, found: &Path) -> Result<String> {
    let case = Case {
        name: "demo".into(),
        reference: Some(LesionFile::Map(truth.to_path_buf())),
        prediction: Some(LesionFile::Results(found.to_path_buf())),
    };
    let settings = ScoreSettings::of(Rule::Overlap);
    let limits = ReadLimits::default();
    let score = score_files(&case, &Companions::default(), &settings, limits)?.score;
    Ok(format!(
        "of {} simulated microbleeds that can be seen, {} were found, with {} false alarm{} (a \
         simulation: what it says about patients is not known)",
        score.tp + score.missed,
        score.tp,
        score.fp,
        if score.fp == 1 { "" } else { "s" }
    ))
}
