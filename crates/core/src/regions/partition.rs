//! Lobes, insula, callosum and capsules from labels that do not have them.

use super::geometry::{Structures, is_callosum};
use super::lobes::lobe;
use super::{FLUID_CODE, MniFrame, Region, Side};
use siderin_image::volume::{GridError, Volume, VoxelPoint, WorldPoint};

/// Labels that cannot be partitioned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum PartitionError {
    #[error(
        "dividing a brain into regions: its structures do not place it in MNI space; the labels need FreeSurfer aseg \
         codes with at least five of thalamus, caudate, putamen, pallidum, accumbens, hippocampus, amygdala, ventral \
         diencephalon, white matter and cerebellum on both sides"
    )]
    NoFrame,
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// The region of every voxel (see [`Region::code`]; fluid is [`FLUID_CODE`], all else 0) from aseg labels with
/// R, A and S along the axes, about. The head's place in MNI space follows from the middles of its structures.
///
/// # Errors
/// When the structures for that are not there.
pub fn partition(labels: &Volume<u16>) -> Result<Volume<u8>, PartitionError> {
    let frame = MniFrame::of_aseg(labels).ok_or(PartitionError::NoFrame)?;
    Ok(partition_in(labels, &frame)?)
}

/// The same of a head whose place in MNI space is known.
///
/// Nuclei, brainstem and cerebellum are as labelled; hippocampus and amygdala are temporal, accumbens basal
/// ganglia; ventral diencephalon is thalamus, but brainstem where it is midbrain (front < -10, up < -4 MNI mm).
/// White matter near the callosum's section in the midline is callosum, close outside the putamen external capsule,
/// between thalamus or caudate and the lentiform nucleus internal capsule, and within 10 mm of a lateral ventricle
/// deep. The rest is divided into lobes by planes in MNI space. How this agrees with published
/// parcellations is in results/region-rule.
///
/// # Errors
/// None in practice, as those of the callosum's section.
pub fn partition_in(labels: &Volume<u16>, frame: &MniFrame) -> Result<Volume<u8>, GridError> {
    let structures = Structures::of(labels, frame, is_white)?;
    let grid = labels.grid();
    Ok(Volume::from_fn(grid, |index| {
        let code = labels.at(index);
        if code == 0 {
            return 0;
        }
        let world = grid.to_world(VoxelPoint::center_of(index));
        if let Some(fixed) = named(code, frame, world) {
            return fixed;
        }
        let lobe = || lobe(frame.place(world), structures.putamen.at(index));
        let region = match code {
            3 | 42 => lobe(),
            _ if is_white(code) => structures.deep_white(index).unwrap_or_else(lobe),
            _ => return 0,
        };
        let side = match code {
            2 | 3 | 25 | 78 => Side::Left,
            41 | 42 | 57 | 79 => Side::Right,
            _ => frame.side(world),
        };
        region.code(side)
    }))
}

fn is_white(code: u16) -> bool {
    matches!(code, 2 | 41 | 25 | 57 | 77..=79) || is_callosum(code)
}

/// Ventral diencephalon behind and below these, in MNI mm, is midbrain: of the label, 53 % by the Eve atlas
/// (Oishi 2009).
const MIDBRAIN_FRONT_MM: f64 = -10.0;
const MIDBRAIN_UP_MM: f64 = -4.0;

/// The value of a code that is a region by itself, or fluid.
pub(super) fn named(code: u16, frame: &MniFrame, at: WorldPoint) -> Option<u8> {
    let by_place = || frame.side(at);
    let side = |right: bool| if right { Side::Right } else { Side::Left };
    let (region, side) = match code {
        4 | 5 | 14 | 15 | 24 | 43 | 44 | 72 | 31 | 63 => return Some(FLUID_CODE),
        7 | 8 | 46 | 47 => (Region::Cerebellum, side(code > 40)),
        172 => (Region::Cerebellum, by_place()),
        9 | 10 | 48 | 49 => (Region::Thalamus, side(code > 40)),
        28 | 60 => {
            let place = frame.place(at);
            if place.y < MIDBRAIN_FRONT_MM && place.z < MIDBRAIN_UP_MM {
                (Region::Brainstem, by_place())
            } else {
                (Region::Thalamus, side(code > 40))
            }
        }
        11 | 12 | 13 | 26 | 50 | 51 | 52 | 58 => (Region::BasalGanglia, side(code > 40)),
        // Dark spots of grey matter, in the nuclei mostly.
        80 => (Region::BasalGanglia, by_place()),
        81 | 82 => (Region::BasalGanglia, side(code == 82)),
        17 | 18 | 53 | 54 => (Region::Temporal, side(code > 40)),
        16 | 170 | 173..=175 => (Region::Brainstem, by_place()),
        _ if is_callosum(code) => (
            Region::CorpusCallosum,
            match code {
                1004 | 3004 => Side::Left,
                2004 | 4004 => Side::Right,
                _ => by_place(),
            },
        ),
        _ => return None,
    };
    Some(region.code(side))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{Matrix4, Rotation3, Translation3};
    use siderin_image::volume::Grid;

    /// Codes at MNI places of a schematic brain: nuclei and ventricles as boxes in white matter, cortex around it.
    fn schematic(place: [f64; 3]) -> u16 {
        let [x, y, z] = place;
        let lateral = x.abs();
        let within = |v: f64, [low, high]: [f64; 2]| (low..high).contains(&v);
        let is = |l: [f64; 2], f: [f64; 2], u: [f64; 2]| {
            within(lateral, l) && within(y, f) && within(z, u)
        };
        let (left, right) = match () {
            () if is([0.0, 8.0], [-30.0, -14.0], [-50.0, -10.0]) => (16, 16),
            () if is([4.0, 16.0], [-22.0, -8.0], [-10.0, -2.0]) => (28, 60),
            () if is([4.0, 18.0], [-30.0, -6.0], [0.0, 16.0]) => (10, 49),
            () if is([4.0, 10.0], [-30.0, 24.0], [16.0, 20.0]) => (4, 43),
            () if is([22.0, 30.0], [-12.0, 16.0], [-8.0, 8.0]) => (12, 51),
            () if is([10.0, 16.0], [0.0, 20.0], [4.0, 16.0]) => (11, 50),
            () if lateral < 60.0 && within(y, [-95.0, 62.0]) && within(z, [-30.0, 68.0]) => (2, 41),
            () if lateral < 68.0 && within(y, [-104.0, 70.0]) && within(z, [-44.0, 76.0]) => {
                (3, 42)
            }
            () => (0, 0),
        };
        if x > 0.0 { right } else { left }
    }

    /// The brain in a grid of 2 mm, nodding as a head in a scanner does.
    fn brain() -> (Volume<u16>, MniFrame) {
        let world_from_mni = Translation3::new(3.0, -6.0, 12.0).to_homogeneous()
            * Rotation3::from_euler_angles(0.2, 0.05, 0.1).to_homogeneous();
        let mut affine = Matrix4::new_scaling(2.0);
        affine.set_column(3, &nalgebra::Vector4::new(-90.0, -130.0, -80.0, 1.0));
        let grid = Grid::new([90, 120, 100], affine).unwrap();
        let mni_from_world = world_from_mni.try_inverse().unwrap();
        let frame = MniFrame::new(mni_from_world);
        let labels = Volume::from_fn(&grid, |index| {
            let place = frame.place(grid.to_world(VoxelPoint::center_of(index)));
            schematic(place.into())
        });
        (labels, frame)
    }

    #[test]
    fn a_schematic_brain_has_its_regions_where_they_are() {
        let (labels, frame) = brain();
        let regions = partition_in(&labels, &frame).unwrap();
        let grid = labels.grid();
        let back = frame.mni_from_world().try_inverse().unwrap();
        let at = |x: f64, y: f64, z: f64| {
            let index = grid.nearest(WorldPoint(back.transform_point(&[x, y, z].into())));
            Region::of_code(regions.at(index.unwrap()))
        };
        let expected = [
            ([12.0, -18.0, 8.0], Region::Thalamus),
            // Of the ventral diencephalon, what is in front of the midbrain and what is not.
            ([10.0, -9.0, -6.0], Region::Thalamus),
            ([10.0, -18.0, -7.0], Region::Brainstem),
            ([4.0, -22.0, -30.0], Region::Brainstem),
            ([26.0, 4.0, 0.0], Region::BasalGanglia),
            // 3 mm outside the putamen; 3 mm before its inner side, between it and the thalamus.
            ([33.0, 2.0, 0.0], Region::ExternalCapsule),
            ([19.5, -8.0, 6.0], Region::InternalCapsule),
            // Over the ventricles in the midline, and 8 mm beside it.
            ([1.0, 0.0, 22.0], Region::CorpusCallosum),
            ([8.0, 0.0, 23.0], Region::CorpusCallosum),
            // 7 mm beside a ventricle, away from the midline.
            ([17.0, 10.0, 18.0], Region::DeepWhiteMatter),
            ([40.0, 40.0, 30.0], Region::Frontal),
            ([40.0, -60.0, 40.0], Region::Parietal),
            ([50.0, -30.0, -20.0], Region::Temporal),
            ([10.0, -90.0, 4.0], Region::Occipital),
        ];
        for ([x, y, z], region) in expected {
            for (x, side) in [(x, Side::Right), (-x, Side::Left)] {
                assert_eq!(at(x, y, z), Some((region, side)), "{x} {y} {z}");
            }
        }
        let fluid = grid.nearest(WorldPoint(back.transform_point(&[7.0, 0.0, 18.0].into())));
        assert_eq!(regions.at(fluid.unwrap()), FLUID_CODE);
    }

    #[test]
    fn labels_without_structures_are_refused() {
        let grid = Grid::axis_aligned([4; 3], [1.0; 3]).unwrap();
        let said = partition(&Volume::filled(&grid, 2)).unwrap_err();
        assert_eq!(said, PartitionError::NoFrame);
    }
}
