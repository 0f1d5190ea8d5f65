//! A network over a whole scan.
//!
//! [`Predictor::predict`] takes the images a [`Recipe`](siderin_image::preprocess::Recipe) prepared
//! and gives the probability of a microbleed in each of their voxels: `slices` for the 2.5D
//! network, `tiles` for the 3D ones, `cascade` for the two stages; `flips` averages over
//! mirrored scans.

mod cascade;
mod device;
mod flips;
mod slices;
mod tiles;

pub use cascade::{RegionCut, cut_region, regions_of};
pub use device::{ComputeDevice, DeviceError};
pub use flips::Flips;
use slices::SliceTiling;
pub(crate) use slices::{Window, floats};
pub(crate) use tiles::Cut;
pub use tiles::{Tiling, blend_tiles, gaussian_weights, tile_starts};

use crate::model::{
    Architecture, COARSE_STRIDE, GUIDED_CLASSES, GuidedClass, ModelConfig, Network, RLK_STRIDE,
    UNET3D_STRIDE,
};
use burn::tensor::activation::{sigmoid, softmax};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use siderin_image::preprocess::Prepared;
use siderin_image::volume::Volume;

/// How a network goes over a scan. It travels with the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InferenceConfig {
    /// Voxels of a tile: slices, rows, columns. The network of slices takes each with its
    /// neighbours whatever the first is; the cascade takes slices whole.
    pub patch: [usize; 3],
    /// Share of a tile that the next one covers again.
    pub overlap: f64,
    /// Probability from which the cascade's first stage has a region looked at again.
    pub coarse_threshold: f32,
}

/// A tile of more voxels would need tens of gigabytes in any of the networks.
const MOST_PATCH: usize = 1 << 23;

/// What a network says of a scan, on the grid of the prepared images.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// Probability of a microbleed.
    pub microbleed: Volume<f32>,
    /// Regions of the brain, of networks that find them: values of
    /// [`GuidedClass`] from background to infratentorial.
    pub regions: Option<Volume<u8>>,
}

/// Images that a network cannot take.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum InferError {
    #[error(
        "running the network: {given} images were prepared, it takes {expected}; give it the \
         images its model file names"
    )]
    Channels { given: usize, expected: usize },
    #[error(
        "running the network: a model of the architecture {0} makes no map of microbleeds; give \
         another model"
    )]
    NoMap(Architecture),
    #[error("running the network: the prepared images lie on different grids")]
    Grids,
    #[error(
        "running the network: the prepared images hold NaN or infinity; the scan or its bias \
         correction is damaged"
    )]
    NotFinite,
    #[error(
        "running the network: it gave NaN or infinity; its weights are damaged, or its training \
         went wrong"
    )]
    Diverged,
    #[error(
        "going over a scan: {what} is {value}, expected {expected}; set it in the model's card"
    )]
    Setting {
        what: &'static str,
        value: String,
        expected: &'static str,
    },
}

/// A network, ready to go over scans.
#[derive(Debug)]
pub struct Predictor {
    network: Network,
    config: ModelConfig,
    inference: InferenceConfig,
    device: Device,
}

impl InferenceConfig {
    /// # Errors
    /// Names the setting with which no scan can be gone over.
    pub fn check(&self) -> Result<(), InferError> {
        let refuse = |what, value, expected| {
            Err(InferError::Setting {
                what,
                value,
                expected,
            })
        };
        let voxels = self
            .patch
            .iter()
            .try_fold(1usize, |all, &n| all.checked_mul(n));
        if !voxels.is_some_and(|voxels| (1..=MOST_PATCH).contains(&voxels)) {
            let value = format!("{:?}", self.patch);
            return refuse("patch", value, "1 to 8,388,608 voxels (a cube of 203)");
        }
        if !(0.0..=0.9).contains(&self.overlap) {
            return refuse("overlap", self.overlap.to_string(), "0 to 0.9");
        }
        if !(self.coarse_threshold > 0.0 && self.coarse_threshold < 1.0) {
            let value = self.coarse_threshold.to_string();
            return refuse("coarse_threshold", value, "above 0 and below 1");
        }
        Ok(())
    }
}

impl Predictor {
    /// A predictor with a network that lies on `device`.
    ///
    /// # Errors
    /// When the settings fit no scan, or the network finds no microbleeds.
    pub fn new(
        network: Network,
        config: ModelConfig,
        inference: InferenceConfig,
        device: &Device,
    ) -> Result<Self, InferError> {
        inference.check()?;
        if matches!(network, Network::RegionUnet(_) | Network::CandidateNet(_)) {
            return Err(InferError::NoMap(config.architecture()));
        }
        Ok(Self {
            network: network.for_inference(),
            config,
            inference,
            device: device.clone(),
        })
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Where it runs.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Goes over a scan, once for each of `flips`' mirrored ones. Slices and tiles without any
    /// brain are left out; their probability is 0.
    ///
    /// # Errors
    /// When the images do not fit the network.
    pub fn predict(&self, prepared: &Prepared, flips: Flips) -> Result<Prediction, InferError> {
        self.check(prepared)?;
        let grid = prepared.brain.grid();
        let shape = grid.shape();
        let mut sums: Vec<Vec<f32>> = Vec::new();
        let mirrors = flips.mirrors();
        for &mirror in &mirrors {
            let images: Vec<Vec<f32>> = prepared
                .images
                .iter()
                .map(|image| flips::mirrored(image.voxels(), shape, mirror))
                .collect();
            let brain = flips::mirrored(prepared.brain.voxels(), shape, mirror);
            let classes = self.classes(&Stack::new(&images, &brain, shape));
            // A comparison with NaN is false: unnoticed, it would look like a scan without lesions.
            if !classes.iter().flatten().all(|p| p.is_finite()) {
                return Err(InferError::Diverged);
            }
            if sums.is_empty() {
                sums = classes.iter().map(|class| vec![0.0; class.len()]).collect();
            }
            for (sum, class) in sums.iter_mut().zip(classes) {
                let back = flips::mirrored(&class, shape, mirror);
                for (total, p) in sum.iter_mut().zip(back) {
                    *total += p / mirrors.len() as f32;
                }
            }
        }
        let volume = |values: Vec<f32>| {
            Volume::new(grid.clone(), values).expect("a network keeps the shape")
        };
        let regions = (sums.len() == GUIDED_CLASSES).then(|| regions(&sums, grid));
        let microbleed = sums.pop().map(volume);
        Ok(Prediction {
            microbleed: microbleed.unwrap_or_else(|| Volume::filled(grid, 0.0)),
            regions,
        })
    }

    fn check(&self, prepared: &Prepared) -> Result<(), InferError> {
        let (given, expected) = (prepared.images.len(), self.config.inputs());
        if given != expected {
            return Err(InferError::Channels { given, expected });
        }
        let grid = prepared.brain.grid();
        if !prepared.images.iter().all(|i| i.grid().matches(grid, 1e-6)) {
            return Err(InferError::Grids);
        }
        let finite = |image: &Volume<f32>| image.voxels().iter().all(|v| v.is_finite());
        if !prepared.images.iter().all(finite) {
            return Err(InferError::NotFinite);
        }
        Ok(())
    }

    /// Probabilities of each class, the microbleed's last.
    fn classes(&self, stack: &Stack) -> Vec<Vec<f32>> {
        match &self.network {
            Network::RlkUnet(network) => {
                let forward = |x| sigmoid(network.head(network.features(x)));
                let [_, rows, columns] = self.inference.patch;
                let tiling = SliceTiling {
                    size: [columns, rows],
                    overlap: self.inference.overlap,
                    multiple: RLK_STRIDE,
                };
                vec![slices::over_slices(stack, &tiling, &self.device, forward)]
            }
            Network::MmocNet(network) => vec![cascade::coarse_to_fine(
                stack,
                network,
                COARSE_STRIDE,
                cascade::Cascade {
                    threshold: self.inference.coarse_threshold,
                    region: self.region(),
                },
                &self.device,
            )],
            Network::Unet3d(network) => {
                let forward = |x| softmax(network.head(network.features(x)), 1).narrow(1, 1, 1);
                blend_tiles(
                    stack,
                    &self.tiling([UNET3D_STRIDE; 3]),
                    &self.device,
                    forward,
                )
            }
            Network::GuidedUnet(network) => {
                let forward = |x: Tensor<5>| softmax(network.head(network.features(x)), 1);
                blend_tiles(stack, &self.tiling(self.stride()), &self.device, forward)
            }
            Network::RegionUnet(_) | Network::CandidateNet(_) => {
                unreachable!("refused when the predictor was made")
            }
        }
    }

    /// Pixels on a side of the cascade's regions.
    pub(crate) fn region(&self) -> usize {
        match &self.config {
            ModelConfig::MmocNet(config) => config.fine.as_ref().map_or(0, |fine| fine.region),
            _ => 0,
        }
    }

    /// What sizes of 3D inputs must be multiples of.
    pub(crate) fn stride(&self) -> [usize; 3] {
        match &self.config {
            ModelConfig::GuidedUnet(config) => config.stride(),
            _ => [UNET3D_STRIDE; 3],
        }
    }

    pub(crate) fn tiling(&self, stride: [usize; 3]) -> Tiling {
        Tiling {
            patch: self.inference.patch,
            overlap: self.inference.overlap,
            stride,
        }
    }
}

/// Images of one scan as plain numbers: columns fastest, then rows, then slices.
#[derive(Debug, Clone, Copy)]
pub struct Stack<'a> {
    /// One a channel.
    pub images: &'a [Vec<f32>],
    /// Where the brain is.
    pub brain: &'a [bool],
    /// Columns, rows, slices.
    pub shape: [usize; 3],
}

impl<'a> Stack<'a> {
    /// Images and brain must have as many voxels as the shape.
    #[must_use]
    pub fn new(images: &'a [Vec<f32>], brain: &'a [bool], shape: [usize; 3]) -> Self {
        debug_assert!(images.iter().all(|image| image.len() == brain.len()));
        Self {
            images,
            brain,
            shape,
        }
    }
}

/// The likeliest region of each voxel; a microbleed is left out of the choice.
fn regions(classes: &[Vec<f32>], grid: &siderin_image::volume::Grid) -> Volume<u8> {
    let last = GuidedClass::Microbleed as usize;
    let values = (0..grid.voxel_count())
        .map(|at| {
            (1..last).fold(0usize, |best, class| {
                if classes[class][at] > classes[best][at] {
                    class
                } else {
                    best
                }
            }) as u8
        })
        .collect();
    Volume::new(grid.clone(), values).expect("a network keeps the shape")
}

#[cfg(test)]
mod tests;
