//! Shape and surroundings of one spot.

use super::extent::{grow, with_rim};
use super::spots::Spot;
use super::surround::look_around;
use nalgebra::{Matrix3, SymmetricEigen, Vector3};
use siderin_image::volume::{Grid, Volume, VoxelPoint, WorldPoint, linear_at, sphere_radius_mm};

/// What a spot is measured against.
pub struct Surroundings<'a> {
    /// The relative signal.
    pub relative: &'a Volume<f32>,
    /// Its noise (standard deviation).
    pub noise: f32,
    /// Depth of each voxel below the brain's surface in mm, on a grid of any coarseness.
    pub depth_mm: &'a Volume<f32>,
}

/// A measured spot.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The spot it came from.
    pub spot: Spot,
    /// Centre of the signal loss in voxel indices.
    pub center_voxel: VoxelPoint,
    /// The same in world mm.
    pub center_world: WorldPoint,
    /// Offsets of its voxels in the scan, ascending.
    pub voxels: Vec<usize>,
    /// What was measured.
    pub measures: Measures,
}

/// What tells a microbleed from its mimics, in mm and shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// Brighter signal on at least one of any two opposite sides in the slice
    /// ([`Spot::isolation`]).
    pub isolation: f32,
    /// Signal loss in the darkest voxel as a share of the background.
    pub contrast: f32,
    /// Loss over the region against noise (mean loss · √voxels / noise).
    pub snr: f32,
    /// Diameter of the sphere of the region's volume.
    pub diameter_mm: f32,
    /// Longest over middle axis of the loss: 1 for a ball or a disc, large for a tube.
    pub elongation: f32,
    /// Middle over shortest axis: 1 for a ball, large for a sheet.
    pub flatness: f32,
    /// Darkness that passes through in opposite directions, 0 to 1.
    pub through: f32,
    /// Share of surrounding directions that stay dark.
    pub dark_share: f32,
    /// Relative signal of the surroundings: above 1 in fluid on T2*, below 1 in nuclei.
    pub background: f32,
    /// Depth below the brain's surface.
    pub depth_mm: f32,
    /// Whether the dark region reaches farther than any microbleed.
    pub cut_off: bool,
}

/// Signal loss that belongs to the visible extent of a lesion (a quarter).
const VISIBLE_LOSS: f32 = 0.25;
/// Axes shorter than this cannot be told apart at clinical resolution.
const SHORTEST_AXIS_MM: f64 = 0.35;

/// Shares of the spot's depth at which its region is grown, the first that stays within
/// reach. A spot that touches something dark parts from it at a deeper level.
const LEVELS: [f32; 4] = [0.5, 0.62, 0.74, 0.86];

/// Measures a spot. The region is grown at half of the spot's depth, or deeper where that
/// runs away; its rim down to a quarter of signal loss is added for the volume and the
/// mask.
#[must_use]
pub fn measure(spot: Spot, around: &Surroundings) -> Candidate {
    let relative = around.relative;
    let grid = relative.grid();
    let seed = darkest_near(relative, spot.index);
    let darkest = relative.at(seed);
    let seed_world = grid.to_world(VoxelPoint::center_of(seed));
    let first = look_around(relative, seed_world, 1.4 * spot.sigma_mm, darkest);
    let depth = first.background - darkest;
    let grown = LEVELS
        .iter()
        .find_map(|share| grow(relative, seed, first.background - share * depth));
    let cut_off = grown.is_none();
    let core = grown.unwrap_or_else(|| vec![grid.offset(seed)]);
    let moments = Moments::of(relative, &core, first.background);
    let center_voxel = moments.center;
    let center_world = grid.to_world(center_voxel);

    let voxel_mm3 = grid.voxel_volume_mm3();
    let radius_mm = sphere_radius_mm(core.len() as f64 * voxel_mm3);
    let ring = look_around(relative, center_world, radius_mm, darkest);
    let rim_level = first.background * (1.0 - VISIBLE_LOSS);
    let voxels = with_rim(relative, &core, rim_level);
    let [longest, middle, shortest] = moments.axes_mm(grid);
    let mean_loss = core
        .iter()
        .map(|&o| first.background - relative.voxels()[o])
        .sum::<f32>()
        / core.len() as f32;
    let measures = Measures {
        isolation: spot.isolation,
        contrast: ((first.background - darkest) / first.background.max(1e-3)).clamp(0.0, 1.0),
        snr: mean_loss * (core.len() as f32).sqrt() / around.noise.max(1e-3),
        diameter_mm: 2.0 * sphere_radius_mm(voxels.len() as f64 * voxel_mm3) as f32,
        elongation: (longest / middle) as f32,
        flatness: (middle / shortest) as f32,
        through: ring.through,
        dark_share: ring.dark_share,
        background: first.background,
        depth_mm: depth_at(around.depth_mm, center_world),
        cut_off,
    };
    Candidate {
        spot,
        center_voxel,
        center_world,
        voxels,
        measures,
    }
}

/// The darkest voxel among the spot's neighbours in its slice: smoothing may have moved
/// the minimum by one.
fn darkest_near(relative: &Volume<f32>, index: [usize; 3]) -> [usize; 3] {
    let grid = relative.grid();
    let slice_axis = grid.slice_axis();
    let mut best = index;
    for a in -1..=1 {
        for b in -1..=1 {
            let mut step = [a, b, 0];
            step.swap(2, slice_axis);
            if let Some(next) = grid.neighbour(index, step)
                && relative.at(next) < relative.at(best)
            {
                best = next;
            }
        }
    }
    best
}

fn depth_at(depth: &Volume<f32>, point: WorldPoint) -> f32 {
    linear_at(depth, depth.grid().to_voxel(point).to_array())
}

/// Centre and covariance of the signal loss, in voxel indices.
struct Moments {
    center: VoxelPoint,
    covariance: Matrix3<f64>,
}

impl Moments {
    fn of(relative: &Volume<f32>, region: &[usize], background: f32) -> Self {
        let grid = relative.grid();
        let weighted = |offset: usize| {
            let at = grid.index(offset);
            let loss = f64::from((background - relative.voxels()[offset]).max(1e-6));
            (Vector3::new(at[0] as f64, at[1] as f64, at[2] as f64), loss)
        };
        let (mut mass, mut sum) = (0.0, Vector3::zeros());
        for &offset in region {
            let (at, loss) = weighted(offset);
            mass += loss;
            sum += at * loss;
        }
        let mean = sum / mass;
        let mut covariance = Matrix3::zeros();
        for &offset in region {
            let (at, loss) = weighted(offset);
            covariance += (at - mean) * (at - mean).transpose() * (loss / mass);
        }
        Self {
            center: VoxelPoint(mean.into()),
            covariance,
        }
    }

    /// Standard deviations along the principal axes in mm, longest first.
    ///
    /// A point spread over two voxels by the sampling alone has a variance of up to ¼
    /// voxel² along that axis: this is taken off, so that a small ball cut by two thick
    /// slices does not look like a tube.
    fn axes_mm(&self, grid: &Grid) -> [f64; 3] {
        let mut sharpened = self.covariance;
        for axis in 0..3 {
            sharpened[(axis, axis)] -= sharpened[(axis, axis)].min(0.25);
        }
        let linear = grid.linear();
        let world = linear * sharpened * linear.transpose();
        let mut variances: [f64; 3] = SymmetricEigen::new(world).eigenvalues.into();
        variances.sort_by(|a, b| b.total_cmp(a));
        variances.map(|v| v.max(SHORTEST_AXIS_MM * SHORTEST_AXIS_MM).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::{SearchConfig, find_spots, score};

    /// The first candidate on a brain of value 1 with everything within `dark` at 0.2.
    fn first_candidate(spacing: [f64; 3], dark: impl Fn(WorldPoint) -> bool) -> Option<Candidate> {
        let shape = spacing.map(|mm| (48.0 / mm) as usize);
        let grid = Grid::axis_aligned(shape, spacing).unwrap();
        let relative = Volume::from_fn(&grid, |index| {
            // Partial volume by 4×4×4 samples a voxel.
            let mut inside = 0;
            for n in 0..64 {
                let part = |i: usize| (i as f64 + 0.5) / 4.0 - 0.5;
                let point = VoxelPoint::new(
                    index[0] as f64 + part(n % 4),
                    index[1] as f64 + part(n / 4 % 4),
                    index[2] as f64 + part(n / 16),
                );
                inside += usize::from(dark(grid.to_world(point)));
            }
            1.0 - 0.8 * inside as f32 / 64.0
        });
        let brain = Volume::filled(&grid, true);
        let depth_mm = Volume::filled(&grid, 20.0);
        let spots = find_spots(&relative, &brain, &depth_mm, &SearchConfig::default()).unwrap();
        let around = Surroundings {
            relative: &relative,
            noise: 0.02,
            depth_mm: &depth_mm,
        };
        spots.first().map(|spot| measure(*spot, &around))
    }

    #[test]
    fn a_ball_is_measured_in_mm_and_scores_high() {
        let center = WorldPoint::new(23.2, 24.1, 24.3);
        // In 5 mm slices the ball's contrast is diluted to two thirds.
        let grids = [
            ([0.5, 0.5, 1.0], 0.7),
            ([1.0, 1.0, 1.0], 0.7),
            ([0.5, 0.5, 3.0], 0.7),
            ([0.8, 0.8, 5.0], 0.3),
        ];
        for (spacing, least) in grids {
            let found = first_candidate(spacing, |p| p.distance_mm(center) < 2.5).unwrap();
            let off = found.center_world.distance_mm(center);
            assert!(
                off < 0.35 * spacing[2].max(1.0),
                "{spacing:?}: centre {off} mm off"
            );
            let m = found.measures;
            assert!((m.diameter_mm - 5.0).abs() < 1.0, "{spacing:?}: {m:?}");
            assert!(m.elongation < 1.3 && m.through < 0.12, "{spacing:?}: {m:?}");
            assert!(score(&m).0 > least, "{spacing:?}: {m:?}");
        }
    }

    #[test]
    fn a_tube_in_any_direction_scores_low() {
        for axis in [
            [0.0, 0.0, 1.0],
            [1.0, 0.0, 0.0],
            [0.6, 0.0, 0.8],
            [0.5, 0.5, 0.707],
        ] {
            let axis = Vector3::from(axis).normalize();
            for spacing in [[0.5, 0.5, 1.0], [1.0, 1.0, 1.0], [0.5, 0.5, 3.0]] {
                let tube = |p: WorldPoint| {
                    let to = p.0 - nalgebra::Point3::new(24.0, 24.0, 24.0);
                    (to - axis * to.dot(&axis)).norm() < 1.2
                };
                // A tube within the slice is no spot at all.
                let Some(found) = first_candidate(spacing, tube) else {
                    continue;
                };
                let value = score(&found.measures).0;
                assert!(
                    value < 0.1,
                    "{axis:?} {spacing:?}: {value} {:?}",
                    found.measures
                );
            }
        }
    }
}
