//! What lies around a spot in each direction.

use crate::volume::{Volume, VoxelPoint, WorldPoint, linear_at};
use nalgebra::Vector3;

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

/// Looks outwards from `center` between `radius_mm` and the ring beyond it. `darkest` is
/// the spot's own relative signal.
pub(super) fn look_around(
    relative: &Volume<f32>,
    center: WorldPoint,
    radius_mm: f64,
    darkest: f32,
) -> Surround {
    let ring_mm = [radius_mm + 1.0, radius_mm + 1.75, radius_mm + 2.5];
    let rays: Vec<[f32; 2]> = directions()
        .iter()
        .map(|direction| {
            [1.0, -1.0].map(|sign| {
                let values = ring_mm.map(|mm| {
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
    let through = rays.iter().map(|[a, b]| darkness(*a).min(darkness(*b))).fold(0.0, f32::max);
    let dark = all.iter().filter(|&&value| darkness(value) > 0.4).count();
    Surround { background, through, dark_share: dark as f32 / all.len() as f32 }
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
