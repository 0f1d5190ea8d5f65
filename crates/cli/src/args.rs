//! What can be typed.

mod annotate;
mod compare;
mod evaluate;
mod implant;
mod model;
mod study;
mod train;

pub(crate) use annotate::{Annotate, Grow, Review};
pub(crate) use compare::Compare;
pub(crate) use evaluate::{CompareMethods, Evaluate, Split};
pub(crate) use implant::{EncodingName, Implant, Site, Validate};
pub(crate) use model::{
    DeviceName, Explain, Model, ModelDefault, ModelFiles, ModelImport, ModelNew, Network, Running,
};
pub(crate) use study::Study;
pub(crate) use train::{Train, Training};

use clap::{Args, Parser, Subcommand, ValueEnum};
use siderin_report::Paper;
use std::path::PathBuf;

/// Finds cerebral microbleeds on T2*-GRE and SWI brain MRI. For research use only: not a
/// medical device.
#[derive(Debug, Parser)]
#[command(name = "siderin", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Simulate a scan, find its microbleeds, and name the report to open. Needs no files.
    Demo(Demo),
    /// Find microbleeds and write a report for each scan.
    Detect(Detect),
    /// Tell what is new, gone or changed between two visits or more.
    Compare(Compare),
    /// Review, correct and annotate findings in the browser, on this machine alone.
    Review(Review),
    /// Mark lesions by hand.
    #[command(subcommand)]
    Annotate(Annotate),
    /// Find microbleeds with a model, and show where it looked for each.
    Explain(Explain),
    /// Make model files.
    #[command(subcommand)]
    Model(Model),
    /// Say what a scan is and whether it suits microbleed detection, or what a model is.
    Inspect(Inspect),
    /// Score predictions against references under one of the field's rules.
    Evaluate(Evaluate),
    /// Put the scores of several methods side by side, with paired tests.
    CompareMethods(CompareMethods),
    /// Divide subjects into folds, as a file.
    Split(Split),
    /// Train a network on scans with known lesions. Goes on where it was stopped.
    Train(Train),
    /// Train several networks and compare them on scans that none has seen: cross-validation,
    /// sequences, and the papers' ablations. Goes on where it was stopped.
    Study(Study),
    /// Simulate scans with exact truth by the physics of the scanner.
    #[command(subcommand)]
    Simulate(Simulate),
    /// Put microbleeds of known size and susceptibility into real scans, to learn what is found on them.
    Implant(Implant),
    /// Measure what the program finds on your own scans, without labels, by microbleeds put into them.
    Validate(Validate),
    /// Lay one image of a head onto another, rigidly: a T1w image onto a T2* one, or two visits.
    Register(Register),
    /// Make maps of the anatomical regions in which lesions are counted.
    #[command(subcommand)]
    Regions(Regions),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Simulate {
    /// The field that a map of susceptibility makes.
    Field(SimulateField),
    /// One person's scan, with truth; with --visit2 a second one.
    Scan(SimulateScan),
    /// Many scans from a cohort file, as a BIDS data set. Goes on where it was stopped.
    Cohort(SimulateCohort),
}

#[derive(Debug, Args)]
pub(crate) struct SimulateField {
    /// Susceptibility in ppm, NIfTI. Needs about 40 bytes of memory per voxel.
    pub chi: PathBuf,
    /// Direction of the main field in world axes (right, front, up); any length.
    #[arg(long, value_parser = direction, allow_hyphen_values = true, default_value = "0,0,1")]
    pub b0_dir: [f64; 3],
    /// File for the relative field in ppm.
    #[arg(long)]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateScan {
    /// Head: a whole-head label map (FreeSurfer aseg codes), or `builtin`.
    #[arg(long, default_value = "builtin")]
    pub head: String,
    /// Protocol: one of the named ones (an unknown name lists them), or a TOML file.
    #[arg(long, default_value = "3t-gre-1x3")]
    pub protocol: String,
    /// Microbleeds: a number, `none`, or `literature` for one drawn as in published cohorts.
    #[arg(long, default_value = "literature", value_parser = lesions)]
    pub lesions: Lesions,
    /// Decides everything that is drawn; the same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Folder for the scan; must not exist or be empty.
    #[arg(long)]
    pub out: PathBuf,
    /// Simulate a second visit, too, with so many new and so many resolved microbleeds.
    #[arg(long, value_name = "NEW,RESOLVED", value_parser = second_visit)]
    pub visit2: Option<SecondVisit>,
    /// Protocol of the second visit. [default: that of the first]
    #[arg(long, requires = "visit2")]
    pub protocol2: Option<String>,
    /// Make a T1-weighted image as well.
    #[arg(long)]
    pub t1w: bool,
    /// Print errors only.
    #[arg(long, short)]
    pub quiet: bool,
}

/// How many microbleeds are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lesions {
    Count(usize),
    Literature,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateCohort {
    /// The cohort file, such as cohorts/dev.toml.
    pub cohort: PathBuf,
    /// Folder for the data set.
    #[arg(long)]
    pub out: PathBuf,
    /// Folder with the label maps that the cohort names (NAME.nii.gz).
    #[arg(long)]
    pub heads: Option<PathBuf>,
    /// Rounds through the cohort's list; each draws anew.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub rounds: u16,
    /// Another seed than the file's: another cohort of the same kind.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Scans worked on at once; memory grows with it.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Print errors only.
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// The image to be moved: a file or a folder of DICOM slices.
    pub moving: PathBuf,
    /// The image it is laid onto.
    pub fixed: PathBuf,
    /// Folder for registered.nii.gz (the moving image on the fixed one's grid) and
    /// registration.json (the transform and its quality).
    #[arg(long)]
    pub out: PathBuf,
    /// Replace results that are there already.
    #[arg(long)]
    pub force: bool,
    /// Print errors only.
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Regions {
    /// From a parcellation of FreeSurfer (aparc+aseg, wmparc) or SynthSeg (--parc).
    FromLabels(RegionsFromLabels),
    /// By a network of regions, from a head in any contrast.
    Find(RegionsFind),
}

#[derive(Debug, Args)]
pub(crate) struct RegionsFind {
    /// The scan: NIfTI, or a DICOM file or folder.
    pub scan: PathBuf,
    /// A model of the architecture structure-unet or region-unet. [default: the one that is part of the program]
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// File for the region map (NIfTI, on the scan's grid); a table of its values is written beside
    /// it.
    #[arg(long)]
    pub out: PathBuf,
    /// File for a mask of the brain with its fluid (NIfTI).
    #[arg(long)]
    pub brain: Option<PathBuf>,
    /// File for the structures that the regions follow from (NIfTI, on the scan's grid).
    #[arg(long)]
    pub structures: Option<PathBuf>,
    /// File for volumes, the head's position in MNI space and how far the map can be trusted (JSON).
    #[arg(long)]
    pub anatomy: Option<PathBuf>,
    /// What the model runs on.
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub device: DeviceName,
}

#[derive(Debug, Args)]
pub(crate) struct RegionsFromLabels {
    /// The parcellation, NIfTI.
    pub labels: PathBuf,
    /// File for the region map (NIfTI, on the parcellation's grid); a table of its values is
    /// written beside it.
    #[arg(long)]
    pub out: PathBuf,
}

/// What `--visit2` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecondVisit {
    pub new: usize,
    pub resolved: usize,
}

fn direction(text: &str) -> Result<[f64; 3], String> {
    let numbers: Vec<f64> = text
        .split(',')
        .map(|part| part.trim().parse::<f64>().map_err(|_| ()))
        .collect::<Result<_, ()>>()
        .unwrap_or_default();
    <[f64; 3]>::try_from(numbers).map_err(|_| "three numbers, such as 0,0,1, are needed".into())
}

fn lesions(text: &str) -> Result<Lesions, String> {
    match text {
        "none" => Ok(Lesions::Count(0)),
        "literature" => Ok(Lesions::Literature),
        number => match number.parse::<usize>() {
            Ok(count) if count <= 500 => Ok(Lesions::Count(count)),
            _ => Err("a number from 0 to 500, `none` or `literature` is needed".into()),
        },
    }
}

fn second_visit(text: &str) -> Result<SecondVisit, String> {
    let parts: Vec<usize> = text
        .split(',')
        .filter_map(|part| part.trim().parse().ok())
        .collect();
    match parts[..] {
        [new, resolved] if new <= 500 && text.matches(',').count() == 1 => {
            Ok(SecondVisit { new, resolved })
        }
        _ => Err("two numbers, such as 3,1 for three new and one resolved, are needed".into()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Folder for the scan and its results.
    #[arg(long, default_value = "siderin-demo")]
    pub out: PathBuf,
    /// Another person, another scan.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Print errors only.
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Detect {
    /// Scans: NIfTI files, DICOM files, folders of DICOM slices, BIDS data sets.
    #[arg(required = true)]
    pub inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub files: ModelFiles,
    /// Search by rules alone, without learning: the baseline.
    #[arg(long, conflicts_with_all = ["model", "maps", "flips", "operating_point"])]
    pub rules: bool,
    #[command(flatten)]
    pub running: Running,
    /// Also write the model's maps: probability.nii.gz, and regions.nii.gz and structures.nii.gz where it finds them.
    #[arg(long)]
    pub maps: bool,
    #[command(flatten)]
    pub results: Results,
    /// Scans worked on at once; each needs its memory.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
}

/// What belongs to a scan, and where its results go.
#[derive(Debug, Args)]
pub(crate) struct Results {
    /// Folder for the results; each scan gets a folder of its name in it.
    #[arg(long)]
    pub out: PathBuf,
    /// T1-weighted image of the same person (one scan only).
    #[arg(long)]
    pub t1: Option<PathBuf>,
    /// T2-weighted image of the same person (one scan only).
    #[arg(long)]
    pub t2: Option<PathBuf>,
    /// Parcellation of FreeSurfer (aseg, aparc+aseg, wmparc) or SynthSeg as NIfTI, by which lesions are located; it lies
    /// on the image given with --t1, without that on the scan (one scan only).
    #[arg(long)]
    pub parcellation: Option<PathBuf>,
    /// Phase of the same acquisition (one scan only).
    #[arg(long)]
    pub phase: Option<PathBuf>,
    /// Number of the volume to use, from 1, where an input holds several; `siderin
    /// inspect` lists them.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub volume: Option<u32>,
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

/// Size of a report's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PaperName {
    A4,
    Letter,
}

impl PaperName {
    pub(crate) fn paper(self) -> Paper {
        match self {
            Self::A4 => Paper::A4,
            Self::Letter => Paper::Letter,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Scans, as for `detect`, or model files.
    #[arg(required = true)]
    pub inputs: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

fn share(text: &str) -> Result<f32, String> {
    text.parse()
        .ok()
        .filter(|value| (0.0..=1.0).contains(value))
        .ok_or_else(|| format!("{text} is not a number from 0 to 1"))
}
