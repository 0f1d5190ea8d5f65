//! What can be typed.

use clap::{Args, Parser, Subcommand};
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
    /// Find microbleeds and write a report for each scan.
    Detect(Detect),
    /// Say what a scan is and whether it suits microbleed detection.
    Inspect(Inspect),
}

#[derive(Debug, Args)]
pub(crate) struct Detect {
    /// Scans: NIfTI files, DICOM files, folders of DICOM slices, BIDS data sets.
    #[arg(required = true)]
    pub inputs: Vec<PathBuf>,
    /// Folder for the results; each scan gets a folder of its name in it.
    #[arg(long)]
    pub out: PathBuf,
    /// T1-weighted image of the same person (one INPUT only).
    #[arg(long)]
    pub t1: Option<PathBuf>,
    /// Phase of the same acquisition (one INPUT only).
    #[arg(long)]
    pub phase: Option<PathBuf>,
    /// Number of the volume to use, from 1, where an input holds several; `siderin
    /// inspect` lists them.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub volume: Option<u32>,
    /// Score from which a candidate is a finding, 0 to 1.
    #[arg(long, default_value_t = siderin_net::DetectConfig::default().threshold, value_parser = share)]
    pub threshold: f32,
    /// Scans worked on at once.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Replace results that are there already.
    #[arg(long)]
    pub force: bool,
    /// Print errors only.
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Scans, as for `detect`.
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
