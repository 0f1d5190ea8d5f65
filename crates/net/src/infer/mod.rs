//! A network over a whole scan.
//!
//! [`Predictor::predict`] takes the images a [`Recipe`](siderin_image::preprocess::Recipe) prepared
//! and gives the probability of a microbleed in each of their voxels; `flips` averages over mirrored scans.

mod flips;

pub use flips::Flips;

use crate::architectures::{Architecture, MapNetwork, ModelConfig, Network};
use crate::compute::Compute;
use crate::tiling::{InferenceConfig, Pass, Stack, TilingError};
use siderin_core::regions::VoxelClass;
use siderin_image::preprocess::Prepared;
use siderin_image::volume::{Grid, Volume};

/// What a network says of a scan, on the grid of the prepared images.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// Probability of a microbleed.
    pub microbleed: Volume<f32>,
    /// Regions of the brain, of networks that find them: values of
    /// [`VoxelClass`] from background to infratentorial.
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
    #[error(transparent)]
    Tiling(#[from] TilingError),
}

/// A network, ready to go over scans.
#[derive(Debug)]
pub struct Predictor {
    network: Box<dyn MapNetwork>,
    /// Images it takes.
    inputs: usize,
    inference: InferenceConfig,
    compute: Compute,
}

impl Predictor {
    /// A predictor with a network that lies on the device of `compute`.
    ///
    /// # Errors
    /// When the settings fit no scan, or the network makes no map of microbleeds.
    pub fn new(
        network: Network,
        config: &ModelConfig,
        inference: InferenceConfig,
        compute: &Compute,
    ) -> Result<Self, InferError> {
        inference.check()?;
        let map = network.into_map();
        Ok(Self {
            network: map.ok_or(InferError::NoMap(config.architecture()))?,
            inputs: config.design().inputs(),
            inference,
            compute: compute.clone(),
        })
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &dyn MapNetwork {
        self.network.as_ref()
    }

    /// What it runs on.
    #[must_use]
    pub fn compute(&self) -> &Compute {
        &self.compute
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
            let stack = Stack::new(&images, &brain, shape);
            let predict = || self.network.predict(&self.pass(stack));
            let classes = self.compute.scope(predict);
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
        let regions = regions(self.network.classes(), &sums, grid);
        let microbleed = sums.pop().map(volume);
        Ok(Prediction {
            microbleed: microbleed.unwrap_or_else(|| Volume::filled(grid, 0.0)),
            regions,
        })
    }

    fn check(&self, prepared: &Prepared) -> Result<(), InferError> {
        let (given, expected) = (prepared.images.len(), self.inputs);
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

    /// How the network goes over a scan.
    pub(crate) fn pass<'a>(&'a self, stack: Stack<'a>) -> Pass<'a> {
        Pass {
            stack,
            inference: &self.inference,
            device: self.compute.device(),
        }
    }
}

/// The likeliest group of each voxel, where the maps have groups; a microbleed is left out of the choice.
fn regions(classes: &[VoxelClass], maps: &[Vec<f32>], grid: &Grid) -> Option<Volume<u8>> {
    let groups = classes.iter().zip(maps);
    let groups: Vec<(VoxelClass, &Vec<f32>)> = groups
        .filter(|(class, _)| **class != VoxelClass::Microbleed)
        .map(|(class, map)| (*class, map))
        .collect();
    let [(first, _), _, ..] = groups[..] else {
        return None;
    };
    let likeliest = |at: usize| {
        let start = (first, f32::NEG_INFINITY);
        let best = groups.iter().fold(start, |best, (class, map)| {
            if map[at] > best.1 {
                (*class, map[at])
            } else {
                best
            }
        });
        best.0 as u8
    };
    let values = (0..grid.voxel_count()).map(likeliest).collect();
    Some(Volume::new(grid.clone(), values).expect("a network keeps the shape"))
}

#[cfg(test)]
mod tests;
