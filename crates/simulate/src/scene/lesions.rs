//! Where microbleeds are put, how large, how strong.

use super::anatomy::Anatomy;
use crate::head::Tissue;
use nalgebra::Vector3;
use serde::{Deserialize, Serialize};
use siderin_core::regions::{Region, RegionGroup};
use siderin_core::truth::Mimic;
use siderin_image::random::Stream;
use siderin_image::volume::Volume;

/// How the lesions of one person spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LesionPattern {
    /// As in amyloid angiopathy: cortex and the white matter below it.
    Lobar,
    /// As in hypertensive arteriopathy: deep nuclei, capsules, brainstem, cerebellum.
    Deep,
    /// Both.
    Mixed,
}

impl LesionPattern {
    /// Draws: lobar 40 %, deep 25 %, mixed 35 %.
    pub(crate) fn draw(stream: &mut Stream) -> Self {
        let share = stream.uniform(0.0, 1.0);
        if share < 0.40 {
            Self::Lobar
        } else if share < 0.65 {
            Self::Deep
        } else {
            Self::Mixed
        }
    }

    /// Chance of a lesion in a group of regions.
    fn weights(self) -> [(RegionGroup, f64); 3] {
        let [lobar, deep, infratentorial] = match self {
            Self::Lobar => [0.92, 0.04, 0.04],
            Self::Deep => [0.08, 0.60, 0.32],
            Self::Mixed => [0.50, 0.32, 0.18],
        };
        [
            (RegionGroup::Lobar, lobar),
            (RegionGroup::Deep, deep),
            (RegionGroup::Infratentorial, infratentorial),
        ]
    }
}

/// A number of lesions of one who has any: 1 in 40 %, 2 to 4 in 32 %, 5 to 10 in 16 %, 11 to 40
/// in 12 %, about as in the population and in memory clinics (Vernooij 2008, doi
/// 10.1212/01.wnl.0000307750.41970.d9; Poels 2010, doi 10.1161/STROKEAHA.110.607184).
#[must_use]
pub fn literature_count(seed: u64) -> usize {
    let mut stream = Stream::new(seed, "lesion-count", 0);
    let share = stream.uniform(0.0, 1.0);
    if share < 0.40 {
        1
    } else if share < 0.72 {
        stream.integer(2, 4)
    } else if share < 0.88 {
        stream.integer(5, 10)
    } else {
        // Long tail: as many between 11 and 21 as between 21 and 40.
        let log = stream.uniform(11f64.ln(), 41f64.ln());
        log.exp() as usize
    }
}

/// A microbleed in a head: a ball of hemosiderin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedLesion {
    /// Number, from 1; the same at every visit.
    pub id: u16,
    /// Centre in head mm.
    pub center_head_mm: [f64; 3],
    /// Radius of the core in mm.
    pub core_radius_mm: f64,
    /// Susceptibility above the tissue's in ppm.
    pub chi_ppm: f64,
}

/// Lesions that found no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "placing lesions: room was found for {placed} of {wanted}; ask for fewer, or give a head with \
     more brain"
)]
#[allow(missing_docs)]
pub struct PlaceLesionsError {
    pub placed: usize,
    pub wanted: usize,
}

/// Core radii are log-normal around this many mm, within [`CORE_RADIUS_LIMITS_MM`].
const CORE_RADIUS_MEDIAN_MM: f64 = 0.75;
const CORE_RADIUS_SPREAD: f64 = 0.42;
const CORE_RADIUS_LIMITS_MM: [f64; 2] = [0.4, 1.9];
const CHI_PPM: [f64; 2] = [1.2, 3.2];
/// Free tissue between a core and anything else.
const CLEARANCE_MM: f64 = 0.3;
/// Distances to voxel centres are this much longer than to the border, at most.
const VOXEL_DIAGONAL_HALF_MM: f64 = 0.87;
const ATTEMPTS: usize = 400;

/// Places `count` lesions numbered on from the `present` ones: cores within parenchyma, clear
/// of each other and of mimics.
pub(crate) fn place_lesions(
    anatomy: &Anatomy,
    regions: &Volume<u8>,
    mimics: &[Mimic],
    present: &[PlacedLesion],
    request: Request,
) -> Result<Vec<PlacedLesion>, PlaceLesionsError> {
    let mut stream = Stream::new(request.seed, "lesions", 0);
    let groups: Vec<(Vec<usize>, f64)> = request
        .pattern
        .weights()
        .into_iter()
        .map(|(group, weight)| (room(anatomy, regions, group), weight))
        .filter(|(room, _)| !room.is_empty())
        .collect();
    let mut placed: Vec<PlacedLesion> = Vec::new();
    let first_id = present.iter().map(|l| l.id).max().unwrap_or(0) + 1;
    for number in 0..request.count {
        let core_radius_mm = stream.log_normal(
            CORE_RADIUS_MEDIAN_MM,
            CORE_RADIUS_SPREAD,
            CORE_RADIUS_LIMITS_MM,
        );
        let chi_ppm = stream.uniform(CHI_PPM[0], CHI_PPM[1]);
        let found = (0..ATTEMPTS).find_map(|_| {
            let at = anatomy.place_within(pick(&groups, &mut stream)?, &mut stream);
            let depth = anatomy.value(&anatomy.to_outside, at);
            let needed = core_radius_mm + CLEARANCE_MM;
            let inside =
                depth > needed + VOXEL_DIAGONAL_HALF_MM && anatomy.tissue_at(at) != Tissue::Air;
            let apart = present.iter().chain(&placed).all(|other| {
                (Vector3::from(other.center_head_mm) - at).norm() > needed + other.core_radius_mm
            });
            (inside && apart && mimics.iter().all(|m| m.distance_mm(at) > needed)).then_some(at)
        });
        let rounded = |v: f64| (v * 1000.0).round() / 1000.0;
        match found {
            Some(at) => placed.push(PlacedLesion {
                id: first_id + number as u16,
                center_head_mm: at.map(rounded).into(),
                core_radius_mm: rounded(core_radius_mm),
                chi_ppm: rounded(chi_ppm),
            }),
            None => {
                return Err(PlaceLesionsError {
                    placed: placed.len(),
                    wanted: request.count,
                });
            }
        }
    }
    Ok(placed)
}

/// What is asked of [`place_lesions`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) count: usize,
    pub(crate) pattern: LesionPattern,
    pub(crate) seed: u64,
}

/// Voxels of a group that are deep enough in parenchyma for a small core.
fn room(anatomy: &Anatomy, regions: &Volume<u8>, group: RegionGroup) -> Vec<usize> {
    let smallest = (CORE_RADIUS_LIMITS_MM[0] + CLEARANCE_MM) as f32;
    (0..regions.voxels().len())
        .filter(|&o| {
            Region::of_code(regions.voxels()[o]).is_some_and(|(r, _)| r.group() == group)
                && anatomy.to_outside.voxels()[o] > smallest
        })
        .collect()
}

fn pick(groups: &[(Vec<usize>, f64)], stream: &mut Stream) -> Option<usize> {
    let total: f64 = groups.iter().map(|(_, weight)| weight).sum();
    let mut share = stream.uniform(0.0, total);
    let (room, _) = groups
        .iter()
        .find(|(_, weight)| {
            share -= weight;
            share <= 0.0
        })
        .or(groups.last())?;
    room.get(stream.index(room.len())).copied()
}

/// The lesions without `resolved` of them, drawn by lot.
pub(crate) fn resolve(
    lesions: &[PlacedLesion],
    resolved: usize,
    seed: u64,
) -> (Vec<PlacedLesion>, Vec<u16>) {
    let mut kept = lesions.to_vec();
    let mut gone = Vec::new();
    let mut stream = Stream::new(seed, "resolve", 0);
    while gone.len() < resolved && !kept.is_empty() {
        gone.push(kept.remove(stream.index(kept.len())).id);
    }
    gone.sort_unstable();
    (kept, gone)
}
