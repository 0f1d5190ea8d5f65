//! References and predictions that are close to each other.

use super::{Match, MatchError};
use crate::objects::Object;
use crate::rule::Rule;
use siderin_image::volume::Grid;

/// Where an object is, in the space in which a rule measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ObjectPlace {
    /// In mm.
    pub at: [f64; 3],
    /// Only objects of one slice can match, where slices are scored on their own.
    pub slice: Option<usize>,
}

impl ObjectPlace {
    /// VALDO measures index × spacing, the others in the world. World coordinates are taken
    /// from voxel (0, 0, 0): the scan's place in the scanner would only cost digits.
    pub(super) fn of(rule: Rule, grid: Option<&Grid>, object: &Object) -> Self {
        let at = match (grid, object.center_voxel) {
            (Some(grid), Some(center)) if rule == Rule::Valdo => {
                let (index, spacing) = (center.to_array(), grid.spacing_mm());
                std::array::from_fn(|a| index[a] * as_stored(spacing[a]))
            }
            (Some(grid), Some(center)) => (grid.linear() * center.0.coords).into(),
            _ => object.center_world.to_array(),
        };
        Self {
            at,
            slice: object.slice,
        }
    }

    pub(super) fn distance_mm(&self, other: &Self) -> f64 {
        let squares = (0..3).map(|a| (self.at[a] - other.at[a]).powi(2));
        squares.sum::<f64>().sqrt()
    }
}

/// The voxel size that a file's header holds, in single precision: taken back from an oblique
/// affine, 1 mm comes out as .99999997, which would make exactly 5 mm less. A number of six digits
/// within an affine's rounding is the one that was meant.
fn as_stored(spacing_mm: f64) -> f64 {
    let short: f64 = format!("{spacing_mm:.5e}").parse().unwrap_or(spacing_mm);
    let meant = if (short / spacing_mm - 1.0).abs() < 4e-7 {
        short
    } else {
        spacing_mm
    };
    f64::from(meant as f32)
}

/// How far apart a match may be, in mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Limit {
    /// Less than this.
    Below(f64),
    /// This or less.
    UpTo(f64),
}

impl Limit {
    fn mm(self) -> f64 {
        match self {
            Self::Below(mm) | Self::UpTo(mm) => mm,
        }
    }

    fn allows(self, distance_mm: f64) -> bool {
        match self {
            Self::Below(mm) => distance_mm < mm,
            Self::UpTo(mm) => distance_mm <= mm,
        }
    }
}

/// All pairs within the limit, by reference and then prediction. Sorted along one axis first:
/// a map of noise has so many components that all pairs would take hours.
///
/// # Errors
/// When there are more than [`MAX_PAIRS`].
pub(super) fn close_pairs(
    references: &[ObjectPlace],
    predictions: &[ObjectPlace],
    limit: Limit,
) -> Result<Vec<Match>, MatchError> {
    let mut by_z: Vec<usize> = (0..predictions.len()).collect();
    by_z.sort_by(|&a, &b| predictions[a].at[2].total_cmp(&predictions[b].at[2]));
    let mut pairs = Vec::new();
    for (reference, place) in references.iter().enumerate() {
        let z = place.at[2];
        let first = by_z.partition_point(|&p| predictions[p].at[2] < z - limit.mm());
        let mut near: Vec<Match> = by_z[first..]
            .iter()
            .take_while(|&&p| predictions[p].at[2] <= z + limit.mm())
            .filter(|&&p| predictions[p].slice == place.slice)
            .map(|&prediction| Match {
                reference,
                prediction,
                distance_mm: place.distance_mm(&predictions[prediction]),
            })
            .filter(|pair| limit.allows(pair.distance_mm))
            .collect();
        near.sort_by_key(|pair| pair.prediction);
        pairs.extend(near);
        if pairs.len() > MAX_PAIRS {
            return Err(MatchError::Crowded {
                references: references.len(),
                predictions: predictions.len(),
            });
        }
    }
    Ok(pairs)
}

/// Brains do not hold that many lesions close to each other; noise does.
const MAX_PAIRS: usize = 4_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voxel_sizes_are_those_of_the_header() {
        assert_eq!(as_stored(0.999_999_97), 1.0);
        assert_eq!(as_stored(0.9), f64::from(0.9f32));
        assert_eq!(as_stored(0.449_218_75), 0.449_218_75);
    }
}
