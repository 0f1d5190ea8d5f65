//! A head of simple shapes: closed-form truth for tests, benchmarks and a first try.
//!
//! It obeys no physics: balls and tubes are painted dark. It tells whether a program finds
//! what is there, not how well it would read a patient.

use nalgebra::{Matrix4, Point3, Vector3};
use rayon::prelude::*;
use siderin_image::volume::{Grid, GridError, Volume, VoxelPoint, WorldPoint};

/// A dark ball, the phantom's microbleed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ball {
    /// Centre in RAS+ mm.
    pub center: WorldPoint,
    /// Radius in mm.
    pub radius_mm: f64,
}

/// Settings of a phantom.
#[derive(Debug, Clone, PartialEq)]
pub struct PhantomConfig {
    /// Voxels along left-right, back-front, foot-head.
    pub shape: [usize; 3],
    /// Their size in mm.
    pub spacing_mm: [f64; 3],
    /// Dark balls, at most [`Phantom::PLACES`].
    pub balls: usize,
    /// Whether dark tubes, the phantom's vessels, run through the brain.
    pub tubes: bool,
    /// Standard deviation of the noise; tissue is 100.
    pub noise: f64,
    /// Seed of the noise.
    pub seed: u64,
}

impl Default for PhantomConfig {
    fn default() -> Self {
        Self {
            shape: [164, 196, 50],
            spacing_mm: [1.0, 1.0, 3.0],
            balls: 6,
            tubes: true,
            noise: 4.0,
            seed: 1,
        }
    }
}

/// A phantom with its truth.
#[derive(Debug, Clone)]
pub struct Phantom {
    /// The magnitude.
    pub scan: Volume<f32>,
    /// The brain: all within its ellipsoid.
    pub brain: Volume<bool>,
    /// The dark balls.
    pub balls: Vec<Ball>,
}

/// Half axes of the brain in mm; skull and scalp lie around it.
const BRAIN_MM: [f64; 3] = [66.0, 82.0, 60.0];
const FLUID_MM: f64 = 3.0;
const SKULL_MM: f64 = 8.0;
const SCALP_MM: f64 = 14.0;

/// Centres and radii of balls in mm, all in the brain, clear of fluid and tubes.
const PLACES: [([f64; 3], f64); 8] = [
    ([-34.0, 12.0, 14.0], 2.0),
    ([30.0, -38.0, 20.0], 2.5),
    ([26.0, 40.0, 4.0], 1.6),
    ([-28.0, -34.0, -14.0], 3.0),
    ([40.0, 2.0, -10.0], 2.0),
    ([-20.0, 46.0, 22.0], 2.2),
    ([14.0, -52.0, -6.0], 2.6),
    ([-44.0, -14.0, 6.0], 1.8),
];

/// Starts and directions of tubes, each 0.9 mm in radius; they run on to the skull, as
/// vessels do.
const TUBES: [([f64; 3], [f64; 3]); 4] = [
    ([-12.0, -20.0, 30.0], [0.2, 0.1, 1.0]),
    ([18.0, 24.0, 10.0], [0.7, 0.3, 0.6]),
    ([36.0, -16.0, 12.0], [0.0, 1.0, 0.2]),
    ([-40.0, 22.0, -4.0], [0.3, 1.0, 0.0]),
];
const TUBE_RADIUS_MM: f64 = 0.9;

impl Phantom {
    /// Places there are for balls.
    pub const PLACES: usize = PLACES.len();
}

/// Builds the phantom: scalp 80, skull 8, fluid 130, tissue 100 with ventricles of 130,
/// balls and tubes 15, shaded by ±15 % from side to side, with noise. The same settings
/// give the same bytes on any number of threads.
///
/// # Errors
/// When the shape or the voxel size is impossible.
pub fn phantom(config: &PhantomConfig) -> Result<Phantom, GridError> {
    let [nx, ny, nz] = config.shape;
    let [dx, dy, dz] = config.spacing_mm;
    let mut affine = Matrix4::from_diagonal(&nalgebra::Vector4::new(dx, dy, dz, 1.0));
    for (axis, (n, d)) in [(nx, dx), (ny, dy), (nz, dz)].into_iter().enumerate() {
        affine[(axis, 3)] = -(n as f64 - 1.0) / 2.0 * d;
    }
    let grid = Grid::new(config.shape, affine)?;
    let balls: Vec<Ball> = PLACES
        .iter()
        .take(config.balls)
        .map(|&([x, y, z], radius_mm)| Ball {
            center: WorldPoint::new(x, y, z),
            radius_mm,
        })
        .collect();
    let mut scan = Volume::filled(&grid, 0.0f32);
    scan.voxels_mut()
        .par_chunks_mut(nx * ny)
        .enumerate()
        .for_each(|(k, slice)| {
            let mut noise = Noise::new(config.seed, k as u64);
            for (at, value) in slice.iter_mut().enumerate() {
                let index = [at % nx, at / nx, k];
                let clean = averaged(&grid, index, &balls, config.tubes);
                // Magnitude of a complex signal: Rician.
                let (real, imaginary) = noise.pair();
                *value = (clean + config.noise * real).hypot(config.noise * imaginary) as f32;
            }
        });
    let brain = Volume::from_fn(&grid, |index| {
        depth_in_brain_mm(grid.to_world(VoxelPoint::center_of(index)).0) > 0.0
    });
    Ok(Phantom { scan, brain, balls })
}

/// Partial volume: the mean over 2×2×4 points of the voxel where shapes are near, its
/// centre elsewhere.
fn averaged(grid: &Grid, index: [usize; 3], balls: &[Ball], tubes: bool) -> f64 {
    let center = grid.to_world(VoxelPoint::center_of(index)).0;
    let near = balls
        .iter()
        .any(|ball| (center - ball.center.0).norm() < ball.radius_mm + grid.spacing_mm()[2] + 1.0);
    if !near && (!tubes || distance_to_tubes_mm(center) > grid.spacing_mm()[2] + 1.0) {
        return signal(center, balls, tubes);
    }
    let mut sum = 0.0;
    for n in 0..16 {
        let part = |step: usize, of: f64| (step as f64 + 0.5) / of - 0.5;
        let point = VoxelPoint::new(
            index[0] as f64 + part(n % 2, 2.0),
            index[1] as f64 + part(n / 2 % 2, 2.0),
            index[2] as f64 + part(n / 4, 4.0),
        );
        sum += signal(grid.to_world(point).0, balls, tubes);
    }
    sum / 16.0
}

fn signal(at: Point3<f64>, balls: &[Ball], tubes: bool) -> f64 {
    let depth = depth_in_brain_mm(at);
    let shading = 1.0 + 0.15 * at.x / BRAIN_MM[0];
    let dark = balls
        .iter()
        .any(|ball| (at - ball.center.0).norm() < ball.radius_mm)
        || tubes && distance_to_tubes_mm(at) < TUBE_RADIUS_MM;
    let ventricle = Vector3::new((at.x.abs() - 9.0) / 5.0, at.y / 24.0, (at.z - 6.0) / 9.0).norm();
    let value = if depth < -SCALP_MM {
        0.0
    } else if depth < -SKULL_MM {
        80.0
    } else if depth < -FLUID_MM {
        8.0
    } else if dark {
        15.0
    } else if depth < 0.0 || ventricle < 1.0 {
        130.0
    } else {
        100.0
    };
    value * shading
}

/// Depth below the brain's surface, about, in mm; negative outside.
fn depth_in_brain_mm(at: Point3<f64>) -> f64 {
    let share = Vector3::from_fn(|a, _| at[a] / BRAIN_MM[a]).norm();
    (1.0 - share) * BRAIN_MM[2]
}

fn distance_to_tubes_mm(at: Point3<f64>) -> f64 {
    TUBES
        .iter()
        .map(|(start, direction)| {
            let (along, from) = (
                Vector3::from(*direction).normalize(),
                at - Point3::from(*start),
            );
            let reach = from.dot(&along).clamp(-90.0, 90.0);
            (from - along * reach).norm()
        })
        .fold(f64::INFINITY, f64::min)
}

/// Gaussian pairs from a counter (SplitMix64, Box-Muller), one stream per slice.
struct Noise {
    state: u64,
}

impl Noise {
    fn new(seed: u64, stream: u64) -> Self {
        Self {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
                ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03),
        }
    }

    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn pair(&mut self) -> (f64, f64) {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let (sin, cos) = (2.0 * std::f64::consts::PI * self.uniform()).sin_cos();
        (radius * cos, radius * sin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_balls_are_dark_and_the_noise_is_as_asked() {
        let made = phantom(&PhantomConfig {
            noise: 0.0,
            ..PhantomConfig::default()
        })
        .unwrap();
        for ball in &made.balls {
            let at = made.scan.grid().to_voxel(ball.center).to_array();
            assert!(
                made.scan.at(at.map(|v| v.round() as usize)) < 70.0,
                "{ball:?}"
            );
        }
        let noisy = phantom(&PhantomConfig::default()).unwrap();
        let differences: Vec<f64> = (0..noisy.scan.voxels().len())
            .filter(|&o| made.scan.voxels()[o] > 90.0)
            .map(|o| f64::from(noisy.scan.voxels()[o] - made.scan.voxels()[o]))
            .collect();
        let variance = differences.iter().map(|d| d * d).sum::<f64>() / differences.len() as f64;
        assert!((variance.sqrt() - 4.0).abs() < 0.05, "{}", variance.sqrt());
    }
}
