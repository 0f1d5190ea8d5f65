//! The files of one scan's results, in a folder that is complete or not there at all.

use super::document::{Document, Findings};
use super::{page, tables};
use crate::folder::{FolderError, PartialFolder, Replace, write_json, write_synced};
use crate::lesion::label_volume;
use crate::scan::nifti::{WriteError, write_volume_placed};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Results that cannot be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ReportError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(
        "writing results: {0}; check that --out is a folder, its free space and its permissions"
    )]
    Io(#[from] io::Error),
    #[error(transparent)]
    Labels(#[from] WriteError),
    #[error("writing results: {0}")]
    Table(#[from] csv::Error),
    #[error("writing results: the report cannot be made ({0}); please report this as a fault")]
    Page(#[from] minijinja::Error),
}

/// All a result folder holds; one with anything else in it is never replaced.
const RESULT_FILES: [&str; 5] = [
    "lesions.json",
    "lesions.csv",
    "lesions.nii.gz",
    "candidates.csv",
    "report.html",
];

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
pub fn write_folder(folder: PartialFolder, findings: &Findings) -> Result<PathBuf, ReportError> {
    write_json(&folder.path("lesions.json"), &Document::of(findings))?;
    write_synced(&folder.path("lesions.csv"), |sink| {
        Ok::<_, ReportError>(tables::write_lesions(sink, findings.lesions)?)
    })?;
    write_synced(&folder.path("candidates.csv"), |sink| {
        Ok::<_, ReportError>(tables::write_candidates(sink, findings.candidates)?)
    })?;
    let labels = label_volume(findings.scan.magnitude.grid(), findings.lesions);
    let label_file = folder.path("lesions.nii.gz");
    write_volume_placed(&label_file, &labels, &findings.scan.placements)?;
    drop(labels);
    let html = page::render(findings)?;
    write_synced(&folder.path("report.html"), |sink| {
        Ok::<_, ReportError>(sink.write_all(html.as_bytes())?)
    })?;
    Ok(folder.publish()?)
}
