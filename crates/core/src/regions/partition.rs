//! Lobes, insula, callosum and capsules from labels that do not have them.

use super::geometry::{Structures, side_at};
use super::landmarks::{Landmarks, Proportional};
use super::{FLUID_CODE, Region, Side};
use siderin_image::volume::{Volume, VoxelPoint};

/// Labels that cannot be partitioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "dividing a brain into regions: its landmarks were not found; the labels need FreeSurfer aseg \
     codes with white matter (2, 41) and cortex (3, 42) on both sides and the pallidum (13, 52)"
)]
pub struct PartitionError;

/// The region of every voxel (see [`Region::code`]; fluid is [`FLUID_CODE`], all else 0) from
/// aseg labels on a near-RAS grid.
///
/// Nuclei, brainstem and cerebellum are as labelled; hippocampus and amygdala are temporal,
/// accumbens basal ganglia, ventral diencephalon thalamus. White matter within
/// 10 mm of a lateral ventricle is deep, between thalamus or caudate and the lentiform nucleus
/// internal capsule, close outside the putamen external capsule, around the midline above the
/// commissure callosum. The rest is divided into lobes by planes in a proportional frame: the
/// central sulcus, the Sylvian fissure, and the line from the parieto-occipital sulcus to the
/// preoccipital notch. How well this agrees with an anatomist is not known.
///
/// # Errors
/// When the landmarks are not there.
pub fn partition(labels: &Volume<u16>) -> Result<Volume<u8>, PartitionError> {
    let landmarks = Landmarks::find(labels).ok_or(PartitionError)?;
    let structures = Structures::of(labels, &landmarks, |code| matches!(code, 2 | 41 | 77));
    let grid = labels.grid();
    Ok(Volume::from_fn(grid, |index| {
        let code = labels.at(index);
        if let Some(fixed) = named(code) {
            return fixed;
        }
        let world = grid.to_world(VoxelPoint::center_of(index));
        let at = landmarks.proportional(world);
        let (side, region) = match code {
            2 | 41 | 77 => (
                if code == 77 {
                    side_at(&landmarks, world)
                } else {
                    side_of(code)
                },
                structures
                    .deep_white(&landmarks, index)
                    .unwrap_or_else(|| lobe(at, structures.putamen.at(index))),
            ),
            3 | 42 => (side_of(code), lobe(at, structures.putamen.at(index))),
            251..=255 => (side_at(&landmarks, world), Region::CorpusCallosum),
            16 => (side_at(&landmarks, world), Region::Brainstem),
            _ => return 0,
        };
        region.code(side)
    }))
}

fn side_of(code: u16) -> Side {
    if code < 40 { Side::Left } else { Side::Right }
}

/// The value of a code that is a region by itself, or fluid.
pub(super) fn named(code: u16) -> Option<u8> {
    let region = match code {
        4 | 5 | 14 | 15 | 24 | 43 | 44 | 72 | 31 | 63 => return Some(FLUID_CODE),
        7 | 8 | 46 | 47 => Region::Cerebellum,
        10 | 49 | 28 | 60 => Region::Thalamus,
        11 | 12 | 13 | 26 | 50 | 51 | 52 | 58 => Region::BasalGanglia,
        17 | 18 | 53 | 54 => Region::Temporal,
        _ => return None,
    };
    Some(region.code(side_of(code)))
}

/// Cortex this close to the putamen, in the insula's window, is insula.
const INSULA_WITHIN_MM: f32 = 15.0;

/// The lobe of a place by planes in MNI mm (read off the MNI152 brain by its sulci).
pub(super) fn lobe(at: Proportional, to_putamen_mm: f32) -> Region {
    let Proportional { lateral, front, up } = at;
    let in_window = (24.0..46.0).contains(&lateral)
        && (-26.0..26.0).contains(&front)
        && (-14.0..20.0).contains(&up);
    if in_window && to_putamen_mm <= INSULA_WITHIN_MM {
        return Region::Insula;
    }
    // Parieto-occipital sulcus (−78, 40) to preoccipital notch (−58, −15).
    if up < 45.0 && front < -78.0 + (40.0 - up) * (20.0 / 55.0) {
        return Region::Occipital;
    }
    // Sylvian fissure from (12, −12) to (−40, 17); in front of it the temporal pole falls
    // away from the orbital cortex.
    let fissure = if front > 10.0 {
        -13.0 - (front - 10.0)
    } else {
        (-12.0 + (12.0 - front) * 0.55).min(17.0)
    };
    // Towards the midline there is no fissure: what lies below the commissure is temporal,
    // above it cingulate.
    let below = if lateral > 22.0 {
        fissure
    } else {
        fissure.min(-6.0)
    };
    if front < 24.0 && up < below && (lateral > 12.0 || front < 2.0) {
        return Region::Temporal;
    }
    // Central sulcus from (−35, 70) to (−2, 0).
    if front > -2.0 - 0.47 * up {
        Region::Frontal
    } else {
        Region::Parietal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_places_fall_into_their_lobes() {
        // MNI coordinates of well-known places: |x|, y, z.
        let places = [
            (
                "hand knob, precentral",
                [38.0, -24.0, 58.0],
                Region::Frontal,
            ),
            ("frontal pole", [20.0, 62.0, 5.0], Region::Frontal),
            (
                "Broca, pars opercularis",
                [50.0, 14.0, 16.0],
                Region::Frontal,
            ),
            ("gyrus rectus", [5.0, 35.0, -20.0], Region::Frontal),
            ("angular gyrus", [48.0, -62.0, 32.0], Region::Parietal),
            ("supramarginal gyrus", [58.0, -36.0, 34.0], Region::Parietal),
            ("precuneus", [6.0, -58.0, 42.0], Region::Parietal),
            ("superior parietal", [24.0, -60.0, 62.0], Region::Parietal),
            ("calcarine cortex", [8.0, -84.0, 6.0], Region::Occipital),
            ("occipital pole", [18.0, -98.0, 2.0], Region::Occipital),
            ("temporal pole", [38.0, 12.0, -32.0], Region::Temporal),
            (
                "middle temporal gyrus",
                [60.0, -20.0, -10.0],
                Region::Temporal,
            ),
            (
                "superior temporal, auditory",
                [54.0, -14.0, 2.0],
                Region::Temporal,
            ),
            ("fusiform", [38.0, -45.0, -20.0], Region::Temporal),
            ("parahippocampal", [22.0, -28.0, -18.0], Region::Temporal),
        ];
        for (name, [lateral, front, up], expected) in places {
            let at = Proportional { lateral, front, up };
            assert_eq!(lobe(at, 40.0), expected, "{name}");
        }
        let insula = Proportional {
            lateral: 38.0,
            front: 4.0,
            up: 0.0,
        };
        assert_eq!(lobe(insula, 8.0), Region::Insula);
    }
}
