//! Voxels inside a closed surface.

use super::surface::Surface;
use crate::volume::{Grid, Volume, WorldPoint};

/// Voxels whose centre lies inside: along each row of voxels, an odd number of triangles
/// has been crossed. Rows are looked at a hair off their centre line, so that none runs
/// through an edge or a vertex.
pub(super) fn inside(surface: &Surface, grid: &Grid) -> Volume<bool> {
    let [nx, ny, nz] = grid.shape();
    let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); ny * nz];
    let corners: Vec<[f64; 3]> = surface
        .vertices
        .iter()
        .map(|v| {
            let p = grid.to_voxel(WorldPoint(*v)).to_array();
            [p[0], p[1] + 1.3e-7, p[2] + 2.9e-7]
        })
        .collect();
    for triangle in &surface.triangles {
        let [a, b, c] = triangle.map(|vertex| corners[vertex]);
        let range = |axis: usize, n: usize| {
            let low = a[axis].min(b[axis]).min(c[axis]).ceil().max(0.0) as usize;
            let high = a[axis].max(b[axis]).max(c[axis]).floor();
            let end = if high < 0.0 {
                0
            } else {
                (high as usize + 1).min(n)
            };
            low..end
        };
        for k in range(2, nz) {
            for j in range(1, ny) {
                if let Some(x) = crossing([a, b, c], j as f64, k as f64) {
                    crossings[j + ny * k].push(x);
                }
            }
        }
    }
    let mut mask = Volume::filled(grid, false);
    for (row, xs) in mask.voxels_mut().chunks_mut(nx).zip(&mut crossings) {
        xs.sort_by(f64::total_cmp);
        for pair in xs.chunks_exact(2) {
            let from = pair[0].ceil().max(0.0) as usize;
            let to = if pair[1] < 0.0 {
                0
            } else {
                (pair[1].floor() as usize + 1).min(nx)
            };
            for value in row.iter_mut().take(to).skip(from) {
                *value = !*value;
            }
        }
    }
    mask
}

/// Where the line (x, j, k) crosses a triangle, by barycentric coordinates in (y, z).
fn crossing([a, b, c]: [[f64; 3]; 3], j: f64, k: f64) -> Option<f64> {
    let cross = |p: [f64; 3], q: [f64; 3]| (p[1] - j) * (q[2] - k) - (p[2] - k) * (q[1] - j);
    let (wa, wb, wc) = (cross(b, c), cross(c, a), cross(a, b));
    let all_positive = wa > 0.0 && wb > 0.0 && wc > 0.0;
    let all_negative = wa < 0.0 && wb < 0.0 && wc < 0.0;
    (all_positive || all_negative).then(|| (wa * a[0] + wb * b[0] + wc * c[0]) / (wa + wb + wc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Point3;

    #[test]
    fn a_sphere_fills_to_its_volume() {
        let grid = Grid::axis_aligned([60, 50, 30], [1.0, 1.2, 2.0]).unwrap();
        let sphere = Surface::sphere(Point3::new(30.0, 30.0, 30.0), 20.0, 4);
        let mask = inside(&sphere, &grid);
        let volume = mask.voxels().iter().filter(|&&m| m).count() as f64 * 2.4;
        // 4/3 π 20³ = 33510; the mesh lies just inside its sphere.
        assert!((volume / 33510.0 - 1.0).abs() < 0.01, "{volume}");
    }

    #[test]
    fn parts_outside_the_grid_are_cut() {
        let grid = Grid::axis_aligned([10, 10, 10], [1.0; 3]).unwrap();
        let sphere = Surface::sphere(Point3::new(-3.0, 5.0, 5.0), 6.0, 3);
        let mask = inside(&sphere, &grid);
        assert!(mask.at([0, 5, 5]) && mask.at([2, 5, 5]) && !mask.at([4, 5, 5]));
    }
}
