//! The brain on the scan, in which candidates are judged, and the map by which lesions are located.
//!
//! The judge was trained on what the network finds on the scan itself, and its confidence is calibrated there; locations come
//! from the image of the person that shows structures best.

use super::DetectStage;
use crate::regions::{RegionError, RegionFinder, RegionMap};
use nalgebra::Matrix4;
use siderin_core::regions::MapDetail;
use siderin_image::registration::{LEAST_SHARPNESS, register_rigid};
use siderin_image::scan::{Note, Scan};
use siderin_image::volume::{Grid, Volume};

/// The maps of a scan's brain, in the scan's world.
pub(super) struct BrainMap {
    /// Of the scan itself.
    pub(super) own: RegionMap,
    /// By which lesions are located, where it is not the scan's own.
    pub(super) better: Option<RegionMap>,
    pub(super) source: BrainSource,
    /// Why not from an image that was given.
    pub(super) note: Option<Note>,
}

/// Where the map comes from by which lesions are located.
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
    fn images(self) -> &'static [&'static str] {
        match self {
            Self::Scan => &[],
            Self::T1w => &[T1W],
            Self::Parcellation { of_t1: false } => &[PARCELLATION],
            Self::Parcellation { of_t1: true } => &[PARCELLATION, T1W],
        }
    }
}

/// Outlines the brain on the scan. Lesions are located by the parcellation where one is given; on the T1w image where one
/// is, if it holds the whole brain and can be aligned to the scan; else on the scan.
///
/// # Errors
/// When the scan shows no brain, or the parcellation does not match it.
pub(super) fn brain_map(
    finder: &RegionFinder,
    scan: &Scan,
    progress: &dyn Fn(DetectStage),
) -> Result<BrainMap, BrainMapError> {
    progress(DetectStage::Brain);
    let own = finder.find(&scan.magnitude)?;
    if let Some(parcels) = &scan.parcellation {
        let better = by_parcellation(&own, scan, parcels, progress)?;
        let of_t1 = scan.t1.is_some();
        return Ok(BrainMap {
            own,
            better: Some(better),
            source: BrainSource::Parcellation { of_t1 },
            note: None,
        });
    }
    let Some(t1) = scan.t1.as_ref().filter(|_| finder.outlines_structures()) else {
        return Ok(BrainMap::of_scan(own, None));
    };
    let map = match finder.find(t1) {
        Ok(map) if shows_whole_brain(&map) => map,
        Ok(_) => {
            return Ok(BrainMap::of_scan(
                own,
                Some("it does not show the whole brain".into()),
            ));
        }
        Err(error) => return Ok(BrainMap::of_scan(own, Some(error.to_string()))),
    };
    let Some(scan_from_t1) = aligned(t1, &scan.magnitude, progress) else {
        return Ok(BrainMap::of_scan(
            own,
            Some("it cannot be aligned to the scan".into()),
        ));
    };
    Ok(BrainMap {
        own,
        better: Some(map.carried(&scan.magnitude, &scan_from_t1)?),
        source: BrainSource::T1w,
        note: None,
    })
}

impl BrainMap {
    fn of_scan(own: RegionMap, why_not_t1: Option<String>) -> Self {
        Self {
            own,
            better: None,
            source: BrainSource::Scan,
            note: why_not_t1.map(|why| Note::SeriesRefused {
                what: format!("the {T1W}"),
                why: format!("{why}; lesions are located on the scan"),
            }),
        }
    }

    /// By which lesions are located.
    pub(super) fn places(&self) -> &RegionMap {
        self.better.as_ref().unwrap_or(&self.own)
    }

    /// Names of the images beside the scan that were used, or looked at and left out with a note.
    pub(super) fn images(&self) -> Vec<&'static str> {
        let left_out = self.note.as_ref().map(|_| T1W);
        self.source
            .images()
            .iter()
            .copied()
            .chain(left_out)
            .collect()
    }
}

fn by_parcellation(
    own: &RegionMap,
    scan: &Scan,
    parcels: &Volume<f32>,
    progress: &dyn Fn(DetectStage),
) -> Result<RegionMap, BrainMapError> {
    let map = RegionMap::of_parcellation(parcels)?;
    let scan_from_parcels = match &scan.t1 {
        Some(t1) => aligned(t1, &scan.magnitude, progress).ok_or(BrainMapError::T1Elsewhere)?,
        None => Matrix4::identity(),
    };
    let map = map.carried(&scan.magnitude, &scan_from_parcels)?;
    let dice = brain_dice(&map, own, scan.magnitude.grid())?;
    const LEAST_DICE: f64 = 0.8;
    if dice < LEAST_DICE {
        return Err(BrainMapError::ParcellationElsewhere { dice });
    }
    Ok(map)
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
