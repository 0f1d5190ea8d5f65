//! The networks of four papers, that of regions and that of candidates: one folder each.
//!
//! A [`ModelConfig`] is a network's size; [`ModelConfig::init`] makes the [`Network`]. Tensors of
//! 2D networks are `[samples, channels, rows, columns]`, of 3D ones
//! `[samples, channels, slices, rows, columns]`. Every network that makes a map runs in two parts,
//! `features` up to its last block and `head` from there to the logits, so that Grad-CAM can look in
//! between.
//!
//! To add one: a folder with its layers and its [`Design`] (and [`MapNetwork`], if it makes maps), a line in
//! `registry`, and its loss in `siderin-train`, where the compiler asks for it. `toy`, which exists in tests only,
//! shows how.

mod candidate_net;
mod design;
mod guided;
mod layers;
mod mmoc;
mod region_unet;
mod registry;
mod rlk_unet;
mod size;
mod structure_unet;
#[cfg(test)]
mod toy;
mod unet3d;

pub use candidate_net::{CandidateNet, CandidateNetConfig};
pub use design::{Design, Explainer, MapNetwork, Output};
pub use guided::{Guided, GuidedConfig, GuidedLevel, PlanConfig};
pub use layers::{CUBE, NormKind};
pub use mmoc::{AsppFusion, Coarse, CoarseConfig, Fine, FineConfig, Mmoc, MmocConfig};
pub use region_unet::{
    HEAD_CHANNELS, REGION_STRIDE, REGIONS, RegionLogits, RegionUnet, RegionUnetConfig, place,
};
pub use registry::{Architecture, ModelConfig, Network};
pub use rlk_unet::{RlkUnet, RlkUnetConfig};
pub use size::ConfigError;
pub use structure_unet::{
    COORDINATE_UNIT_MM, COORDINATES, STRUCTURE_CLASSES, STRUCTURE_LOGITS, STRUCTURE_STRIDE,
    StructureUnet, StructureUnetConfig,
};
#[cfg(test)]
pub(crate) use toy::{Toy, ToyConfig};
pub use unet3d::{Unet3d, Unet3dConfig};

use serde::{Deserialize, Serialize};
use siderin_image::preprocess::{IntensityScale, Recipe};

/// How large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// As the paper has it.
    Paper,
    /// The same architecture with fewer channels and blocks.
    Small,
}

impl Preset {
    /// One of two values.
    fn choose<T>(self, paper: T, small: T) -> T {
        match self {
            Self::Paper => paper,
            Self::Small => small,
        }
    }
}

/// A recipe without bias correction or blanking, for voxels of this size (in plane, across slices; `None` for the
/// scan's own).
fn plain_recipe(plane_mm: f64, slices_mm: Option<f64>, intensity: IntensityScale) -> Recipe {
    Recipe {
        plane_spacing_mm: Some(plane_mm),
        slice_spacing_mm: slices_mm,
        bias_correction: false,
        intensity,
        blank_beyond_mm: None,
        margin_mm: 5.0,
    }
}

#[cfg(test)]
mod tests;
