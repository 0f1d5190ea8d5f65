//! `siderin implant`.

use super::implant_site::{Prepared, SiteAsked, prepare};
use super::{Failure, Outcome, in_one_line};
use crate::args::{Implant, Site};
use crate::progress::Progress;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use siderin_image::folder::{read_bounded, write_json, write_then_rename};
use siderin_image::random::Stream;
use siderin_image::scan::{Input, expand_input};
use siderin_net::RegionFinder;
use siderin_simulate::implant::{
    ImplantRecord, ImplantRequest, ImplantSite, implant, write_implanted,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What the data set was made of: a folder that holds the same is gone on with.
const MARKER: &str = "implant.json";

/// What was asked for.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Asked {
    generator: String,
    request: ImplantRequest,
    copies: u16,
    site: SiteAsked,
}

pub(crate) fn run(args: &Implant) -> Result<Outcome, Failure> {
    let failed = |error: anyhow::Error| Failure::Run(in_one_line(&error));
    let (inputs, unreadable) = inputs_of(&args.inputs, &args.site)?;
    let subjects = subjects(&inputs).map_err(failed)?;
    open(args).map_err(failed)?;
    let progress = Progress::new(inputs.len() + unreadable.len(), args.quiet);
    let mut some_failed = !unreadable.is_empty();
    for (name, why) in &unreadable {
        progress.failed(name, why);
    }
    let mut finder = None;
    for (input, subject) in inputs.iter().zip(&subjects) {
        match one(args, input, subject, &mut finder, &progress) {
            Ok(said) => progress.done(&input.stem, &said),
            Err(error) => {
                some_failed = true;
                progress.failed(&input.stem, &in_one_line(&error));
            }
        }
    }
    progress.finish();
    Ok(if some_failed {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    })
}

/// Name and reason.
pub(super) type Unreadable = Vec<(String, String)>;

/// The scans, and what cannot be read.
pub(super) fn inputs_of(
    paths: &[PathBuf],
    site: &Site,
) -> Result<(Vec<Input>, Unreadable), Failure> {
    let (mut inputs, mut unreadable) = (Vec::new(), Vec::new());
    for path in paths {
        match expand_input(path) {
            Ok(found) => {
                inputs.extend(found.scans);
                let parts = found.unreachable.iter();
                unreadable.extend(parts.map(|part| (part.name(), part.to_string())));
            }
            Err(error) => unreadable.push((siderin_image::scan::stem(path), error.to_string())),
        }
    }
    let along = site.mask.is_some() || site.phase.is_some() || site.volume.is_some();
    if along && inputs.len() != 1 {
        return Err(Failure::Usage(format!(
            "--mask, --phase and --volume belong to one scan, but {} are given; run them one by one",
            inputs.len()
        )));
    }
    Ok((inputs, unreadable))
}

/// BIDS labels of the scans: of their own subject, or of their names, letters and digits alone.
pub(super) fn subjects(inputs: &[Input]) -> Result<Vec<String>> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut subjects = Vec::new();
    for input in inputs {
        let name = input.stem.strip_prefix("sub-").unwrap_or(&input.stem);
        let label: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        if label.is_empty() {
            bail!(
                "naming the copies: {} holds no letter or digit; rename the scan",
                input.stem
            );
        }
        if let Some(other) = seen.insert(label.clone(), &input.stem) {
            bail!(
                "naming the copies: {other} and {} would both be sub-{label}; run them with different --out",
                input.stem
            );
        }
        subjects.push(format!("sub-{label}"));
    }
    Ok(subjects)
}

fn request(args: &Implant, subject: &str, copy: u16) -> ImplantRequest {
    ImplantRequest {
        lesions: usize::from(args.lesions),
        core_radius_mm: args.core_radius,
        chi_ppm: args.chi,
        shares: args.shares,
        calcifications: usize::from(args.calcifications),
        veins: usize::from(args.veins),
        seed: Stream::new(args.seed, subject, u64::from(copy)).seed(),
    }
}

/// Makes the data set's folder, or goes on with one that was asked for alike.
fn open(args: &Implant) -> Result<()> {
    let asked = Asked {
        generator: generator(),
        request: ImplantRequest {
            seed: args.seed,
            ..request(args, "", 0)
        },
        copies: args.copies,
        site: SiteAsked::of(&args.site),
    };
    fs::create_dir_all(&args.out).context("making the folder of --out")?;
    let marker = args.out.join(MARKER);
    if marker.exists() {
        let there = read_bounded(&marker, 1)?.unwrap_or_default();
        let there: Option<Asked> = serde_json::from_slice(&there).ok();
        if there != Some(asked) {
            bail!(
                "opening --out: it holds implants made with other options; repeat those to go on, or give another --out"
            );
        }
        return describe(&args.out);
    }
    let others = |entry: fs::DirEntry| !entry.file_name().to_string_lossy().starts_with('.');
    if fs::read_dir(&args.out)?.flatten().any(others) {
        bail!("opening --out: it holds other files; give an empty folder or a new one");
    }
    // First of all, so that a folder that is begun can be gone on with.
    write(&marker, &asked)?;
    describe(&args.out)
}

/// The files that make the folder a BIDS data set.
fn describe(out: &Path) -> Result<()> {
    let about = |kind: &str| {
        serde_json::json!({
            "Name": "scans with simulated microbleeds", "BIDSVersion": "1.10.0", "DatasetType": kind,
            "GeneratedBy": [{ "Name": "siderin", "Version": env!("CARGO_PKG_VERSION"),
                "Description": "microbleeds are simulated; the scans are as they were otherwise" }],
        })
    };
    let truth = out.join("derivatives/truth");
    fs::create_dir_all(&truth)?;
    write(&out.join("dataset_description.json"), &about("raw"))?;
    write(
        &truth.join("dataset_description.json"),
        &about("derivative"),
    )
}

fn write(path: &Path, value: &impl Serialize) -> Result<()> {
    Ok(write_then_rename(path, |partial| {
        write_json(partial, value)
    })?)
}

fn generator() -> String {
    format!("siderin {}", env!("CARGO_PKG_VERSION"))
}

/// All copies of a scan that are not there yet.
fn one(
    args: &Implant,
    input: &Input,
    subject: &str,
    finder: &mut Option<RegionFinder>,
    progress: &Progress,
) -> Result<String> {
    let (there, names): (Vec<_>, Vec<_>) = (1..=args.copies)
        .map(|copy| match args.copies {
            1 => (copy, format!("{subject}implant")),
            _ => (copy, format!("{subject}implant{copy}")),
        })
        .partition(|(_, name)| args.out.join(name).is_dir());
    progress.doing(&format!("{}: reading", input.stem));
    let prepared = prepare(&args.site, input, finder, progress)?;
    let source_fingerprint = fingerprint(&prepared);
    if let Some((_, name)) = there
        .iter()
        .find(|(_, name)| fingerprint_of(&args.out, name).as_ref() != Some(&source_fingerprint))
    {
        bail!(
            "implanting: {name} is there already and was made of another scan, phase or mask; give another --out"
        );
    }
    if names.is_empty() {
        return Ok("all copies are there already".into());
    }
    let (mut put, mut visible) = (0, 0);
    for (copy, name) in &names {
        progress.doing(&format!("{}: copy {copy}", input.stem));
        let request = request(args, subject, *copy);
        let site = ImplantSite {
            magnitude: &prepared.scan.magnitude,
            phase: prepared.phase.as_ref(),
            room: &prepared.room,
        };
        let made = implant(&site, &prepared.scanner, &request)?;
        put += made.truth.lesions.len();
        visible += made.truth.lesions.iter().filter(|l| l.visible).count();
        let record = ImplantRecord {
            generator: generator(),
            source: input.stem.clone(),
            source_fingerprint: source_fingerprint.clone(),
            scanner: prepared.scanner,
            approximation: approximation(&prepared).into(),
            lesions: made.truth.lesions.clone(),
            mimics: made.mimics.clone(),
            request,
        };
        let placements = &prepared.scan.placements;
        write_implanted(
            &args.out,
            name,
            &made,
            prepared.regions.as_ref(),
            placements,
            &record,
        )?;
    }
    let copies = if names.len() == 1 { "copy" } else { "copies" };
    Ok(format!(
        "{} {copies}, {put} microbleeds, {visible} of them visible",
        names.len()
    ))
}

fn approximation(prepared: &Prepared) -> &'static str {
    match (prepared.scanner.weighted, &prepared.phase) {
        (true, _) => {
            "a weighted image: its magnitude and a phase mask of each lesion alone; the scanner's own filter is not known"
        }
        (false, Some(_)) => {
            "magnitude and phase: the complex signal in tissue that is uniform within a voxel's point spread"
        }
        (false, None) => "magnitude alone: without the phase that the voxels had",
    }
}

/// A name of what implants are put into, that no other scan has: of its voxels, its phase's and the mask's.
pub(super) fn fingerprint(prepared: &Prepared) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut add = |bits: u32| {
        // FNV-1a, four bytes at a time.
        hash = (hash ^ u64::from(bits)).wrapping_mul(0x0100_0000_01b3);
    };
    let images = std::iter::once(&prepared.scan.magnitude).chain(&prepared.phase);
    for image in images {
        image.voxels().iter().for_each(|value| add(value.to_bits()));
    }
    let inside = prepared.room.parenchyma().voxels();
    inside.iter().for_each(|inside| add(u32::from(*inside)));
    format!("{hash:016x}")
}

/// What a copy that is there already was made of; none where it cannot be told.
fn fingerprint_of(out: &Path, name: &str) -> Option<String> {
    let record = out.join(format!("derivatives/truth/{name}/anat/{name}_truth.json"));
    let record = read_bounded(&record, 64).ok()??;
    let record: ImplantRecord = serde_json::from_slice(&record).ok()?;
    Some(record.source_fingerprint)
}
