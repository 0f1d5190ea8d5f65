//! A microbleed whose truth is known.

use serde::{Deserialize, Serialize};

/// What is known of one microbleed in one scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LesionTruth {
    /// Its number, the same at every visit; the value in the mask.
    pub id: u16,
    /// Centre in the scan's world, RAS+ mm.
    pub center_world_mm: [f64; 3],
    /// Centre in voxel indices of the scan.
    pub center_voxel: [f64; 3],
    /// Centre in the head's mm.
    pub center_head_mm: [f64; 3],
    /// Radius of the core in mm.
    pub core_radius_mm: f64,
    /// Susceptibility above the tissue's in ppm.
    pub chi_ppm: f64,
    /// Region of its centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Side of its centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// Whether it is in the mask: it would be seen by itself, and no other one covers it.
    pub visible: bool,
    /// Largest share of the signal that it takes, 0 to 1.
    pub peak_loss: f64,
    /// Voxels in which it takes by itself more than a quarter of the signal.
    pub visible_voxels: usize,
    /// Their volume in mm³.
    pub visible_volume_mm3: f64,
    /// Diameter of the circle with the area of the largest section along slices, in mm.
    pub visible_diameter_mm: f64,
}
