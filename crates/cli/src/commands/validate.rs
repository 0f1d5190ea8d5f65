//! `siderin validate`.

use super::detect::open_finder;
use super::implant::{Unreadable, fingerprint, inputs_of, subjects};
use super::implant_site::{Prepared, SiteAsked, prepare};
use super::{Failure, Outcome, in_one_line};
use crate::args::{Running, Validate};
use crate::progress::Progress;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use siderin_core::lesion::Lesion;
use siderin_core::regions::Region;
use siderin_core::truth::LesionTruth;
use siderin_image::folder::{WorkFolder, read_bounded, write_json, write_then_rename};
use siderin_image::random::Stream;
use siderin_image::scan::{Input, suitability};
use siderin_image::volume::WorldPoint;
use siderin_net::model_file::{ModelCard, PointName};
use siderin_net::{Finder, RegionFinder, detect};
use siderin_report::{
    ValidatedImplant, ValidatedScan, Validation, ValidationPoint, write_validation,
};
use siderin_simulate::implant::{ImplantRequest, ImplantSite, implant};
use std::path::Path;

/// What was asked for: a folder that holds the same is gone on with.
const MARKER: &str = "asked.json";
/// A finding this close to a microbleed is its finding.
const SAME_MM: f64 = 5.0;

/// What decides the figures, besides the scans.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Asked {
    generator: String,
    method: String,
    copies: u16,
    lesions: u16,
    seed: u64,
    site: SiteAsked,
}

/// What was found in one scan, kept until all are done.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    source_fingerprint: String,
    scan: ValidatedScan,
}

pub(crate) fn run(args: &Validate) -> Result<Outcome, Failure> {
    let failed = |error: anyhow::Error| Failure::Run(in_one_line(&error));
    let (inputs, unreadable) = inputs_of(&args.inputs, &args.site)?;
    if inputs.is_empty() {
        let why = unreadable
            .first()
            .map(|(name, why)| format!("{name}: {why}"));
        return Err(Failure::Run(
            why.unwrap_or_else(|| "no scan was given".into()),
        ));
    }
    let names = subjects(&inputs).map_err(failed)?;
    validate(args, &inputs, &names, &unreadable).map_err(failed)
}

fn validate(
    args: &Validate,
    inputs: &[Input],
    names: &[String],
    unreadable: &Unreadable,
) -> Result<Outcome> {
    let finder = open_finder(&args.files, &Running::default())?;
    let (method, points) = method(&finder)?;
    let folder = WorkFolder::open(&args.out, MARKER)?;
    check_asked(&folder, args, &method)?;
    let progress = Progress::new(inputs.len() + unreadable.len(), args.quiet);
    let mut some_failed = !unreadable.is_empty();
    for (name, why) in unreadable {
        progress.failed(name, why);
    }
    let mut regions = None;
    let mut scans = Vec::new();
    for (input, name) in inputs.iter().zip(names) {
        match one(args, input, name, &finder, &folder, &mut regions, &progress) {
            Ok(scan) => {
                progress.done(&input.stem, &in_words(&scan));
                scans.push(scan);
            }
            Err(error) => {
                some_failed = true;
                progress.failed(&input.stem, &in_one_line(&error));
            }
        }
    }
    progress.finish();
    if scans.is_empty() {
        bail!("validating: none of the scans could be used");
    }
    let validation = Validation {
        schema_version: "1.0".into(),
        generator: generator(),
        method,
        points,
        scans,
    };
    write_validation(&args.out, &validation, args.paper.paper())?;
    progress.note(&format!("{}", args.out.join("report.html").display()));
    Ok(if some_failed {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    })
}

fn generator() -> String {
    format!("siderin {}", env!("CARGO_PKG_VERSION"))
}

/// The model in words, and its points, the most sensitive first.
fn method(finder: &Finder) -> Result<(String, Vec<ValidationPoint>)> {
    let Finder::Candidates(detector) = finder else {
        bail!(
            "validating: this takes a model of candidates, for its confidence means the same everywhere; give one with \
             --model, or leave it out"
        );
    };
    let card: &ModelCard = detector.card();
    let points = [
        PointName::Sensitive,
        PointName::Balanced,
        PointName::Specific,
    ];
    let known = points.into_iter().filter_map(|point| {
        Some(ValidationPoint {
            name: point.name().into(),
            threshold: card.threshold_at(point)?.value,
        })
    });
    let mut points: Vec<ValidationPoint> = known.collect();
    if points.is_empty() {
        points.push(ValidationPoint {
            name: "balanced".into(),
            threshold: card.threshold().value,
        });
    }
    Ok((card.name.clone(), points))
}

fn check_asked(folder: &WorkFolder, args: &Validate, method: &str) -> Result<()> {
    let asked = Asked {
        generator: generator(),
        method: method.into(),
        copies: args.copies,
        lesions: args.lesions,
        seed: args.seed,
        site: SiteAsked::of(&args.site),
    };
    let marker = folder.join(MARKER);
    if marker.exists() {
        let there = read_bounded(&marker, 1)?.unwrap_or_default();
        if serde_json::from_slice::<Asked>(&there).ok() != Some(asked) {
            bail!(
                "opening --out: it holds a validation with other options; repeat those to go on, or give another --out"
            );
        }
        return Ok(());
    }
    keep(&marker, &asked)
}

fn keep(path: &Path, value: &impl Serialize) -> Result<()> {
    Ok(write_then_rename(path, |partial| {
        write_json(partial, value)
    })?)
}

fn in_words(scan: &ValidatedScan) -> String {
    let found = scan
        .implants
        .iter()
        .filter(|i| i.confidence.is_some())
        .count();
    format!(
        "{found} of {} visible microbleeds found at the most sensitive point",
        scan.implants.len()
    )
}

/// A scan as it is and its copies, or what is known of them from before.
fn one(
    args: &Validate,
    input: &Input,
    name: &str,
    finder: &Finder,
    folder: &WorkFolder,
    regions: &mut Option<RegionFinder>,
    progress: &Progress,
) -> Result<ValidatedScan> {
    progress.doing(&format!("{}: reading", input.stem));
    let mut prepared = prepare(&args.site, input, regions, progress)?;
    let source_fingerprint = fingerprint(&prepared);
    let kept = folder.join(&format!("{name}.json"));
    if let Some(bytes) = read_bounded(&kept, 64).ok().flatten()
        && let Ok(there) = serde_json::from_slice::<Kept>(&bytes)
    {
        if there.source_fingerprint == source_fingerprint {
            return Ok(there.scan);
        }
        bail!("validating: --out holds {name} of another scan, phase or mask; give another --out");
    }
    // Microbleeds of a weighted image have no phase, so that none is looked at.
    if prepared.scanner.weighted {
        prepared.scan.phase = None;
    }
    progress.doing(&format!("{}: as it is", input.stem));
    let own = findings(&prepared, finder)?;
    let mut scan = ValidatedScan {
        name: input.stem.clone(),
        scanner: scanner_in_words(&prepared),
        suitability: suitability(prepared.scan.magnitude.grid(), &prepared.scan.acquisition)
            .verdict
            .to_string(),
        findings: own.iter().map(|lesion| lesion.confidence).collect(),
        implants: Vec::new(),
        invisible: 0,
    };
    let original = prepared.scan.magnitude.clone();
    for copy in 1..=args.copies {
        progress.doing(&format!("{}: copy {copy}", input.stem));
        let request = ImplantRequest {
            lesions: usize::from(args.lesions),
            seed: Stream::new(args.seed, name, u64::from(copy)).seed(),
            ..ImplantRequest::default()
        };
        let site = ImplantSite {
            magnitude: &original,
            phase: prepared.phase.as_ref(),
            room: &prepared.room,
        };
        let made = implant(&site, &prepared.scanner, &request)?;
        prepared.scan.magnitude = made.magnitude;
        prepared.scan.phase = made.phase;
        let found = findings(&prepared, finder)?;
        for lesion in &made.truth.lesions {
            if lesion.visible {
                scan.implants.push(validated(lesion, &found, &own));
            } else {
                scan.invisible += 1;
            }
        }
    }
    keep(
        &kept,
        &Kept {
            source_fingerprint,
            scan: scan.clone(),
        },
    )?;
    Ok(scan)
}

/// Everything from the most sensitive point on.
fn findings(prepared: &Prepared, finder: &Finder) -> Result<Vec<Lesion>> {
    let detection = detect(&prepared.scan, finder, &|_| {}).context("detecting")?;
    let mut lesions = detection.found.lesions;
    lesions.extend(detection.found.faint);
    Ok(lesions)
}

/// The best finding at a microbleed's place that was not there before.
fn validated(lesion: &LesionTruth, found: &[Lesion], own: &[Lesion]) -> ValidatedImplant {
    let [x, y, z] = lesion.center_world_mm;
    let center = WorldPoint::new(x, y, z);
    let near = |finding: &&Lesion| (finding.center_world.0 - center.0).norm() <= SAME_MM;
    // Room was kept from all that is dark, so what was found there before is rare.
    let before = own.iter().filter(near).map(|finding| finding.confidence);
    let before = before.fold(0.0, f32::max);
    let best = found.iter().filter(near).map(|finding| finding.confidence);
    let group = Region::ALL
        .into_iter()
        .find(|region| lesion.region.as_deref() == Some(region.name()))
        .map(|region| region.group().name().to_string());
    ValidatedImplant {
        visible_diameter_mm: lesion.visible_diameter_mm,
        peak_loss: lesion.peak_loss,
        group,
        confidence: best.reduce(f32::max).filter(|best| *best > before),
    }
}

fn scanner_in_words(prepared: &Prepared) -> String {
    let scanner = &prepared.scanner;
    let spacing = prepared.scan.magnitude.grid().spacing_mm();
    let kind = match (scanner.weighted, &prepared.phase) {
        (true, _) => "SWI",
        (false, Some(_)) => "magnitude and phase",
        (false, None) => "magnitude",
    };
    format!(
        "{kind}, {:.1} T, TE {:.1} ms, {:.2} × {:.2} × {:.2} mm",
        scanner.b0_t, scanner.te_ms, spacing[0], spacing[1], spacing[2]
    )
}
