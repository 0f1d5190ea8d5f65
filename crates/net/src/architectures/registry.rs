//! The list of all architectures: what differs between networks is in their [`Design`], and of the networks that make
//! maps nothing else in this crate asks which one it is.

use super::{
    CandidateNet, CandidateNetConfig, ConfigError, Design, Guided, GuidedConfig, MapNetwork, Mmoc,
    MmocConfig, Output, Preset, RegionUnet, RegionUnetConfig, RlkUnet, RlkUnetConfig,
    StructureUnet, StructureUnetConfig, Unet3d, Unet3dConfig,
};
#[cfg(test)]
use super::{Toy, ToyConfig};
use crate::tiling::InferenceConfig;
use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use siderin_image::preprocess::Recipe;
use std::fmt;

/// Makes the enums of model files of the list below, and every way from them to a [`Design`].
macro_rules! architectures {
    ($(
        $(#[cfg($when:meta)])?
        $variant:ident: $kind:ident $name:literal, $about:literal, $config:ident => $network:ident;
    )+) => {
        /// Which network.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Architecture {
            $($(#[cfg($when)])? #[doc = $about] $variant,)+
        }

        impl Architecture {
            /// All of them.
            pub const ALL: &'static [Self] = &[$($(#[cfg($when)])? Self::$variant,)+];

            /// Name in files and on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $($(#[cfg($when)])? Self::$variant => $name,)+ }
            }

            /// In a sentence.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $($(#[cfg($when)])? Self::$variant => $about,)+ }
            }

            /// The sizes of a preset.
            #[must_use]
            pub fn preset(self, preset: Preset) -> ModelConfig {
                match self {
                    $($(#[cfg($when)])? Self::$variant => ModelConfig::$variant($config::preset(preset)),)+
                }
            }

            /// [`Design::recipe`] of a preset.
            pub(crate) fn recipe(self, preset: Preset) -> Recipe {
                match self { $($(#[cfg($when)])? Self::$variant => $config::recipe(preset),)+ }
            }

            /// [`Design::inference`] of a preset.
            pub(crate) fn inference(self, preset: Preset) -> InferenceConfig {
                match self { $($(#[cfg($when)])? Self::$variant => $config::inference(preset),)+ }
            }

            /// [`Design::ring_mm`].
            pub(crate) fn ring_mm(self) -> Option<f64> {
                match self { $($(#[cfg($when)])? Self::$variant => $config::ring_mm(),)+ }
            }
        }

        /// A network's architecture and size.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "architecture", rename_all = "kebab-case")]
        pub enum ModelConfig {
            $($(#[cfg($when)])? #[doc = $about] $variant($config),)+
        }

        /// A network of any architecture.
        #[derive(Module, Debug)]
        // A few networks exist at a time, and a box is no module.
        #[allow(clippy::large_enum_variant)]
        pub enum Network {
            $($(#[cfg($when)])? #[doc = $about] $variant($network),)+
        }

        impl ModelConfig {
            /// A network with random weights, drawn from the device's generator.
            ///
            /// # Errors
            /// When the sizes make no network.
            pub fn init(&self, device: &Device) -> Result<Network, ConfigError> {
                self.design().check()?;
                Ok(match self {
                    $($(#[cfg($when)])? Self::$variant(config) => Network::$variant(config.init(device)),)+
                })
            }

            /// Which it is.
            #[must_use]
            pub fn architecture(&self) -> Architecture {
                match self {
                    $($(#[cfg($when)])? Self::$variant(_) => Architecture::$variant,)+
                }
            }

            /// All else that is to be known of it.
            #[must_use]
            pub fn design(&self) -> &dyn Design {
                match self { $($(#[cfg($when)])? Self::$variant(config) => config,)+ }
            }
        }

        impl Network {
            /// The network, ready to make maps of microbleeds with as little to compute as it can; `None` where it
            /// makes none.
            #[must_use]
            pub fn into_map(self) -> Option<Box<dyn MapNetwork>> {
                match self {
                    $($(#[cfg($when)])? Self::$variant(network) => architectures!(@$kind network),)+
                }
            }
        }
    };
    (@maps $network:ident) => { Some(Box::new($network.for_inference())) };
    (@other $network:ident) => {{ let _ = $network; None }};
}

architectures! {
    RlkUnet: maps "rlk-unet", "Cho 2026: slices in 2.5D", RlkUnetConfig => RlkUnet;
    Unet3d: maps "unet3d", "del Pozo Lérida 2023: patches in 3D", Unet3dConfig => Unet3d;
    MmocNet: maps "mmoc-net", "Wei 2022: slices, then small regions of them", MmocConfig => Mmoc;
    GuidedUnet: maps "guided-unet", "Kwon 2024: patches in 3D with regions of the brain", GuidedConfig => Guided;
    RegionUnet: other "region-unet", "Regions of the brain, and no microbleeds", RegionUnetConfig => RegionUnet;
    StructureUnet: other "structure-unet", "Structures of a head and their place in MNI space, and no microbleeds", StructureUnetConfig => StructureUnet;
    CandidateNet: other "candidate-net", "Candidates of the search instead of scans", CandidateNetConfig => CandidateNet;
    #[cfg(test)]
    Toy: maps "toy", "One convolution, to test that a network is added by a folder and a line", ToyConfig => Toy;
}

impl Architecture {
    /// What its networks give.
    #[must_use]
    pub fn output(self) -> Output {
        self.preset(Preset::Small).design().output()
    }

    /// Those whose networks make maps of microbleeds.
    pub fn making_maps() -> impl Iterator<Item = Self> {
        let all = Self::ALL.iter().copied();
        all.filter(|architecture| architecture.output() == Output::Microbleeds)
    }

    /// The architecture of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|a| a.name() == name)
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
