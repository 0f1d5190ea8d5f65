//! Judging a network of regions: voxels instead of lesions.

use crate::data::{PreparedFile, PreparedFileError};
use crate::score::Counts;
use siderin_image::volume::Volume;
use siderin_net::{RegionError, RegionFinder};

/// A scan whose regions cannot be judged.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RegionJudgeError {
    #[error(transparent)]
    File(#[from] PreparedFileError),
    #[error(transparent)]
    Regions(#[from] RegionError),
}

/// Voxels of all scans with the right region, or the wrong one: their F1 is Dice's coefficient over
/// all regions and fluid.
pub(super) fn region_counts(
    files: &[PreparedFile],
    finder: &RegionFinder,
    done: &dyn Fn(usize),
) -> Result<Counts, RegionJudgeError> {
    let mut counts = Counts::default();
    for (at, file) in files.iter().enumerate() {
        let (prepared, _) = file.whole()?;
        let truth = file.material()?.classes;
        let view = &prepared.images[0];
        let found = finder.predict(view)?.on(view.grid())?.codes;
        compare(&found, &truth, &mut counts);
        done(at + 1);
    }
    Ok(counts)
}

fn compare(found: &Volume<u8>, truth: &[u8], counts: &mut Counts) {
    for (found, truth) in found.voxels().iter().zip(truth) {
        if found == truth {
            counts.found += u64::from(*truth > 0);
            counts.right += u64::from(*truth > 0);
        } else {
            counts.missed += u64::from(*truth > 0);
            counts.wrong += u64::from(*found > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::volume::Grid;

    #[test]
    fn f1_of_voxels_is_dice() {
        let grid = Grid::axis_aligned([6, 1, 1], [2.0; 3]).unwrap();
        let found = Volume::new(grid, vec![0, 1, 1, 21, 3, 0]).unwrap();
        // Right: one of 1, one of 3. Wrong: a 1 that is background, a 21 that is 1. Missed: that 1
        // and a 40. Dice = 2 · 2 / (4 found + 4 true).
        let mut counts = Counts::default();
        compare(&found, &[0, 0, 1, 1, 3, 40], &mut counts);
        assert_eq!((counts.right, counts.wrong, counts.missed), (2, 2, 2));
        assert_eq!(counts.f1(), 0.5);
    }
}
