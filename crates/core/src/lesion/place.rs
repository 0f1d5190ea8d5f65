//! Where in the brain a lesion lies.

use super::Lesion;
use crate::regions::{MapDetail, Region, RegionGroup, Side};
use siderin_image::volume::{Grid, Volume, VoxelPoint, WorldPoint};

/// A lesion's place by the forms of readers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The region that most of its surroundings lie in.
    pub region: Region,
    /// The side that most of them lie on.
    pub side: Side,
    /// The region of another large part of them: the lesion lies on the border of both.
    pub or_region: Option<Region>,
    /// Whether a large part of them lies on the other side.
    pub is_midline: bool,
    /// Whether the map is only good enough for the region's group.
    pub is_group_only: bool,
    /// From its centre to the closest voxel of the map that is in no region, in mm; none where that is
    /// more than 12 mm.
    pub depth_mm: Option<f64>,
}

/// Why a lesion has no region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRegion {
    /// Nothing found regions in the scan.
    NoMap,
    /// Regions were found, and it lies in none.
    Outside,
    /// Regions were found, and are not to be trusted.
    DoubtfulMap,
}

/// Why a lesion whose group is known has no region, in words.
pub const GROUP_ONLY: &str =
    "the map of the brain is good for lobar, deep and infratentorial alone";

impl NoRegion {
    /// In words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoMap => "no region map of this scan exists",
            Self::Outside => "it lies in no region",
            Self::DoubtfulMap => "the map of the brain is too uncertain",
        }
    }
}

/// What is looked at around a lesion's centre, at the least: about how well region maps are known.
const REACH_MM: f64 = 3.0;
/// How deep is looked for the surface of brain tissue.
const DEPTH_MM: f64 = 12.0;
/// Share of the surroundings from which the second region counts as well.
const BORDER_SHARE: f64 = 1.0 / 3.0;
/// The same of the other side.
const MIDLINE_SHARE: f64 = 0.25;

impl Place {
    /// The group of its region; `None` on the border of two.
    #[must_use]
    pub fn group(self) -> Option<RegionGroup> {
        let group = self.region.group();
        let same = self.or_region.is_none_or(|other| other.group() == group);
        same.then_some(group)
    }

    /// Its region, where the map tells regions.
    #[must_use]
    pub fn known_region(self) -> Option<Region> {
        (!self.is_group_only).then_some(self.region)
    }

    /// Such as "left basal ganglia", "right frontal or parietal", "midline cerebellum", "left lobar".
    #[must_use]
    pub fn in_words(self) -> String {
        let name = |region: Region| match self.is_group_only {
            true => region.group().name().to_string(),
            false => region.name().replace('_', " "),
        };
        let side = if self.is_midline {
            "midline"
        } else {
            self.side.name()
        };
        let other = self
            .or_region
            .filter(|_| !self.is_group_only || self.group().is_none());
        let or = other.map_or(String::new(), |region| format!(" or {}", name(region)));
        format!("{side} {}{or}", name(self.region))
    }

    /// The place of a ball about `center_world`, of 3 mm or the lesion's radius where that is more, in
    /// `regions` (values as [`Region::code`] has them; fluid and all else do not count).
    ///
    /// # Errors
    /// [`NoRegion::Outside`] when no voxel of it lies in a region.
    pub fn of(
        center_world: WorldPoint,
        diameter_mm: f64,
        regions: &Volume<u8>,
    ) -> Result<Self, NoRegion> {
        let reach_mm = REACH_MM.max(0.5 * diameter_mm);
        let mut by_region = [0usize; Region::ALL.len()];
        let (mut left, mut right) = (0usize, 0usize);
        for index in ball(regions.grid(), center_world, reach_mm) {
            if let Some((region, side)) = Region::of_code(regions.at(index)) {
                by_region[region as usize - 1] += 1;
                match side {
                    Side::Left => left += 1,
                    Side::Right => right += 1,
                }
            }
        }
        let total = left + right;
        let share = |count: usize| count as f64 / total as f64;
        // Of equal ones the first.
        let most = |except: Option<Region>| {
            let others = Region::ALL.into_iter().filter(|r| Some(*r) != except);
            let counted = others.map(|region| (region, by_region[region as usize - 1]));
            counted.fold((Region::Brainstem, 0), |best, next| {
                if next.1 > best.1 { next } else { best }
            })
        };
        let (region, count) = most(None);
        if count == 0 {
            return Err(NoRegion::Outside);
        }
        let (second, count) = most(Some(region));
        Ok(Self {
            region,
            side: if right > left {
                Side::Right
            } else {
                Side::Left
            },
            or_region: (count > 0 && share(count) >= BORDER_SHARE).then_some(second),
            is_midline: share(left.min(right)) >= MIDLINE_SHARE,
            is_group_only: false,
            depth_mm: depth_mm(center_world, regions),
        })
    }
}

/// As [`Place::depth_mm`]. What lies beyond the map is not known, and no surface.
fn depth_mm(center: WorldPoint, regions: &Volume<u8>) -> Option<f64> {
    let grid = regions.grid();
    ball(grid, center, DEPTH_MM)
        .into_iter()
        .filter(|index| Region::of_code(regions.at(*index)).is_none())
        .map(|index| {
            grid.to_world(VoxelPoint::center_of(index))
                .distance_mm(center)
        })
        .min_by(f64::total_cmp)
}

/// Voxels whose centres are within a distance, and the one that the centre is in.
fn ball(grid: &Grid, center: WorldPoint, reach_mm: f64) -> Vec<[usize; 3]> {
    let middle = grid.to_voxel(center).to_array();
    let (shape, spacing) = (grid.shape(), grid.spacing_mm());
    let range = |axis: usize| {
        let steps = reach_mm / spacing[axis];
        let low = (middle[axis] - steps).floor().max(0.0) as usize;
        let high = (middle[axis] + steps).ceil().max(-1.0) + 1.0;
        low..(high as usize).min(shape[axis])
    };
    let own = middle.map(f64::round);
    let mut found = Vec::new();
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                let index = [i, j, k];
                let place = grid.to_world(VoxelPoint::center_of(index));
                let is_own = index.map(|at| at as f64) == own;
                if is_own || place.distance_mm(center) <= reach_mm {
                    found.push(index);
                }
            }
        }
    }
    found
}

impl Lesion {
    /// Gives the lesion its [`Place`] in `regions`, as finely as those can be trusted.
    pub fn place_in(&mut self, regions: &Volume<u8>, detail: MapDetail) {
        let place = || Place::of(self.center_world, self.diameter_mm, regions);
        self.place = match detail {
            MapDetail::Regions => place(),
            MapDetail::Groups => place().map(|place| Place {
                is_group_only: true,
                ..place
            }),
            MapDetail::None => Err(NoRegion::DoubtfulMap),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regions::FLUID_CODE;

    /// Voxels of 1 mm along x, 1 wide.
    fn row(codes: &[u8]) -> Volume<u8> {
        let grid = Grid::axis_aligned([codes.len(), 1, 1], [1.0; 3]).unwrap();
        Volume::new(grid, codes.to_vec()).unwrap()
    }

    fn at(x: f64, diameter_mm: f64, codes: &[u8]) -> Result<Place, NoRegion> {
        Place::of(WorldPoint::new(x, 0.0, 0.0), diameter_mm, &row(codes))
    }

    const THALAMUS: u8 = Region::Thalamus as u8;
    const CAPSULE: u8 = Region::InternalCapsule as u8;
    /// Added on the right.
    const RIGHT: u8 = 20;

    #[test]
    fn what_surrounds_it_tells_its_place() {
        // Seven voxels within 3 mm of the fourth: five of the thalamus, two of the capsule, 29 %.
        let codes = [
            THALAMUS, THALAMUS, THALAMUS, THALAMUS, THALAMUS, CAPSULE, CAPSULE,
        ];
        let place = at(3.0, 2.0, &codes).unwrap();
        assert_eq!((place.region, place.or_region), (Region::Thalamus, None));
        assert_eq!((place.side, place.is_midline), (Side::Left, false));
        // Fluid does not count: of six, two are of the capsule, a third.
        let codes = [
            FLUID_CODE, THALAMUS, THALAMUS, THALAMUS, THALAMUS, CAPSULE, CAPSULE,
        ];
        let place = at(3.0, 2.0, &codes).unwrap();
        assert_eq!(place.or_region, Some(Region::InternalCapsule));
        // A lesion of 4 mm radius reaches the ninth voxel as well: five and four.
        let codes = [
            THALAMUS, THALAMUS, THALAMUS, THALAMUS, THALAMUS, CAPSULE, CAPSULE, CAPSULE, CAPSULE,
        ];
        let place = at(4.0, 8.0, &codes).unwrap();
        assert_eq!(place.or_region, Some(Region::InternalCapsule));
    }

    #[test]
    fn depth_is_the_distance_to_what_is_no_tissue() {
        let t = THALAMUS;
        let depth = |x: f64, codes: &[u8]| at(x, 1.0, codes).unwrap().depth_mm;
        assert_eq!(depth(2.0, &[t, t, t, t, t, t, FLUID_CODE]), Some(4.0));
        assert_eq!(depth(1.0, &[0, t, t, t, FLUID_CODE]), Some(1.0));
        // What lies beyond the map is not known; 13 mm are too far.
        assert_eq!(depth(1.0, &[t, t, t]), None);
        let mut far = [t; 14];
        far[13] = 0;
        assert_eq!((depth(0.0, &far), depth(1.0, &far)), (None, Some(12.0)));
    }

    #[test]
    fn near_the_midline_the_side_is_unclear() {
        let r = THALAMUS + RIGHT;
        let of = |codes: [u8; 7]| {
            let place = at(3.0, 1.0, &codes).unwrap();
            assert_eq!((place.region, place.or_region), (Region::Thalamus, None));
            (place.side, place.is_midline)
        };
        // One of seven is 14 %, two are 29 %.
        let t = THALAMUS;
        assert_eq!(of([t, t, t, t, t, t, r]), (Side::Left, false));
        assert_eq!(of([t, t, r, r, r, r, r]), (Side::Right, true));
    }

    #[test]
    fn a_doubtful_map_tells_groups_or_nothing() {
        let codes = row(&[Region::Frontal.code(Side::Right); 7]);
        let voxel = codes.grid().offset([3, 0, 0]);
        let mut lesion = Lesion::of_voxels(codes.grid(), vec![voxel], 0.9);
        let mut placed = |detail| {
            lesion.place_in(&codes, detail);
            lesion.place
        };
        let place = placed(MapDetail::Regions).unwrap();
        assert_eq!(
            (place.known_region(), place.in_words()),
            (Some(Region::Frontal), "right frontal".into())
        );
        let place = placed(MapDetail::Groups).unwrap();
        assert_eq!(
            (place.known_region(), place.in_words()),
            (None, "right lobar".into())
        );
        assert_eq!(place.group(), Some(RegionGroup::Lobar));
        // On the border of two lobes it is lobar; on that of a lobe and a capsule it may be either.
        let between = |other| Place {
            or_region: Some(other),
            ..place
        };
        assert_eq!(between(Region::Parietal).in_words(), "right lobar");
        assert_eq!(
            between(Region::ExternalCapsule).in_words(),
            "right lobar or deep"
        );
        assert_eq!(between(Region::ExternalCapsule).group(), None);
        assert_eq!(placed(MapDetail::None), Err(NoRegion::DoubtfulMap));
    }

    #[test]
    fn in_fluid_or_beyond_the_map_there_is_no_place() {
        assert_eq!(
            at(2.0, 1.0, &[FLUID_CODE, 0, 0, 0, FLUID_CODE]),
            Err(NoRegion::Outside)
        );
        assert_eq!(at(90.0, 1.0, &[THALAMUS; 5]), Err(NoRegion::Outside));
        assert_eq!(at(-90.0, 1.0, &[THALAMUS; 5]), Err(NoRegion::Outside));
        // In voxels that are larger than the ball, its own counts.
        let grid = Grid::axis_aligned([3, 1, 1], [20.0; 3]).unwrap();
        let coarse = Volume::new(grid, vec![0, THALAMUS, 0]).unwrap();
        let place = Place::of(WorldPoint::new(13.0, 0.0, 0.0), 1.0, &coarse);
        assert_eq!(place.unwrap().region, Region::Thalamus);
    }
}
