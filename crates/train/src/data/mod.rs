//! Scans with labels, prepared as detection would and kept on disk.
//!
//! [`find`] lists them, [`Scans`] says which of them judge, [`prepare_all`] makes of each a file of
//! what the network sees and what is true, and [`Store`] hands these out within a limit of memory.

mod candidate_file;
mod candidates;
mod choice;
mod divide;
mod find;
mod labelled;
mod labels;
mod prepare;
mod prepared;
mod store;

pub use candidate_file::{CandidateFile, CandidatePlace, CandidateSet, MayBe, TruePlace};
pub use candidates::candidates_of_all;
pub use choice::{DataChoice, SequenceChoice};
pub use divide::{Division, DivisionError, FileSizes, Judges, Scans};
pub(crate) use divide::{draw_subjects, fold_of, read_split};
pub use find::{FindError, Found, find};
pub use labelled::{LabelledError, LabelledScan, labelled_scans};
pub use labels::LabelError;
pub(crate) use prepare::scans_with_lesions;
pub use prepare::{DataError, ScanFault, prepare_all};
pub use prepared::{Labelled, Material, PreparedFile, PreparedFileError, Truth};
pub use store::Store;
