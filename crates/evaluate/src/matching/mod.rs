//! Which predictions are right.

mod curve;
mod nearest;
mod neighbours;
mod one_to_one;
mod overlap;

pub use curve::CurveStep;
pub(super) use curve::curve_steps;
pub use one_to_one::MatchError;

use super::objects::Object;
use super::rule::Rule;
use neighbours::{Limit, ObjectPlace, close_pairs};
use siderin_image::volume::Grid;

/// A reference, a prediction, and what lies between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Match {
    /// Index of the reference.
    pub(super) reference: usize,
    /// Index of the prediction.
    pub(super) prediction: usize,
    /// Distance of their centroids.
    pub(super) distance_mm: f64,
}

/// The outcome for one case.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matching {
    /// References with the prediction that is right about them, by reference. Under `overlap`
    /// every overlapping pair.
    pub(super) matches: Vec<Match>,
    /// Predictions that go to each reference, right or too many.
    pub(super) assigned: Vec<Vec<usize>>,
    /// Whether each reference was found.
    pub(super) found: Vec<bool>,
    /// Whether each prediction is right.
    pub(super) correct: Vec<bool>,
}

impl Matching {
    fn none(references: usize, predictions: usize) -> Self {
        Self {
            matches: Vec::new(),
            assigned: vec![Vec::new(); references],
            found: vec![false; references],
            correct: vec![false; predictions],
        }
    }

    /// References found.
    #[must_use]
    pub(super) fn found_count(&self) -> usize {
        self.found.iter().filter(|found| **found).count()
    }

    /// Predictions that are right.
    #[must_use]
    pub(super) fn correct_count(&self) -> usize {
        self.correct.iter().filter(|correct| **correct).count()
    }
}

/// Which references and predictions can belong together under a rule.
pub(super) struct Candidates {
    rule: Rule,
    /// Sorted by reference, then prediction.
    pairs: Vec<Match>,
    references: usize,
    predictions: usize,
    reference_places: Vec<[f64; 3]>,
}

impl Candidates {
    /// Finds them. `grid` is that of the case, where one of its files has one.
    ///
    /// # Errors
    /// When the rule needs voxels that the objects do not have, or a grid, or there are too many
    /// in one place to be lesions.
    pub(super) fn find(
        rule: Rule,
        grid: Option<&Grid>,
        references: &[Object],
        predictions: &[Object],
    ) -> Result<Self, MatchError> {
        let places = |objects: &[Object]| -> Vec<ObjectPlace> {
            objects
                .iter()
                .map(|o| ObjectPlace::of(rule, grid, o))
                .collect()
        };
        let (reference_places, prediction_places) = (places(references), places(predictions));
        let pairs = match rule {
            Rule::Valdo => close_pairs(&reference_places, &prediction_places, Limit::Below(5.0))?,
            Rule::Centroid5Mm => {
                close_pairs(&reference_places, &prediction_places, Limit::UpTo(5.0))?
            }
            Rule::Centroid4Vox => {
                let voxel_mm = in_plane_mm(grid.ok_or(MatchError::NoGrid { rule })?);
                let limit = Limit::UpTo(4.0 * voxel_mm);
                close_pairs(&reference_places, &prediction_places, limit)?
            }
            Rule::Overlap | Rule::Voxel => overlap::pairs(
                references,
                predictions,
                &reference_places,
                &prediction_places,
            )?,
        };
        Ok(Self {
            rule,
            pairs,
            references: references.len(),
            predictions: predictions.len(),
            reference_places: reference_places.iter().map(|place| place.at).collect(),
        })
    }

    /// Decides which of them match.
    ///
    /// # Errors
    /// When there are too many in one place to be lesions.
    pub(super) fn decide(&self) -> Result<Matching, MatchError> {
        match self.rule {
            Rule::Valdo => Ok(nearest::decide(self)),
            Rule::Centroid5Mm | Rule::Centroid4Vox => one_to_one::decide(self),
            Rule::Overlap | Rule::Voxel => Ok(overlap::decide(self)),
        }
    }
}

/// Edge of a voxel in the plane of the slices: the root of its area.
fn in_plane_mm(grid: &Grid) -> f64 {
    let spacing = grid.spacing_mm();
    let slice = grid.slice_axis();
    let in_plane = (0..3).filter(|&axis| axis != slice);
    in_plane.map(|axis| spacing[axis]).product::<f64>().sqrt()
}

#[cfg(test)]
mod tests;
