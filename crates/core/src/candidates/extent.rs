//! The voxels a dark spot covers.

use crate::volume::{Grid, Volume, VoxelPoint};
use std::collections::{HashSet, VecDeque};

/// How far from its seed a spot can reach, in mm: a macrohaemorrhage's radius, so that
/// what is larger than a microbleed is seen to be.
pub(super) const REACH_MM: f64 = 9.0;

/// Offsets of voxels that are darker than `level` and connected (by faces or edges) to
/// `seed`, within [`REACH_MM`] of it, ascending. Whether the reach cut it off is told too.
pub(super) fn grow(relative: &Volume<f32>, seed: [usize; 3], level: f32) -> (Vec<usize>, bool) {
    let grid = relative.grid();
    let center = grid.to_world(VoxelPoint::center_of(seed));
    let mut seen = HashSet::from([grid.offset(seed)]);
    let mut queue = VecDeque::from([seed]);
    let mut region = Vec::new();
    let mut cut_off = false;
    while let Some(index) = queue.pop_front() {
        region.push(grid.offset(index));
        for step in FACES_AND_EDGES {
            let Some(next) = grid.neighbour(index, step) else {
                continue;
            };
            let offset = grid.offset(next);
            if relative.voxels()[offset] >= level || !seen.insert(offset) {
                continue;
            }
            if grid.to_world(VoxelPoint::center_of(next)).distance_mm(center) > REACH_MM {
                cut_off = true;
                continue;
            }
            queue.push_back(next);
        }
    }
    region.sort_unstable();
    (region, cut_off)
}

/// The region with the neighbours (sharing a face) that are darker than `level`: the
/// blurred rim of a spot whose core was grown at a darker level.
pub(super) fn with_rim(relative: &Volume<f32>, region: &[usize], level: f32) -> Vec<usize> {
    let grid: &Grid = relative.grid();
    let mut wider: HashSet<usize> = region.iter().copied().collect();
    for &offset in region {
        for step in &FACES_AND_EDGES[..6] {
            if let Some(next) = grid.neighbour(grid.index(offset), *step) {
                let next = grid.offset(next);
                if relative.voxels()[next] < level {
                    wider.insert(next);
                }
            }
        }
    }
    let mut wider: Vec<usize> = wider.into_iter().collect();
    wider.sort_unstable();
    wider
}

/// Steps to the 18 neighbours, those that share a face first.
const FACES_AND_EDGES: [[isize; 3]; 18] = [
    [-1, 0, 0],
    [1, 0, 0],
    [0, -1, 0],
    [0, 1, 0],
    [0, 0, -1],
    [0, 0, 1],
    [-1, -1, 0],
    [-1, 1, 0],
    [1, -1, 0],
    [1, 1, 0],
    [-1, 0, -1],
    [-1, 0, 1],
    [1, 0, -1],
    [1, 0, 1],
    [0, -1, -1],
    [0, -1, 1],
    [0, 1, -1],
    [0, 1, 1],
];
