//! What `siderin compare` is told.

use super::{ModelFiles, PaperName, Running};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The first visit's scan: a NIfTI file, a DICOM file or a folder of DICOM slices.
    pub baseline: PathBuf,
    /// The scan of a later visit of the same person, or of several, in the order of time.
    #[arg(required = true, num_args = 1..=MOST_FOLLOWUPS)]
    pub followups: Vec<PathBuf>,
    /// Folder for the results.
    #[arg(long)]
    pub out: PathBuf,
    /// New focal areas of superficial siderosis that a reader saw at the last visit; siderin does not look
    /// for them.
    #[arg(long, value_name = "AREAS", value_parser = clap::value_parser!(u16).range(..=100))]
    pub siderosis: Option<u16>,
    #[command(flatten)]
    pub files: ModelFiles,
    /// Search by rules alone, without learning: the baseline.
    #[arg(long, conflicts_with_all = ["model", "flips", "operating_point"])]
    pub rules: bool,
    #[command(flatten)]
    pub running: Running,
    /// Size of the pages of report.pdf.
    #[arg(long, value_enum, default_value_t = PaperName::A4)]
    pub paper: PaperName,
    /// Replace results that are there already.
    #[arg(long)]
    pub force: bool,
    /// Print errors only.
    #[arg(long, short)]
    pub quiet: bool,
}

/// More visits would make a table that no page holds.
const MOST_FOLLOWUPS: usize = 11;
