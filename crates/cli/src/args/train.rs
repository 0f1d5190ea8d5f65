//! Arguments about training.

use super::DeviceName;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Train {
    /// The training config, such as configs/small/rlk-unet.toml.
    pub config: PathBuf,
    #[command(flatten)]
    pub training: Training,
    /// Score all scans of the run by the best model at its end.
    #[arg(long)]
    pub scores: bool,
    /// Stop after so many more steps; the same command goes on later.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub pause_after: Option<u64>,
}

/// What every training needs.
#[derive(Debug, Args)]
pub(crate) struct Training {
    /// Folder of the run; one of the same config and scans is gone on with.
    #[arg(long)]
    pub out: PathBuf,
    /// Scans to learn from, with their lesions: BIDS-like folders or manifests.
    #[arg(long, value_name = "PATH")]
    pub data: Vec<PathBuf>,
    /// Scans that judge; some of --data are set aside where none are given.
    #[arg(long, value_name = "PATH")]
    pub validation: Vec<PathBuf>,
    /// Folder of the label maps that heads are drawn from; for a structure-unet.
    #[arg(long, value_name = "FOLDER")]
    pub heads: Option<PathBuf>,
    /// Decides everything that is drawn, in place of the config's.
    #[arg(long, value_parser = clap::value_parser!(u64).range(0..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// Epochs, in place of the config's.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: Option<u32>,
    /// Folder for prepared scans; several runs may share it.
    #[arg(long)]
    pub cache: Option<PathBuf>,
    /// Threads that make batches.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub loaders: u16,
    /// Threads that compute. [default: all]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// What the network runs on.
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub device: DeviceName,
    /// Print errors only.
    #[arg(long, short)]
    pub quiet: bool,
}
