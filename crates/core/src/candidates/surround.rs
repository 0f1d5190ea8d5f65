//! What lies around a spot in each direction.

use nalgebra::Vector3;
use siderin_image::volume::{Volume, VoxelPoint, WorldPoint, linear_at};

/// How dark the surroundings are along opposite directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Surround {
    /// Median relative signal around the spot.
    pub background: f32,
    /// The strongest darkness (share of the spot's depth) found in a direction and its
    /// opposite at once: near 1 for a vessel that passes through, near 0 for a ball.
    pub through: f32,
    /// Share of directions in which it stays dark: a sheet, a sulcus, the brain's edge.
    pub dark_share: f32,
}

/// Directions looked at: 46 pairs, about 17° apart (a Fibonacci half sphere).
const PAIRS: usize = 46;

/// How far beyond the spot's radius is looked, in voxels along each direction: one voxel
/// outwards the spot's own blur is nearly over, in thick slices as well as within them.
const STEPS_VOXELS: [f64; 3] = [1.0, 1.5, 2.0];
/// On very fine grids it is this much at least per voxel, in mm.
const LEAST_STEP_MM: f64 = 0.5;

/// Looks outwards from `center` beyond `radius_mm`. `darkest` is the spot's own relative
/// signal.
pub(super) fn look_around(
    relative: &Volume<f32>,
    center: WorldPoint,
    radius_mm: f64,
    darkest: f32,
) -> Surround {
    let voxel_from_world = relative.grid().voxel_from_world();
    let rays: Vec<[f32; 2]> = directions()
        .iter()
        .map(|direction| {
            let voxels_per_mm = voxel_from_world.transform_vector(direction).norm();
            let step_mm = (1.0 / voxels_per_mm).max(LEAST_STEP_MM);
            [1.0, -1.0].map(|sign| {
                let values = STEPS_VOXELS.map(|steps| {
                    let mm = radius_mm + steps * step_mm;
                    sample(relative, WorldPoint(center.0 + direction * (sign * mm)))
                });
                values.iter().sum::<f32>() / values.len() as f32
            })
        })
        .collect();
    let mut all: Vec<f32> = rays.iter().flatten().copied().collect();
    let middle = all.len() / 2;
    let (_, &mut background, _) = all.select_nth_unstable_by(middle, f32::total_cmp);
    let depth = (background - darkest).max(1e-3);
    let darkness = |value: f32| ((background - value) / depth).clamp(0.0, 1.0);
    let through = rays
        .iter()
        .map(|[a, b]| darkness(*a).min(darkness(*b)))
        .fold(0.0, f32::max);
    let dark = all.iter().filter(|&&value| darkness(value) > 0.4).count();
    Surround {
        background,
        through,
        dark_share: dark as f32 / all.len() as f32,
    }
}

fn sample(relative: &Volume<f32>, point: WorldPoint) -> f32 {
    let VoxelPoint(p) = relative.grid().to_voxel(point);
    linear_at(relative, p.coords.into())
}

/// Evenly spread unit vectors over half a sphere (golden-angle spiral).
fn directions() -> Vec<Vector3<f64>> {
    let golden = std::f64::consts::PI * (3.0 - 5f64.sqrt());
    (0..PAIRS)
        .map(|n| {
            let z = (n as f64 + 0.5) / PAIRS as f64;
            let (sin, cos) = (golden * n as f64).sin_cos();
            let r = (1.0 - z * z).sqrt();
            Vector3::new(r * cos, r * sin, z)
        })
        .collect()
}
