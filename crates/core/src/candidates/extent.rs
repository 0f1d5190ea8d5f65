//! The voxels a dark spot covers.

use siderin_image::volume::{Grid, Volume, VoxelPoint};
use std::collections::BTreeSet;

/// How far from its seed a spot can reach, in mm: a macrohaemorrhage's radius, so that
/// what is larger than a microbleed is seen to be.
pub(super) const REACH_MM: f64 = 9.0;

/// Offsets of voxels that are darker than `level` and connected (by faces or edges) to
/// `seed`, ascending; `None` when they reach farther than [`REACH_MM`] from it.
pub(super) fn grow(relative: &Volume<f32>, seed: [usize; 3], level: f32) -> Option<Vec<usize>> {
    let grid = relative.grid();
    let reach: [usize; 3] = grid
        .spacing_mm()
        .map(|mm| (REACH_MM / mm).ceil() as usize + 1);
    let low: [usize; 3] = std::array::from_fn(|a| seed[a].saturating_sub(reach[a]));
    let size: [usize; 3] =
        std::array::from_fn(|a| (seed[a] + reach[a] + 1).min(grid.shape()[a]) - low[a]);
    let local = |index: [usize; 3]| {
        (index[0] - low[0]) + size[0] * ((index[1] - low[1]) + size[1] * (index[2] - low[2]))
    };
    let center = grid.to_world(VoxelPoint::center_of(seed));
    let mut seen = vec![false; size.iter().product()];
    seen[local(seed)] = true;
    let mut stack = vec![seed];
    let mut region = Vec::new();
    while let Some(index) = stack.pop() {
        region.push(grid.offset(index));
        for step in FACES_AND_EDGES {
            let Some(next) = grid.neighbour(index, step) else {
                continue;
            };
            if relative.at(next) >= level {
                continue;
            }
            if grid
                .to_world(VoxelPoint::center_of(next))
                .distance_mm(center)
                > REACH_MM
            {
                return None;
            }
            if !std::mem::replace(&mut seen[local(next)], true) {
                stack.push(next);
            }
        }
    }
    region.sort_unstable();
    Some(region)
}

/// The region with the neighbours (sharing a face) that are darker than `level`: the
/// blurred rim of a spot whose core was grown at a darker level.
pub(super) fn with_rim(relative: &Volume<f32>, region: &[usize], level: f32) -> Vec<usize> {
    let grid: &Grid = relative.grid();
    let mut wider: BTreeSet<usize> = region.iter().copied().collect();
    for &offset in region {
        let beside = grid.face_neighbours(grid.index(offset));
        wider.extend(
            beside
                .map(|n| grid.offset(n))
                .filter(|&n| relative.voxels()[n] < level),
        );
    }
    wider.into_iter().collect()
}

/// Steps to the 18 neighbours.
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
