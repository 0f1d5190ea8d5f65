//! Intensity scales that scans can be compared on.

use crate::volume::Volume;

/// Why intensities cannot be normalised.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum IntensityError {
    #[error(
        "normalising intensities: the mask has no voxels; normalise over the whole volume or check the mask"
    )]
    EmptyMask,
    #[error(
        "normalising intensities: all {voxels} voxels in the mask have the value {value}; there is no contrast to scale"
    )]
    NoContrast { voxels: usize, value: f32 },
}

/// Two percentiles of the values in a mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentiles {
    /// The lower one.
    pub low: f32,
    /// The upper one.
    pub high: f32,
}

/// The `low` and `high` percentile (0 to 100) of the values where `mask` holds, by linear
/// interpolation between order statistics (numpy's default).
///
/// # Errors
/// When the mask is empty.
pub fn percentiles(
    volume: &Volume<f32>,
    mask: &Volume<bool>,
    low: f64,
    high: f64,
) -> Result<Percentiles, IntensityError> {
    let mut values = masked(volume, mask);
    if values.is_empty() {
        return Err(IntensityError::EmptyMask);
    }
    let mut at = |percent: f64| {
        let rank = percent.clamp(0.0, 100.0) / 100.0 * (values.len() - 1) as f64;
        let below = rank.floor() as usize;
        let (_, &mut lower, rest) = values.select_nth_unstable_by(below, f32::total_cmp);
        let upper = rest.iter().copied().min_by(f32::total_cmp).unwrap_or(lower);
        lower + (upper - lower) * (rank - below as f64) as f32
    };
    Ok(Percentiles {
        low: at(low),
        high: at(high),
    })
}

/// Maps the 1st percentile in the mask to 0 and the 99th to 1, linearly and without
/// clipping, so that a few bright vessels or dark voids do not set the scale.
///
/// # Errors
/// When the mask is empty or its values are all alike.
pub fn robust_normalise(
    volume: &Volume<f32>,
    mask: &Volume<bool>,
) -> Result<Volume<f32>, IntensityError> {
    let Percentiles { low, high } = percentiles(volume, mask, 1.0, 99.0)?;
    let range = contrast(high - low, volume, mask)?;
    Ok(volume.map(|v| (v - low) / range))
}

/// Mean 0 and standard deviation 1 (population) over the mask.
///
/// # Errors
/// When the mask is empty or its values are all alike.
pub fn z_score(volume: &Volume<f32>, mask: &Volume<bool>) -> Result<Volume<f32>, IntensityError> {
    let values = masked(volume, mask);
    if values.is_empty() {
        return Err(IntensityError::EmptyMask);
    }
    let count = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = values
        .iter()
        .map(|&v| (f64::from(v) - mean).powi(2))
        .sum::<f64>()
        / count;
    let deviation = contrast(variance.sqrt() as f32, volume, mask)?;
    Ok(volume.map(|v| (v - mean as f32) / deviation))
}

/// The smallest value in the mask becomes 0, the largest 1.
///
/// # Errors
/// When the mask is empty or its values are all alike.
pub fn min_max(volume: &Volume<f32>, mask: &Volume<bool>) -> Result<Volume<f32>, IntensityError> {
    let Percentiles { low, high } = percentiles(volume, mask, 0.0, 100.0)?;
    let range = contrast(high - low, volume, mask)?;
    Ok(volume.map(|v| (v - low) / range))
}

fn masked(volume: &Volume<f32>, mask: &Volume<bool>) -> Vec<f32> {
    volume
        .voxels()
        .iter()
        .zip(mask.voxels())
        .filter_map(|(&value, &inside)| inside.then_some(value))
        .collect()
}

/// The scale, if it is not zero.
fn contrast(scale: f32, volume: &Volume<f32>, mask: &Volume<bool>) -> Result<f32, IntensityError> {
    if scale > 0.0 {
        return Ok(scale);
    }
    let values = masked(volume, mask);
    Err(IntensityError::NoContrast {
        voxels: values.len(),
        value: values[0],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    /// Voxels 0, 1, …, 100 and one outlier of 1e6 outside the mask.
    fn ramp() -> (Volume<f32>, Volume<bool>) {
        let grid = Grid::axis_aligned([102, 1, 1], [1.0; 3]).unwrap();
        let volume = Volume::from_fn(&grid, |[i, _, _]| if i == 101 { 1e6 } else { i as f32 });
        let mask = Volume::from_fn(&grid, |[i, _, _]| i < 101);
        (volume, mask)
    }

    #[test]
    fn closed_forms_on_a_ramp() {
        let (volume, mask) = ramp();
        // Percentile p of 0..=100 is p itself.
        let found = percentiles(&volume, &mask, 1.0, 97.5).unwrap();
        assert!((found.low - 1.0).abs() < 1e-5 && (found.high - 97.5).abs() < 1e-4);
        // (50 - 1) / (99 - 1)
        let robust = robust_normalise(&volume, &mask).unwrap();
        assert!((robust.at([50, 0, 0]) - 0.5).abs() < 1e-6);
        assert_eq!(min_max(&volume, &mask).unwrap().at([25, 0, 0]), 0.25);
        // Mean 50; variance of 0..=100 is (101² - 1) / 12 = 850.
        let z = z_score(&volume, &mask).unwrap();
        assert!((z.at([100, 0, 0]) - 50.0 / 850f32.sqrt()).abs() < 1e-5);
    }

    #[test]
    fn nothing_to_scale_is_said() {
        let (volume, mask) = ramp();
        let empty = mask.map(|_| false);
        assert_eq!(z_score(&volume, &empty), Err(IntensityError::EmptyMask));
        let flat = volume.map(|_| 3.0);
        assert_eq!(
            min_max(&flat, &mask),
            Err(IntensityError::NoContrast {
                voxels: 101,
                value: 3.0
            })
        );
    }
}
