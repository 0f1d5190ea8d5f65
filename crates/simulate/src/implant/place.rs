//! Where implants lie.

use super::{ImplantRequest, calcification, center_of, vein};
use crate::scene::PlacedLesion;
use nalgebra::Vector3;
use siderin_core::candidates::{RelativeError, relative_signal};
use siderin_core::regions::{Region, RegionGroup};
use siderin_core::truth::Mimic;
use siderin_image::preprocess::{SmoothError, distance_to_mm, gaussian_smooth};
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, Volume, WorldPoint};

/// Parenchyma without what is dark or bright there already: vessels, findings, calcifications.
#[derive(Debug, Clone)]
pub struct ImplantRoom {
    pub(super) parenchyma: Volume<bool>,
    /// Regions of MARS, where they are known.
    pub(super) regions: Option<Volume<u8>>,
    /// Distance of each voxel to the next one outside of parenchyma, in mm.
    depth_mm: Volume<f32>,
    /// ... and to the next dark or bright one.
    to_other_mm: Volume<f32>,
}

/// Implants that find no room.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PlaceImplantsError {
    #[error(
        "placing implants: room was found for {placed} of {wanted}; ask for fewer or smaller ones, or give a scan with more brain"
    )]
    NoRoom { placed: usize, wanted: usize },
    #[error(
        "placing implants: shares of regions need a map of regions, which this scan has none of"
    )]
    NoRegions,
    #[error(
        "placing implants: the shares of regions are {0:?}, expected three numbers from 0 on, not all 0"
    )]
    Shares([f64; 3]),
    #[error(
        "placing implants: the scan has no room in {0} regions, where a share of the microbleeds is to lie; give that share as 0"
    )]
    EmptyGroup(&'static str),
    #[error(transparent)]
    Relative(#[from] RelativeError),
    #[error(transparent)]
    Smooth(#[from] SmoothError),
}

/// Signal below and above these shares of what is around it is that of something else than tissue.
const USUAL: [f32; 2] = [0.8, 1.3];
/// Free tissue between a core and what is outside or something else.
const CLEARANCE_MM: f64 = 1.0;
/// Microbleeds and mimics are farther apart than this, so that each is found or not by itself.
const APART_MM: f64 = 9.0;
const ATTEMPTS: usize = 2000;
/// Courses that are tried for a vein.
const COURSES: usize = 200;
/// Of venous blood and of calcium, smallest and largest, in ppm.
const VEIN_CHI_PPM: [f64; 2] = [0.28, 0.46];
const CALCIUM_CHI_PPM: [f64; 2] = [-2.0, -0.8];

impl ImplantRoom {
    /// The room in the parenchyma of a scan.
    ///
    /// # Errors
    /// When the mask is empty or on another grid.
    pub fn of(
        magnitude: &Volume<f32>,
        parenchyma: Volume<bool>,
        regions: Option<Volume<u8>>,
    ) -> Result<Self, PlaceImplantsError> {
        let relative = relative_signal(magnitude, &parenchyma)?;
        let spacing = magnitude.grid().spacing_mm();
        // Noise is no vessel.
        let smooth = gaussian_smooth(relative, 0.6 * spacing.into_iter().fold(f64::MAX, f64::min))?;
        let mut other = smooth.map(|value| !(USUAL[0]..=USUAL[1]).contains(&value));
        for (other, inside) in other.voxels_mut().iter_mut().zip(parenchyma.voxels()) {
            *other &= *inside;
        }
        Ok(Self {
            depth_mm: distance_to_mm(&parenchyma.map(|inside| !inside)),
            to_other_mm: distance_to_mm(&other),
            parenchyma,
            regions,
        })
    }

    /// Where implants may lie, as it was given.
    #[must_use]
    pub fn parenchyma(&self) -> &Volume<bool> {
        &self.parenchyma
    }

    /// Depth in parenchyma and distance from what is dark or bright there, the smaller one, in mm; 0 outside of the scan.
    fn clearance_mm(&self, at: Vector3<f64>) -> f32 {
        let voxel = self.grid().to_voxel(WorldPoint(at.into())).to_array();
        let index = voxel.map(|v| v.round());
        let shape = self.grid().shape();
        if (0..3).any(|a| index[a] < 0.0 || index[a] >= shape[a] as f64) {
            return 0.0;
        }
        let offset = self.grid().offset(index.map(|v| v as usize));
        self.depth_mm.voxels()[offset].min(self.to_other_mm.voxels()[offset])
    }

    /// The median magnitude of parenchyma.
    pub(super) fn typical_signal(&self, magnitude: &Volume<f32>) -> f32 {
        let inside = magnitude.voxels().iter().zip(self.parenchyma.voxels());
        super::median(inside.filter(|(_, i)| **i).map(|(v, _)| *v).collect())
    }

    fn grid(&self) -> &Grid {
        self.parenchyma.grid()
    }

    /// Voxels in which a core of this radius may lie, of a group of regions or of all.
    fn voxels(&self, radius_mm: f64, group: Option<RegionGroup>) -> Vec<usize> {
        let least = (radius_mm + CLEARANCE_MM) as f32;
        let of_group = |offset: usize| match (group, &self.regions) {
            (Some(group), Some(regions)) => Region::of_code(regions.voxels()[offset])
                .is_some_and(|(region, _)| region.group() == group),
            _ => true,
        };
        (0..self.grid().voxel_count())
            .filter(|&o| self.depth_mm.voxels()[o] > least && self.to_other_mm.voxels()[o] > least)
            .filter(|&o| of_group(o))
            .collect()
    }
}

/// What was placed, in world mm.
pub(super) struct Placed {
    pub(super) lesions: Vec<PlacedLesion>,
    pub(super) mimics: Vec<Mimic>,
}

/// Draws places and sizes of all that is asked for.
pub(super) fn placed(
    room: &ImplantRoom,
    request: &ImplantRequest,
) -> Result<Placed, PlaceImplantsError> {
    let groups = groups(room, request)?;
    let mut stream = Stream::new(request.seed, "implants", 0);
    let wanted = request.lesions + request.calcifications + request.veins;
    let mut taken: Vec<Vector3<f64>> = Vec::new();
    let [smallest, largest] = request.core_radius_mm;
    // Deep enough for the smallest; each is looked at with its own size.
    let mut pools: Vec<(Vec<usize>, f64)> = Vec::new();
    for (group, share) in groups {
        let voxels = room.voxels(smallest, group);
        match group {
            Some(group) if voxels.is_empty() && share > 0.0 => {
                return Err(PlaceImplantsError::EmptyGroup(group.name()));
            }
            _ => pools.push((voxels, share)),
        }
    }
    let no_room = |placed| PlaceImplantsError::NoRoom { placed, wanted };
    let free_at = |radius_mm: f64, taken: &mut Vec<Vector3<f64>>, stream: &mut Stream| {
        let least = (radius_mm + CLEARANCE_MM) as f32;
        for _ in 0..ATTEMPTS {
            let Some(offset) = pick(&pools, stream) else {
                break;
            };
            if room.depth_mm.voxels()[offset] <= least || room.to_other_mm.voxels()[offset] <= least
            {
                continue;
            }
            let at = within(room.grid(), offset, stream);
            if taken.iter().all(|other| (other - at).norm() > APART_MM) {
                taken.push(at);
                return Some(at);
            }
        }
        None
    };
    let rounded = |v: f64| (v * 1000.0).round() / 1000.0;
    let mut lesions = Vec::new();
    for id in 1..=request.lesions {
        let core_radius_mm = rounded(stream.uniform(smallest, largest));
        let chi_ppm = rounded(stream.uniform(request.chi_ppm[0], request.chi_ppm[1]));
        let center =
            free_at(core_radius_mm, &mut taken, &mut stream).ok_or(no_room(lesions.len()))?;
        lesions.push(PlacedLesion {
            id: id as u16,
            center_head_mm: center.map(rounded).into(),
            core_radius_mm,
            chi_ppm,
        });
    }
    let mut mimics = Vec::new();
    for _ in 0..request.calcifications {
        let radius = stream.uniform(smallest, largest);
        let chi = stream.uniform(CALCIUM_CHI_PPM[0], CALCIUM_CHI_PPM[1]);
        let placed = lesions.len() + mimics.len();
        let at = free_at(radius, &mut taken, &mut stream).ok_or(no_room(placed))?;
        mimics.push(calcification(vec![at.into()], vec![radius], chi));
    }
    for _ in 0..request.veins {
        const RADIUS_MM: [f64; 2] = [0.2, 0.7];
        const LENGTH_MM: [f64; 2] = [6.0, 20.0];
        let radius = stream.uniform(RADIUS_MM[0], RADIUS_MM[1]);
        let chi = stream.uniform(VEIN_CHI_PPM[0], VEIN_CHI_PPM[1]);
        let length = stream.uniform(LENGTH_MM[0], LENGTH_MM[1]);
        let line = (0..COURSES).find_map(|_| {
            let middle = free_at(radius, &mut taken, &mut stream)?;
            let line = course(middle, length, &mut stream);
            let points = || line.iter().map(|point| Vector3::from(*point));
            let inside = points().all(|at| f64::from(room.clearance_mm(at)) > radius);
            let others = &taken[..taken.len() - 1];
            let apart = points().all(|at| others.iter().all(|o| (o - at).norm() > APART_MM));
            if inside && apart {
                taken.pop();
                taken.extend(points());
                Some(line)
            } else {
                taken.pop();
                None
            }
        });
        let line = line.ok_or(no_room(mimics.len() + lesions.len()))?;
        mimics.push(vein(line, radius, chi));
    }
    Ok(Placed { lesions, mimics })
}

/// A gently bent line about a middle.
fn course(middle: Vector3<f64>, length: f64, stream: &mut Stream) -> Vec<[f64; 3]> {
    const PIECES: usize = 6;
    let mut direction = unit(stream);
    let bend = unit(stream) * 0.15;
    let piece = length / PIECES as f64;
    let mut at = middle - direction * (0.5 * length);
    let mut points = vec![at.into()];
    for _ in 0..PIECES {
        at += direction * piece;
        points.push(at.into());
        direction = (direction + bend).normalize();
    }
    points
}

fn unit(stream: &mut Stream) -> Vector3<f64> {
    loop {
        let drawn = Vector3::from_fn(|_, _| stream.normal());
        if let Some(unit) = drawn.try_normalize(1e-6) {
            return unit;
        }
    }
}

type Shares = Vec<(Option<RegionGroup>, f64)>;

fn groups(room: &ImplantRoom, request: &ImplantRequest) -> Result<Shares, PlaceImplantsError> {
    let Some(shares) = request.shares else {
        return Ok(vec![(None, 1.0)]);
    };
    if room.regions.is_none() {
        return Err(PlaceImplantsError::NoRegions);
    }
    let sound = shares
        .iter()
        .all(|share| share.is_finite() && *share >= 0.0);
    if !sound || shares.iter().sum::<f64>() <= 0.0 {
        return Err(PlaceImplantsError::Shares(shares));
    }
    let groups = [
        RegionGroup::Lobar,
        RegionGroup::Deep,
        RegionGroup::Infratentorial,
    ];
    Ok(groups.into_iter().map(Some).zip(shares).collect())
}

fn pick(pools: &[(Vec<usize>, f64)], stream: &mut Stream) -> Option<usize> {
    let there = || {
        pools
            .iter()
            .filter(|(voxels, share)| !voxels.is_empty() && *share > 0.0)
    };
    let mut left = stream.uniform(0.0, there().map(|(_, share)| share).sum());
    let (voxels, _) = there().find(|(_, share)| {
        left -= share;
        left <= 0.0
    })?;
    voxels.get(stream.index(voxels.len())).copied()
}

/// Anywhere in a voxel, in world mm.
fn within(grid: &Grid, offset: usize, stream: &mut Stream) -> Vector3<f64> {
    let WorldPoint(center) = center_of(grid, offset);
    let affine = grid.world_from_voxel();
    let mut at = center.coords;
    for axis in 0..3 {
        let part = stream.uniform(-0.5, 0.5);
        at += affine.fixed_view::<3, 1>(0, axis) * part;
    }
    at
}
