//! A finding between program and reader, and the lesions it stands for.

use super::entry::Mark;
use super::runs::RunsError;
use super::terms::{MarkedSide, Verdict};
use siderin_core::forms::{Certainty, Counted, Location, SizeBand};
use siderin_core::lesion::{Lesion, NoRegion, Place};
use siderin_core::regions::Side;
use siderin_image::volume::{Grid, Volume};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

/// A place in the scan that the program proposes or a reader marked.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its name, the same for all readers where the program proposes it.
    pub item: String,
    /// What the program says; none of a reader's own.
    pub proposed: Option<Proposed>,
    /// What the reader says; none yet of what the program proposes.
    pub mark: Option<Mark>,
}

/// What the program says of a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// 0 to 1.
    pub confidence: f32,
    /// As the forms would count it.
    pub certainty: Certainty,
    /// Offsets of its voxels, ascending.
    pub voxels: Vec<usize>,
}

/// The scan that findings lie in.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// Its grid.
    pub grid: &'a Grid,
    /// Its regions, where the program found them.
    pub regions: Option<&'a RegionsOfScan>,
}

/// Regions on a scan's grid that remember the places they were asked for: a reading asks for the same ones with
/// each decision.
#[derive(Debug)]
pub struct RegionsOfScan {
    map: Volume<u8>,
    asked: Mutex<HashMap<Vec<usize>, Result<Place, NoRegion>>>,
}

/// A lesion that a reader accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadLesion {
    /// The finding it belongs to.
    pub item: String,
    /// As measured; its confidence is the program's, 1 for the reader's own.
    pub lesion: Lesion,
    /// As the forms count it.
    pub counted: Counted,
}

impl Finding {
    /// What the reader decided; nothing said is not decided.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.mark
            .as_ref()
            .map_or(Verdict::Open, |mark| mark.verdict)
    }

    /// Offsets of its voxels as they count now: the reader's mask, or the program's.
    ///
    /// # Errors
    /// When the reader's mask is not one of a scan of so many voxels.
    pub fn voxels(&self, voxels: usize) -> Result<Vec<usize>, RunsError> {
        let own = self.mark.as_ref().and_then(|mark| mark.mask.as_ref());
        match (own, &self.proposed) {
            (Some(runs), _) => runs.offsets(voxels),
            (None, Some(proposed)) => Ok(proposed.voxels.clone()),
            (None, None) => Ok(Vec::new()),
        }
    }

    /// All of it as one lesion, as measured, whatever the reader says of it.
    ///
    /// # Errors
    /// As [`Finding::voxels`].
    pub fn measured(&self, site: &Site) -> Result<Lesion, RunsError> {
        let voxels = self.voxels(site.grid.voxel_count())?;
        Ok(self.lesion(voxels, site))
    }

    /// How sure it is without a reader's word: as the program says, or by size and shape.
    #[must_use]
    pub fn measured_certainty(&self, lesion: &Lesion, grid: &Grid) -> Certainty {
        match &self.proposed {
            Some(proposed) => proposed.certainty,
            None => Certainty::of(lesion, grid, 0.0),
        }
    }

    /// The lesions it stands for: itself, or the parts of a group.
    ///
    /// # Errors
    /// As [`Finding::voxels`].
    pub fn lesions(&self, site: &Site) -> Result<Vec<ReadLesion>, RunsError> {
        let voxels = self.voxels(site.grid.voxel_count())?;
        let is_group = self.mark.as_ref().is_some_and(|mark| mark.is_group);
        let parts = if is_group {
            touching_parts(&voxels, site.grid)
        } else {
            vec![voxels]
        };
        let read = parts.into_iter().filter(|part| !part.is_empty());
        Ok(read
            .map(|part| {
                let lesion = self.lesion(part, site);
                ReadLesion {
                    item: self.item.clone(),
                    counted: self.counted(&lesion, site.grid),
                    lesion,
                }
            })
            .collect())
    }

    fn lesion(&self, voxels: Vec<usize>, site: &Site) -> Lesion {
        let confidence = self.proposed.as_ref().map_or(1.0, |p| p.confidence);
        let mut lesion = Lesion::of_voxels(site.grid, voxels, confidence);
        if let Some(regions) = site.regions {
            lesion.place = regions.place_of(&lesion);
        }
        lesion
    }

    /// As the forms count a lesion of it: by what the reader says, else as measured.
    fn counted(&self, lesion: &Lesion, grid: &Grid) -> Counted {
        let mark = self.mark.as_ref();
        let place = said_place(mark, lesion.place);
        let said = mark.and_then(|mark| mark.location);
        Counted {
            place,
            location: said.or_else(|| place.and_then(Location::of)),
            certainty: mark
                .and_then(|mark| mark.certainty)
                .unwrap_or_else(|| self.measured_certainty(lesion, grid)),
            size: mark
                .and_then(|mark| mark.size)
                .unwrap_or_else(|| SizeBand::of(lesion.diameter_mm)),
        }
    }
}

impl RegionsOfScan {
    /// Of a map with values as [`siderin_core::regions::Region::code`] has them.
    #[must_use]
    pub fn new(map: Volume<u8>) -> Self {
        Self {
            map,
            asked: Mutex::default(),
        }
    }

    /// The map.
    #[must_use]
    pub fn map(&self) -> &Volume<u8> {
        &self.map
    }

    fn place_of(&self, lesion: &Lesion) -> Result<Place, NoRegion> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = asked.get(&lesion.voxels) {
            return *place;
        }
        let place = Place::of(lesion.center_world, lesion.diameter_mm, &self.map);
        asked.insert(lesion.voxels.clone(), place);
        place
    }
}

/// The place that the reader says, with what is measured of what is not said.
fn said_place(mark: Option<&Mark>, measured: Result<Place, NoRegion>) -> Option<Place> {
    let measured = measured.ok();
    let Some(mark) = mark else { return measured };
    let place = match (mark.region, measured) {
        (Some(region), measured) => Some(Place {
            region,
            or_region: None,
            // Without a map the side is not known: that is what the midline's column is for.
            side: measured.map_or(Side::Left, |place| place.side),
            is_midline: measured.is_none_or(|place| place.is_midline),
            is_group_only: false,
            depth_mm: measured.and_then(|place| place.depth_mm),
        }),
        (None, measured) => measured,
    }?;
    Some(match mark.side {
        None => place,
        Some(side) => Place {
            side: match side {
                MarkedSide::Left => Side::Left,
                MarkedSide::Right => Side::Right,
                MarkedSide::Midline => place.side,
            },
            is_midline: side == MarkedSide::Midline,
            ..place
        },
    })
}

/// The parts of a mask that do not touch (26-connected), in the order of their first voxels.
#[must_use]
pub fn touching_parts(voxels: &[usize], grid: &Grid) -> Vec<Vec<usize>> {
    let mut left: BTreeSet<usize> = voxels.iter().copied().collect();
    let mut parts = Vec::new();
    while let Some(first) = left.pop_first() {
        let mut part = vec![first];
        let mut next = 0;
        while let Some(&voxel) = part.get(next) {
            next += 1;
            let index = grid.index(voxel);
            for step in 0..27usize {
                let step = [step % 3, step / 3 % 3, step / 9].map(|at| at as isize - 1);
                if let Some(beside) = grid.neighbour(index, step)
                    && left.remove(&grid.offset(beside))
                {
                    part.push(grid.offset(beside));
                }
            }
        }
        part.sort_unstable();
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::runs::Runs;
    use super::*;
    use siderin_core::regions::Region;

    /// 2 mm voxels in a row of 40, thalamus on the left everywhere.
    fn site() -> (Grid, RegionsOfScan) {
        let grid = Grid::axis_aligned([40, 1, 1], [2.0; 3]).unwrap();
        let regions = Volume::filled(&grid, Region::Thalamus.code(Side::Left));
        (grid, RegionsOfScan::new(regions))
    }

    fn finding(mark: Option<Mark>) -> Finding {
        Finding {
            item: "f1".into(),
            proposed: Some(Proposed {
                confidence: 0.8,
                certainty: Certainty::Possible,
                voxels: vec![4, 5],
            }),
            mark,
        }
    }

    #[test]
    fn what_is_not_said_is_as_measured() {
        let (grid, regions) = site();
        let site = Site {
            grid: &grid,
            regions: Some(&regions),
        };
        let read = finding(None).lesions(&site).unwrap();
        // Two voxels of 8 mm³: a sphere of 3.1 mm.
        assert_eq!((read.len(), read[0].lesion.volume_mm3), (1, 16.0));
        assert_eq!(read[0].lesion.center_world.to_array()[0], 9.0);
        let counted = read[0].counted;
        assert_eq!(counted.certainty, Certainty::Possible);
        assert_eq!(counted.size, SizeBand::Small);
        assert_eq!(counted.location, Some(Location::Thalamus));
        assert!(!counted.place.unwrap().is_midline);
    }

    #[test]
    fn the_readers_word_counts() {
        let (grid, regions) = site();
        let mark = Mark {
            certainty: Some(Certainty::Definite),
            region: Some(Region::Frontal),
            side: Some(MarkedSide::Right),
            location: Some(Location::Cortex),
            size: Some(SizeBand::Large),
            mask: Some(Runs::of(&[7])),
            ..Mark::of(Verdict::Accepted)
        };
        for regions in [Some(&regions), None] {
            let site = Site {
                grid: &grid,
                regions,
            };
            let read = finding(Some(mark.clone())).lesions(&site).unwrap();
            assert_eq!(read[0].lesion.voxels, [7]);
            let counted = read[0].counted;
            let place = counted.place.unwrap();
            assert_eq!((place.region, place.side), (Region::Frontal, Side::Right));
            assert!(!place.is_midline);
            assert_eq!(counted.location, Some(Location::Cortex));
            assert_eq!(counted.certainty, Certainty::Definite);
            assert_eq!(counted.size, SizeBand::Large);
        }
        // A region without a map and without a side: which side is not known.
        let no_side = Mark { side: None, ..mark };
        let site = Site {
            grid: &grid,
            regions: None,
        };
        let read = finding(Some(no_side)).lesions(&site).unwrap();
        assert!(read[0].counted.place.unwrap().is_midline);
    }

    #[test]
    fn the_parts_of_a_group_are_lesions() {
        let (grid, _) = site();
        let site = Site {
            grid: &grid,
            regions: None,
        };
        let mark = Mark {
            is_group: true,
            mask: Some(Runs::of(&[1, 2, 9, 20])),
            ..Mark::of(Verdict::Accepted)
        };
        let own = Finding {
            item: "a1".into(),
            proposed: None,
            mark: Some(mark),
        };
        let read = own.lesions(&site).unwrap();
        let voxels: Vec<&[usize]> = read.iter().map(|r| &r.lesion.voxels[..]).collect();
        assert_eq!(voxels, [&[1, 2][..], &[9], &[20]]);
        assert_eq!(own.measured(&site).unwrap().voxels.len(), 4);
    }
}
