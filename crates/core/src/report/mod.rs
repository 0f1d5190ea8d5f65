//! Files and pages for people and programs.
//!
//! [`Findings`] is everything one scan brought; [`write_folder`] writes it in one step:
//! `lesions.json`, `lesions.csv`, `lesions.nii.gz`, `candidates.csv`, `forms.json`, `forms.csv` and
//! `report.html`, and the maps of a network that were asked for.

mod candidates;
mod change;
mod document;
mod folder;
mod forms;
mod page;
pub(crate) mod picture;
mod tables;

pub use candidates::Candidates;
pub use change::{VisitFindings, prepare_change_folder, write_change};
pub use document::{Findings, Maps, Method, Quality, Step};
pub use folder::{ReportError, prepare_folder, write_folder};

/// Said on every page and in every file.
pub const RESEARCH_USE: &str = "For research use only: this is not a medical device. No real \
     microbleed was available for training or testing it; every finding needs a reader.";
