//! First measures of a head: intensity range, centre, size.

use crate::preprocess::{Percentiles, percentiles};
use crate::volume::{Volume, VoxelPoint, WorldPoint, sphere_radius_mm};
use nalgebra::{Point3, Vector3};

/// What the surface starts from (names as in Smith 2002, section 2.1).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Head {
    /// Robust minimum (2nd percentile).
    pub t2: f64,
    /// Robust maximum (98th percentile).
    pub t98: f64,
    /// Between background and head.
    pub t: f64,
    /// Median inside a sphere of the head's size.
    pub tm: f64,
    /// Intensity-weighted centre.
    pub center: WorldPoint,
    /// Radius of a sphere of the head's volume in mm.
    pub radius_mm: f64,
}

/// From its highest point a brain reaches down this far at most; what is below is neck.
const BRAIN_HEIGHT_MM: f64 = 150.0;

impl Head {
    /// `None` when nothing stands out from the background.
    pub(super) fn measure(image: &Volume<f32>) -> Option<Self> {
        let everywhere = image.map(|_| true);
        let Percentiles { low, high } = percentiles(image, &everywhere, 2.0, 98.0).ok()?;
        let (t2, t98) = (f64::from(low), f64::from(high));
        if t98 <= t2 {
            return None;
        }
        let t = t2 + 0.1 * (t98 - t2);
        let grid = image.grid();
        let world_of = |offset: usize| grid.to_world(VoxelPoint::center_of(grid.index(offset))).0;
        let bright: Vec<(usize, f64)> = image
            .voxels()
            .iter()
            .enumerate()
            .filter(|(_, v)| f64::from(**v) > t)
            .map(|(offset, &v)| (offset, f64::from(v)))
            .collect();
        // The head's top: the level above which one in two hundred bright voxels lies.
        let mut heights: Vec<f64> = bright
            .iter()
            .map(|(offset, _)| world_of(*offset).z)
            .collect();
        if heights.is_empty() {
            return None;
        }
        let rank = heights.len() - 1 - heights.len() / 200;
        let (_, &mut top, _) = heights.select_nth_unstable_by(rank, f64::total_cmp);

        let (mut mass, mut moment, mut voxels) = (0.0, Vector3::zeros(), 0usize);
        for (offset, value) in &bright {
            let at = world_of(*offset);
            if at.z > top - BRAIN_HEIGHT_MM {
                let weight = value.min(t98) - t2;
                mass += weight;
                moment += at.coords * weight;
                voxels += 1;
            }
        }
        if mass <= 0.0 {
            return None;
        }
        let center = Point3::from(moment / mass);
        let volume_mm3 = voxels as f64 * grid.voxel_volume_mm3();
        let radius_mm = sphere_radius_mm(volume_mm3);
        let mut values: Vec<f32> = bright
            .iter()
            .filter(|(offset, _)| (world_of(*offset) - center).norm() < radius_mm)
            .map(|(_, value)| *value as f32)
            .collect();
        if values.is_empty() {
            return None;
        }
        let middle = values.len() / 2;
        let (_, &mut median, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
        Some(Self {
            t2,
            t98,
            t,
            tm: f64::from(median),
            center: WorldPoint(center),
            radius_mm,
        })
    }
}
