//! Regions from a parcellation of FreeSurfer or SynthSeg.

use super::geometry::{Structures, is_callosum};
use super::partition::{named, partition_in};
use super::{MniFrame, Region, Side, Structure};
use siderin_image::volume::{GridError, Volume, VoxelPoint, canonical_orientation};
use std::collections::BTreeMap;

/// A parcellation that gives no regions.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ParcellationError {
    #[error(
        "reading a parcellation: value {value} is no label; it holds whole numbers from 0 to 65535"
    )]
    NotALabel { value: f32 },
    #[error(
        "reading a parcellation: its structures do not place it in MNI space; give FreeSurfer's aseg, aparc+aseg, \
         aparc.a2009s+aseg or wmparc, or SynthSeg's output"
    )]
    NoFrame,
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// The regions of a parcellation, on its own grid, and the codes it held that belong to no
/// region, with their voxels.
///
/// Cortex goes by its parcel, of the Desikan-Killiany atlas (aparc, wmparc, SynthSeg with `--parc`) or of
/// Destrieux's (aparc.a2009s), subcortical white matter by wmparc's or else by the closest cortex, unless it is deep
/// by the rules of [`super::partition_in()`] (callosum, capsules, within 10 mm of a lateral ventricle). Where cortex
/// has no parcels (aseg), lobes are those of [`super::partition_in()`].
///
/// # Errors
/// When it is no such parcellation.
pub fn from_parcellation(
    parcels: &Volume<f32>,
) -> Result<(Volume<u8>, BTreeMap<u16, usize>), ParcellationError> {
    let labels = parcels
        .to_labels()
        .map_err(|value| ParcellationError::NotALabel { value })?;
    let (parcels, orientation) = canonical_orientation(&labels)?;
    let simple = parcels.map(as_aseg);
    let frame = MniFrame::of_aseg(&simple).ok_or(ParcellationError::NoFrame)?;
    let lobes = nearest_lobe(&parcels);
    let has_parcels = lobes.voxels().iter().any(|code| *code > 0);
    let by_rule = if has_parcels {
        None
    } else {
        Some(partition_in(&simple, &frame)?)
    };
    let structures = Structures::of(&simple, &frame, |code| matches!(code, 2 | 41 | 77))?;
    let grid = parcels.grid();
    let mut unknown = BTreeMap::new();
    let regions = Volume::from_fn(grid, |index| {
        let code = parcels.at(index);
        let world = grid.to_world(VoxelPoint::center_of(index));
        if let Some(fixed) = named(code, &frame, world) {
            return fixed;
        }
        if let Some((region, side)) = cortex_region(code) {
            return region.code(side);
        }
        // Hypointensities of white matter have one code for both sides.
        let side = match simple.at(index) {
            2 | 3 => Some(Side::Left),
            41 | 42 => Some(Side::Right),
            77 => Some(frame.side(world)),
            _ => None,
        };
        let Some(side) = side else {
            if code != 0 {
                *unknown.entry(code).or_default() += 1;
            }
            return 0;
        };
        if let Some(by_rule) = &by_rule {
            return by_rule.at(index);
        }
        let is_cortex = matches!(simple.at(index), 3 | 42);
        let deep = structures.deep_white(index).filter(|_| !is_cortex);
        let lobar = white_region(code).or_else(|| Region::of_code(lobes.at(index)).map(|r| r.0));
        deep.or(lobar).unwrap_or(Region::DeepWhiteMatter).code(side)
    });
    Ok((orientation.inverse().apply(&regions)?, unknown))
}

/// The [`Structure::code`]s of a parcellation, on its own grid; cortex and white matter whatever their parcel.
///
/// # Errors
/// As [`from_parcellation`].
pub fn structures_of_parcellation(parcels: &Volume<f32>) -> Result<Volume<u8>, ParcellationError> {
    let labels = parcels
        .to_labels()
        .map_err(|value| ParcellationError::NotALabel { value })?;
    let simple = labels.map(as_aseg);
    let frame = MniFrame::of_aseg(&simple).ok_or(ParcellationError::NoFrame)?;
    let grid = simple.grid();
    Ok(Volume::from_fn(grid, |index| {
        let Some((structure, side)) = Structure::of_aseg(simple.at(index)) else {
            return 0;
        };
        let by_place = || frame.side(grid.to_world(VoxelPoint::center_of(index)));
        structure.code(side.unwrap_or_else(by_place))
    }))
}

/// The code with parcels merged into aseg's cortex and white matter, and old codes of the callosum and the thalamus
/// into the new ones.
fn as_aseg(code: u16) -> u16 {
    if is_callosum(code) {
        return 251;
    }
    match code {
        9 => 10,
        48 => 49,
        3 | 1000..=1035 | 11100..=11175 => 3,
        42 | 2000..=2035 | 12100..=12175 => 42,
        2 | 25 | 78 | 3000..=3035 | 5001 | 13100..=13175 => 2,
        41 | 57 | 79 | 4000..=4035 | 5002 | 14100..=14175 => 41,
        _ => code,
    }
}

/// Region and side of a cortical parcel.
fn cortex_region(code: u16) -> Option<(Region, Side)> {
    let (region, side) = match code {
        1001..=1035 => (parcel_lobe(code - 1000), Side::Left),
        2001..=2035 => (parcel_lobe(code - 2000), Side::Right),
        11101..=11175 => (destrieux_lobe(code - 11100), Side::Left),
        12101..=12175 => (destrieux_lobe(code - 12100), Side::Right),
        _ => return None,
    };
    Some((region?, side))
}

/// Of the Desikan-Killiany atlas (Desikan 2006, doi 10.1016/j.neuroimage.2006.01.021); the cingulate is divided
/// between the lobes it lies on (Klein and Tourville 2012, doi 10.3389/fnins.2012.00171).
fn parcel_lobe(parcel: u16) -> Option<Region> {
    Some(match parcel {
        2 | 3 | 12 | 14 | 17 | 18 | 19 | 20 | 24 | 26 | 27 | 28 | 32 => Region::Frontal,
        8 | 10 | 22 | 23 | 25 | 29 | 31 => Region::Parietal,
        1 | 6 | 7 | 9 | 15 | 16 | 30 | 33 | 34 => Region::Temporal,
        5 | 11 | 13 | 21 => Region::Occipital,
        35 => Region::Insula,
        _ => return None,
    })
}

/// Of Destrieux's atlas (Destrieux 2010, doi 10.1016/j.neuroimage.2010.06.010): gyri by the lobes of their names, sulci
/// between two lobes by the lobe that most of the sulcus has in the Desikan-Killiany atlas of the MNI brain.
fn destrieux_lobe(parcel: u16) -> Option<Region> {
    Some(match parcel {
        1
        | 3
        | 5..=7
        | 12..=16
        | 24
        | 29
        | 31
        | 32
        | 39
        | 40
        | 46
        | 53..=55
        | 63..=65
        | 69..=71 => Region::Frontal,
        4 | 8..=10 | 25..=28 | 30 | 41 | 47 | 56 | 57 | 59 | 66..=68 | 72 => Region::Parietal,
        21 | 23 | 33..=38 | 44 | 51 | 60..=62 | 73..=75 => Region::Temporal,
        2 | 11 | 19 | 20 | 22 | 43 | 45 | 52 | 58 => Region::Occipital,
        17 | 18 | 48..=50 => Region::Insula,
        _ => return None,
    })
}

/// The lobe of a white-matter parcel of wmparc.
fn white_region(code: u16) -> Option<Region> {
    match code {
        3001..=3035 => parcel_lobe(code - 3000),
        4001..=4035 => parcel_lobe(code - 4000),
        13101..=13175 => destrieux_lobe(code - 13100),
        14101..=14175 => destrieux_lobe(code - 14100),
        _ => None,
    }
}

/// For every voxel of white matter and of cortex without a parcel the value of the closest parcel of cortex, spread by
/// one voxel's face at a time.
fn nearest_lobe(parcels: &Volume<u16>) -> Volume<u8> {
    let mut lobes =
        parcels.map(|code| cortex_region(code).map_or(0, |(region, side)| region.code(side)));
    let mut rim: Vec<usize> = (0..lobes.voxels().len())
        .filter(|&o| lobes.voxels()[o] != 0)
        .collect();
    while !rim.is_empty() {
        let mut next = Vec::new();
        for offset in rim {
            let value = lobes.voxels()[offset];
            let index = parcels.grid().index(offset);
            for there in parcels.grid().face_neighbours(index) {
                let reached = matches!(as_aseg(parcels.at(there)), 2 | 3 | 41 | 42 | 77);
                if reached && lobes.at(there) == 0 {
                    lobes.set(there, value);
                    next.push(parcels.grid().offset(there));
                }
            }
        }
        rim = next;
    }
    lobes
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{Matrix4, Vector4};
    use siderin_image::volume::{Grid, Reorientation};

    /// Where a cube of 12 mm stands for a structure, by its code on the left and on the right.
    const CUBES: [([f64; 3], [f32; 2]); 5] = [
        ([12.0, -18.0, 4.0], [10.0, 49.0]),
        ([26.0, 2.0, 0.0], [12.0, 51.0]),
        ([26.0, -22.0, -14.0], [17.0, 53.0]),
        ([23.0, -4.0, -20.0], [18.0, 54.0]),
        ([24.0, -60.0, -36.0], [8.0, 47.0]),
    ];

    /// A brain of blocks, 4 mm: cortex around white matter, ventricles, nuclei.
    fn blocks() -> Volume<f32> {
        let mut affine = Matrix4::from_diagonal(&Vector4::new(4.0, 4.0, 4.0, 1.0));
        affine.set_column(3, &Vector4::new(-70.0, -106.0, -50.0, 1.0));
        let grid = Grid::new([36, 46, 34], affine).unwrap();
        Volume::from_fn(&grid, |index| {
            let at = grid.to_world(VoxelPoint::center_of(index)).0;
            let (side, x) = (f32::from(u8::from(at.x > 0.0)), at.x.abs());
            let cortex = |parcel: f32| 1000.0 + parcel + 1000.0 * side;
            let aseg = |left: f32, right: f32| left + (right - left) * side;
            let inside =
                x < 66.0 && (-100.0..68.0).contains(&at.y) && (-44.0..76.0).contains(&at.z);
            let shell =
                x > 58.0 || !(-92.0..60.0).contains(&at.y) || !(-36.0..68.0).contains(&at.z);
            let cube = CUBES.iter().find(|(middle, _)| {
                let off = [x - middle[0], at.y - middle[1], at.z - middle[2]];
                off.iter().all(|mm| mm.abs() < 6.0)
            });
            match () {
                () if !inside => 0.0,
                () if cube.is_some() => cube.map_or(0.0, |(_, [left, right])| aseg(*left, *right)),
                () if shell && at.y > 0.0 => cortex(28.0),
                () if shell && at.y < -80.0 => cortex(11.0),
                () if shell && at.z < -20.0 => cortex(15.0),
                () if shell => cortex(8.0),
                () if (4.0..14.0).contains(&x)
                    && (-30.0..30.0).contains(&at.y)
                    && (8.0..20.0).contains(&at.z) =>
                {
                    aseg(4.0, 43.0)
                }
                () if (16.0..22.0).contains(&x)
                    && (-12.0..4.0).contains(&at.y)
                    && (-6.0..6.0).contains(&at.z) =>
                {
                    aseg(13.0, 52.0)
                }
                () if x > 36.0
                    && x < 44.0
                    && (40.0..48.0).contains(&at.y)
                    && (28.0..36.0).contains(&at.z) =>
                {
                    77.0
                }
                () => aseg(2.0, 41.0),
            }
        })
    }

    fn region_at(regions: &Volume<u8>, place: [f64; 3]) -> Option<(Region, Side)> {
        let [x, y, z] = place;
        let voxel = regions
            .grid()
            .to_voxel(siderin_image::volume::WorldPoint::new(x, y, z));
        Region::of_code(regions.at(voxel.to_array().map(|v| v.round() as usize)))
    }

    #[test]
    fn parcels_sides_and_depth_whatever_the_storage_order() {
        let ras = blocks();
        let lps = Reorientation {
            source_axis: [0, 1, 2],
            flip: [true, true, false],
        };
        let stored = [ras.clone(), lps.apply(&ras).unwrap()];
        for parcels in stored {
            let (regions, unknown) = from_parcellation(&parcels).unwrap();
            assert!(regions.grid().matches(parcels.grid(), 1e-6));
            assert!(unknown.is_empty(), "{unknown:?}");
            let expected = [
                ([-62.0, 30.0, 20.0], Region::Frontal, Side::Left),
                ([62.0, -50.0, 30.0], Region::Parietal, Side::Right),
                ([62.0, -50.0, -30.0], Region::Temporal, Side::Right),
                ([-30.0, -96.0, 10.0], Region::Occipital, Side::Left),
                // White matter by the closest cortex: 10 mm under the frontal pole's.
                ([30.0, 50.0, 20.0], Region::Frontal, Side::Right),
                // 8 mm from the ventricle's outermost voxels.
                ([-18.0, 22.0, 16.0], Region::DeepWhiteMatter, Side::Left),
                ([18.0, -6.0, 2.0], Region::BasalGanglia, Side::Right),
                // Hypointensities on either side.
                ([42.0, 46.0, 34.0], Region::Frontal, Side::Right),
                ([-42.0, 46.0, 34.0], Region::Frontal, Side::Left),
            ];
            for (place, region, side) in expected {
                assert_eq!(
                    region_at(&regions, place),
                    Some((region, side)),
                    "{place:?}"
                );
            }
        }
    }

    #[test]
    fn other_kinds_of_parcellation_have_the_same_lobes() {
        // Parcels of Destrieux's atlas in place of those of Desikan's, and none at all.
        let destrieux = blocks().map(|code| {
            let parcel = match code as u16 % 1000 {
                _ if code < 1000.0 => return code,
                // G_front_sup, Pole_occipital, G_temporal_middle, G_pariet_inf-Angular.
                28 => 16.0,
                11 => 43.0,
                15 => 38.0,
                _ => 25.0,
            };
            10_100.0 + 1000.0 * (code / 1000.0).floor() + parcel
        });
        let plain = blocks().map(|code| match code as u16 {
            1000..=1035 => 3.0,
            2000..=2035 => 42.0,
            _ => code,
        });
        for parcels in [destrieux, plain] {
            let (regions, unknown) = from_parcellation(&parcels).unwrap();
            assert!(unknown.is_empty(), "{unknown:?}");
            for (place, region, side) in [
                ([-62.0, 30.0, 20.0], Region::Frontal, Side::Left),
                ([62.0, -50.0, 30.0], Region::Parietal, Side::Right),
                ([62.0, -50.0, -30.0], Region::Temporal, Side::Right),
                ([-30.0, -96.0, 10.0], Region::Occipital, Side::Left),
                ([30.0, 50.0, 20.0], Region::Frontal, Side::Right),
                ([-18.0, 22.0, 16.0], Region::DeepWhiteMatter, Side::Left),
            ] {
                assert_eq!(
                    region_at(&regions, place),
                    Some((region, side)),
                    "{place:?}"
                );
            }
        }
    }

    #[test]
    fn rare_codes_have_regions() {
        let rare = [
            (1000, ([-62.0, 30.0, 20.0], Region::Frontal, Side::Left)),
            (2000, ([62.0, -50.0, 30.0], Region::Parietal, Side::Right)),
            (42, ([62.0, -50.0, -30.0], Region::Temporal, Side::Right)),
            (3000, ([-30.0, 50.0, 20.0], Region::Frontal, Side::Left)),
            (57, ([30.0, 50.0, 20.0], Region::Frontal, Side::Right)),
            (
                1004,
                ([-2.0, 2.0, 22.0], Region::CorpusCallosum, Side::Left),
            ),
            (192, ([2.0, 2.0, 22.0], Region::CorpusCallosum, Side::Right)),
            (9, ([-12.0, -18.0, 4.0], Region::Thalamus, Side::Left)),
            (82, ([26.0, 2.0, 0.0], Region::BasalGanglia, Side::Right)),
            (172, ([-24.0, -60.0, -36.0], Region::Cerebellum, Side::Left)),
            (174, ([2.0, -26.0, -30.0], Region::Brainstem, Side::Right)),
        ];
        let blocks = blocks();
        for (code, (place, region, side)) in rare {
            let mut parcels = blocks.clone();
            let at = parcels
                .grid()
                .nearest(siderin_image::volume::WorldPoint(place.into()));
            parcels.set(at.unwrap(), f32::from(code as u16));
            let (regions, unknown) = from_parcellation(&parcels).unwrap();
            assert_eq!(region_at(&regions, place), Some((region, side)), "{code}");
            assert!(unknown.is_empty(), "{unknown:?}");
        }
    }

    #[test]
    fn other_maps_are_refused() {
        let grid = Grid::axis_aligned([4; 3], [1.0; 3]).unwrap();
        assert_eq!(
            from_parcellation(&Volume::filled(&grid, 0.5)).unwrap_err(),
            ParcellationError::NotALabel { value: 0.5 }
        );
        assert_eq!(
            from_parcellation(&Volume::filled(&grid, 1028.0)).unwrap_err(),
            ParcellationError::NoFrame
        );
    }
}
