//! The sizes of the papers, and sizes for a laptop without a GPU.

use super::{
    AsppFusion, CandidateNetConfig, CoarseConfig, FineConfig, GuidedConfig, MmocConfig,
    ModelConfig, NormKind, PlanConfig, RegionUnetConfig, RlkUnetConfig, Unet3dConfig,
};
use serde::{Deserialize, Serialize};
use siderin_core::candidates::VIEW_VERSION;
use std::fmt;

/// Which paper's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// Cho 2026.
    RlkUnet,
    /// del Pozo Lérida 2023.
    Unet3d,
    /// Wei 2022.
    MmocNet,
    /// Kwon 2024.
    GuidedUnet,
    /// Regions of the brain, and no microbleeds.
    RegionUnet,
    /// Candidates of the search instead of scans.
    CandidateNet,
}

/// How large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// As the paper has it.
    Paper,
    /// The same architecture with fewer channels and blocks.
    Small,
}

impl Architecture {
    /// Those of the four papers.
    pub const OF_PAPERS: [Self; 4] = [Self::RlkUnet, Self::Unet3d, Self::MmocNet, Self::GuidedUnet];

    /// Name in files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RlkUnet => "rlk-unet",
            Self::Unet3d => "unet3d",
            Self::MmocNet => "mmoc-net",
            Self::GuidedUnet => "guided-unet",
            Self::RegionUnet => "region-unet",
            Self::CandidateNet => "candidate-net",
        }
    }

    /// The sizes of a preset.
    #[must_use]
    pub fn preset(self, preset: Preset) -> ModelConfig {
        let paper = preset == Preset::Paper;
        match self {
            Self::RlkUnet => ModelConfig::RlkUnet(RlkUnetConfig {
                width: if paper { 64 } else { 16 },
                blocks: [2; 4],
                cbam_skips: 3,
                stochastic_depth: [0.0, 0.2, 0.3, 0.5],
                dropout: 0.0,
            }),
            Self::Unet3d => ModelConfig::Unet3d(Unet3dConfig {
                inputs: 1,
                filters: if paper {
                    [32, 64, 128, 256]
                } else {
                    [16, 32, 64, 128]
                },
            }),
            Self::MmocNet => ModelConfig::MmocNet(MmocConfig {
                coarse: CoarseConfig {
                    channels: if paper {
                        [32, 64, 128, 256, 512]
                    } else {
                        [16, 32, 64, 96, 128]
                    },
                    blocks: if paper { [3, 4, 4, 3] } else { [1, 2, 2, 1] },
                },
                fine: Some(FineConfig {
                    channels: if paper { 32 } else { 16 },
                    region: 32,
                    dilations: [4, 8, 12],
                    fusion: AsppFusion::Sum,
                }),
            }),
            Self::GuidedUnet => ModelConfig::GuidedUnet(GuidedConfig {
                inputs: 1,
                levels: guided_plan(preset).levels(),
                norm: NormKind::Instance,
                proxy: true,
            }),
            Self::RegionUnet => ModelConfig::RegionUnet(RegionUnetConfig {
                filters: if paper {
                    [32, 64, 96, 128]
                } else {
                    [24, 32, 64, 64]
                },
            }),
            Self::CandidateNet => ModelConfig::CandidateNet(CandidateNetConfig {
                views: VIEW_VERSION,
                channels: if paper { [32, 64, 128] } else { [24, 48, 96] },
                hidden: 64,
                dropout: 0.2,
            }),
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the guided network's levels are planned for. The paper's images have voxels of
/// 0.43 × 0.43 × 6.5 mm; the small network's plan is for the thinner slices of today's protocols.
pub(crate) fn guided_plan(preset: Preset) -> PlanConfig {
    match preset {
        Preset::Paper => PlanConfig {
            spacing_mm: [6.5, 0.4286, 0.4286],
            patch: [16, 320, 256],
            width: 32,
            widest: 320,
            blocks: vec![1, 3, 4, 6],
        },
        Preset::Small => PlanConfig {
            spacing_mm: [2.0, 0.6, 0.6],
            patch: [32, 128, 128],
            width: 16,
            widest: 128,
            blocks: vec![1],
        },
    }
}
