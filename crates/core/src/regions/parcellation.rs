//! Regions from a parcellation of FreeSurfer (aparc+aseg, wmparc) or SynthSeg.

use super::geometry::{Structures, side_at};
use super::landmarks::Landmarks;
use super::partition::named;
use super::{FLUID_CODE, Region, Side};
use crate::volume::{GridError, Volume, VoxelPoint, canonical_orientation};
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
         to 2035) was found; give aparc+aseg, wmparc, or SynthSeg's output with --parc"
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
    let bad = parcels
        .voxels()
        .iter()
        .find(|v| !(v.fract() == 0.0 && (0.0..=65535.0).contains(*v)));
    if let Some(&value) = bad {
        return Err(ParcellationError::NotALabel { value });
    }
    let (parcels, orientation) = canonical_orientation(&parcels.map(|v| v as u16))?;
    if !parcels.voxels().iter().any(|&c| cortex_region(c).is_some()) {
        return Err(ParcellationError::NoCortex);
    }
    let simple = parcels.map(as_aseg);
    let landmarks = Landmarks::find(&simple).ok_or(ParcellationError::NoLandmarks)?;
    let structures = Structures::of(&simple, &landmarks, |code| matches!(code, 2 | 41));
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
        let Some(side) = white_side(code) else {
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
        2 | 77 | 78 | 3001..=3035 | 5001 => Some(Side::Left),
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
            for face in 0..6 {
                let mut step = [0isize; 3];
                step[face / 2] = if face % 2 == 0 { -1 } else { 1 };
                let Some(there) = parcels.grid().neighbour(index, step) else {
                    continue;
                };
                if white_side(parcels.at(there)).is_some() && lobes.at(there) == 0 {
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
