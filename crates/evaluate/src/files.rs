//! The files of a score, in a folder that is complete or not there.

use super::compare::Comparison;
use super::compare_tables::{latex, markdown};
use super::document::Metrics;
use super::page::{self, Gallery};
use siderin_image::folder::{FolderError, PartialFolder, Replace, write_json, write_synced};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Scores that cannot be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ScoreFilesError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("writing scores: {0}; check the free space and the permissions of the output folder")]
    Io(#[from] io::Error),
    #[error("writing scores: {0}; check the free space of the output folder")]
    Table(#[from] csv::Error),
    #[error("writing scores: the page cannot be made ({0}); please report this as a fault")]
    Page(#[from] minijinja::Error),
}

const FILES: [&str; 3] = ["metrics.json", "metrics.csv", "report.html"];

/// Claims a folder for scores; `force` allows to replace earlier ones.
///
/// # Errors
/// As [`PartialFolder::claim_at`].
pub fn claim_scores(target: &Path, force: bool) -> Result<PartialFolder, FolderError> {
    let replace = if force {
        Replace::Only(&FILES)
    } else {
        Replace::NotNow
    };
    PartialFolder::claim_at(target, replace)
}

/// Writes `metrics.json`, `metrics.csv` and `report.html` and puts the folder in its place.
///
/// # Errors
/// What the disk says; nothing is left behind then.
pub fn write_scores(
    folder: PartialFolder,
    metrics: &Metrics,
    gallery: &Gallery,
) -> Result<PathBuf, ScoreFilesError> {
    write_json(&folder.path("metrics.json"), metrics)?;
    write_synced(&folder.path("metrics.csv"), |sink| {
        Ok::<_, ScoreFilesError>(metrics.write_table(sink)?)
    })?;
    let html = page::render(metrics, gallery)?;
    write_synced(&folder.path("report.html"), |sink| {
        Ok::<_, ScoreFilesError>(sink.write_all(html.as_bytes())?)
    })?;
    Ok(folder.publish()?)
}

const COMPARISON_FILES: [&str; 3] = ["comparison.json", "comparison.md", "comparison.tex"];

/// Claims a folder for a comparison; `force` allows to replace an earlier one.
///
/// # Errors
/// As [`PartialFolder::claim_at`].
pub fn claim_comparison(target: &Path, force: bool) -> Result<PartialFolder, FolderError> {
    let replace = if force {
        Replace::Only(&COMPARISON_FILES)
    } else {
        Replace::NotNow
    };
    PartialFolder::claim_at(target, replace)
}

/// Writes `comparison.json`, `comparison.md` and `comparison.tex` and puts the folder in its
/// place.
///
/// # Errors
/// What the disk says; nothing is left behind then.
pub fn write_comparison(
    folder: PartialFolder,
    comparison: &Comparison,
) -> Result<PathBuf, ScoreFilesError> {
    write_json(&folder.path("comparison.json"), comparison)?;
    for (file, text) in [
        ("comparison.md", markdown(comparison)),
        ("comparison.tex", latex(comparison)),
    ] {
        write_synced(&folder.path(file), |sink| {
            Ok::<_, ScoreFilesError>(sink.write_all(text.as_bytes())?)
        })?;
    }
    Ok(folder.publish()?)
}
