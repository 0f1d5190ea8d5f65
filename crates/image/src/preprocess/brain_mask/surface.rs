//! A closed triangle mesh: a subdivided icosahedron.

use nalgebra::{Point3, Vector3};
use std::collections::HashMap;

/// Vertices in world mm, triangles wound outwards, and each vertex's neighbours.
#[derive(Debug, Clone)]
pub(super) struct Surface {
    pub vertices: Vec<Point3<f64>>,
    pub triangles: Vec<[usize; 3]>,
    pub neighbours: Vec<Vec<usize>>,
}

impl Surface {
    /// A sphere of 10·4ⁿ + 2 vertices for n subdivisions.
    pub(super) fn sphere(center: Point3<f64>, radius_mm: f64, subdivisions: usize) -> Self {
        let (mut directions, mut triangles) = icosahedron();
        for _ in 0..subdivisions {
            triangles = subdivide(&mut directions, &triangles);
        }
        let mut neighbours = vec![Vec::new(); directions.len()];
        for triangle in &triangles {
            for corner in 0..3 {
                // Each edge is seen from both of its triangles; one direction suffices.
                neighbours[triangle[corner]].push(triangle[(corner + 1) % 3]);
            }
        }
        let vertices = directions.iter().map(|d| center + d * radius_mm).collect();
        Self {
            vertices,
            triangles,
            neighbours,
        }
    }

    /// Unit outward normals at the vertices, areas of adjoining triangles as weights.
    pub(super) fn normals(&self) -> Vec<Vector3<f64>> {
        let mut normals = vec![Vector3::zeros(); self.vertices.len()];
        for &[a, b, c] in &self.triangles {
            let area =
                (self.vertices[b] - self.vertices[a]).cross(&(self.vertices[c] - self.vertices[a]));
            for corner in [a, b, c] {
                normals[corner] += area;
            }
        }
        normals
            .iter()
            .map(|n| n.try_normalize(1e-12).unwrap_or_else(Vector3::z))
            .collect()
    }

    /// Mean length of the edges in mm.
    pub(super) fn mean_edge_mm(&self) -> f64 {
        let (mut sum, mut count) = (0.0, 0usize);
        for (vertex, neighbours) in self.neighbours.iter().enumerate() {
            for &other in neighbours {
                sum += (self.vertices[vertex] - self.vertices[other]).norm();
                count += 1;
            }
        }
        sum / count as f64
    }
}

fn icosahedron() -> (Vec<Vector3<f64>>, Vec<[usize; 3]>) {
    let golden = f64::midpoint(1.0, 5f64.sqrt());
    let mut directions = Vec::with_capacity(12);
    for a in [-1.0, 1.0] {
        for b in [-golden, golden] {
            directions.push(Vector3::new(0.0, a, b).normalize());
            directions.push(Vector3::new(a, b, 0.0).normalize());
            directions.push(Vector3::new(b, 0.0, a).normalize());
        }
    }
    // Faces are the triples at the shortest mutual distance, 2 / |(0, 1, φ)|.
    let edge = 2.0 / (1.0 + golden * golden).sqrt() + 1e-6;
    let near = |i: usize, j: usize| (directions[i] - directions[j]).norm() < edge;
    let mut triangles = Vec::with_capacity(20);
    for i in 0..12 {
        for j in i + 1..12 {
            for k in j + 1..12 {
                if near(i, j) && near(j, k) && near(i, k) {
                    let outward = directions[i].cross(&directions[j]).dot(&directions[k]) > 0.0;
                    triangles.push(if outward { [i, j, k] } else { [i, k, j] });
                }
            }
        }
    }
    (directions, triangles)
}

fn subdivide(directions: &mut Vec<Vector3<f64>>, triangles: &[[usize; 3]]) -> Vec<[usize; 3]> {
    let mut middles: HashMap<(usize, usize), usize> = HashMap::new();
    let mut middle = |a: usize, b: usize| {
        *middles.entry((a.min(b), a.max(b))).or_insert_with(|| {
            directions.push((directions[a] + directions[b]).normalize());
            directions.len() - 1
        })
    };
    let mut finer = Vec::with_capacity(triangles.len() * 4);
    for &[a, b, c] in triangles {
        let (ab, bc, ca) = (middle(a, b), middle(b, c), middle(c, a));
        finer.extend([[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]]);
    }
    finer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sphere_is_closed_and_outward() {
        let sphere = Surface::sphere(Point3::new(1.0, 2.0, 3.0), 50.0, 3);
        assert_eq!(sphere.vertices.len(), 642);
        // Euler: V - E + F = 2 with E = 3F/2.
        assert_eq!(sphere.triangles.len(), 1280);
        // Twelve vertices have five neighbours, all others six.
        let five = sphere.neighbours.iter().filter(|n| n.len() == 5).count();
        let six = sphere.neighbours.iter().filter(|n| n.len() == 6).count();
        assert_eq!((five, six), (12, 630));
        let outward = sphere
            .normals()
            .iter()
            .zip(&sphere.vertices)
            .all(|(n, v)| n.dot(&(v - Point3::new(1.0, 2.0, 3.0))) > 49.0);
        assert!(outward);
    }
}
