//! The report of one scan: `lesions.json`, tables, forms, maps, pages.

pub(crate) mod candidates;
pub(crate) mod document;
pub(crate) mod folder;
pub(crate) mod forms;
pub(crate) mod forms_sheet;
pub(crate) mod sheet;
pub(crate) mod tables;

pub use folder::{ReportError, prepare_folder, write_folder};
