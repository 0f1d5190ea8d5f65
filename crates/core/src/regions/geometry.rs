//! Rules for white matter that no label divides, shared by all sources of regions.

use super::{MniFrame, Region};
use nalgebra::Vector3;
use siderin_image::preprocess::{Connectivity, distance_to_mm, largest_component};
use siderin_image::volume::{Grid, GridError, Volume, VoxelPoint, linear_at};

/// White matter this close to a lateral ventricle is deep (MARS).
const DEEP_WITHIN_MM: f32 = 10.0;
/// The callosum reaches this far from the midline, in MNI mm as all that is said of places here.
const CALLOSUM_HALF_WIDTH_MM: f64 = 16.0;
/// Its section in the midline lies between these heights, and between these from back to front.
const CALLOSUM_HEIGHT_MM: [f64; 2] = [-6.0, 32.0];
const CALLOSUM_LENGTH_MM: [f64; 2] = [-50.0, 40.0];
/// Half of the thickness of that section.
const MIDLINE_MM: f64 = 2.0;
/// The external capsule is white matter this close to the putamen, on its outer side and this far from the midline.
const EXTERNAL_CAPSULE_MM: f32 = 5.0;
const EXTERNAL_CAPSULE_LATERAL_MM: f64 = 20.0;
/// The internal capsule lies between thalamus or caudate and the lentiform nucleus: the distances to both sum to no
/// more than the gap there and this, and no more than so much in all.
const INTERNAL_CAPSULE_ROOM_MM: f32 = 4.0;
const INTERNAL_CAPSULE_WIDTH_MM: f32 = 16.0;

/// What the rules measure from.
pub(super) struct Structures<'a> {
    frame: &'a MniFrame,
    lateral_ventricles: Volume<f32>,
    medial: Volume<f32>,
    lentiform: Volume<f32>,
    pub(super) putamen: Volume<f32>,
    callosum: Section,
}

impl<'a> Structures<'a> {
    /// From aseg codes; `is_white` picks white matter.
    ///
    /// # Errors
    /// None in practice: the callosum's section is small.
    pub(super) fn of(
        labels: &Volume<u16>,
        frame: &'a MniFrame,
        is_white: impl Fn(u16) -> bool,
    ) -> Result<Self, GridError> {
        let to = |codes: &[u16]| distance_to_mm(&labels.map(|code| codes.contains(&code)));
        Ok(Self {
            frame,
            lateral_ventricles: to(&[4, 5, 43, 44, 31, 63]),
            medial: to(&[10, 11, 49, 50]),
            lentiform: to(&[12, 13, 51, 52]),
            putamen: to(&[12, 51]),
            callosum: Section::of(labels, frame, is_white)?,
        })
    }

    /// The region of a voxel of white matter that is no lobe's: callosum, capsules, deep.
    pub(super) fn deep_white(&self, index: [usize; 3]) -> Option<Region> {
        let grid = self.putamen.grid();
        let place = self
            .frame
            .place(grid.to_world(VoxelPoint::center_of(index)));
        if self.callosum.holds(place) {
            return Some(Region::CorpusCallosum);
        }
        let putamen = self.putamen.at(index);
        let beside = putamen <= EXTERNAL_CAPSULE_MM && place.x.abs() > EXTERNAL_CAPSULE_LATERAL_MM;
        if beside && self.is_outside_of_putamen(index, place) {
            return Some(Region::ExternalCapsule);
        }
        let between = self.medial.at(index) + self.lentiform.at(index);
        if between <= INTERNAL_CAPSULE_WIDTH_MM
            && between <= self.gap(index) + INTERNAL_CAPSULE_ROOM_MM
        {
            return Some(Region::InternalCapsule);
        }
        (self.lateral_ventricles.at(index) <= DEEP_WITHIN_MM).then_some(Region::DeepWhiteMatter)
    }

    /// Whether the putamen's closest voxel lies more to the middle.
    fn is_outside_of_putamen(&self, index: [usize; 3], place: Vector3<f64>) -> bool {
        let away = towards_greater(&self.putamen, index);
        let grid = self.putamen.grid();
        let at = grid.to_world(VoxelPoint::center_of(index)).0 + away;
        let moved = self.frame.place(siderin_image::volume::WorldPoint(at));
        moved.x.abs() > place.x.abs()
    }

    /// Width of the gap between the nuclei: distance of the lentiform nucleus from thalamus or caudate where it is
    /// closest to the voxel.
    fn gap(&self, index: [usize; 3]) -> f32 {
        let grid = self.lentiform.grid();
        let back = towards_greater(&self.lentiform, index) * f64::from(self.lentiform.at(index));
        let closest = grid.to_world(VoxelPoint::center_of(index)).0 - back;
        let voxel = grid.to_voxel(siderin_image::volume::WorldPoint(closest));
        linear_at(&self.medial, voxel.to_array())
    }
}

/// The direction in the world in which a distance grows most, of length 1; 0 where it is the same all around.
fn towards_greater(distance: &Volume<f32>, index: [usize; 3]) -> Vector3<f64> {
    let grid = distance.grid();
    let shape = grid.shape();
    let spacing = grid.spacing_mm();
    let slope = Vector3::from_fn(|axis, _| {
        let (mut low, mut high) = (index, index);
        low[axis] = index[axis].saturating_sub(1);
        high[axis] = (index[axis] + 1).min(shape[axis] - 1);
        let steps = (high[axis] - low[axis]).max(1) as f64;
        f64::from(distance.at(high) - distance.at(low)) / (steps * spacing[axis])
    });
    let slope = grid.unit_axes() * slope;
    slope.try_normalize(1e-6).unwrap_or_else(Vector3::zeros)
}

/// The callosum's section in the midline, from which it goes to both sides as a sheet that widens.
struct Section {
    /// Distance in MNI mm from the section, seen from the side: front, up.
    distance: Volume<f32>,
    first: [f64; 2],
}

/// Room around the section in mm: the sheet is nowhere thicker.
const ROOM_MM: f64 = 12.0;

impl Section {
    /// From the callosum's own codes (251 to 255) where there are any, else the largest piece of white matter in the
    /// midline.
    fn of(
        labels: &Volume<u16>,
        frame: &MniFrame,
        is_white: impl Fn(u16) -> bool,
    ) -> Result<Self, GridError> {
        let grid = labels.grid();
        let place = |index: [usize; 3]| frame.place(grid.to_world(VoxelPoint::center_of(index)));
        let named = labels.map(is_callosum);
        let seed = if named.voxels().contains(&true) {
            named
        } else {
            let within = |mm: f64, [low, high]: [f64; 2]| (low..high).contains(&mm);
            let midline = Volume::from_fn(grid, |index| {
                is_white(labels.at(index)) && {
                    let place = place(index);
                    place.x.abs() < MIDLINE_MM
                        && within(place.y, CALLOSUM_LENGTH_MM)
                        && within(place.z, CALLOSUM_HEIGHT_MM)
                }
            });
            largest_component(&midline, Connectivity::Six)
        };
        let places: Vec<Vector3<f64>> = (0..seed.voxels().len())
            .filter(|offset| seed.voxels()[*offset])
            .map(|offset| place(grid.index(offset)))
            .collect();
        let bound = |axis: usize, pick: fn(f64, f64) -> f64| {
            places.iter().map(|p| p[axis]).reduce(pick).unwrap_or(0.0)
        };
        let first = [1, 2].map(|axis| bound(axis, f64::min) - ROOM_MM);
        let shape = [1, 2].map(|axis| {
            let length = bound(axis, f64::max) + ROOM_MM - first[axis - 1];
            length.clamp(1.0, 500.0) as usize + 1
        });
        // Voxels are wider than this plane's mm, and leave no gaps in it.
        let reach = grid.spacing_mm().into_iter().fold(0.0, f64::max) / 2.0;
        let mut section = Volume::filled(
            &Grid::axis_aligned([shape[0], shape[1], 1], [1.0; 3])?,
            false,
        );
        for place in places {
            let around = |axis: usize| {
                let at = place[axis + 1] - first[axis];
                let last = shape[axis] as f64 - 1.0;
                let low = (at - reach).round().clamp(0.0, last) as usize;
                low..=(at + reach).round().clamp(0.0, last) as usize
            };
            for k in around(1) {
                for j in around(0) {
                    section.set([j, k, 0], true);
                }
            }
        }
        Ok(Self {
            distance: distance_to_mm(&section),
            first,
        })
    }

    /// Whether white matter at a place belongs to the callosum. The sheet's reach about its section was read off
    /// callosal labels of the Eve atlas (Oishi 2009, doi 10.1016/j.neuroimage.2009.01.002).
    fn holds(&self, place: Vector3<f64>) -> bool {
        let lateral = place.x.abs();
        if lateral > CALLOSUM_HALF_WIDTH_MM || place.z >= CALLOSUM_HEIGHT_MM[1] {
            return false;
        }
        let at = [0, 1].map(|axis| (place[axis + 1] - self.first[axis]).round());
        let shape = self.distance.shape();
        let inside = (0..2).all(|axis| at[axis] >= 0.0 && at[axis] < shape[axis] as f64);
        let reach = 1.0 + 0.02 * lateral * lateral;
        inside && f64::from(self.distance.at([at[0] as usize, at[1] as usize, 0])) <= reach
    }
}

/// Codes of aseg, and of parcellations, that are callosum by name.
pub(super) fn is_callosum(code: u16) -> bool {
    matches!(code, 251..=255 | 86 | 192 | 1004 | 2004 | 3004 | 4004)
}
