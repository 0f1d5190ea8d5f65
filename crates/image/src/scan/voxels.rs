//! Whether the voxels of a volume can be a scan.

use super::Note;
use super::catalog::LoadError;
use super::limits::ReadLimits;
use crate::volume::{Grid, Volume, replace_by_neighbours};
use std::collections::HashMap;

/// Refuses what no head can be searched on, before its voxels are read.
pub(super) fn check_grid(grid: &Grid, limits: ReadLimits) -> Result<(), LoadError> {
    /// Rows and columns at least.
    const LEAST_PLANE: usize = 4;
    /// Sides of voxels, in mm: beyond these the unit is wrong.
    const VOXEL_MM: [f64; 2] = [0.03, 20.0];
    let shape = grid.shape();
    let mut sorted = shape;
    sorted.sort_unstable();
    if sorted[0] < 2 || sorted[1] < LEAST_PLANE {
        return Err(LoadError::TooFew { shape });
    }
    let spacing_mm = grid.spacing_mm();
    if spacing_mm
        .iter()
        .any(|mm| !(VOXEL_MM[0]..=VOXEL_MM[1]).contains(mm))
    {
        return Err(LoadError::VoxelSize { spacing_mm });
    }
    limits.check_work(grid.voxel_count() as u64)
}

/// Whether all values are whole and hardly ever change from one voxel to the next, which noise does not allow a scan.
pub(super) fn is_label_map(volume: &Volume<f32>) -> bool {
    /// A mask, or a few regions.
    const FEW: usize = 8;
    const MOSTLY: f64 = 0.9;
    let voxels = volume.voxels();
    if voxels.iter().any(|v| v.fract() != 0.0) {
        return false;
    }
    let mut values: Vec<f32> = Vec::new();
    for value in voxels {
        if !values.contains(value) {
            values.push(*value);
        }
        if values.len() > FEW {
            break;
        }
    }
    if values.len() <= FEW {
        return true;
    }
    // What is blank has one value, whichever.
    let blank = most_frequent(voxels);
    let (mut pairs, mut same) = (0u64, 0u64);
    for row in voxels.chunks_exact(volume.shape()[0]) {
        for pair in row
            .windows(2)
            .filter(|pair| pair[0] != blank && pair[1] != blank)
        {
            pairs += 1;
            same += u64::from(pair[0] == pair[1]);
        }
    }
    pairs > 0 && same as f64 >= MOSTLY * pairs as f64
}

fn most_frequent(voxels: &[f32]) -> f32 {
    let mut counts: HashMap<u32, u64> = HashMap::new();
    let step = voxels.len() / 200_000 + 1;
    for value in voxels.iter().step_by(step) {
        *counts.entry(value.to_bits()).or_default() += 1;
    }
    let most = counts
        .into_iter()
        .max_by_key(|(bits, count)| (*count, *bits));
    most.map_or(0.0, |(bits, _)| f32::from_bits(bits))
}

/// Replaces voxels far beyond all others, which reconstructions and resampling leave and which would take all contrast
/// from what is scaled by the largest value.
pub(super) fn tame_wild(volume: &mut Volume<f32>) -> Option<Note> {
    /// Nearly all voxels that are not 0 are below this quantile's value, or above it by less than this factor.
    const QUANTILE: f64 = 0.999;
    const BEYOND: f32 = 100.0;
    const SAMPLE: usize = 1_000_000;
    let step = volume.voxels().len() / SAMPLE + 1;
    let mut sample: Vec<f32> = volume
        .voxels()
        .iter()
        .step_by(step)
        .map(|v| v.abs())
        .filter(|v| *v > 0.0)
        .collect();
    if sample.is_empty() {
        return None;
    }
    let at = (QUANTILE * (sample.len() - 1) as f64) as usize;
    let usual = *sample.select_nth_unstable_by(at, f32::total_cmp).1;
    let is_wild = |v: f32| v.abs() / BEYOND > usual;
    let wild = volume
        .voxels()
        .iter()
        .enumerate()
        .filter(|(_, v)| is_wild(**v));
    let (at, _) = wild.max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))?;
    let (largest, index) = (volume.voxels()[at], volume.grid().index(at));
    let voxels = replace_by_neighbours(volume, is_wild) as usize;
    Some(Note::WildVoxels {
        voxels,
        largest,
        at: index,
        usual,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn noisy() -> Volume<f32> {
        let grid = Grid::axis_aligned([20, 20, 10], [1.0; 3]).unwrap();
        let mut stream = Stream::new(1, "noise", 0);
        Volume::from_fn(&grid, |_| (200.0 + 20.0 * stream.normal()).round() as f32)
    }

    #[test]
    fn labels_are_no_scan_and_whole_numbers_with_noise_are() {
        assert!(!is_label_map(&noisy()));
        assert!(is_label_map(&noisy().map(|v| f32::from(v > 230.0))));
        // Thirty regions of different sizes.
        let grid = noisy().grid().clone();
        let map = Volume::from_fn(&grid, |[_, j, k]| (j * 30 / 20 + k / 10) as f32 + 2.0);
        assert!(is_label_map(&map));
        // A scan whose background was filled up is one.
        let filled = Volume::from_fn(&grid, |[i, j, k]| match (i, j) {
            (8..12, 8..12) => noisy().at([i, j, k]),
            _ => -1024.0,
        });
        assert!(!is_label_map(&filled));
        // Half a label is none.
        assert!(!is_label_map(&map.map(|v| v / 2.0)));
    }

    #[test]
    fn wild_voxels_are_named_and_replaced() {
        for wild in [3.4e38, -1e6] {
            let mut volume = noisy();
            volume.voxels_mut()[20 * 20 * 5 + 20 * 7 + 3] = wild;
            let note = tame_wild(&mut volume);
            assert!(
                matches!(
                    note,
                    Some(Note::WildVoxels {
                        voxels: 1,
                        at: [3, 7, 5],
                        ..
                    })
                ),
                "{note:?}"
            );
            assert!(volume.voxels().iter().all(|v| (50.0..400.0).contains(v)));
        }
        assert_eq!(tame_wild(&mut noisy()), None);
        // A bright vessel is no error.
        let mut vessel = noisy();
        vessel.voxels_mut()[1000] = 4000.0;
        assert_eq!(tame_wild(&mut vessel), None);
    }

    #[test]
    fn shapes_and_sizes_that_no_scan_has_are_refused() {
        let refused = |shape, spacing| {
            let grid = Grid::axis_aligned(shape, spacing).unwrap();
            check_grid(&grid, ReadLimits::default()).err()
        };
        assert!(refused([64, 64, 2], [1.0; 3]).is_none());
        assert!(matches!(
            refused([1, 1, 32_000], [1.0; 3]),
            Some(LoadError::TooFew { .. })
        ));
        assert!(matches!(
            refused([64, 64, 1], [1.0; 3]),
            Some(LoadError::TooFew { .. })
        ));
        assert!(matches!(
            refused([64, 64, 9], [0.02; 3]),
            Some(LoadError::VoxelSize { .. })
        ));
        let most = ReadLimits::default().max_work_bytes / ReadLimits::WORK_BYTES_A_VOXEL;
        let slices = (most / (1 << 20)) as usize + 1;
        assert!(matches!(
            refused([1024, 1024, slices], [0.2; 3]),
            Some(LoadError::TooMuchWork { .. })
        ));
    }
}
