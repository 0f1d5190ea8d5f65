//! Arguments about networks.

use super::share;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use siderin_net::architectures::{Architecture, Preset};
use siderin_net::compute::ComputeDevice;
use siderin_net::infer::Flips;
use siderin_net::model_file::PointName;
use std::path::PathBuf;

/// Which model looks: the program's own where none is given.
#[derive(Debug, Default, Args)]
pub(crate) struct ModelFiles {
    /// Model file (.siderin). [default: the model that is part of the program]
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// Model file of the network of regions in whose brain a model of candidates looks. [default: the
    /// one that is part of the program]
    #[arg(long, requires = "model")]
    pub regions: Option<PathBuf>,
}

/// A trained network and how it runs.
#[derive(Debug, Args)]
pub(crate) struct Running {
    /// Where on its curve a model is used: sensitive misses little, specific says little that is wrong.
    /// [default: the model's own place, which is balanced]
    #[arg(long, value_parser = point_names())]
    pub operating_point: Option<PointName>,
    /// Probability (of a model) or score (by rules) from which something is a finding, 0 to 1.
    /// [default: that of the operating point; 0.5 by rules]
    #[arg(long, value_parser = share, conflicts_with = "operating_point")]
    pub threshold: Option<f32>,
    /// What the model runs on.
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub device: DeviceName,
    /// Average over the scan and its mirror images in plane: four times the work.
    #[arg(long)]
    pub flips: bool,
}

impl Default for Running {
    fn default() -> Self {
        Self {
            operating_point: None,
            threshold: None,
            device: DeviceName::Cpu,
            flips: false,
        }
    }
}

fn point_names() -> impl TypedValueParser<Value = PointName> {
    let names = PointName::ALL.map(PointName::name);
    PossibleValuesParser::new(names).map(|given| {
        let named = PointName::ALL.into_iter().find(|p| p.name() == given);
        named.unwrap_or(PointName::Balanced)
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeviceName {
    /// The processor.
    Cpu,
    /// The processor by burn's own operations, slower: to compare.
    CpuBurn,
    /// The graphics card; only in builds with `--features gpu`.
    Gpu,
}

impl DeviceName {
    pub(crate) fn device(self) -> ComputeDevice {
        match self {
            Self::Cpu => ComputeDevice::Cpu,
            Self::CpuBurn => ComputeDevice::CpuBurn,
            Self::Gpu => ComputeDevice::Gpu,
        }
    }
}

impl Running {
    pub(crate) fn flips(&self) -> Flips {
        if self.flips {
            Flips::InPlane
        } else {
            Flips::None
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The scan, as for `detect`; one.
    pub input: PathBuf,
    #[command(flatten)]
    pub files: ModelFiles,
    #[command(flatten)]
    pub running: Running,
    #[command(flatten)]
    pub results: super::Results,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// A model file with random weights, to be trained or to try things out.
    New(ModelNew),
    /// A model file from weights that another program trained for the same network.
    Import(ModelImport),
    /// The model that is part of the program, as files: to look into, or to train from.
    Default(ModelDefault),
}

#[derive(Debug, Args)]
pub(crate) struct ModelDefault {
    /// Folder for regions.siderin and candidates.siderin.
    #[arg(long)]
    pub out: PathBuf,
    /// Replace files that are there already.
    #[arg(long)]
    pub force: bool,
}

/// Which network, and where its file goes.
#[derive(Debug, Args)]
pub(crate) struct Network {
    /// The network.
    #[arg(long, value_parser = architectures())]
    pub architecture: Architecture,
    /// Its size.
    #[arg(long, value_enum, default_value_t = PresetName::Small, conflicts_with = "card")]
    pub preset: PresetName,
    /// A card (JSON, as `siderin inspect --json` shows it) in place of a preset's.
    #[arg(long)]
    pub card: Option<PathBuf>,
    /// The model file.
    #[arg(long)]
    pub out: PathBuf,
    /// Replace a file that is there already.
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ModelNew {
    #[command(flatten)]
    pub network: Network,
    /// Decides the weights.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct ModelImport {
    /// The weights: .safetensors, or a PyTorch state dict (.pt, .pth).
    pub weights: PathBuf,
    /// Entry of a PyTorch file that holds the state dict, where there are several.
    #[arg(long)]
    pub entry: Option<String>,
    /// Licence of the weights.
    #[arg(long)]
    pub licence: String,
    /// What trained them, and on what, in a sentence.
    #[arg(long)]
    pub summary: String,
    #[command(flatten)]
    pub network: Network,
}

/// Names of all networks.
fn architectures() -> impl TypedValueParser<Value = Architecture> {
    let values = Architecture::ALL
        .iter()
        .map(|architecture| PossibleValue::new(architecture.name()).help(architecture.about()));
    PossibleValuesParser::new(values)
        .try_map(|name| Architecture::named(&name).ok_or("no such network"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PresetName {
    /// As the paper has it.
    Paper,
    /// For a laptop.
    Small,
}

impl PresetName {
    pub(crate) fn preset(self) -> Preset {
        match self {
            Self::Paper => Preset::Paper,
            Self::Small => Preset::Small,
        }
    }
}
