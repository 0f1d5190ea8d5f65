//! Voxel measures: the mean over volumes, and over all slices with reference lesion.

use super::bootstrap::Sample;
use crate::evaluate::statistics::mean;
use crate::evaluate::voxelwise::VoxelMeasures;

type OfMeasures = fn(&VoxelMeasures) -> Option<f64>;
const MEASURES: [(&str, OfMeasures); 6] = [
    ("dsc", |m| m.dsc),
    ("f2", |m| m.f2),
    ("sen", |m| m.sen),
    ("pre", |m| m.pre),
    ("jsc", |m| m.jsc),
    ("mcc", |m| m.mcc),
];

pub(super) fn figures(sample: &Sample) -> Vec<(String, Option<f64>)> {
    let scores = || sample.subjects().filter_map(|s| s.voxel.as_ref());
    let volumes: Vec<VoxelMeasures> = scores().map(|score| score.measures).collect();
    let slices: Vec<VoxelMeasures> = scores()
        .flat_map(|score| &score.lesion_slices)
        .map(|counts| counts.measures())
        .collect();
    let mut figures = Vec::new();
    for (kind, all) in [("per_volume", volumes), ("per_slice", slices)] {
        for (name, of) in MEASURES {
            let values: Vec<f64> = all.iter().filter_map(of).collect();
            figures.push((format!("voxel/{kind}/{name}"), mean(&values)));
        }
    }
    figures
}
