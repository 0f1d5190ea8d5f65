//! `siderin detect` and `siderin explain`.

use super::regions::regions_model;
use super::{Failure, Outcome, check_inputs_stay, in_one_line};
use crate::args::{Detect, DeviceName, Explain, ModelFiles, Results, Running};
use crate::progress::Progress;
use anyhow::{Context, Result, bail};
use siderin_core::detection::Maps;
use siderin_core::lesion::Counts;
use siderin_image::scan::{Given, Input, ReadLimits, expand_input, read_scan, stem};
use siderin_net::architectures::Output;
use siderin_net::model_file::{Model, ModelCard, Threshold};
use siderin_net::{
    CandidateDetector, CandidateJudge, Detector, Finder, RegionFinder, RulesConfig,
    default_candidates, detect, heat_map,
};
use siderin_report::{prepare_folder, write_folder};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What the arguments stand for.
struct Inputs {
    scans: Vec<Input>,
    /// Name and reason of each argument, or part of a folder, that cannot be read.
    unreadable: Vec<(String, String)>,
    /// What folders hold besides, in words.
    passed_over: Vec<String>,
}

/// What is done with each scan.
struct Job<'a> {
    results: &'a Results,
    finder: Finder,
    /// Whether the model's maps are written.
    maps: bool,
    /// Whether it is shown where the model looked.
    explain: bool,
}

pub(crate) fn run(args: &Detect) -> Result<Outcome, Failure> {
    let job = Job {
        results: &args.results,
        finder: rules_or_model(args.rules, &args.files, &args.running)?,
        maps: args.maps,
        explain: false,
    };
    run_all(&job, &args.inputs, args.jobs)
}

pub(crate) fn explain(args: &Explain) -> Result<Outcome, Failure> {
    let job = Job {
        results: &args.results,
        finder: finder(&args.files, &args.running)?,
        maps: false,
        explain: true,
    };
    run_all(&job, std::slice::from_ref(&args.input), 1)
}

/// The rules where they are asked for, else a model.
pub(super) fn rules_or_model(
    by_rules: bool,
    files: &ModelFiles,
    args: &Running,
) -> Result<Finder, Failure> {
    if by_rules {
        rules(args)
    } else {
        finder(files, args)
    }
}

/// The rules, as far as they can be set.
fn rules(args: &Running) -> Result<Finder, Failure> {
    if args.device != DeviceName::Cpu {
        return Err(Failure::Usage(
            "--device is for models; leave it out, or --rules".into(),
        ));
    }
    let rules = RulesConfig::default();
    Ok(Finder::Rules(RulesConfig {
        threshold: args.threshold.unwrap_or(rules.threshold),
        ..rules
    }))
}

/// The model that is given, or the program's own, on its device.
fn finder(files: &ModelFiles, args: &Running) -> Result<Finder, Failure> {
    open_finder(files, args).map_err(|error| Failure::Run(in_one_line(&error)))
}

/// As [`finder`].
pub(super) fn open_finder(files: &ModelFiles, args: &Running) -> Result<Finder> {
    let (model, regions) = (files.model.as_deref(), files.regions.as_deref());
    let compute = args.device.device().open()?;
    let model = match model {
        Some(path) => Model::read(path, compute.device())?,
        None => default_candidates(compute.device())?,
    };
    let threshold = threshold(&model.card, args)?;
    if model.card.model.design().output() != Output::Candidates {
        if regions.is_some() {
            bail!("--regions is for models of candidates; leave it out");
        }
        let detector = Detector::new(model, &compute, args.flips(), threshold)?;
        return Ok(Finder::Model(Box::new(detector)));
    }
    if args.flips {
        bail!("--flips is for networks that make maps; leave it out for a model of candidates");
    }
    let regions = regions_model(regions, compute.device())?;
    let regions = RegionFinder::new(regions, &compute)?;
    let judge = CandidateJudge::new(model, &compute)?;
    let detector = CandidateDetector::new(regions, judge, threshold)?;
    Ok(Finder::Candidates(Box::new(detector)))
}

/// The threshold that is given, or that of the operating point; none for the model's own.
fn threshold(card: &ModelCard, args: &Running) -> Result<Option<Threshold>> {
    if let Some(value) = args.threshold {
        return Ok(Some(Threshold { value, point: None }));
    }
    let Some(point) = args.operating_point else {
        return Ok(None);
    };
    let found = card.threshold_at(point).with_context(|| {
        format!(
            "the model {} knows no operating points; leave --operating-point out, or give --threshold",
            card.name
        )
    });
    found.map(Some)
}

fn run_all(job: &Job, paths: &[PathBuf], jobs: u16) -> Result<Outcome, Failure> {
    let Inputs {
        scans,
        unreadable,
        passed_over,
    } = inputs(paths, job.results, job.explain)?;
    let progress = Progress::new(scans.len() + unreadable.len(), job.results.quiet);
    let failed = AtomicBool::new(!unreadable.is_empty());
    for said in &passed_over {
        progress.note(said);
    }
    for (name, why) in &unreadable {
        progress.failed(name, why);
    }
    let queue = Mutex::new(scans.iter());
    std::thread::scope(|scope| {
        for _ in 0..usize::from(jobs).min(scans.len()) {
            scope.spawn(|| {
                while let Some(input) = next(&queue) {
                    if let Err(error) = one(input, job, &progress) {
                        failed.store(true, Ordering::Relaxed);
                        progress.failed(&input.stem, &in_one_line(&error));
                    }
                }
            });
        }
    });
    progress.finish();
    Ok(if failed.into_inner() {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    })
}

fn next<'a>(queue: &Mutex<impl Iterator<Item = &'a Input>>) -> Option<&'a Input> {
    queue
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .next()
}

/// All scans the arguments stand for, and the arguments that stand for none.
fn inputs(paths: &[PathBuf], args: &Results, one_only: bool) -> Result<Inputs, Failure> {
    let mut inputs = Vec::new();
    let mut unreadable = Vec::new();
    let mut passed_over = Vec::new();
    for path in paths {
        match expand_input(path) {
            Ok(found) => {
                passed_over.extend(found.passed_over());
                inputs.extend(found.scans);
                let parts = found.unreachable.iter();
                unreadable.extend(parts.map(|part| (part.name(), part.to_string())));
            }
            Err(error) => unreadable.push((stem(path), error.to_string())),
        }
    }
    if one_only && inputs.len() > 1 {
        return Err(Failure::Usage(format!(
            "one scan is explained at a time, and the input holds {}; give one of them",
            inputs.len()
        )));
    }
    let along = [&args.t1, &args.t2, &args.parcellation, &args.phase];
    if along.iter().any(|given| given.is_some()) && inputs.len() != 1 {
        return Err(Failure::Usage(format!(
            "--t1, --t2, --parcellation and --phase belong to one scan, but {} are given; run them one by one",
            inputs.len() + unreadable.len()
        )));
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for input in &inputs {
        *seen.entry(&input.stem).or_default() += 1;
    }
    if let Some((name, count)) = seen.into_iter().filter(|(_, n)| *n > 1).min() {
        return Err(Failure::Usage(format!(
            "{count} inputs are called {name}: their results would share one folder; run them \
             with different --out"
        )));
    }
    Ok(Inputs {
        scans: inputs,
        unreadable,
        passed_over,
    })
}

/// Reads, detects, writes; a panic in it costs this scan only.
fn one(input: &Input, job: &Job, progress: &Progress) -> Result<()> {
    let work = std::panic::AssertUnwindSafe(|| one_scan(input, job, progress));
    std::panic::catch_unwind(work).unwrap_or_else(|_| {
        Err(anyhow::anyhow!(
            "the program made a mistake on this scan; please report it"
        ))
    })
}

fn one_scan(input: &Input, job: &Job, progress: &Progress) -> Result<()> {
    let start = Instant::now();
    let name = input.stem.as_str();
    let args = job.results;
    let folder = prepare_folder(&args.out, name, args.force)?;
    check_inputs_stay(&args.out.join(name), [input.path.as_path()])?;
    progress.doing(&format!("{name}: reading"));
    let given = Given {
        t1: args.t1.as_deref(),
        t2: args.t2.as_deref(),
        parcellation: args.parcellation.as_deref(),
        phase: args.phase.as_deref(),
        volume: args.volume.map(|number| number as usize),
    };
    let scan = read_scan(input, &given, ReadLimits::default())?;
    let detection = detect(&scan, &job.finder, &|stage| {
        progress.doing(&format!("{name}: {}", stage.in_words()));
    })?;
    let heat = match &job.finder {
        Finder::Model(detector) if job.explain => {
            progress.doing(&format!("{name}: looking where the model looked"));
            heat_map(detector, &detection)?
        }
        Finder::Candidates(detector) if job.explain => {
            progress.doing(&format!("{name}: looking where the model looked"));
            Some(detector.heat(&scan, &detection.found.lesions)?)
        }
        _ => None,
    };
    for note in &detection.warnings {
        progress.warn(name, &note.to_string());
    }
    progress.doing(&format!("{name}: writing"));
    let mut findings = detection.findings(&scan);
    let maps = detection.found.maps.as_ref().filter(|_| job.maps);
    let regions = detection.found.regions.as_ref().filter(|_| job.maps);
    findings.maps = Maps {
        probability: maps.map(|maps| &maps.probability),
        regions,
        structures: detection.found.structures.as_ref().filter(|_| job.maps),
        heat: heat.as_ref(),
    };
    let target = write_folder(folder, &findings, args.paper.paper())?;
    let counts = Counts::of(&detection.found.lesions);
    let larger = match counts.macrohaemorrhages {
        0 => String::new(),
        n => format!(", {n} larger than 10 mm"),
    };
    let plural = if counts.microbleeds == 1 { "" } else { "s" };
    progress.done(
        name,
        &format!(
            "{} microbleed candidate{plural}{larger} (burden group {}), {:.1} s, {}",
            counts.microbleeds,
            counts.burden_group,
            start.elapsed().as_secs_f64(),
            target.join("report.html").display()
        ),
    );
    Ok(())
}
