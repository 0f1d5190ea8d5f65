//! The brain and its regions, by the network of structures (or the older one of regions).

mod given;
mod map;
mod structures;

pub use map::{BrainRegions, RegionMap};

use crate::architectures::{Network, REGION_STRIDE, REGIONS, RegionUnet, StructureUnet, place};
use crate::compute::Compute;
use crate::model_file::{Model, ModelWriteError, RegionsUsed, Training};
use crate::tiling::{Stack, Tiling, blend_tiles};
use map::fluid_to_tissue;
use siderin_core::regions::{ParcellationError, Region, Side};
use siderin_image::preprocess::{HeadViewError, head_view};
use siderin_image::volume::{GridError, ResampleError, Volume};
use structures::StructureMap;

/// A network of regions, ready to go over scans.
#[derive(Debug)]
pub struct RegionFinder {
    used: RegionsUsed,
    training: Training,
    network: HeadNetwork,
    tiling: Tiling,
    compute: Compute,
}

/// What looks at heads.
// One exists at a time.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum HeadNetwork {
    Regions(RegionUnet),
    Structures(StructureUnet),
}

/// A scan in which no regions can be found.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RegionError {
    #[error(
        "finding regions: {name} is no network of regions; give a model of the architecture \
         structure-unet or region-unet"
    )]
    OtherNetwork { name: String },
    #[error(transparent)]
    Model(#[from] ModelWriteError),
    #[error(transparent)]
    View(#[from] HeadViewError),
    #[error(
        "finding regions: the network gave NaN or infinity; its weights are damaged, or its training \
         went wrong"
    )]
    Diverged,
    #[error(
        "finding regions: no brain was found; is this a scan of a head, with an affine that says \
         which way is up?"
    )]
    NoBrain,
    #[error(transparent)]
    Parcellation(#[from] ParcellationError),
    #[error(transparent)]
    Grid(#[from] GridError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

/// Voxels of the view without which there is no brain: 80 ml.
const LEAST_BRAIN: usize = 10_000;
impl RegionFinder {
    /// A finder with a model that lies on the device of `compute`.
    ///
    /// # Errors
    /// When the model is not a network of regions.
    pub fn new(model: Model, compute: &Compute) -> Result<Self, RegionError> {
        let fingerprint = model.fingerprint()?;
        let network = match model.network {
            Network::RegionUnet(network) => HeadNetwork::Regions(network),
            Network::StructureUnet(network) => HeadNetwork::Structures(network),
            _ => {
                let name = model.card.name;
                return Err(RegionError::OtherNetwork { name });
            }
        };
        Ok(Self {
            used: RegionsUsed {
                name: model.card.name,
                fingerprint,
            },
            training: model.card.training,
            network,
            tiling: Tiling {
                patch: model.card.inference.patch,
                overlap: model.card.inference.overlap,
                stride: [REGION_STRIDE; 3],
            },
            compute: compute.clone(),
        })
    }

    /// Whether it outlines structures, and not regions alone.
    #[must_use]
    pub fn outlines_structures(&self) -> bool {
        matches!(self.network, HeadNetwork::Structures(_))
    }

    /// What tells the model from others.
    #[must_use]
    pub fn used(&self) -> &RegionsUsed {
        &self.used
    }

    /// Where its weights come from.
    #[must_use]
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// Regions of a head in any contrast.
    ///
    /// # Errors
    /// When the scan shows no brain, or the network gives no numbers.
    pub fn find(&self, scan: &Volume<f32>) -> Result<RegionMap, RegionError> {
        let map = self.predict(&head_view(scan)?)?;
        let found = map.inside.voxels().iter().filter(|p| **p >= 0.5).count();
        if found < LEAST_BRAIN {
            return Err(RegionError::NoBrain);
        }
        Ok(map)
    }

    /// Regions of a [`head_view`].
    ///
    /// # Errors
    /// When the network gives no numbers.
    pub fn predict(&self, view: &Volume<f32>) -> Result<RegionMap, RegionError> {
        match &self.network {
            HeadNetwork::Regions(network) => self.by_regions(network, view),
            HeadNetwork::Structures(network) => {
                let map = StructureMap::of(network, view, &self.compute)?;
                RegionMap::of_structures(&map, view)
            }
        }
    }

    fn by_regions(
        &self,
        network: &RegionUnet,
        view: &Volume<f32>,
    ) -> Result<RegionMap, RegionError> {
        let mut images = vec![view.voxels().to_vec()];
        images.extend(places(view.shape()));
        let everywhere = vec![true; images[0].len()];
        let stack = Stack::new(&images, &everywhere, view.shape());
        let outputs = self.compute.scope(|| {
            blend_tiles(&stack, &self.tiling, self.compute.device(), |x| {
                network.head(network.features(x)).probabilities()
            })
        });
        if !outputs.iter().flatten().all(|p| p.is_finite()) {
            return Err(RegionError::Diverged);
        }
        let of = |voxel: &dyn Fn(usize) -> f32| {
            let values = (0..images[0].len()).map(voxel).collect();
            Volume::new(view.grid().clone(), values).expect("a network keeps the shape")
        };
        let (inside, fluid) = (&outputs[0], &outputs[1]);
        let (regions, side) = (&outputs[2..2 + REGIONS], &outputs[2 + REGIONS]);
        let region = (0..images[0].len()).map(|at| {
            let likeliest = Region::ALL.into_iter().reduce(|best, next| {
                let p = |region: Region| regions[region as usize - 1][at];
                if p(next) > p(best) { next } else { best }
            });
            let side = if side[at] >= 0.5 {
                Side::Right
            } else {
                Side::Left
            };
            likeliest.map_or(0, |region| region.code(side))
        });
        let tissue = of(&|at| inside[at] * (1.0 - fluid[at]));
        let surely_fluid: Vec<f32> = inside.iter().zip(fluid).map(|(i, f)| i * f).collect();
        Ok(RegionMap {
            fluid_to_tissue: fluid_to_tissue(&images[0], &surely_fluid, tissue.voxels()),
            tissue,
            inside: of(&|at| inside[at]),
            region: Volume::new(view.grid().clone(), region.collect())
                .expect("a network keeps the shape"),
            structure: None,
            anatomy: None,
        })
    }
}

/// The place of each voxel of a view along each axis, as images.
fn places([nx, ny, nz]: [usize; 3]) -> [Vec<f32>; 3] {
    let shape = [nx, ny, nz];
    let voxel = |at: usize| [at % nx, at / nx % ny, at / (nx * ny)].map(|i| i as f32);
    std::array::from_fn(|axis| {
        (0..nx * ny * nz)
            .map(|at| place(voxel(at), shape)[axis])
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architectures::{Architecture, ModelConfig, Preset, RegionUnetConfig};
    use crate::model_file::ModelCard;
    use siderin_image::volume::Grid;

    fn finder() -> RegionFinder {
        let compute = Compute::cpu();
        let device = compute.device();
        device.seed(1);
        let mut card = ModelCard::preset(Architecture::RegionUnet, Preset::Small);
        card.model = ModelConfig::RegionUnet(RegionUnetConfig { filters: [2; 4] });
        let network = card.model.init(device).unwrap();
        RegionFinder::new(Model { card, network }, &compute).unwrap()
    }

    #[test]
    fn an_untrained_network_gives_probabilities_of_every_voxel() {
        let grid = Grid::axis_aligned([20, 33, 17], [2.0; 3]).unwrap();
        let view = Volume::from_fn(&grid, |[i, j, k]| ((i * 7 + j * 3 + k) % 11) as f32 / 11.0);
        let map = finder().predict(&view).unwrap();
        for (tissue, inside) in map.tissue.voxels().iter().zip(map.inside.voxels()) {
            assert!(*tissue >= 0.0 && tissue <= inside && *inside <= 1.0);
        }
        assert!(
            map.region
                .voxels()
                .iter()
                .all(|c| Region::of_code(*c).is_some())
        );
    }

    #[test]
    fn a_network_of_microbleeds_is_refused() {
        let compute = Compute::cpu();
        let device = compute.device();
        let card = ModelCard::preset(Architecture::Unet3d, Preset::Small);
        let network = card.model.init(device).unwrap();
        let said = RegionFinder::new(Model { card, network }, &compute).unwrap_err();
        assert!(said.to_string().contains("is no network of regions"));
    }
}
