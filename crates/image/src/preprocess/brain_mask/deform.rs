//! Growing the surface to the brain's border (Smith 2002, sections 2.2 and 2.3).

use super::BrainMaskConfig;
use super::head::Head;
use super::surface::Surface;
use crate::volume::{Volume, WorldPoint};
use nalgebra::{Point3, Vector3};
use rayon::prelude::*;

/// How far inwards the darkest value is looked for, in mm.
const DARK_SEARCH_MM: f64 = 20.0;
/// How far inwards the brightest value is looked for, in mm.
const BRIGHT_SEARCH_MM: f64 = 10.0;
/// Curvature radii between which smoothing goes from strong to weak, in mm.
const RADIUS_MIN_MM: f64 = 3.33;
const RADIUS_MAX_MM: f64 = 10.0;
/// Share of an edge a vertex may move along its normal in a step.
const STEP: f64 = 0.05;
/// Subdivisions of the icosahedron: 2562 vertices, about 6 mm apart on a brain.
const SUBDIVISIONS: usize = 4;
/// The surface has settled when a vertex moves less than this in the mean per step, in mm.
const SETTLED_MM: f64 = 0.002;

/// The settled surface.
pub(super) fn grow(image: &Volume<f32>, head: &Head, config: &BrainMaskConfig) -> Surface {
    let mut surface = Surface::sphere(head.center.0, head.radius_mm / 2.0, SUBDIVISIONS);
    let sampler = Sampler::new(image);
    for step in 0..config.steps {
        let edge_mm = surface.mean_edge_mm();
        let normals = surface.normals();
        let moves: Vec<Vector3<f64>> = (0..surface.vertices.len())
            .into_par_iter()
            .map(|vertex| {
                let smoothing = smoothing(&surface, vertex, &normals[vertex], edge_mm);
                let force = force(
                    &sampler,
                    surface.vertices[vertex],
                    &normals[vertex],
                    head,
                    config,
                );
                smoothing + normals[vertex] * (STEP * force * edge_mm)
            })
            .collect();
        let mut moved_mm = 0.0;
        for (vertex, by) in surface.vertices.iter_mut().zip(&moves) {
            *vertex += by;
            moved_mm += by.norm();
        }
        if step > 50 && moved_mm / (moves.len() as f64) < SETTLED_MM {
            break;
        }
    }
    surface
}

/// Tangential part: even spacing of vertices. Normal part: flattens where the surface is
/// curved more sharply than a brain.
fn smoothing(
    surface: &Surface,
    vertex: usize,
    normal: &Vector3<f64>,
    edge_mm: f64,
) -> Vector3<f64> {
    let at = surface.vertices[vertex];
    let neighbours = &surface.neighbours[vertex];
    let mean = neighbours
        .iter()
        .map(|&n| surface.vertices[n].coords)
        .sum::<Vector3<f64>>()
        / neighbours.len() as f64;
    let to_mean = mean - at.coords;
    let along = normal * to_mean.dot(normal);
    let tangential = to_mean - along;
    let curvature = 2.0 * along.norm() / (edge_mm * edge_mm);
    let middle = f64::midpoint(1.0 / RADIUS_MIN_MM, 1.0 / RADIUS_MAX_MM);
    let slope = 6.0 / (1.0 / RADIUS_MIN_MM - 1.0 / RADIUS_MAX_MM);
    let weight = f64::midpoint(1.0, (slope * (curvature - middle)).tanh());
    tangential * 0.5 + along * weight
}

/// Outwards (up to 1) while what lies inside the vertex is brighter than the local
/// threshold, inwards (down to -1) where it is darker.
fn force(
    sampler: &Sampler,
    at: Point3<f64>,
    normal: &Vector3<f64>,
    head: &Head,
    config: &BrainMaskConfig,
) -> f64 {
    let mut darkest = head.tm;
    let mut brightest = head.t;
    let mut depth_mm = 0.0;
    while depth_mm <= DARK_SEARCH_MM {
        let value = sampler.at(WorldPoint(at - normal * depth_mm));
        darkest = darkest.min(value);
        if depth_mm <= BRIGHT_SEARCH_MM {
            brightest = brightest.max(value);
        }
        depth_mm += sampler.step_mm;
    }
    let darkest = darkest.max(head.t2);
    let brightest = brightest.min(head.tm);
    let threshold = (brightest - head.t2) * config.fraction + head.t2;
    let range = brightest - head.t2;
    if range > 0.0 {
        (2.0 * (darkest - threshold) / range).clamp(-1.0, 1.0)
    } else {
        -1.0
    }
}

/// Trilinear values at world positions; 0 outside.
struct Sampler<'a> {
    image: &'a Volume<f32>,
    step_mm: f64,
}

impl<'a> Sampler<'a> {
    fn new(image: &'a Volume<f32>) -> Self {
        let finest = image
            .grid()
            .spacing_mm()
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        Self {
            image,
            step_mm: finest.clamp(1.0, 2.0),
        }
    }

    fn at(&self, point: WorldPoint) -> f64 {
        let p = self.image.grid().to_voxel(point).to_array();
        let shape = self.image.shape();
        let outside = (0..3).any(|a| p[a] < -0.5 || p[a] > shape[a] as f64 - 0.5);
        if outside {
            0.0
        } else {
            f64::from(crate::volume::linear_at(self.image, p))
        }
    }
}
