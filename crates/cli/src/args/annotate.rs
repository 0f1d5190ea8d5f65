//! What `siderin annotate` and `siderin review` are called with.

use super::PaperName;
use clap::{Args, Subcommand, ValueEnum};
use siderin_review::annotate::{Reference, Strokes};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Review {
    /// Scans, or folders that hold some: NIfTI, DICOM, BIDS.
    #[arg(required = true)]
    pub inputs: Vec<PathBuf>,
    /// Folder of the review, where decisions are kept and exports go. [default: siderin-review beside
    /// the first input, among the derivatives of a BIDS data set]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Who reads; asked for on the page if not given.
    #[arg(long)]
    pub reader: Option<String>,
    /// Model files that can be run from the page, beside the program's own and the rules.
    #[arg(long)]
    pub model: Vec<PathBuf>,
    /// Port on 127.0.0.1. [default: that of the last time, or a free one]
    #[arg(long)]
    pub port: Option<u16>,
    /// Print the address without opening a browser.
    #[arg(long)]
    pub no_browser: bool,
    /// Size of the pages of reports.
    #[arg(long, value_enum, default_value_t = PaperName::A4)]
    pub paper: PaperName,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Annotate {
    /// Grow the masks of lesions from scribbles.
    Grow(Grow),
}

#[derive(Debug, Args)]
pub(crate) struct Grow {
    /// The scan: NIfTI, or a DICOM file or folder.
    pub scan: PathBuf,
    /// A NIfTI map on the scan's grid: 0, or a whole number where a lesion was marked.
    pub scribbles: PathBuf,
    /// File for the masks (NIfTI): 1, 2, … in the order of the scribbles.
    #[arg(long)]
    pub out: PathBuf,
    /// What a voxel's intensity is compared with.
    #[arg(long, value_enum, default_value_t = ReferenceName::RunningAverage)]
    pub reference: ReferenceName,
    /// Largest difference in percent of the intensities around the scribble. [default: found by itself]
    #[arg(long, value_parser = percent)]
    pub tolerance: Option<f32>,
    /// Diameter in mm that no lesion outgrows.
    #[arg(long, default_value_t = 10.0, value_parser = millimetres)]
    pub largest_mm: f64,
    /// What is one lesion. [default: each label, or each stroke where all have one label]
    #[arg(long, value_enum)]
    pub lesion: Option<LesionIs>,
    /// Replace the file if it is there already.
    #[arg(long)]
    pub force: bool,
}

/// What a voxel's intensity is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReferenceName {
    /// That of the voxel it is reached from.
    Parent,
    /// The mean of the scribble.
    SeedAverage,
    /// The mean of the region so far.
    RunningAverage,
}

impl ReferenceName {
    pub(crate) fn reference(self) -> Reference {
        match self {
            Self::Parent => Reference::Parent,
            Self::SeedAverage => Reference::SeedAverage,
            Self::RunningAverage => Reference::RunningAverage,
        }
    }
}

/// Which voxels of a map are one lesion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LesionIs {
    /// Those of one label.
    Label,
    /// Those that touch.
    Stroke,
}

impl LesionIs {
    pub(crate) fn strokes(self) -> Strokes {
        match self {
            Self::Label => Strokes::ByLabel,
            Self::Stroke => Strokes::Each,
        }
    }
}

/// A share from 0 to 1 of what is typed in percent.
fn percent(text: &str) -> Result<f32, String> {
    text.parse()
        .ok()
        .filter(|value| (0.0..=100.0).contains(value))
        .map(|value: f32| value / 100.0)
        .ok_or_else(|| format!("{text} is not a number from 0 to 100"))
}

fn millimetres(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|value| (0.1..=100.0).contains(value))
        .ok_or_else(|| format!("{text} is not a number of mm from 0.1 to 100"))
}
