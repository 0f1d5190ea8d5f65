//! The whole search over one scan.

use super::{
    Candidate, RelativeError, SearchConfig, Spot, Surroundings, find_spots, measure, noise_level,
    relative_signal, score,
};
use rayon::prelude::*;
use siderin_image::preprocess::{SmoothError, distance_to_mm};
use siderin_image::volume::{Grid, GridError, Volume, VoxelPoint, block_mean};
use std::ops::Range;

/// Why a scan cannot be searched.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum SearchError {
    #[error("searching for dark spots: the brain mask is empty")]
    EmptyMask,
    #[error("searching for dark spots: the brain mask is on another grid than the scan")]
    MaskGrid,
    #[error(transparent)]
    Relative(#[from] RelativeError),
    #[error(transparent)]
    Smooth(#[from] SmoothError),
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// Around the brain this much is kept, so that spots at its edge see what is beyond.
const MARGIN_MM: f64 = 12.0;
/// Depth below the surface is computed on voxels of about this edge.
const DEPTH_SPACING_MM: f64 = 2.0;

/// All candidates with their score, best first, in the scan's own voxels.
///
/// # Errors
/// When mask and scan do not fit or the mask is empty.
pub fn find_candidates(
    scan: &Volume<f32>,
    brain: &Volume<bool>,
    config: &SearchConfig,
) -> Result<Vec<(Candidate, f32)>, SearchError> {
    Ok(search(scan, brain, config)?.found)
}

/// Candidates and what they were found in.
#[derive(Debug)]
pub struct Searched {
    /// All candidates with their score, best first, in the scan's own voxels.
    pub found: Vec<(Candidate, f32)>,
    /// The relative signal of the part of the scan around the brain.
    pub relative: Volume<f32>,
    /// Its noise (standard deviation; see [`noise_level`]).
    pub noise: f32,
}

/// The search, with what it leaves behind.
///
/// # Errors
/// As [`find_candidates`].
pub fn search(
    scan: &Volume<f32>,
    brain: &Volume<bool>,
    config: &SearchConfig,
) -> Result<Searched, SearchError> {
    if !scan.grid().matches(brain.grid(), 1e-3) {
        return Err(SearchError::MaskGrid);
    }
    let part = box_with_margin(brain).ok_or(SearchError::EmptyMask)?;
    let (near, near_brain) = (scan.crop(part.clone())?, brain.crop(part.clone())?);
    let relative = relative_signal(&near, &near_brain)?;
    drop(near);
    let depth_mm = depth_below_surface_mm(&near_brain)?;
    let noise = noise_level(&relative, &near_brain);
    let around = Surroundings {
        relative: &relative,
        noise,
        depth_mm: &depth_mm,
    };
    let spots = find_spots(&relative, &near_brain, &depth_mm, config)?;
    let to_scan = ToScan {
        scan: scan.grid(),
        part: relative.grid(),
        start: part.map(|r| r.start),
    };
    let mut found: Vec<(Candidate, f32)> = spots
        .par_iter()
        .map(|&spot| {
            let candidate = measure(spot, &around);
            let (value, _) = score(&candidate.measures);
            (to_scan.candidate(candidate), value)
        })
        .collect();
    found.sort_by(|(a, score_a), (b, score_b)| {
        score_b
            .total_cmp(score_a)
            .then_with(|| b.spot.strength().total_cmp(&a.spot.strength()))
            .then_with(|| a.spot.index.cmp(&b.spot.index))
    });
    Ok(Searched {
        found,
        relative,
        noise,
    })
}

/// Noise of a scan as [`Searched::noise`] has it, without searching.
///
/// # Errors
/// As [`find_candidates`].
pub fn scan_noise(scan: &Volume<f32>, brain: &Volume<bool>) -> Result<f32, SearchError> {
    if !scan.grid().matches(brain.grid(), 1e-3) {
        return Err(SearchError::MaskGrid);
    }
    let part = box_with_margin(brain).ok_or(SearchError::EmptyMask)?;
    let (near, near_brain) = (scan.crop(part.clone())?, brain.crop(part)?);
    let relative = relative_signal(&near, &near_brain)?;
    Ok(noise_level(&relative, &near_brain))
}

/// The box around the mask with a margin, cut to the grid.
fn box_with_margin(mask: &Volume<bool>) -> Option<[Range<usize>; 3]> {
    let tight = mask.bounding_box()?;
    let (shape, spacing) = (mask.shape(), mask.grid().spacing_mm());
    Some(std::array::from_fn(|axis| {
        let margin = (MARGIN_MM / spacing[axis]).ceil() as usize;
        tight[axis].start.saturating_sub(margin)..(tight[axis].end + margin).min(shape[axis])
    }))
}

fn depth_below_surface_mm(brain: &Volume<bool>) -> Result<Volume<f32>, GridError> {
    let factor = brain
        .grid()
        .spacing_mm()
        .map(|mm| (DEPTH_SPACING_MM / mm).round().max(1.0) as usize);
    let share = block_mean(&brain.map(|m| f32::from(u8::from(m))), factor)?;
    // A brain that fills the whole volume has no surface in it.
    let depth = distance_to_mm(&share.map(|s| s <= 0.5));
    Ok(depth.map(|mm| if mm.is_finite() { mm } else { 1000.0 }))
}

/// From the voxels of a part to those of the scan.
struct ToScan<'a> {
    scan: &'a Grid,
    part: &'a Grid,
    start: [usize; 3],
}

impl ToScan<'_> {
    fn index(&self, index: [usize; 3]) -> [usize; 3] {
        std::array::from_fn(|axis| index[axis] + self.start[axis])
    }

    fn candidate(&self, found: Candidate) -> Candidate {
        let [i, j, k] = found.center_voxel.to_array();
        let [di, dj, dk] = self.start.map(|s| s as f64);
        Candidate {
            spot: Spot {
                index: self.index(found.spot.index),
                ..found.spot
            },
            center_voxel: VoxelPoint::new(i + di, j + dj, k + dk),
            voxels: found
                .voxels
                .iter()
                .map(|&offset| self.scan.offset(self.index(self.part.index(offset))))
                .collect(),
            ..found
        }
    }
}
