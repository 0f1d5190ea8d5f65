//! Images as the page shows them.

use serde::Serialize;
use siderin_image::scan::nifti::{Placements, WriteError, encode_volume_scaled};
use siderin_image::volume::{Grid, Volume};

/// Grey values at first, and how far they reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DisplayWindow {
    /// Shown black.
    pub black: f32,
    /// Shown white.
    pub white: f32,
    /// Lowest value of the scan.
    pub lowest: f32,
    /// Highest.
    pub highest: f32,
}

/// Values looked at for the window.
const SAMPLED: usize = 200_000;
/// Brighter than this share of the middle of what is bright is no air.
const NO_AIR: f32 = 0.2;

impl DisplayWindow {
    /// From black air to just above the brightest tissue. Vessels may be brighter.
    #[must_use]
    pub fn of(scan: &Volume<f32>) -> Self {
        let values = scan.voxels();
        let step = (values.len() / SAMPLED).max(1);
        let mut sample: Vec<f32> = values
            .iter()
            .step_by(step)
            .copied()
            .filter(|value| value.is_finite())
            .collect();
        sample.sort_by(f32::total_cmp);
        let lowest = values.iter().copied().fold(f32::INFINITY, f32::min);
        let highest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let at = |sample: &[f32], share: f64| {
            let last = sample.len().saturating_sub(1);
            sample
                .get((share * last as f64).round() as usize)
                .copied()
                .unwrap_or(0.0)
        };
        let air = NO_AIR * at(&sample, 0.98);
        let first = sample.partition_point(|value| *value <= air);
        let white = 1.1 * at(&sample[first..], 0.99);
        let black = lowest.min(0.0);
        Self {
            black,
            white: if white > black {
                white
            } else {
                highest.max(black + 1.0)
            },
            lowest,
            highest,
        }
    }
}

/// An uncompressed NIfTI file of whole numbers for the page, placed by `world_from_voxel` of `grid`: between
/// processes of one machine packing would only cost time. Values become steps of a 32,767th of the largest, unless
/// they are whole numbers already.
///
/// # Errors
/// When an axis is too long for NIfTI-1.
pub fn image_bytes(volume: &Volume<f32>, grid: &Grid) -> Result<Vec<u8>, WriteError> {
    let values = volume.voxels();
    let largest = values.iter().fold(0.0f32, |most, v| most.max(v.abs()));
    let most = f32::from(i16::MAX);
    let is_whole = largest <= most && values.iter().all(|v| v.fract() == 0.0);
    let slope = if is_whole || largest == 0.0 {
        1.0
    } else {
        largest / most
    };
    let steps = volume.map(|value| (value / slope).round() as i16);
    let placed = Volume::new(grid.clone(), steps.into_voxels()).expect("one shape");
    encode_volume_scaled(&placed, &Placements::scanner(grid), slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::scan::ReadLimits;
    use siderin_image::scan::nifti::read_volume_from_bytes;

    #[test]
    fn what_the_page_gets_reads_back() {
        let grid = Grid::axis_aligned([3, 2, 2], [1.0, 1.0, 2.5]).unwrap();
        for scale in [1.0, 0.37] {
            let volume = Volume::from_fn(&grid, |[i, j, k]| scale * (i + 3 * j + 6 * k) as f32);
            let bytes = image_bytes(&volume, &grid).unwrap();
            assert_eq!(bytes.len(), 352 + 24);
            let (_, back, _) = read_volume_from_bytes(&bytes, None, ReadLimits::default()).unwrap();
            assert!(back.grid().matches(&grid, 1e-4));
            for (a, b) in back.voxels().iter().zip(volume.voxels()) {
                assert!((a - b).abs() <= 0.51 * 11.0 * scale / 32767.0, "{a} {b}");
            }
        }
    }

    #[test]
    fn the_window_leaves_air_and_vessels_out() {
        // Half air of 2, tissue of 100, a hundredth vessels of 400.
        let grid = Grid::axis_aligned([100, 20, 10], [1.0; 3]).unwrap();
        let scan = Volume::from_fn(&grid, |[i, j, _]| match (i, j) {
            (0..50, _) => 2.0,
            (99, 0..4) => 400.0,
            _ => 100.0,
        });
        let window = DisplayWindow::of(&scan);
        assert_eq!((window.lowest, window.highest), (2.0, 400.0));
        assert_eq!(window.black, 0.0);
        assert!((window.white - 110.0).abs() < 1e-3, "{}", window.white);
    }
}
