//! Otsu's threshold over a volume (Otsu 1979, doi 10.1109/TSMC.1979.4310076).

use crate::volume::Volume;

/// Why there is no threshold.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "finding Otsu's threshold: no two voxels have different finite values (the one there is: {value}); check that \
     this is a scan"
)]
pub struct OtsuError {
    /// The one value there is, NaN where none is a number.
    pub value: f32,
}

/// The value that parts the volume's values into two classes of greatest between-class
/// variance, from a histogram of `bins` equal bins between the smallest and the largest
/// value. The threshold is the upper edge of the last bin of the lower class, as ITK
/// returns it; values above it are foreground.
///
/// # Errors
/// When all values are the same.
pub fn otsu_threshold(volume: &Volume<f32>, bins: usize) -> Result<f32, OtsuError> {
    let bins = bins.max(2);
    let (low, high) = volume
        .voxels()
        .iter()
        .filter(|v| v.is_finite())
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| {
            (low.min(v), high.max(v))
        });
    if low >= high {
        let value = if low > high { f32::NAN } else { low };
        return Err(OtsuError { value });
    }
    let width = (f64::from(high) - f64::from(low)) / bins as f64;
    let mut histogram = vec![0u64; bins];
    for &value in volume.voxels().iter().filter(|v| v.is_finite()) {
        let bin = ((f64::from(value) - f64::from(low)) / width) as usize;
        histogram[bin.min(bins - 1)] += 1;
    }

    let total = histogram.iter().sum::<u64>() as f64;
    let moment: f64 = histogram
        .iter()
        .enumerate()
        .map(|(bin, &n)| bin as f64 * n as f64)
        .sum();
    let (mut below, mut moment_below) = (0.0, 0.0);
    let (mut best, mut best_bin) = (-1.0, 0);
    for (bin, &count) in histogram.iter().enumerate().take(bins - 1) {
        below += count as f64;
        moment_below += bin as f64 * count as f64;
        let above = total - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let difference = moment_below / below - (moment - moment_below) / above;
        let between = below * above * difference * difference;
        if between > best {
            (best, best_bin) = (between, bin);
        }
    }
    Ok((f64::from(low) + width * (best_bin + 1) as f64) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    #[test]
    fn parts_two_values() {
        // 0 and 10 with ten bins of width 1: every cut between them is equally good, the
        // first wins, and its upper edge is 1.
        let grid = Grid::axis_aligned([4, 1, 1], [1.0; 3]).unwrap();
        let volume = Volume::new(grid, vec![0.0, 0.0, 10.0, 10.0]).unwrap();
        assert_eq!(otsu_threshold(&volume, 10), Ok(1.0));
    }

    #[test]
    fn one_value_has_no_threshold() {
        let grid = Grid::axis_aligned([4, 1, 1], [1.0; 3]).unwrap();
        let flat = Volume::filled(&grid, 7.0);
        assert_eq!(otsu_threshold(&flat, 10), Err(OtsuError { value: 7.0 }));
    }
}
