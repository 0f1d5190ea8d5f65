//! What a reader, or several together, made of a scan: the same pages and files as a detection, of lesions that
//! somebody accepted.

mod document;
mod sheet;

use crate::scan::folder::{ReportError, write_pages};
use crate::scan::forms::{FormsTables, write_form_rows};
use crate::sheet::{Paper, render};
use document::ReadingDocument;
use siderin_core::forms::{Counted, Forms};
use siderin_core::lesion::{Lesion, label_volume};
use siderin_image::folder::{write_json, write_synced};
use siderin_image::scan::nifti::write_volume_placed;
use siderin_image::scan::{Scan, Suitability};
use siderin_image::volume::Volume;
use std::path::Path;

/// A reading of one scan.
#[derive(Debug)]
pub struct ReadingReport<'a> {
    /// The scan as read.
    pub scan: &'a Scan,
    /// Whether it suits microbleed detection.
    pub suitability: Suitability,
    /// Who read it, such as "anna", or "anna and ben together".
    pub reader: String,
    /// Whether the reader has finished.
    pub is_finished: bool,
    /// Findings that were not decided: they are in no count.
    pub open: usize,
    /// What proposed findings, in words; none where all were marked by hand.
    pub method: Option<String>,
    /// The brain of that method, for the grey window.
    pub brain: Option<&'a Volume<bool>>,
    /// The lesions accepted, numbered from 1.
    pub lesions: Vec<ReportedLesion>,
    /// Findings that were rejected.
    pub rejected: Vec<Rejected>,
    /// Landmarks.
    pub landmarks: Vec<Landmarked>,
    /// What the reader says of the scan's quality, in words.
    pub quality: Option<String>,
}

/// A lesion that was accepted.
#[derive(Debug, Clone)]
pub struct ReportedLesion {
    /// The finding it belongs to.
    pub item: String,
    /// As measured.
    pub lesion: Lesion,
    /// As the forms count it.
    pub counted: Counted,
    /// What the program said; none of what the reader added.
    pub confidence: Option<f32>,
    /// Its probable cause.
    pub cause: Option<&'static str>,
    /// In the reader's words.
    pub note: String,
}

/// A finding that was rejected.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// The finding.
    pub item: String,
    /// Its centre in RAS+ mm.
    pub center_world: [f64; 3],
    /// What the program said.
    pub confidence: Option<f32>,
    /// What it is instead.
    pub mimic: Option<&'static str>,
    /// In the reader's words.
    pub note: String,
}

/// A landmark.
#[derive(Debug, Clone)]
pub struct Landmarked {
    /// What is there.
    pub what: &'static str,
    /// Where, in RAS+ mm.
    pub world: [f64; 3],
    /// In the reader's words.
    pub note: String,
}

impl ReadingReport<'_> {
    fn forms(&self) -> Forms {
        let counted: Vec<Counted> = self.lesions.iter().map(|read| read.counted).collect();
        Forms::count(&counted, 0.0)
    }
}

/// The report as one HTML page.
///
/// # Errors
/// [`ReportError::Page`].
pub fn reading_page(report: &ReadingReport) -> Result<String, ReportError> {
    Ok(render(&sheet::sheet(report))?)
}

/// Writes `lesions.json`, `lesions.csv`, `lesions.nii.gz`, `forms.csv`, `report.html` and `report.pdf` into a folder.
///
/// # Errors
/// What the disk says.
pub fn write_reading(
    folder: &Path,
    report: &ReadingReport,
    paper: Paper,
) -> Result<(), ReportError> {
    write_json(&folder.join("lesions.json"), &ReadingDocument::of(report))?;
    write_synced(&folder.join("lesions.csv"), |sink| {
        Ok::<_, ReportError>(document::write_table(sink, report)?)
    })?;
    let lesions: Vec<Lesion> = report
        .lesions
        .iter()
        .map(|read| read.lesion.clone())
        .collect();
    let labels = label_volume(report.scan.magnitude.grid(), &lesions);
    let placements = &report.scan.placements;
    write_volume_placed(&folder.join("lesions.nii.gz"), &labels, placements)?;
    write_synced(&folder.join("forms.csv"), |sink| {
        Ok::<_, ReportError>(write_form_rows(sink, Some(&report.forms()))?)
    })?;
    write_json(
        &folder.join("forms.json"),
        &FormsTables::of(&report.forms()),
    )?;
    write_pages(folder, &sheet::sheet(report), paper)
}
