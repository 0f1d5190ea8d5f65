//! Files and pages for people and programs.
//!
//! [`Findings`](siderin_core::detection::Findings) is everything one scan brought; [`write_folder`] writes it in one step:
//! `lesions.json`, `lesions.csv`, `lesions.nii.gz`, `candidates.csv`, `forms.json`, `forms.csv`,
//! `report.html`, `report.pdf`, and the maps of a network that were asked for. [`write_change`] writes what a
//! comparison of two visits brought, [`write_reading`] what a reader made of a scan.

mod change;
mod reading;
mod scan;
mod sheet;
mod thumbnail;
mod validation;
mod words;

pub use change::{
    TimelineStep, VisitFindings, prepare_change_folder, visit_folder, write_change, write_timeline,
};
pub use reading::{
    Landmarked, ReadingReport, Rejected, ReportedLesion, reading_page, write_reading,
};
pub use scan::{ReportError, prepare_folder, write_folder};
pub use sheet::{Paper, PdfError};
pub use thumbnail::thumbnail;
pub use validation::{
    Share, ValidatedImplant, ValidatedScan, Validation, ValidationPoint, write_validation,
};
