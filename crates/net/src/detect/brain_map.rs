//! Which image of a person shows the brain best, and its map on the scan.

use super::DetectStage;
use crate::regions::{RegionError, RegionFinder, RegionMap};
use nalgebra::Matrix4;
use siderin_core::regions::MapDetail;
use siderin_image::registration::{LEAST_SHARPNESS, register_rigid};
use siderin_image::scan::{Note, Scan};
use siderin_image::volume::{Grid, Volume};

/// The map of a scan's brain, in the scan's world.
pub(super) struct BrainMap {
    pub(super) map: RegionMap,
    pub(super) source: BrainSource,
    /// Why not from an image that was given.
    pub(super) note: Option<Note>,
}

/// Where a map of the brain comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BrainSource {
    /// The scan itself.
    Scan,
    /// A T1w image of the same person.
    T1w,
    /// A parcellation that was given.
    Parcellation {
        /// Whether it lies on a T1w image.
        of_t1: bool,
    },
}

/// A parcellation that does not fit the scan.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum BrainMapError {
    #[error(transparent)]
    Regions(#[from] RegionError),
    #[error(
        "using the parcellation: the T1w image that it lies on cannot be aligned to the scan; give a parcellation on \
         the scan's own grid, without the T1w image"
    )]
    T1Elsewhere,
    #[error(
        "using the parcellation: its brain and the one that the scan shows overlap too little (Dice {dice:.2}, at least \
         0.80 is expected); is it of this person? One that lies on the T1w image needs that image, too"
    )]
    ParcellationElsewhere { dice: f64 },
}

const T1W: &str = "T1w image";
const PARCELLATION: &str = "parcellation";

impl BrainSource {
    /// Names of the images beside the scan that it needs.
    pub(super) fn images(self) -> &'static [&'static str] {
        match self {
            Self::Scan => &[],
            Self::T1w => &[T1W],
            Self::Parcellation { of_t1: false } => &[PARCELLATION],
            Self::Parcellation { of_t1: true } => &[PARCELLATION, T1W],
        }
    }
}

/// Outlines the brain: by the parcellation where one is given; on the T1w image where one is, which shows the brain best,
/// if it holds all of it and can be aligned to the scan; else on the scan.
///
/// # Errors
/// When the scan shows no brain, or the parcellation is none of it.
pub(super) fn brain_map(
    finder: &RegionFinder,
    scan: &Scan,
    progress: &dyn Fn(DetectStage),
) -> Result<BrainMap, BrainMapError> {
    progress(DetectStage::Brain);
    if let Some(parcels) = &scan.parcellation {
        return by_parcellation(finder, scan, parcels, progress);
    }
    let t1 = scan.t1.as_ref().filter(|_| finder.outlines_structures());
    let carried = t1.map(|t1| {
        let map = finder.find(t1).ok().filter(shows_whole_brain);
        map.zip(aligned(t1, &scan.magnitude, progress))
    });
    Ok(match carried {
        Some(Some((map, scan_from_t1))) => BrainMap {
            map: map.carried(&scan.magnitude, &scan_from_t1)?,
            source: BrainSource::T1w,
            note: None,
        },
        not_carried => BrainMap {
            map: finder.find(&scan.magnitude)?,
            source: BrainSource::Scan,
            note: not_carried.map(|_| Note::SeriesRefused {
                what: format!("the {T1W}"),
                why: "it does not show the whole brain, or cannot be aligned to the scan; the brain was outlined on \
                      the scan"
                    .into(),
            }),
        },
    })
}

fn by_parcellation(
    finder: &RegionFinder,
    scan: &Scan,
    parcels: &Volume<f32>,
    progress: &dyn Fn(DetectStage),
) -> Result<BrainMap, BrainMapError> {
    let map = RegionMap::of_parcellation(parcels)?;
    let scan_from_parcels = match &scan.t1 {
        Some(t1) => aligned(t1, &scan.magnitude, progress).ok_or(BrainMapError::T1Elsewhere)?,
        None => Matrix4::identity(),
    };
    let map = map.carried(&scan.magnitude, &scan_from_parcels)?;
    let own = finder.find(&scan.magnitude)?;
    let dice = brain_dice(&map, &own, scan.magnitude.grid())?;
    const LEAST_DICE: f64 = 0.8;
    if dice < LEAST_DICE {
        return Err(BrainMapError::ParcellationElsewhere { dice });
    }
    let of_t1 = scan.t1.is_some();
    Ok(BrainMap {
        map,
        source: BrainSource::Parcellation { of_t1 },
        note: None,
    })
}

/// The map that takes the world of a T1w image to that of the scan, where the two align.
fn aligned(
    t1: &Volume<f32>,
    scan: &Volume<f32>,
    progress: &dyn Fn(DetectStage),
) -> Option<Matrix4<f64>> {
    progress(DetectStage::Register);
    let placed = register_rigid(t1, scan).ok()?;
    let is_sharp = placed.quality.sharpness >= LEAST_SHARPNESS;
    is_sharp.then(|| placed.fixed_from_moving.to_homogeneous())
}

fn shows_whole_brain(map: &RegionMap) -> bool {
    const LEAST_SEEN: f64 = 0.95;
    let seen = map.anatomy().and_then(|anatomy| anatomy.seen);
    map.detail() == MapDetail::Regions && seen.is_some_and(|seen| seen >= LEAST_SEEN)
}

/// Dice's coefficient of two maps' brains on a grid.
fn brain_dice(a: &RegionMap, b: &RegionMap, grid: &Grid) -> Result<f64, RegionError> {
    let (a, b) = (a.on(grid)?.brain, b.on(grid)?.brain);
    let count = |mask: &Volume<bool>| mask.voxels().iter().filter(|inside| **inside).count();
    let pairs = a.voxels().iter().zip(b.voxels());
    let both = pairs.filter(|(a, b)| **a && **b).count();
    Ok(2.0 * both as f64 / (count(&a) + count(&b)).max(1) as f64)
}
