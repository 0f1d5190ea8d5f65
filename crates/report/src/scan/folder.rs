//! The files of one scan's results, in a folder that is complete or not there at all.

use super::document::Document;
use super::forms::{FormsDocument, write_forms};
use super::{candidates, sheet, tables};
use crate::sheet::{Paper, PdfError, Sheet, render, write};
use siderin_core::detection::Findings;
use siderin_core::lesion::label_volume;
use siderin_image::folder::{FolderError, PartialFolder, Replace, write_json, write_synced};
use siderin_image::scan::nifti::{WriteError, write_volume_placed, write_volume_scaled};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Results that cannot be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ReportError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(
        "writing results: {0}; check that ‹out› is a folder, its free space and its permissions"
    )]
    Io(#[from] io::Error),
    #[error(transparent)]
    Labels(#[from] WriteError),
    #[error("writing results: {0}")]
    Table(#[from] csv::Error),
    #[error("writing results: the report cannot be made ({0}); please report this as a fault")]
    Page(#[from] minijinja::Error),
    #[error(transparent)]
    Pdf(#[from] PdfError),
}

/// All a result folder holds; one with anything else in it is never replaced.
const RESULT_FILES: [&str; 12] = [
    "lesions.json",
    "lesions.csv",
    "lesions.nii.gz",
    "candidates.csv",
    "forms.json",
    "forms.csv",
    "report.html",
    "report.pdf",
    PROBABILITY,
    REGIONS,
    STRUCTURES,
    HEAT,
];
const PROBABILITY: &str = "probability.nii.gz";
const REGIONS: &str = "regions.nii.gz";
const STRUCTURES: &str = "structures.nii.gz";
const HEAT: &str = "heatmap.nii.gz";
/// Shares of one are written as whole numbers of this step.
const SHARE_STEP: f32 = 1e-4;

/// Claims `out/name` for results; `force` allows to replace earlier results.
///
/// # Errors
/// As [`PartialFolder::claim`].
pub fn prepare_folder(out: &Path, name: &str, force: bool) -> Result<PartialFolder, FolderError> {
    let replace = if force {
        Replace::Only(&RESULT_FILES)
    } else {
        Replace::NotNow
    };
    PartialFolder::claim(out, name, replace)
}

/// Writes all files and puts the folder in its place. Returns where it is.
///
/// # Errors
/// What the disk says; nothing is left behind then.
pub fn write_folder(
    folder: PartialFolder,
    findings: &Findings,
    paper: Paper,
) -> Result<PathBuf, ReportError> {
    write_json(&folder.path("lesions.json"), &Document::of(findings))?;
    write_synced(&folder.path("lesions.csv"), |sink| {
        Ok::<_, ReportError>(tables::write_lesions(
            sink,
            findings.lesions,
            findings.anatomy,
        )?)
    })?;
    write_synced(&folder.path("candidates.csv"), |sink| {
        Ok::<_, ReportError>(candidates::write_candidates(sink, findings.candidates)?)
    })?;
    write_json(&folder.path("forms.json"), &FormsDocument::of(findings))?;
    write_synced(&folder.path("forms.csv"), |sink| {
        Ok::<_, ReportError>(write_forms(sink, findings)?)
    })?;
    let labels = label_volume(findings.scan.magnitude.grid(), findings.lesions);
    let label_file = folder.path("lesions.nii.gz");
    write_volume_placed(&label_file, &labels, &findings.scan.placements)?;
    drop(labels);
    write_maps(&folder, findings)?;
    write_pages(&folder.path(""), &sheet::sheet(findings), paper)?;
    Ok(folder.publish()?)
}

/// Writes `report.html` and `report.pdf`.
pub(crate) fn write_pages(folder: &Path, sheet: &Sheet, paper: Paper) -> Result<(), ReportError> {
    let (html, pdf) = rayon::join(|| render(sheet), || write(sheet, paper));
    for (name, bytes) in [("report.html", html?.into_bytes()), ("report.pdf", pdf?)] {
        write_synced(&folder.join(name), |sink| {
            Ok::<_, ReportError>(sink.write_all(&bytes)?)
        })?;
    }
    Ok(())
}

fn write_maps(folder: &PartialFolder, findings: &Findings) -> Result<(), ReportError> {
    let placements = &findings.scan.placements;
    let maps = &findings.maps;
    for (name, share) in [(PROBABILITY, maps.probability), (HEAT, maps.heat)] {
        if let Some(share) = share {
            let steps = share.map(|value| (value / SHARE_STEP).round() as i16);
            write_volume_scaled(&folder.path(name), &steps, placements, SHARE_STEP)?;
        }
    }
    for (name, codes) in [(REGIONS, maps.regions), (STRUCTURES, maps.structures)] {
        if let Some(codes) = codes {
            write_volume_placed(&folder.path(name), codes, placements)?;
        }
    }
    Ok(())
}
