//! What placing needs to know of a head, worked out once.

use crate::head::{Head, Tissue, tissue_of};
use nalgebra::Vector3;
use siderin_image::preprocess::distance_to_mm;
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, GridError, Volume, VoxelPoint, WorldPoint, linear_at};

/// A head with its distances (mm) and places to start from. Distances and offsets are on the
/// grid of the brain, a part of the head's.
pub(crate) struct Anatomy {
    pub(crate) head: Head,
    /// The head's labels in the box around the brain.
    pub(crate) brain: Volume<u16>,
    /// To the lateral and third ventricles.
    pub(crate) to_ventricle: Volume<f32>,
    /// To the fluid film on the brain: fluid that touches cortex.
    pub(crate) to_surface: Volume<f32>,
    /// To anything that is no parenchyma.
    pub(crate) to_outside: Volume<f32>,
    /// Offsets of the surface film.
    pub(crate) surface: Vec<usize>,
    /// Middle of the brain's left and right, in head mm.
    pub(crate) midline_x: f64,
    /// Top of the brain, in head mm.
    pub(crate) top_z: f64,
}

/// Room around the brain in which vessels may run.
const BRAIN_MARGIN_VOXELS: usize = 6;

impl Anatomy {
    pub(crate) fn of(head: Head) -> Result<Self, GridError> {
        let brain = head.labels().crop(head.brain_box(BRAIN_MARGIN_VOXELS))?;
        let tissues = brain.map(tissue_of);
        let grid = brain.grid();
        let parenchyma = tissues.map(Tissue::is_parenchyma);
        let film = film(&tissues);
        let to_ventricle = distance_to_mm(&tissues.map(|t| t == Tissue::Ventricle));
        let to_surface = distance_to_mm(&film);
        let to_outside = distance_to_mm(&parenchyma.map(|p| !p));
        let surface = (0..film.voxels().len())
            .filter(|&o| film.voxels()[o])
            .collect();
        let mut sum_x = 0.0;
        let mut count = 0usize;
        let mut top_z = f64::NEG_INFINITY;
        for (offset, _) in parenchyma.voxels().iter().enumerate().filter(|(_, p)| **p) {
            let at = grid.to_world(VoxelPoint::center_of(grid.index(offset))).0;
            sum_x += at.x;
            count += 1;
            top_z = top_z.max(at.z);
        }
        Ok(Self {
            to_ventricle,
            to_surface,
            to_outside,
            surface,
            midline_x: sum_x / count.max(1) as f64,
            top_z,
            brain,
            head,
        })
    }

    pub(crate) fn grid(&self) -> &Grid {
        self.brain.grid()
    }

    pub(crate) fn place(&self, offset: usize) -> Vector3<f64> {
        let grid = self.grid();
        grid.to_world(VoxelPoint::center_of(grid.index(offset)))
            .0
            .coords
    }

    /// The tissue at a place; air off the brain's box.
    pub(crate) fn tissue_at(&self, at: Vector3<f64>) -> Tissue {
        let labels = &self.brain;
        let index = labels
            .grid()
            .to_voxel(WorldPoint(at.into()))
            .to_array()
            .map(f64::round);
        let shape = labels.shape();
        if (0..3).all(|a| index[a] >= 0.0 && index[a] < shape[a] as f64) {
            tissue_of(labels.at(index.map(|i| i as usize)))
        } else {
            Tissue::Air
        }
    }

    /// A map's value at a place, by lines between voxels.
    pub(crate) fn value(&self, map: &Volume<f32>, at: Vector3<f64>) -> f64 {
        f64::from(linear_at(
            map,
            map.grid().to_voxel(WorldPoint(at.into())).to_array(),
        ))
    }

    /// The direction in which a map grows fastest; none where it is flat.
    pub(crate) fn uphill(&self, map: &Volume<f32>, at: Vector3<f64>) -> Option<Vector3<f64>> {
        let gradient = Vector3::from_fn(|a, _| {
            let step = Vector3::ith(a, 1.0);
            self.value(map, at + step) - self.value(map, at - step)
        });
        gradient.try_normalize(1e-6)
    }

    /// Offsets of the voxels that `chosen` picks by tissue and offset.
    pub(crate) fn offsets(&self, chosen: impl Fn(Tissue, usize) -> bool) -> Vec<usize> {
        let labels = self.brain.voxels();
        (0..labels.len())
            .filter(|&o| chosen(tissue_of(labels[o]), o))
            .collect()
    }

    /// A random place within the voxel at `offset`.
    pub(crate) fn place_within(&self, offset: usize, stream: &mut Stream) -> Vector3<f64> {
        self.place(offset) + Vector3::from_fn(|_, _| stream.uniform(-0.5, 0.5))
    }
}

/// Fluid with cortex among its 6 neighbours.
fn film(tissues: &Volume<Tissue>) -> Volume<bool> {
    let grid = tissues.grid();
    Volume::from_fn(grid, |index| {
        tissues.at(index) == Tissue::Csf
            && grid
                .face_neighbours(index)
                .any(|next| matches!(tissues.at(next), Tissue::Cortex | Tissue::CerebellarCortex))
    })
}
