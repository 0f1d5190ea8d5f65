//! What can be typed about scoring.

use clap::Args;
use siderin_evaluate::{Bootstrap, Rule};
use siderin_image::preprocess::Connectivity;
use std::path::PathBuf;

/// How intervals are made.
#[derive(Debug, Args)]
pub(crate) struct Draws {
    /// How often subjects are drawn for the intervals; 0 for none.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    bootstrap: u32,
    /// Seed of those draws.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl Draws {
    pub(crate) fn bootstrap(&self) -> Bootstrap {
        Bootstrap {
            samples: self.bootstrap as usize,
            seed: self.seed,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// What is true: a label or probability map (NIfTI), points (lesions.json, CSV with x_mm,
    /// y_mm, z_mm), or a folder of them.
    #[arg(long = "ref", value_name = "PATH")]
    pub reference: PathBuf,
    /// What was found: the same, or a folder that `siderin detect` wrote.
    #[arg(long = "pred", value_name = "PATH")]
    pub prediction: PathBuf,
    /// The rule: valdo, centroid-5mm, centroid-4vox, overlap or voxel. Numbers under different
    /// rules cannot be compared.
    #[arg(long)]
    pub rule: Rule,
    /// Voxels that touch make one lesion: 6, 18 or 26 neighbours. VALDO's default is 6, that of
    /// the others 26.
    #[arg(long, value_parser = connectivity)]
    pub connectivity: Option<Connectivity>,
    /// Folder for metrics.json, metrics.csv and report.html.
    #[arg(long)]
    pub out: PathBuf,
    /// Value from which voxels of a predicted map are lesion (0.5 unless set), confidence from
    /// which predicted points count (all unless set).
    #[arg(long)]
    pub threshold: Option<f64>,
    /// Lowest confidence that the curves reach, below the threshold; of folders that `siderin
    /// detect` wrote, candidates down to it are taken.
    #[arg(long)]
    pub curve_threshold: Option<f64>,
    /// Take each label of a map as one lesion instead of what touches.
    #[arg(long)]
    pub labels: bool,
    /// Score slice by slice (centroid-4vox only).
    #[arg(long)]
    pub per_slice: bool,
    /// Score a case without prediction (or reference) as empty, and list it.
    #[arg(long)]
    pub allow_missing: bool,
    /// Scans of the cases: their metadata give strata, and the report shows the worst misses and
    /// false alarms on them.
    #[arg(long, value_name = "PATH")]
    pub scans: Option<PathBuf>,
    /// Maps of MARS regions; those beside the references (`desc-regions`) are taken anyway.
    #[arg(long, value_name = "PATH")]
    pub regions: Option<PathBuf>,
    /// A table (CSV or TSV) whose first column names cases or subjects.
    #[arg(long, requires = "by")]
    pub table: Option<PathBuf>,
    /// Columns of the table to report by.
    #[arg(long, value_delimiter = ',', requires = "table")]
    pub by: Vec<String>,
    #[command(flatten)]
    pub draws: Draws,
    /// Replace scores that are there already.
    #[arg(long)]
    pub force: bool,
    /// Print errors only.
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareMethods {
    /// Two or more metrics.json of the same cases under the same rule.
    #[arg(required = true, num_args = 2..)]
    pub metrics: Vec<PathBuf>,
    /// Names of the methods, in the same order; the folders' names unless set.
    #[arg(long, value_delimiter = ',')]
    pub names: Vec<String>,
    /// Folder for comparison.json, comparison.md and comparison.tex.
    #[arg(long)]
    pub out: PathBuf,
    #[command(flatten)]
    pub draws: Draws,
    /// Replace a comparison that is there already.
    #[arg(long)]
    pub force: bool,
    /// Print errors only.
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Split {
    /// A table (CSV or TSV, such as participants.tsv) with a row per scan or subject; the first
    /// column names them, `sub-01` or `sub-01_ses-2`.
    pub manifest: PathBuf,
    /// Number of folds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub folds: u16,
    /// Columns whose values every fold should hold in the same share. Numbers of more than six
    /// values are cut at their quartiles.
    #[arg(long, value_delimiter = ',')]
    pub stratify: Vec<String>,
    /// Decides who goes where; the same seed gives the same folds.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// File for the folds (JSON).
    #[arg(long)]
    pub out: PathBuf,
    /// Replace a file that is there already.
    #[arg(long)]
    pub force: bool,
}

fn connectivity(text: &str) -> Result<Connectivity, String> {
    let number = text.parse().ok();
    number
        .and_then(Connectivity::of_neighbours)
        .ok_or_else(|| format!("{text} is not 6, 18 or 26"))
}
