//! Files and pages for people and programs.
//!
//! [`Findings`] is everything one scan brought; [`write_folder`] writes it in one step:
//! `lesions.json`, `lesions.csv`, `lesions.nii.gz`, `candidates.csv`, `forms.json`, `forms.csv`,
//! `report.html`, `report.pdf`, and the maps of a network that were asked for. [`write_change`] writes what a
//! comparison of two visits brought, [`write_reading`] what a reader made of a scan.

mod candidates;
mod change;
mod document;
mod folder;
mod forms;
mod forms_sheet;
pub(crate) mod picture;
mod reading;
mod scan_sheet;
mod sheet;
mod tables;
mod texts;

pub use candidates::Candidates;
pub use change::{
    TimelineStep, VisitFindings, prepare_change_folder, visit_folder, write_change, write_timeline,
};
pub use document::{Findings, Maps, Method, Quality, Step};
pub use folder::{ReportError, prepare_folder, write_folder};
pub use picture::thumbnail;
pub use reading::{
    Landmarked, ReadingReport, Rejected, ReportedLesion, reading_page, write_reading,
};
pub use sheet::{Paper, PdfError};

/// Said on every page and in every file.
pub const RESEARCH_USE: &str = "For research use only: this is not a medical device. No real \
     microbleed was available for training or testing it; every finding needs a reader.";
