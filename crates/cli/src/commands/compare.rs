//! `siderin compare`.

use super::detect::{finder, rules};
use super::{Failure, Outcome, in_one_line};
use crate::args::Compare;
use crate::progress::Progress;
use crate::read::{self, Given};
use anyhow::{Context, Result, bail};
use siderin_core::change::{Comparison, Siderosis, Visit, compare_visits};
use siderin_core::report::{VisitFindings, prepare_change_folder, write_change};
use siderin_core::scan::{ReadLimits, Scan, expand_input};
use siderin_net::{Detection, Finder, detect};
use std::path::Path;
use std::time::Instant;

pub(crate) fn run(args: &Compare) -> Result<Outcome, Failure> {
    let finder = if args.rules {
        rules(&args.running)?
    } else {
        finder(
            args.model.as_deref(),
            args.regions.as_deref(),
            &args.running,
        )?
    };
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
    let folder = prepare_change_folder(&args.out, args.force)?;
    let baseline = find(&args.baseline, "the baseline", finder, progress)?;
    let followup = find(&args.followups[0], "the follow-up", finder, progress)?;
    progress.doing("comparing");
    let siderosis = args.siderosis.map_or(Siderosis::NotEntered, |areas| {
        Siderosis::NewAreas(areas.into())
    });
    let comparison = compare_visits(&baseline.visit(), &followup.visit(), siderosis)?;
    for caution in &comparison.cautions {
        progress.warn("comparison", &caution.to_string());
    }
    progress.doing("writing");
    let visits = [baseline.findings(), followup.findings()];
    write_change(&folder.path(""), &visits, &comparison)?;
    let target = folder.publish()?;
    progress.done(
        "comparison",
        &format!(
            "{}, {:.1} s, {}",
            in_words(&comparison),
            start.elapsed().as_secs_f64(),
            target.join("change.json").display()
        ),
    );
    Ok(())
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
    let mut inputs = expand_input(path).with_context(|| format!("reading {which}"))?;
    if inputs.len() != 1 {
        bail!(
            "reading {which}: it holds {} scans, expected one; give one of them",
            inputs.len()
        );
    }
    let input = inputs.remove(0);
    let given = Given {
        t1: None,
        t2: None,
        phase: None,
        volume: None,
    };
    let scan = read::scan(&input, &given, ReadLimits::default())
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
            brain: &self.detection.brain,
            lesions: &self.detection.lesions,
            faint: &self.detection.faint,
            sensitive_from: self.detection.sensitive_from,
            candidates: self.detection.candidates.places(),
            threshold: self.detection.threshold(),
            warnings: &self.detection.warnings,
        }
    }

    fn findings(&self) -> VisitFindings<'_> {
        VisitFindings {
            name: &self.name,
            findings: self.detection.findings(&self.scan),
            faint: &self.detection.faint,
        }
    }
}
