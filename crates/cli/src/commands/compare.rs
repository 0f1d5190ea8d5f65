//! `siderin compare`.

use super::detect::rules_or_model;
use super::{Failure, Outcome, check_inputs_stay, in_one_line};
use crate::args::Compare;
use crate::progress::Progress;
use anyhow::{Context, Result, bail};
use siderin_core::change::{Comparison, Siderosis, Visit, compare_visits};
use siderin_image::scan::{Given, ReadLimits, Scan, expand_input, read_scan};
use siderin_net::{Detection, Finder, detect};
use siderin_report::{
    TimelineStep, VisitFindings, prepare_change_folder, visit_folder, write_change, write_timeline,
};
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) fn run(args: &Compare) -> Result<Outcome, Failure> {
    let finder = rules_or_model(args.rules, &args.files, &args.running)?;
    let progress = Progress::new(1, args.quiet);
    let done = compare(args, &finder, &progress);
    progress.finish();
    done.map_err(|error| Failure::Run(in_one_line(&error)))?;
    Ok(Outcome::Done)
}

/// A visit with what was found in it.
struct Found {
    name: String,
    scan: Scan,
    detection: Detection,
}

fn compare(args: &Compare, finder: &Finder, progress: &Progress) -> Result<()> {
    let start = Instant::now();
    let visits = std::iter::once(&args.baseline).chain(&args.followups);
    check_inputs_stay(&args.out, visits.map(PathBuf::as_path))?;
    let folder = prepare_change_folder(&args.out, args.force)?;
    let visits = find_all(args, finder, progress)?;
    progress.doing("comparing");
    let steps = steps(&visits, args.siderosis)?;
    let last = steps.last().context("comparing: there is no later visit")?;
    for caution in &last.since_first.cautions {
        progress.warn("comparison", &caution.to_string());
    }
    progress.doing("writing");
    let paper = args.paper.paper();
    if let [step] = &steps[..] {
        let pair = [visits[0].findings(), visits[1].findings()];
        write_change(&folder.path(""), &pair, &step.since_first, paper)?;
    } else {
        for (n, step) in steps.iter().enumerate() {
            let pair = [visits[0].findings(), visits[n + 1].findings()];
            let place = visit_folder(&folder, n + 2)?;
            write_change(&place, &pair, &step.since_first, paper)?;
        }
        let all: Vec<VisitFindings> = visits.iter().map(Found::findings).collect();
        write_timeline(&folder.path(""), &all, &steps, paper)?;
    }
    let target = folder.publish()?;
    progress.done(
        "comparison",
        &format!(
            "{}, {:.1} s, {}",
            in_words(&last.since_first),
            start.elapsed().as_secs_f64(),
            target.join("report.html").display()
        ),
    );
    Ok(())
}

/// What is in each visit's scan; two at a time, for a detection does not keep two cores busy.
fn find_all(args: &Compare, finder: &Finder, progress: &Progress) -> Result<Vec<Found>> {
    let which = |n: usize| match (n, args.followups.len()) {
        (0, _) => "the baseline".to_string(),
        (_, 1) => "the follow-up".to_string(),
        _ => format!("visit {}", n + 1),
    };
    let paths: Vec<&Path> = std::iter::once(&args.baseline)
        .chain(&args.followups)
        .map(PathBuf::as_path)
        .collect();
    let mut visits = Vec::new();
    for (pair, paths) in paths.chunks(2).enumerate() {
        let found: Vec<Result<Found>> = std::thread::scope(|scope| {
            let running: Vec<_> = paths
                .iter()
                .enumerate()
                .map(|(n, path)| {
                    let which = which(2 * pair + n);
                    scope.spawn(move || find(path, &which, finder, progress))
                })
                .collect();
            let ended = running.into_iter().map(|one| one.join());
            ended
                .map(|one| {
                    one.unwrap_or_else(|_| {
                        bail!("the program made a mistake on a scan; please report it")
                    })
                })
                .collect()
        });
        for one in found {
            visits.push(one?);
        }
    }
    Ok(visits)
}

/// Each later visit compared with the first and with the one before; siderosis was seen at the last.
fn steps(visits: &[Found], siderosis: Option<u16>) -> Result<Vec<TimelineStep>> {
    let last = visits.len() - 1;
    let mut steps = Vec::new();
    for n in 1..visits.len() {
        let siderosis = match siderosis {
            Some(areas) if n == last => Siderosis::NewAreas(areas.into()),
            _ => Siderosis::NotEntered,
        };
        let compare = |earlier: usize, siderosis: Siderosis| {
            let compared = compare_visits(&visits[earlier].visit(), &visits[n].visit(), siderosis);
            // Of two visits it is clear which.
            if visits.len() == 2 {
                return Ok(compared?);
            }
            compared.with_context(|| format!("visits {} and {}", earlier + 1, n + 1))
        };
        steps.push(TimelineStep {
            since_first: compare(0, siderosis)?,
            since_previous: (n > 1)
                .then(|| compare(n - 1, Siderosis::NotEntered))
                .transpose()?,
        });
    }
    Ok(steps)
}

/// Such as "3 new, ARIA-H mild".
fn in_words(comparison: &Comparison) -> String {
    let aria_h = &comparison.aria_h;
    let grade = match aria_h.grade {
        Ok(grade) => format!("ARIA-H {}", grade.name()),
        Err(why) => format!("no ARIA-H grade: {}", why.reason()),
    };
    format!("{} new microbleed candidates, {grade}", aria_h.new_count)
}

fn find(path: &Path, which: &str, finder: &Finder, progress: &Progress) -> Result<Found> {
    progress.doing(&format!("{which}: reading"));
    let found = expand_input(path).with_context(|| format!("reading {which}"))?;
    if let Some(part) = found.unreachable.first() {
        bail!("reading {which}: {part} ({})", part.name());
    }
    let mut inputs = found.scans;
    if inputs.len() != 1 {
        bail!(
            "reading {which}: it holds {} scans, expected one; give one of them",
            inputs.len()
        );
    }
    let input = inputs.remove(0);
    let scan = read_scan(&input, &Given::default(), ReadLimits::default())
        .with_context(|| format!("reading {which}"))?;
    progress.doing(&format!("{which}: detecting"));
    let detection =
        detect(&scan, finder, &|_| {}).with_context(|| format!("detecting in {which}"))?;
    for note in &detection.warnings {
        progress.warn(which, &note.to_string());
    }
    Ok(Found {
        name: input.stem,
        scan,
        detection,
    })
}

impl Found {
    fn visit(&self) -> Visit<'_> {
        Visit {
            scan: &self.scan,
            brain: &self.detection.found.brain,
            lesions: &self.detection.found.lesions,
            faint: &self.detection.found.faint,
            sensitive_from: self.detection.found.sensitive_from,
            candidates: self.detection.found.candidates.places(),
            threshold: self.detection.threshold(),
            warnings: &self.detection.warnings,
        }
    }

    fn findings(&self) -> VisitFindings<'_> {
        VisitFindings {
            name: &self.name,
            findings: self.detection.findings(&self.scan),
            faint: &self.detection.found.faint,
        }
    }
}
