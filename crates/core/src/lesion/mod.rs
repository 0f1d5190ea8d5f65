//! What was found: lesions in millimetres, their number, their group.

mod burden;
mod map;
mod place;
mod select;
mod surroundings;

pub use burden::{BurdenGroup, Counts};
pub use map::{MapFinding, OperatingPoint, lesions_of_map};
pub use place::{GROUP_ONLY, NoRegion, Place};
pub use select::{
    Decision, Judged, ScoredSpot, faint_lesions, label_volume, repeats, select_lesions,
};

use serde::Serialize;
use siderin_image::volume::{Grid, VoxelPoint, WorldPoint, sphere_diameter_mm};

/// A finding above the threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesion {
    /// 1, 2, … by falling confidence; the value in the label volume.
    pub id: u16,
    /// Centre in RAS+ mm.
    pub center_world: WorldPoint,
    /// Centre in voxel indices of the scan.
    pub center_voxel: VoxelPoint,
    /// Volume of its voxels.
    pub volume_mm3: f64,
    /// Diameter of the sphere of that volume.
    pub diameter_mm: f64,
    /// 0 to 1; what it means depends on the method that gave it.
    pub confidence: f32,
    /// Microbleed or larger.
    pub size_class: SizeClass,
    /// Where in the brain, or why that is not known.
    pub place: Result<Place, NoRegion>,
    /// Offsets of its voxels in the scan, ascending.
    pub voxels: Vec<usize>,
}

impl Lesion {
    /// A lesion of these voxels (offsets in `grid`), at no known place; its centre is their mean. Its number
    /// is 0 until it is given one.
    #[must_use]
    pub fn of_voxels(grid: &Grid, mut voxels: Vec<usize>, confidence: f32) -> Self {
        voxels.sort_unstable();
        let mut sum = [0.0; 3];
        for &voxel in &voxels {
            for (total, at) in sum.iter_mut().zip(grid.index(voxel)) {
                *total += at as f64;
            }
        }
        let [i, j, k] = sum.map(|total| total / voxels.len().max(1) as f64);
        let center_voxel = VoxelPoint::new(i, j, k);
        let volume_mm3 = voxels.len() as f64 * grid.voxel_volume_mm3();
        let diameter_mm = sphere_diameter_mm(volume_mm3);
        Self {
            id: 0,
            center_world: grid.to_world(center_voxel),
            center_voxel,
            volume_mm3,
            diameter_mm,
            confidence,
            size_class: SizeClass::of(diameter_mm),
            place: Err(NoRegion::NoMap),
            voxels,
        }
    }
}

/// By diameter; larger ones are reported apart and never counted as microbleeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeClass {
    /// Up to 10 mm.
    Microbleed,
    /// Over 10 mm.
    Macrohaemorrhage,
}

/// A microbleed's largest diameter (Greenberg 2009, doi 10.1016/S1474-4422(09)70013-4).
pub const LARGEST_MICROBLEED_MM: f64 = 10.0;

impl SizeClass {
    /// The class of a diameter.
    #[must_use]
    pub fn of(diameter_mm: f64) -> Self {
        if diameter_mm > LARGEST_MICROBLEED_MM {
            Self::Macrohaemorrhage
        } else {
            Self::Microbleed
        }
    }

    /// Name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Microbleed => "microbleed",
            Self::Macrohaemorrhage => "macrohaemorrhage",
        }
    }
}
