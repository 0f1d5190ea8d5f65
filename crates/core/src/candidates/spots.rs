//! Dark spots at several sizes: minima of the relative signal against a wider surround.

use rayon::prelude::*;
use siderin_image::preprocess::{SmoothError, gaussian_smooth};
use siderin_image::volume::{Grid, Volume, VoxelPoint, linear_at};
use std::collections::HashMap;

/// Settings of the search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchConfig {
    /// Widths of the Gaussians in mm, ascending; each pair of neighbours makes one
    /// difference-of-Gaussians filter. A ball of radius r answers most near σ = r/√3 in
    /// 3D and r/√2 within a slice (Lindeberg 1998), so 0.45 to 4.7 mm covers visible
    /// diameters from 1.5 to 12 mm.
    pub sigmas_mm: Vec<f64>,
    /// Smallest difference (in relative signal) of a spot.
    pub least_response: f32,
    /// Smallest isolation (in relative signal) of a spot.
    pub least_isolation: f32,
    /// Spots kept at most, the strongest.
    pub most_spots: usize,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            sigmas_mm: vec![0.45, 0.72, 1.15, 1.84, 2.95, 4.7],
            least_response: 0.04,
            least_isolation: 0.05,
            most_spots: 1500,
        }
    }
}

/// A dark spot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Its darkest voxel after smoothing.
    pub index: [usize; 3],
    /// Width of the narrower Gaussian that answered most, in mm.
    pub sigma_mm: f64,
    /// By how much the surround is brighter on average, in relative signal.
    pub response: f32,
    /// By how much at least one of two opposite sides in the slice is brighter, along the
    /// worst of six directions: near 0 on lines and edges, high on a spot, also on one
    /// that touches something dark on one side.
    pub isolation: f32,
    /// Depth below the brain's surface in mm.
    pub depth_mm: f32,
}

/// Spots less deep than this rank lower: the rim of every mask holds jags of skull.
const FULL_DEPTH_MM: f32 = 3.0;

impl Spot {
    /// What spots are ranked by: isolation tells spots from lines, the response finds
    /// their centre and size, and the rim comes last.
    #[must_use]
    pub fn strength(&self) -> f32 {
        (self.isolation + self.response) * (self.depth_mm / FULL_DEPTH_MM).clamp(0.05, 1.0)
    }
}

/// Spots inside the brain, the strongest first: in-plane minima at each size (minima
/// in three dimensions lose lesions that share a slice with something darker above), then
/// thinned so that within one spot's radius only the strongest stays. The skull
/// stays in view: dark rims of the brain are edges to it, not spots. `depth_mm` is the depth
/// below the brain's surface, on a grid of any coarseness.
///
/// # Errors
/// When a width is negative or not finite.
pub fn find_spots(
    relative: &Volume<f32>,
    brain: &Volume<bool>,
    depth_mm: &Volume<f32>,
    config: &SearchConfig,
) -> Result<Vec<Spot>, SmoothError> {
    let mut spots = Vec::new();
    let mut widths = config.sigmas_mm.iter().copied();
    let Some(mut narrow_mm) = widths.next() else {
        return Ok(spots);
    };
    let mut narrow = gaussian_smooth(relative.clone(), narrow_mm)?;
    for wide_mm in widths {
        // Smoothing twice adds variances.
        let step_mm = (wide_mm * wide_mm - narrow_mm * narrow_mm).max(0.0).sqrt();
        let wide = gaussian_smooth(narrow.clone(), step_mm)?;
        spots.extend(in_plane_maxima(&narrow, &wide, brain, narrow_mm, config));
        narrow = wide;
        narrow_mm = wide_mm;
    }
    for spot in &mut spots {
        let center = relative.grid().to_world(VoxelPoint::center_of(spot.index));
        spot.depth_mm = linear_at(depth_mm, depth_mm.grid().to_voxel(center).to_array());
    }
    Ok(thin(spots, relative, config.most_spots))
}

/// Voxels of the brain whose difference of Gaussians is at least the least response and
/// more than that of their eight neighbours in the slice (ties go to the first).
fn in_plane_maxima(
    narrow: &Volume<f32>,
    wide: &Volume<f32>,
    brain: &Volume<bool>,
    sigma_mm: f64,
    config: &SearchConfig,
) -> Vec<Spot> {
    let grid = narrow.grid();
    let shape = grid.shape();
    let plane = Plane::of(grid, sigma_mm);
    let (narrow, wide) = (narrow.voxels(), wide.voxels());
    let response = |offset: usize| wide[offset] - narrow[offset];
    let spot_at = |offset: usize| {
        let value = response(offset);
        if value < config.least_response || !brain.voxels()[offset] {
            return None;
        }
        let index = grid.index(offset);
        let interior = plane
            .axes
            .iter()
            .all(|&axis| index[axis] > 0 && index[axis] + 1 < shape[axis]);
        let largest = interior
            && plane.neighbours.iter().all(|&step| {
                let other = response(offset.wrapping_add_signed(step));
                if step < 0 {
                    other < value
                } else {
                    other <= value
                }
            });
        if !largest {
            return None;
        }
        let isolation = plane.isolation(narrow, grid, index);
        (isolation >= config.least_isolation).then_some(Spot {
            index,
            sigma_mm,
            response: value,
            isolation,
            depth_mm: 0.0,
        })
    };
    let slab = shape[0] * shape[1];
    (0..shape[2])
        .into_par_iter()
        .flat_map_iter(|k| (k * slab..(k + 1) * slab).filter_map(spot_at))
        .collect()
}

/// The slice plane in voxels.
struct Plane {
    axes: [usize; 2],
    /// Offsets to the eight neighbours.
    neighbours: Vec<isize>,
    /// Six opposite pairs of steps to a ring around the spot, in voxels.
    ring: Vec<[f64; 2]>,
}

impl Plane {
    fn of(grid: &Grid, sigma_mm: f64) -> Self {
        let shape = grid.shape();
        let spacing = grid.spacing_mm();
        let axes = match grid.slice_axis() {
            0 => [1, 2],
            1 => [0, 2],
            _ => [0, 1],
        };
        let strides = [1isize, shape[0] as isize, (shape[0] * shape[1]) as isize];
        let mut neighbours = Vec::with_capacity(8);
        for a in -1..=1 {
            for b in -1..=1 {
                if (a, b) != (0, 0) {
                    neighbours.push(a * strides[axes[0]] + b * strides[axes[1]]);
                }
            }
        }
        // A disc of radius √2 σ answers most at σ; the ring lies a little outside of it,
        // and never nearer than the voxels allow.
        let coarsest = spacing[axes[0]].max(spacing[axes[1]]);
        let radius_mm = (2.2 * sigma_mm).max(1.6 * coarsest);
        let ring = (0..6)
            .map(|n| {
                let (sin, cos) = (std::f64::consts::PI * f64::from(n) / 6.0).sin_cos();
                [
                    radius_mm * cos / spacing[axes[0]],
                    radius_mm * sin / spacing[axes[1]],
                ]
            })
            .collect();
        Self {
            axes,
            neighbours,
            ring,
        }
    }

    /// See [`Spot::isolation`].
    fn isolation(&self, values: &[f32], grid: &Grid, index: [usize; 3]) -> f32 {
        let shape = grid.shape();
        let at = |step: [f64; 2]| {
            let mut to = index;
            for (axis, by) in self.axes.into_iter().zip(step) {
                let moved = (index[axis] as f64 + by).round();
                to[axis] = moved.clamp(0.0, (shape[axis] - 1) as f64) as usize;
            }
            values[grid.offset(to)]
        };
        let worst = self
            .ring
            .iter()
            .map(|&[a, b]| at([a, b]).max(at([-a, -b])))
            .fold(f32::INFINITY, f32::min);
        worst - values[grid.offset(index)]
    }
}

/// Keeps the strongest spot within each radius of 1.5 σ, at least 1 mm, in world space.
fn thin(mut spots: Vec<Spot>, volume: &Volume<f32>, most: usize) -> Vec<Spot> {
    spots.sort_by(|a, b| {
        b.strength()
            .total_cmp(&a.strength())
            .then_with(|| a.index.cmp(&b.index))
    });
    // Kept spots by cells of the size of the largest radius.
    const CELL_MM: f64 = 8.0;
    let mut cells: HashMap<[i64; 3], Vec<([f64; 3], f64)>> = HashMap::new();
    let mut kept = Vec::new();
    for spot in spots {
        let at = volume
            .grid()
            .to_world(VoxelPoint::center_of(spot.index))
            .to_array();
        let cell = at.map(|mm| (mm / CELL_MM).floor() as i64);
        let radius_mm = (1.5 * spot.sigma_mm).clamp(1.0, CELL_MM);
        let taken = (0..27).any(|n| {
            let near = [
                cell[0] + n % 3 - 1,
                cell[1] + n / 3 % 3 - 1,
                cell[2] + n / 9 - 1,
            ];
            cells.get(&near).is_some_and(|others| {
                others.iter().any(|(other, other_mm)| {
                    let d2: f64 = (0..3).map(|a| (at[a] - other[a]).powi(2)).sum();
                    d2 < other_mm.max(radius_mm).powi(2)
                })
            })
        });
        if !taken {
            cells.entry(cell).or_default().push((at, radius_mm));
            kept.push(spot);
            if kept.len() == most {
                break;
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::volume::WorldPoint;

    /// A brain of value 1 with one dark ball.
    fn ball(grid: &Grid, center: WorldPoint, radius_mm: f64) -> Volume<f32> {
        Volume::from_fn(grid, |index| {
            let at = grid.to_world(VoxelPoint::center_of(index));
            if at.distance_mm(center) < radius_mm {
                0.3
            } else {
                1.0
            }
        })
    }

    #[test]
    fn a_ball_is_one_spot_on_any_spacing() {
        for spacing in [[0.5, 0.5, 1.0], [1.0, 1.0, 1.0], [0.5, 0.5, 3.0]] {
            let shape = spacing.map(|mm| (40.0 / mm) as usize);
            let grid = Grid::axis_aligned(shape, spacing).unwrap();
            let center = WorldPoint::new(18.0, 22.0, 18.0);
            let brain = Volume::filled(&grid, true);
            let depth = Volume::filled(&grid, 20.0);
            let spots = find_spots(
                &ball(&grid, center, 2.5),
                &brain,
                &depth,
                &SearchConfig::default(),
            )
            .unwrap();
            let distance = |spot: &Spot| {
                grid.to_world(VoxelPoint::center_of(spot.index))
                    .distance_mm(center)
            };
            assert!(distance(&spots[0]) < 2.5, "{spacing:?}: {:?}", spots[0]);
            // Others lie where the ball's edge or neighbouring slices answer weakly.
            assert!(spots.iter().all(|spot| distance(spot) < 6.0), "{spacing:?}");
        }
    }

    #[test]
    fn outside_of_the_brain_nothing_is_found() {
        let grid = Grid::axis_aligned([40, 40, 20], [1.0; 3]).unwrap();
        let volume = ball(&grid, WorldPoint::new(20.0, 20.0, 10.0), 3.0);
        let brain = Volume::from_fn(&grid, |[i, _, _]| i < 10);
        let depth = Volume::filled(&grid, 20.0);
        assert!(
            find_spots(&volume, &brain, &depth, &SearchConfig::default())
                .unwrap()
                .is_empty()
        );
    }
}
