//! A folder with a scan, and a review of it that has findings: no method need run.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

use siderin_core::forms::Certainty;
use siderin_image::scan::nifti::write_volume;
use siderin_image::volume::{Grid, Volume};
use siderin_review::annotate::Runs;
use siderin_review::store::{NewRun, ProposedRow, RunAbout, Store};
use std::path::{Path, PathBuf};

/// Whether a voxel lies in the ball of 2 voxels' radius about a centre.
pub fn is_spot(index: [usize; 3], center: [usize; 3]) -> bool {
    let squares = (0..3).map(|a| (index[a] as f64 - center[a] as f64).powi(2));
    squares.sum::<f64>() <= 4.0
}

/// Writes a scan of 1 mm voxels with dark balls in tissue of 100, and a review whose findings `spots` are, by
/// falling confidence; those at `unfound` are in no finding. Returns the scan and the review's folder.
pub fn furnish(
    folder: &Path,
    shape: [usize; 3],
    spots: &[[usize; 3]],
    unfound: &[[usize; 3]],
) -> (PathBuf, PathBuf) {
    let path = folder.join("sub-01_T2starw.nii.gz");
    let grid = Grid::axis_aligned(shape, [1.0; 3]).unwrap();
    let middle = shape.map(|extent| 0.5 * extent as f64);
    // A head of an ellipsoid in air, with a slow shading that tells slices apart.
    let mut scan = Volume::from_fn(&grid, |index| {
        let far: f64 = (0..3)
            .map(|a| ((index[a] as f64 - middle[a]) / middle[a]).powi(2))
            .sum();
        let shade = (index[0] % 3) as f32 + 10.0 * (index[2] as f32 / shape[2] as f32);
        if far < 0.96 { 100.0 + shade } else { 4.0 }
    });
    let voxels = |center: [usize; 3]| -> Vec<usize> {
        let around =
            |axis: usize| center[axis].saturating_sub(2)..(center[axis] + 3).min(shape[axis]);
        let mut found = Vec::new();
        for k in around(2) {
            for j in around(1) {
                for i in around(0) {
                    if is_spot([i, j, k], center) {
                        found.push(grid.offset([i, j, k]));
                    }
                }
            }
        }
        found
    };
    let mut findings = Vec::new();
    for (center, number) in spots.iter().zip(1..) {
        let voxels = voxels(*center);
        for &voxel in &voxels {
            scan.voxels_mut()[voxel] = 20.0;
        }
        findings.push(ProposedRow {
            number,
            confidence: 1.0 - f32::from(number) / (spots.len() as f32 + 8.0),
            certainty: Certainty::Definite,
            mask: Runs::of(&voxels),
        });
    }
    for voxel in unfound.iter().flat_map(|center| voxels(*center)) {
        scan.voxels_mut()[voxel] = 20.0;
    }
    write_volume(&path, &scan).unwrap();
    let review = folder.join("siderin-review");
    std::fs::create_dir(&review).unwrap();
    let mut store = Store::open(&review).unwrap();
    store.scan("sub-01_T2starw.nii.gz").unwrap();
    let run = NewRun {
        method: "test".into(),
        about: RunAbout {
            name: "test".into(),
            version: "1".into(),
            threshold: 0.0,
            confidence_meaning: "falls from one finding to the next".into(),
            notes: Vec::new(),
        },
        brain: siderin_review::reading::pack(&vec![1; grid.voxel_count()]),
        regions: None,
        findings,
    };
    store.add_run(1, &run).unwrap();
    (path, review)
}

/// Places of balls of 2 voxels' radius that do not touch, inside the head.
pub fn spots(shape: [usize; 3], count: usize) -> Vec<[usize; 3]> {
    let mut found = Vec::new();
    let middle = shape.map(|extent| 0.5 * extent as f64);
    'all: for k in (8..shape[2] - 8).step_by(8) {
        for j in (8..shape[1] - 8).step_by(12) {
            for i in (8..shape[0] - 8).step_by(12) {
                let far: f64 = [i, j, k]
                    .iter()
                    .zip(middle)
                    .map(|(at, m)| ((*at as f64 - m) / m).powi(2))
                    .sum();
                if far < 0.5 {
                    found.push([i, j, k]);
                }
                if found.len() == count {
                    break 'all;
                }
            }
        }
    }
    found
}
