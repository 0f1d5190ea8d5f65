//! What `siderin implant` and `siderin validate` are called with.

use super::{ModelFiles, PaperName};
use clap::{Args, ValueEnum};
use siderin_simulate::Encoding;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Implant {
    /// Scans, or folders that hold some: NIfTI, DICOM, BIDS.
    #[arg(required = true)]
    pub inputs: Vec<PathBuf>,
    /// Microbleeds in each copy.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub lesions: u16,
    /// Copies of each scan, each with other microbleeds.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=999))]
    pub copies: u16,
    /// Decides everything that is drawn; the same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Folder for the data set (BIDS), truth among its derivatives. Goes on where it was stopped.
    #[arg(long)]
    pub out: PathBuf,
    /// Smallest and largest radius of the cores in mm; what is seen of one is two to four times as wide.
    #[arg(long, value_name = "MIN,MAX", value_parser = pair, default_value = "0.5,1.9")]
    pub core_radius: [f64; 2],
    /// Smallest and largest susceptibility in ppm above that of tissue.
    #[arg(long, value_name = "MIN,MAX", value_parser = pair, default_value = "1.2,3.2")]
    pub chi: [f64; 2],
    /// Shares of lobar, deep and infratentorial ones. [default: uniform over parenchyma]
    #[arg(long, value_name = "LOBAR,DEEP,INFRATENTORIAL", value_parser = shares)]
    pub shares: Option<[f64; 3]>,
    /// Calcifications in each copy, too.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=500))]
    pub calcifications: u16,
    /// Pieces of veins in each copy, too.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=500))]
    pub veins: u16,
    #[command(flatten)]
    pub site: Site,
    /// Print errors only.
    #[arg(long, short)]
    pub quiet: bool,
}

/// What is known of the scans that microbleeds are put into.
#[derive(Debug, Args)]
pub(crate) struct Site {
    /// Main field in tesla. [default: as DICOM or the sidecar says]
    #[arg(long, value_name = "TESLA")]
    pub b0: Option<f64>,
    /// Echo time in ms. [default: as DICOM or the sidecar says]
    #[arg(long, value_name = "MS")]
    pub te: Option<f64>,
    /// How slices were excited. [default: 2d where they are 2 mm apart or more]
    #[arg(long, value_enum)]
    pub encoding: Option<EncodingName>,
    /// A mask of parenchyma on the scan's grid, for one scan. [default: as the program's network of regions finds it]
    #[arg(long)]
    pub mask: Option<PathBuf>,
    /// The phase of the scan, for one scan. [default: the one beside a BIDS magnitude]
    #[arg(long)]
    pub phase: Option<PathBuf>,
    /// Which volume of the input, for one scan; `siderin inspect` lists them.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub volume: Option<u16>,
    /// Whether the image is weighted by a phase mask (SWI). [default: as a BIDS name says; else where it is called SWI
    /// and has no phase]
    #[arg(long, value_name = "YES_OR_NO")]
    pub weighted: Option<bool>,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Scans, or folders that hold some: NIfTI, DICOM, BIDS. Nobody need have labelled them.
    #[arg(required = true)]
    pub inputs: Vec<PathBuf>,
    /// Folder for validation.json, report.html and report.pdf. Goes on where it was stopped.
    #[arg(long)]
    pub out: PathBuf,
    /// Copies of each scan, each with other microbleeds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub copies: u16,
    /// Microbleeds in each copy.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub lesions: u16,
    /// Decides everything that is drawn.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub site: Site,
    #[command(flatten)]
    pub files: ModelFiles,
    /// Size of the report's pages.
    #[arg(long, value_enum, default_value_t = PaperName::A4)]
    pub paper: PaperName,
    /// Print errors only.
    #[arg(long, short)]
    pub quiet: bool,
}

/// How slices are excited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EncodingName {
    /// One by one.
    #[value(name = "2d")]
    Slices,
    /// All together.
    #[value(name = "3d")]
    Slab,
}

impl EncodingName {
    pub(crate) fn encoding(self) -> Encoding {
        match self {
            Self::Slices => Encoding::Slices,
            Self::Slab => Encoding::Slab,
        }
    }
}

fn numbers<const N: usize>(text: &str) -> Result<[f64; N], String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    let numbers = numbers.map_err(|error| format!("{error}; expected {N} numbers and commas"))?;
    let finite = numbers.iter().all(|number: &f64| number.is_finite());
    <[f64; N]>::try_from(numbers)
        .ok()
        .filter(|_| finite)
        .ok_or_else(|| format!("expected {N} numbers and commas"))
}

fn pair(text: &str) -> Result<[f64; 2], String> {
    numbers(text)
}

fn shares(text: &str) -> Result<[f64; 3], String> {
    numbers(text)
}
