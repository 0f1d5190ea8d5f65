//! `siderin inspect`.

use super::{Failure, Outcome};
use crate::args::Inspect;
use crate::progress::complain;
use serde::Serialize;
use siderin_image::scan::{
    Acquisition, Catalog, Note, ReadLimits, RefusedVolume, Suitability, VolumeEntry, Walked,
    holds_dicom, is_nifti, nifti_files, printable, stem, suitability,
};
use siderin_image::volume::Grid;
use siderin_net::architectures::Output;
use siderin_net::model_file::ModelCard;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    schema_version: &'static str,
    scans: Vec<ScanEntry>,
    models: Vec<ModelEntry>,
    refused: Vec<RefusedEntry>,
    errors: Vec<ErrorEntry>,
}

#[derive(Serialize)]
struct ScanEntry {
    name: String,
    volume: usize,
    summary: String,
    axes: String,
    grid: Grid,
    acquisition: Acquisition,
    suitability: Suitability,
    notes: Vec<Note>,
}

#[derive(Serialize)]
struct ModelEntry {
    name: String,
    card: ModelCard,
}

#[derive(Serialize)]
struct RefusedEntry {
    name: String,
    volume: usize,
    slices: usize,
    description: String,
    acquisition: Acquisition,
    reason: String,
}

#[derive(Serialize)]
struct ErrorEntry {
    name: String,
    reason: String,
}

pub(crate) fn run(args: &Inspect) -> Result<Outcome, Failure> {
    let mut report = Report {
        schema_version: "1.1",
        scans: vec![],
        models: vec![],
        refused: vec![],
        errors: vec![],
    };
    for path in &args.inputs {
        if path.extension().is_some_and(|ending| ending == "siderin") {
            inspect_model(path, &mut report);
            continue;
        }
        for file in files_of(path, &mut report) {
            inspect(&file, &mut report);
        }
    }
    let text = if args.json {
        let json = serde_json::to_string_pretty(&report)
            .map_err(|error| Failure::Run(error.to_string()))?;
        json + "\n"
    } else {
        printable(&in_words(&report), true)
    };
    // A closed pipe is the reader's choice, not a failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    for error in &report.errors {
        complain(&format!("error: {}: {}", error.name, error.reason));
    }
    // A heap with a localizer is in order; one without any volume is not.
    let nothing = report.scans.is_empty() && report.models.is_empty() && !report.refused.is_empty();
    let failed = !report.errors.is_empty() || nothing;
    Ok(if failed {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    })
}

/// A folder of NIfTI files is inspected file by file, all of them, and its DICOM files as one
/// heap; any other input as it is.
fn files_of(path: &Path, report: &mut Report) -> Vec<PathBuf> {
    let Walked {
        mut files,
        unreachable,
    } = nifti_files(path);
    let named = unreachable.iter().any(|part| is_nifti(&part.path));
    if files.is_empty() && !named || holds_dicom(path) {
        // What cannot be read in a heap is told when it is opened.
        files.push(path.to_path_buf());
    } else {
        report
            .errors
            .extend(unreachable.iter().map(|part| ErrorEntry {
                name: part.name(),
                reason: part.to_string(),
            }));
    }
    files
}

fn inspect(path: &Path, report: &mut Report) {
    let name = stem(path);
    let catalog = match Catalog::open(path, ReadLimits::default()) {
        Ok(catalog) => catalog,
        Err(error) => {
            report.errors.push(ErrorEntry {
                name,
                reason: error.to_string(),
            });
            return;
        }
    };
    report.scans.extend(catalog.volumes.iter().map(|entry| {
        let mut scan = scan_entry(&name, entry);
        scan.notes.extend(catalog.notes.iter().cloned());
        scan
    }));
    report.refused.extend(
        catalog
            .refused
            .iter()
            .map(|refused| refused_entry(&name, refused)),
    );
}

fn inspect_model(path: &Path, report: &mut Report) {
    let name = stem(path);
    match ModelCard::read(path) {
        Ok(card) => report.models.push(ModelEntry { name, card }),
        Err(error) => report.errors.push(ErrorEntry {
            name,
            reason: error.to_string(),
        }),
    }
}

fn scan_entry(name: &str, entry: &VolumeEntry) -> ScanEntry {
    ScanEntry {
        name: name.to_string(),
        volume: entry.number,
        summary: entry.summary(),
        axes: entry.grid.axis_codes().to_string(),
        grid: entry.grid.clone(),
        acquisition: entry.acquisition.clone(),
        suitability: suitability(&entry.grid, &entry.acquisition),
        notes: entry.notes.clone(),
    }
}

fn refused_entry(name: &str, refused: &RefusedVolume) -> RefusedEntry {
    RefusedEntry {
        name: name.to_string(),
        volume: refused.number,
        slices: refused.slices,
        description: refused.description(),
        acquisition: refused.acquisition.clone(),
        reason: refused.error.to_string(),
    }
}

/// Volumes of one input that are shown one by one; of more, the first and a count.
const SHOWN: usize = 6;

fn in_words(report: &Report) -> String {
    let mut lines = Vec::new();
    let mut of_this_name = 0;
    for (at, scan) in report.scans.iter().enumerate() {
        let same = at > 0 && report.scans[at - 1].name == scan.name;
        of_this_name = if same { of_this_name + 1 } else { 1 };
        let last = report
            .scans
            .get(at + 1)
            .is_none_or(|next| next.name != scan.name);
        if of_this_name > SHOWN {
            if last {
                lines.push(format!(
                    "  … and {} more volumes of {}\n",
                    of_this_name - SHOWN,
                    scan.name
                ));
            }
            continue;
        }
        lines.push(scan_in_words(scan));
    }
    lines.extend(report.models.iter().map(model_in_words));
    for refused in &report.refused {
        lines.push(format!(
            "{} (volume {}, {} slices, {}): refused\n  {}\n",
            refused.name, refused.volume, refused.slices, refused.description, refused.reason
        ));
    }
    lines.join("\n")
}

fn model_in_words(model: &ModelEntry) -> String {
    let card = &model.card;
    let (recipe, point) = (&card.recipe, &card.operating);
    let spacing = |mm: Option<f64>| mm.map_or("own".into(), |mm| format!("{mm} mm"));
    let ring = point.ring_mm.map_or(String::new(), |mm| {
        format!(", mostly brain tissue within {mm} mm")
    });
    let design = card.model.design();
    let images = match (design.output(), design.inputs(), card.t1_optional) {
        (Output::Regions | Output::Structures, ..) => "a head in any contrast",
        (Output::Candidates, ..) => "T2* or SWI magnitude, phase if there is one",
        (Output::Microbleeds, 1, _) => "T2* or SWI magnitude",
        (Output::Microbleeds, 2, true) => "T2* or SWI magnitude, T1w if there is one",
        (Output::Microbleeds, 2, false) => "T2* or SWI magnitude and T1w",
        (Output::Microbleeds, _, true) => "T2* or SWI magnitude, T1w and T2w if there are any",
        (Output::Microbleeds, _, false) => "T2* or SWI magnitude, T1w and T2w",
    };
    let other = card.other_points.map_or(String::new(), |other| {
        format!(
            " (sensitive {}, specific {})",
            other.sensitive, other.specific
        )
    });
    let (prepared, finding) = match design.output() {
        Output::Regions => (
            "the head in voxels of 2 mm".into(),
            "regions of the brain, no microbleeds".into(),
        ),
        Output::Structures => (
            "the head in voxels of 2 mm".into(),
            "structures of the head, no microbleeds".into(),
        ),
        Output::Candidates => (
            match &card.regions {
                Some(used) => format!("spots in the brain of {} ({})", used.name, used.fingerprint),
                None => "spots in the brain of a network of regions".into(),
            },
            format!("probability {} or more{other}", point.threshold),
        ),
        Output::Microbleeds => (
            format!(
                "{} in plane, {} across slices; {}{}",
                spacing(recipe.plane_spacing_mm),
                spacing(recipe.slice_spacing_mm),
                recipe.intensity,
                if recipe.bias_correction { "; N4" } else { "" }
            ),
            format!(
                "probability {} or more{other}, {} mm³ or more{ring}",
                point.threshold, point.minimum_mm3
            ),
        ),
    };
    let rows = [
        ("network", card.model.architecture().to_string()),
        ("images", images.into()),
        ("prepared", prepared),
        ("finding", finding),
        ("confidence", card.confidence_meaning.clone()),
        ("trained", card.training.summary.clone()),
        ("by", card.training.software.clone()),
        ("licence", card.licence.clone()),
    ];
    let mut lines = vec![format!("{}: {}", model.name, card.name)];
    lines.extend(rows.map(|(label, value)| format!("  {label:<12}{value}")));
    lines.join("\n") + "\n"
}

fn scan_in_words(scan: &ScanEntry) -> String {
    let a = &scan.acquisition;
    let mut lines = vec![format!("{} (volume {})", scan.name, scan.volume)];
    let mut row = |label: &str, value: String| lines.push(format!("  {label:<12}{value}"));
    row("image", format!("{}, {}", a.sequence(), a.component()));
    let [nx, ny, nz] = scan.grid.shape();
    let [dx, dy, dz] = scan.grid.spacing_mm();
    row(
        "grid",
        format!(
            "{nx} × {ny} × {nz} voxels of {dx:.3} × {dy:.3} × {dz:.3} mm, axes {}",
            scan.axes
        ),
    );
    let numbers = [
        a.field_strength_t
            .as_ref()
            .map(|k| format!("{} T", k.value)),
        a.te_ms.as_ref().map(|k| format!("TE {:.2} ms", k.value)),
        a.tr_ms.as_ref().map(|k| format!("TR {:.1} ms", k.value)),
        a.flip_angle_deg
            .as_ref()
            .map(|k| format!("flip angle {}°", k.value)),
        a.slice_thickness_mm
            .as_ref()
            .map(|k| format!("slice thickness {:.2} mm", k.value)),
    ];
    let known: Vec<String> = numbers.into_iter().flatten().collect();
    row(
        "acquired",
        if known.is_empty() {
            "not stated".into()
        } else {
            known.join(", ")
        },
    );
    let scanner: Vec<&str> = [&a.vendor, &a.model]
        .into_iter()
        .flatten()
        .map(|k| k.value.as_str())
        .collect();
    if !scanner.is_empty() {
        row("scanner", scanner.join(", "));
    }
    if let Some(series) = &a.series_description {
        row("series", series.value.clone());
    }
    row("suitability", scan.suitability.verdict.to_string());
    for reason in &scan.suitability.reasons {
        row("", format!("- {reason}"));
    }
    for note in &scan.notes {
        row("note", note.to_string());
    }
    lines.join("\n") + "\n"
}
