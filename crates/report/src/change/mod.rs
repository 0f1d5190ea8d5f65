//! The files of a comparison: `change.json`, `change.csv`, `report.html`, `report.pdf`, and both visits'
//! findings under the numbers of their changes; of more than two visits a timeline as well.

mod document;
mod sheet;
mod timeline;

pub use timeline::TimelineStep;

use crate::scan::folder::write_pages;
use crate::{Paper, ReportError};
use siderin_core::change::{Change, Comparison, Seen};
use siderin_core::detection::Findings;
use siderin_core::lesion::Lesion;
use siderin_image::folder::{FolderError, PartialFolder, Replace, write_json, write_synced};
use siderin_image::scan::nifti::write_volume_placed;
use siderin_image::volume::Volume;
use std::path::{Path, PathBuf};

/// A visit as its report names it.
#[derive(Debug)]
pub struct VisitFindings<'a> {
    /// What the user called it: the input's name.
    pub name: &'a str,
    /// What was found.
    pub findings: Findings<'a>,
    /// What would be findings at a lower threshold, numbered on from these.
    pub faint: &'a [Lesion],
}

impl VisitFindings<'_> {
    /// The finding that a place is of.
    pub(super) fn lesion(&self, seen: &Seen) -> Option<&Lesion> {
        let id = seen.lesion?;
        let mut lesions = self.findings.lesions.iter().chain(self.faint);
        lesions.find(|lesion| lesion.id == id)
    }
}

/// All a comparison's folder holds, of two visits or of more.
const CHANGE_FILES: [&str; 18] = [
    "change.json",
    "change.csv",
    "report.html",
    "report.pdf",
    "baseline-lesions.nii.gz",
    "followup-lesions.nii.gz",
    "timeline.json",
    "visit-2",
    "visit-3",
    "visit-4",
    "visit-5",
    "visit-6",
    "visit-7",
    "visit-8",
    "visit-9",
    "visit-10",
    "visit-11",
    "visit-12",
];

/// Claims `out` for a comparison; `force` allows to replace an earlier one.
///
/// # Errors
/// As [`PartialFolder::claim_at`].
pub fn prepare_change_folder(out: &Path, force: bool) -> Result<PartialFolder, FolderError> {
    let replace = if force {
        Replace::Only(&CHANGE_FILES)
    } else {
        Replace::NotNow
    };
    PartialFolder::claim_at(out, replace)
}

/// Writes all files of a comparison into `folder`.
///
/// # Errors
/// What the disk says.
pub fn write_change(
    folder: &Path,
    visits: &[VisitFindings; 2],
    comparison: &Comparison,
    paper: Paper,
) -> Result<(), ReportError> {
    let path = |name: &str| -> PathBuf { folder.join(name) };
    let document = document::ChangeDocument::of(visits, comparison);
    write_json(&path("change.json"), &document)?;
    write_synced(&path("change.csv"), |sink| {
        Ok::<_, ReportError>(document::write_changes(sink, visits, comparison)?)
    })?;
    let of: [fn(&Change) -> &Seen; 2] = [|change| &change.baseline, |change| &change.followup];
    let names = ["baseline-lesions.nii.gz", "followup-lesions.nii.gz"];
    for ((visit, of), name) in visits.iter().zip(of).zip(names) {
        let labels = change_labels(visit, comparison, of);
        write_volume_placed(&path(name), &labels, &visit.findings.scan.placements)?;
    }
    write_pages(folder, &sheet::sheet(visits, comparison), paper)
}

/// Where the comparison of a later visit with the first goes; `number` counts visits from 1.
///
/// # Errors
/// What the disk says.
pub fn visit_folder(folder: &PartialFolder, number: usize) -> Result<PathBuf, FolderError> {
    folder.subfolder(&timeline::folder_of(number))
}

/// Writes `timeline.json`, `report.html` and `report.pdf` of more than two visits into `folder`.
///
/// # Errors
/// What the disk says.
pub fn write_timeline(
    folder: &Path,
    visits: &[VisitFindings],
    steps: &[TimelineStep],
    paper: Paper,
) -> Result<(), ReportError> {
    let document = timeline::TimelineDocument::of(visits, steps);
    write_json(&folder.join("timeline.json"), &document)?;
    write_pages(folder, &timeline::sheet(visits, steps), paper)
}

/// A visit's findings on its own grid, under the numbers of their changes.
fn change_labels(
    visit: &VisitFindings,
    comparison: &Comparison,
    of: fn(&Change) -> &Seen,
) -> Volume<u16> {
    let mut labels = Volume::filled(visit.findings.scan.magnitude.grid(), 0u16);
    for change in &comparison.changes {
        for &offset in visit
            .lesion(of(change))
            .map_or(&[][..], |lesion| &lesion.voxels)
        {
            labels.voxels_mut()[offset] = change.id;
        }
    }
    labels
}
