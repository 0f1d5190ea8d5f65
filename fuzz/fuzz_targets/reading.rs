//! Any bytes as what a reader says of a finding, and as the mask of a small scan: an error or a lesion, never a
//! panic, never more voxels than the scan has.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siderin_image::volume::Grid;
use siderin_review::annotate::{Entry, Finding, Site};

fuzz_target!(|bytes: &[u8]| {
    let Ok(entry) = serde_json::from_slice::<Entry>(bytes) else {
        return;
    };
    let grid = Grid::axis_aligned([12, 10, 8], [1.0, 1.0, 3.0]).expect("a grid");
    if entry.check(grid.voxel_count(), false).is_err() {
        return;
    }
    let Entry::Finding(mark) = entry else { return };
    let finding = Finding {
        item: "a1".into(),
        proposed: None,
        mark: Some(mark),
    };
    let site = Site {
        grid: &grid,
        regions: None,
    };
    let lesions = finding
        .lesions(&site)
        .expect("a checked mask is one of this scan");
    let voxels: usize = lesions.iter().map(|read| read.lesion.voxels.len()).sum();
    assert!((1..=grid.voxel_count()).contains(&voxels));
});
