//! Voxel measures: the mean over volumes, and over all slices with reference lesion.

use super::bootstrap::Sample;
use crate::statistics::{mean, median};
use crate::subject::SubjectScore;
use crate::voxelwise::{VoxelMeasures, VoxelScore};

type OfMeasures = fn(&VoxelMeasures) -> Option<f64>;
const MEASURES: [(&str, OfMeasures); 6] = [
    ("dsc", |m| m.dsc),
    ("f2", |m| m.f2),
    ("sen", |m| m.sen),
    ("pre", |m| m.pre),
    ("jsc", |m| m.jsc),
    ("mcc", |m| m.mcc),
];

/// Measures of volumes, and of all slices with reference lesion.
fn both(scores: &[&VoxelScore]) -> [(&'static str, Vec<VoxelMeasures>); 2] {
    let slices = scores.iter().flat_map(|score| &score.lesion_slices);
    [
        (
            "per_volume",
            scores.iter().map(|score| score.measures).collect(),
        ),
        (
            "per_slice",
            slices.map(|counts| counts.measures()).collect(),
        ),
    ]
}

pub(super) fn figures(sample: &Sample) -> Vec<(String, Option<f64>)> {
    let scores: Vec<&VoxelScore> = sample.subjects().filter_map(|s| s.voxel.as_ref()).collect();
    let mut figures = Vec::new();
    for (kind, all) in both(&scores) {
        for (name, of) in MEASURES {
            let values: Vec<f64> = all.iter().filter_map(of).collect();
            figures.push((format!("voxel/{kind}/{name}/mean"), mean(&values)));
            figures.push((format!("voxel/{kind}/{name}/median"), median(&values)));
        }
    }
    figures
}

/// How many volumes and slices leave each measure undefined.
pub(super) fn undefined(subjects: &[&SubjectScore]) -> Vec<(String, usize)> {
    let scores: Vec<&VoxelScore> = subjects.iter().filter_map(|s| s.voxel.as_ref()).collect();
    let mut undefined = Vec::new();
    for (kind, all) in both(&scores) {
        for (name, of) in MEASURES {
            let none = all.iter().filter(|m| of(m).is_none()).count();
            undefined.push((format!("{kind} {name}"), none));
        }
    }
    undefined
}
