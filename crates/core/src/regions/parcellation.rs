//! Regions from a parcellation of FreeSurfer (aparc+aseg, wmparc) or SynthSeg.

use super::geometry::{Structures, side_at};
use super::landmarks::Landmarks;
use super::partition::named;
use super::{FLUID_CODE, Region, Side};
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
        "reading a parcellation: no cortex of the Desikan-Killiany atlas (codes 1001 to 1035, 2001 \
         to 2035) was found; give aparc+aseg, wmparc, or SynthSeg's output with `--parc`"
    )]
    NoCortex,
    #[error(
        "reading a parcellation: its landmarks were not found; white matter, cortex and pallidum \
         (13, 52) of both sides are needed"
    )]
    NoLandmarks,
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// The regions of a parcellation, on its own grid, and the codes it held that belong to no
/// region, with their voxels.
///
/// Cortex goes by its parcel, subcortical white matter by wmparc's or else by the closest
/// cortex, unless it is deep by the rules of [`super::partition()`] (callosum, capsules, within
/// 10 mm of a lateral ventricle).
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
    if !parcels.voxels().iter().any(|&c| cortex_region(c).is_some()) {
        return Err(ParcellationError::NoCortex);
    }
    let simple = parcels.map(as_aseg);
    let landmarks = Landmarks::find(&simple).ok_or(ParcellationError::NoLandmarks)?;
    let structures = Structures::of(&simple, &landmarks, |code| matches!(code, 2 | 41 | 77));
    let lobes = nearest_lobe(&parcels);
    let grid = parcels.grid();
    let mut unknown = BTreeMap::new();
    let regions = Volume::from_fn(grid, |index| {
        let code = parcels.at(index);
        let world = grid.to_world(VoxelPoint::center_of(index));
        if (251..=255).contains(&code) {
            return Region::CorpusCallosum.code(side_at(&landmarks, world));
        }
        if code == 16 {
            return Region::Brainstem.code(side_at(&landmarks, world));
        }
        if let Some(fixed) = named(code) {
            return fixed;
        }
        if let Some((region, side)) = cortex_region(code) {
            return region.code(side);
        }
        // Hypointensities of white matter have one code for both sides.
        let side = if code == 77 {
            Some(side_at(&landmarks, world))
        } else {
            white_side(code)
        };
        let Some(side) = side else {
            if code != 0 {
                *unknown.entry(code).or_default() += 1;
            }
            return 0;
        };
        let deep = structures.deep_white(&landmarks, index);
        let lobar = white_region(code).or_else(|| Region::of_code(lobes.at(index)).map(|r| r.0));
        deep.or(lobar).unwrap_or(Region::DeepWhiteMatter).code(side)
    });
    Ok((orientation.inverse().apply(&regions)?, unknown))
}

/// The code with parcels merged into aseg's cortex and white matter.
fn as_aseg(code: u16) -> u16 {
    match (cortex_region(code), white_side(code)) {
        (Some((_, Side::Left)), _) => 3,
        (Some((_, Side::Right)), _) => 42,
        (None, Some(Side::Left)) => 2,
        (None, Some(Side::Right)) => 41,
        (None, None) => code,
    }
}

/// Region and side of a cortical parcel of the Desikan-Killiany atlas (Desikan 2006, doi
/// 10.1016/j.neuroimage.2006.01.021); the cingulate is divided between the lobes it lies on
/// (Klein and Tourville 2012, doi 10.3389/fnins.2012.00171).
fn cortex_region(code: u16) -> Option<(Region, Side)> {
    let (parcel, side) = match code {
        1001..=1035 => (code - 1000, Side::Left),
        2001..=2035 => (code - 2000, Side::Right),
        _ => return None,
    };
    Some((parcel_lobe(parcel)?, side))
}

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

/// The side of white matter, of whichever kind.
fn white_side(code: u16) -> Option<Side> {
    match code {
        2 | 78 | 3001..=3035 | 5001 => Some(Side::Left),
        41 | 79 | 4001..=4035 | 5002 => Some(Side::Right),
        _ => None,
    }
}

/// The lobe of a white-matter parcel of wmparc.
fn white_region(code: u16) -> Option<Region> {
    match code {
        3001..=3035 => parcel_lobe(code - 3000),
        4001..=4035 => parcel_lobe(code - 4000),
        _ => None,
    }
}

/// For every voxel of white matter the value of the closest cortex, spread through the white
/// matter by one voxel's face at a time.
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
                let code = parcels.at(there);
                let white = white_side(code).is_some() || code == 77;
                if white && lobes.at(there) == 0 {
                    lobes.set(there, value);
                    next.push(parcels.grid().offset(there));
                }
            }
        }
        rim = next;
    }
    debug_assert!(!lobes.voxels().contains(&FLUID_CODE));
    lobes
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{Matrix4, Vector4};
    use siderin_image::volume::{Grid, Reorientation};

    /// A brain of blocks, 4 mm: cortex around white matter, ventricles, lentiform nuclei.
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
            match () {
                () if !inside => 0.0,
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
    fn other_maps_are_refused() {
        let grid = Grid::axis_aligned([4; 3], [1.0; 3]).unwrap();
        assert_eq!(
            from_parcellation(&Volume::filled(&grid, 2.0)).unwrap_err(),
            ParcellationError::NoCortex
        );
        assert_eq!(
            from_parcellation(&Volume::filled(&grid, 0.5)).unwrap_err(),
            ParcellationError::NotALabel { value: 0.5 }
        );
        assert_eq!(
            from_parcellation(&Volume::filled(&grid, 1028.0)).unwrap_err(),
            ParcellationError::NoLandmarks
        );
    }
}
