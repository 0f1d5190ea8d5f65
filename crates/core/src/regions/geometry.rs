//! Rules for what labels do not name, shared by both sources of regions.

use super::landmarks::Landmarks;
use super::{Region, Side};
use siderin_image::preprocess::distance_to_mm;
use siderin_image::volume::{Volume, VoxelPoint};

/// White matter this close to a lateral ventricle is deep (MARS).
const DEEP_WITHIN_MM: f32 = 10.0;
/// The callosum is white matter this close to the midline, above the thalami.
const CALLOSUM_HALF_WIDTH_MM: f64 = 10.0;
/// ... and this close to white matter in the midline itself.
const CALLOSUM_REACH_MM: f32 = 9.0;
/// The internal capsule lies between thalamus or caudate and the lentiform nucleus: the
/// distances to both sum to no more than this.
const INTERNAL_CAPSULE_WIDTH_MM: f32 = 13.0;
/// The external capsule is white matter this close to the putamen, on its outer side.
const EXTERNAL_CAPSULE_MM: f32 = 4.5;

/// The codes of structures that the rules measure from.
pub(super) struct Structures {
    pub(super) lateral_ventricles: Volume<f32>,
    medial: Volume<f32>,
    lentiform: Volume<f32>,
    pub(super) putamen: Volume<f32>,
    midline_white: Volume<f32>,
}

impl Structures {
    /// Distances (mm) to the structures, from aseg codes; `is_white` picks white matter.
    pub(super) fn of(
        labels: &Volume<u16>,
        landmarks: &Landmarks,
        is_white: impl Fn(u16) -> bool,
    ) -> Self {
        let to = |codes: &[u16]| distance_to_mm(&labels.map(|code| codes.contains(&code)));
        let grid = labels.grid();
        let midline_white = Volume::from_fn(grid, |index| {
            let at = grid.to_world(VoxelPoint::center_of(index));
            is_white(labels.at(index))
                && landmarks.right_of_midline_mm(at).abs() < 2.0
                && landmarks.proportional(at).up > -2.0
        });
        Self {
            lateral_ventricles: to(&[4, 5, 43, 44]),
            medial: to(&[10, 11, 49, 50]),
            lentiform: to(&[12, 13, 51, 52]),
            putamen: to(&[12, 51]),
            midline_white: distance_to_mm(&midline_white),
        }
    }

    /// The region of a voxel of white matter that is no lobe's: callosum, capsules, deep.
    pub(super) fn deep_white(&self, landmarks: &Landmarks, index: [usize; 3]) -> Option<Region> {
        let grid = self.putamen.grid();
        let world = grid.to_world(VoxelPoint::center_of(index));
        let at = landmarks.proportional(world);
        let lateral_mm = landmarks.right_of_midline_mm(world).abs();
        if lateral_mm <= CALLOSUM_HALF_WIDTH_MM
            && self.midline_white.at(index) <= CALLOSUM_REACH_MM
            && at.up > -2.0
        {
            return Some(Region::CorpusCallosum);
        }
        let (medial, lentiform) = (self.medial.at(index), self.lentiform.at(index));
        if medial + lentiform <= INTERNAL_CAPSULE_WIDTH_MM {
            return Some(Region::InternalCapsule);
        }
        if self.putamen.at(index) <= EXTERNAL_CAPSULE_MM && at.lateral > 24.0 {
            return Some(Region::ExternalCapsule);
        }
        (self.lateral_ventricles.at(index) <= DEEP_WITHIN_MM).then_some(Region::DeepWhiteMatter)
    }
}

/// The side that a label names, or the one the place is on.
pub(super) fn side_at(landmarks: &Landmarks, at: siderin_image::volume::WorldPoint) -> Side {
    if landmarks.right_of_midline_mm(at) >= 0.0 {
        Side::Right
    } else {
        Side::Left
    }
}
