//! Where in the brain a lesion lies.

use super::Lesion;
use crate::regions::{Region, Side};
use crate::volume::Volume;

/// Why a lesion has no region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRegion {
    /// Nothing found regions in the scan.
    NoMap,
    /// Regions were found, and it lies in none.
    Outside,
}

impl NoRegion {
    /// In words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoMap => "no region map of this scan exists",
            Self::Outside => "it lies in no region",
        }
    }
}

impl Lesion {
    /// Gives the lesion the region that most of its voxels lie in, of as many the first; `regions` on the
    /// scan's grid, as [`Region::code`] has them.
    pub fn place_in(&mut self, regions: &Volume<u8>) {
        let codes = self.voxels.iter().map(|at| regions.voxels()[*at]);
        let mut counts = [0usize; 256];
        for code in codes {
            counts[usize::from(code)] += 1;
        }
        let mut best: Option<(usize, (Region, Side))> = None;
        for (code, count) in (0u8..=u8::MAX).zip(counts) {
            if let Some(place) = Region::of_code(code)
                && count > best.map_or(0, |(most, _)| most)
            {
                best = Some((count, place));
            }
        }
        self.region = best.map(|(_, place)| place).ok_or(NoRegion::Outside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesion::SizeClass;
    use crate::regions::FLUID_CODE;
    use crate::volume::{Grid, VoxelPoint, WorldPoint};

    #[test]
    fn the_region_of_most_voxels_counts() {
        // Along x: fluid three times, thalamus right twice, thalamus left twice, nothing.
        let (left, right) = (
            Region::Thalamus.code(Side::Left),
            Region::Thalamus.code(Side::Right),
        );
        let row = [
            FLUID_CODE, FLUID_CODE, FLUID_CODE, right, right, left, left, 0,
        ];
        let grid = Grid::axis_aligned([8, 1, 1], [1.0; 3]).unwrap();
        let regions = Volume::new(grid, row.to_vec()).unwrap();
        let of = |voxels: std::ops::Range<usize>| {
            let mut lesion = Lesion {
                id: 1,
                center_world: WorldPoint::new(0.0, 0.0, 0.0),
                center_voxel: VoxelPoint::new(0.0, 0.0, 0.0),
                volume_mm3: 1.0,
                diameter_mm: 1.0,
                confidence: 1.0,
                size_class: SizeClass::of(1.0),
                region: Err(NoRegion::NoMap),
                voxels: voxels.collect(),
            };
            lesion.place_in(&regions);
            lesion.region
        };
        assert_eq!(of(0..6), Ok((Region::Thalamus, Side::Right)));
        assert_eq!(of(0..7), Ok((Region::Thalamus, Side::Left)));
        assert_eq!(of(0..3), Err(NoRegion::Outside));
        assert_eq!(of(7..8), Err(NoRegion::Outside));
    }
}
