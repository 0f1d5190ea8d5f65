//! Arguments about studies.

use super::Training;
use clap::Args;
use siderin_train::study::Kind;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Study {
    /// What is compared: folds (cross-validation), sequences (learn from one, test on the other),
    /// cbam (RLK-UNet), loss, proxy, ring (guided U-Net), region, cascade (MMOC-Net), patch,
    /// spacing, tversky (3D U-Net).
    pub kind: Kind,
    /// The training config that is varied.
    pub config: PathBuf,
    #[command(flatten)]
    pub training: Training,
    /// A split file (`siderin split`): every fold is predicted by a network that has not seen it.
    /// Without one, a share of the subjects is set aside.
    #[arg(long)]
    pub split: Option<PathBuf>,
}
