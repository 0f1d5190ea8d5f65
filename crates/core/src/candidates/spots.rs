//! Dark spots at several sizes: minima of the relative signal against a wider surround.

use crate::preprocess::{SmoothError, gaussian_smooth};
use crate::volume::Volume;
use rayon::prelude::*;

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
    /// Spots kept at most, the strongest.
    pub most_spots: usize,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            sigmas_mm: vec![0.45, 0.72, 1.15, 1.84, 2.95, 4.7],
            least_response: 0.04,
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
    /// By how much the surround is brighter, in relative signal.
    pub response: f32,
}

/// Spots inside the brain, the strongest first: in-plane minima at each size (minima in
/// three dimensions lose lesions that share a slice with something darker above), then
/// thinned so that within one spot's radius only the strongest stays. Outside of the
/// brain the signal is taken as 1, so that the skull is no spot.
///
/// # Errors
/// When a width is negative or not finite.
pub fn find_spots(
    relative: &Volume<f32>,
    brain: &Volume<bool>,
    config: &SearchConfig,
) -> Result<Vec<Spot>, SmoothError> {
    let mut filled = relative.clone();
    filled.voxels_mut().par_iter_mut().zip(brain.voxels()).for_each(|(value, &inside)| {
        if !inside {
            *value = 1.0;
        }
    });
    let mut spots = Vec::new();
    let mut widths = config.sigmas_mm.iter().copied();
    let Some(mut narrow_mm) = widths.next() else {
        return Ok(spots);
    };
    let mut narrow = gaussian_smooth(filled, narrow_mm)?;
    for wide_mm in widths {
        // Smoothing twice adds variances.
        let step_mm = (wide_mm * wide_mm - narrow_mm * narrow_mm).max(0.0).sqrt();
        let wide = gaussian_smooth(narrow.clone(), step_mm)?;
        let mut response = narrow;
        response
            .voxels_mut()
            .par_iter_mut()
            .zip(wide.voxels())
            .for_each(|(value, &surround)| *value = surround - *value);
        spots.extend(in_plane_maxima(&response, brain, narrow_mm, config.least_response));
        narrow = wide;
        narrow_mm = wide_mm;
    }
    Ok(thin(spots, relative, config.most_spots))
}

/// Voxels of the brain that answer at least `least` and more than their eight neighbours
/// in the slice (ties go to the first).
fn in_plane_maxima(
    response: &Volume<f32>,
    brain: &Volume<bool>,
    sigma_mm: f64,
    least: f32,
) -> Vec<Spot> {
    let grid = response.grid();
    let shape = grid.shape();
    let slice_axis = grid.slice_axis();
    let [a, b] = match slice_axis {
        0 => [1, 2],
        1 => [0, 2],
        _ => [0, 1],
    };
    let strides = [1isize, shape[0] as isize, (shape[0] * shape[1]) as isize];
    let values = response.voxels();
    let plane = shape[0] * shape[1];
    (0..shape[2])
        .into_par_iter()
        .flat_map_iter(|k| {
            (k * plane..(k + 1) * plane).filter_map(move |offset| {
                let value = values[offset];
                if value < least || !brain.voxels()[offset] {
                    return None;
                }
                let index = grid.index(offset);
                let interior = [a, b].iter().all(|&ax| index[ax] > 0 && index[ax] + 1 < shape[ax]);
                if !interior {
                    return None;
                }
                for da in -1..=1isize {
                    for db in -1..=1isize {
                        let step = da * strides[a] + db * strides[b];
                        let other = values[offset.wrapping_add_signed(step)];
                        if step < 0 && other >= value || step > 0 && other > value {
                            return None;
                        }
                    }
                }
                Some(Spot { index, sigma_mm, response: value })
            })
        })
        .collect()
}

/// Keeps the strongest spot within each radius of 1.5 σ, at least 1 mm, in world space.
fn thin(mut spots: Vec<Spot>, volume: &Volume<f32>, most: usize) -> Vec<Spot> {
    use crate::volume::VoxelPoint;
    use std::collections::HashMap;
    spots.sort_by(|a, b| b.response.total_cmp(&a.response).then_with(|| a.index.cmp(&b.index)));
    // Kept spots by cells of the size of the largest radius.
    const CELL_MM: f64 = 8.0;
    let mut cells: HashMap<[i64; 3], Vec<([f64; 3], f64)>> = HashMap::new();
    let mut kept = Vec::new();
    for spot in spots {
        let at = volume.grid().to_world(VoxelPoint::center_of(spot.index)).to_array();
        let cell = at.map(|mm| (mm / CELL_MM).floor() as i64);
        let radius_mm = (1.5 * spot.sigma_mm).clamp(1.0, CELL_MM);
        let taken = (0..27).any(|n| {
            let near = [cell[0] + n % 3 - 1, cell[1] + n / 3 % 3 - 1, cell[2] + n / 9 - 1];
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
    use crate::volume::{Grid, VoxelPoint, WorldPoint};

    /// A brain of value 1 with one dark ball.
    fn ball(grid: &Grid, center: WorldPoint, radius_mm: f64) -> Volume<f32> {
        Volume::from_fn(grid, |index| {
            let at = grid.to_world(VoxelPoint::center_of(index));
            if at.distance_mm(center) < radius_mm { 0.3 } else { 1.0 }
        })
    }

    #[test]
    fn a_ball_is_found_at_its_place_and_size_on_any_spacing() {
        for spacing in [[0.5, 0.5, 1.0], [1.0, 1.0, 1.0], [0.5, 0.5, 3.0]] {
            let shape = spacing.map(|mm| (40.0 / mm) as usize);
            let grid = Grid::axis_aligned(shape, spacing).unwrap();
            let center = WorldPoint::new(18.0, 22.0, 18.0);
            let volume = ball(&grid, center, 2.5);
            let brain = Volume::filled(&grid, true);
            let spots = find_spots(&volume, &brain, &SearchConfig::default()).unwrap();
            let first = spots[0];
            let at = grid.to_world(VoxelPoint::center_of(first.index));
            assert!(at.distance_mm(center) <= spacing[2] / 2.0 + 0.5, "{spacing:?}: {at:?}");
            assert!((1.0..=2.0).contains(&first.sigma_mm), "{spacing:?}: {}", first.sigma_mm);
        }
    }

    #[test]
    fn outside_of_the_brain_nothing_is_found() {
        let grid = Grid::axis_aligned([40, 40, 20], [1.0; 3]).unwrap();
        let volume = ball(&grid, WorldPoint::new(20.0, 20.0, 10.0), 3.0);
        let brain = Volume::from_fn(&grid, |[i, _, _]| i < 10);
        assert!(find_spots(&volume, &brain, &SearchConfig::default()).unwrap().is_empty());
    }
}
