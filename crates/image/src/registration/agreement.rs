//! Whether two images that lie on each other show one person.

use super::RegistrationError;
use crate::preprocess::gaussian_smooth;
use crate::volume::{Grid, Interpolation, Volume, block_mean, resample};
use nalgebra::{Isometry3, Matrix3, Matrix4, Vector3};

/// Images are compared at this scale: sulci and ventricles show, noise does not.
const SCALE_MM: f64 = 2.0;
/// Edge of the cubes in which they are compared. The shape of a head, which persons share, is larger.
const CUBE_MM: f64 = 14.0;
/// Cubes with less of the brain in them do not count.
const LEAST_SHARE: f64 = 0.5;
/// Fewer cubes say nothing.
const LEAST_CUBES: usize = 30;

/// How much of the fixed image's variance in cubes of 14 mm of its brain a parabola of the moving image
/// explains, on average, at a scale of 2 mm: near 0 where their detail has nothing in common, 1 where each cube
/// of the one follows from the other. A parabola, for what is brightest in one contrast may be neither
/// brightest nor darkest in the other. None where less than 30 cubes of the brain are covered.
///
/// # Errors
/// When the images cannot be brought to one grid.
pub fn agreement(
    moving: &Volume<f32>,
    fixed: &Volume<f32>,
    brain: &Volume<bool>,
    fixed_from_moving: &Isometry3<f64>,
) -> Result<Option<f64>, RegistrationError> {
    let fixed = at_scale(fixed)?;
    let grid = fixed.grid().clone();
    let back = fixed_from_moving.inverse().to_homogeneous();
    let moving = resample(
        &at_scale(moving)?,
        &grid,
        &back,
        Interpolation::Linear,
        f32::NAN,
    )?;
    let same = Matrix4::identity();
    let share = brain.map(|inside| f32::from(u8::from(inside)));
    let share = resample(&share, &grid, &same, Interpolation::Linear, 0.0)?;
    let inside =
        |offset: usize| share.voxels()[offset] >= 0.5 && moving.voxels()[offset].is_finite();
    let cubes: Vec<f64> = cubes(&grid)
        .into_iter()
        .filter_map(|offsets| {
            let of_brain: Vec<usize> = offsets.iter().copied().filter(|o| inside(*o)).collect();
            let enough = of_brain.len() as f64 >= LEAST_SHARE * offsets.len() as f64;
            enough.then(|| {
                let pairs: Vec<[f64; 2]> = of_brain
                    .iter()
                    .map(|&o| [moving.voxels()[o], fixed.voxels()[o]].map(f64::from))
                    .collect();
                explained(&pairs)
            })
        })
        .collect();
    let mean = cubes.iter().sum::<f64>() / cubes.len().max(1) as f64;
    Ok((cubes.len() >= LEAST_CUBES).then_some(mean))
}

fn at_scale(image: &Volume<f32>) -> Result<Volume<f32>, RegistrationError> {
    let factor = image
        .grid()
        .spacing_mm()
        .map(|mm| ((SCALE_MM / mm).round() as usize).max(1));
    Ok(gaussian_smooth(block_mean(image, factor)?, 0.5 * SCALE_MM)?)
}

/// Offsets of the voxels of each whole cube.
fn cubes(grid: &Grid) -> Vec<Vec<usize>> {
    let shape = grid.shape();
    let edge = grid
        .spacing_mm()
        .map(|mm| ((CUBE_MM / mm).round() as usize).max(1));
    let count: [usize; 3] = std::array::from_fn(|a| shape[a] / edge[a]);
    let mut cubes = Vec::new();
    for z in 0..count[2] {
        for y in 0..count[1] {
            for x in 0..count[0] {
                let first = [x * edge[0], y * edge[1], z * edge[2]];
                let mut offsets = Vec::with_capacity(edge.iter().product());
                for k in 0..edge[2] {
                    for j in 0..edge[1] {
                        for i in 0..edge[0] {
                            offsets.push(grid.offset([first[0] + i, first[1] + j, first[2] + k]));
                        }
                    }
                }
                cubes.push(offsets);
            }
        }
    }
    cubes
}

/// Share of the variance of the second values that a parabola of the first ones explains; 0 where one side
/// does not vary.
fn explained(pairs: &[[f64; 2]]) -> f64 {
    let count = pairs.len() as f64;
    let mean = |of: usize| pairs.iter().map(|pair| pair[of]).sum::<f64>() / count;
    let spread = |of: usize, mean: f64| {
        let squares = pairs.iter().map(|pair| (pair[of] - mean).powi(2));
        (squares.sum::<f64>() / count).sqrt()
    };
    let means = [mean(0), mean(1)];
    let spreads = [spread(0, means[0]), spread(1, means[1])];
    if !spreads.iter().all(|s| *s > 0.0) {
        return 0.0;
    }
    // In units of their spread, for the squares' sake.
    let (mut left, mut right) = (Matrix3::zeros(), Vector3::zeros());
    for pair in pairs {
        let [x, y] = [0, 1].map(|of| (pair[of] - means[of]) / spreads[of]);
        let powers = Vector3::new(1.0, x, x * x);
        left += powers * powers.transpose();
        right += powers * y;
    }
    let line = (right[1] / count).powi(2);
    // Values of two kinds alone have no parabola of their own.
    if (left / count).determinant() < 1e-9 {
        return line;
    }
    let of_parabola = left
        .try_inverse()
        .map(|inverse| (inverse * right).dot(&right) / count);
    of_parabola.unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn a_parabola_explains() {
        // y = x² - x exactly.
        let parabola = [[-1.0, 2.0], [0.0, 0.0], [1.0, 0.0], [2.0, 2.0], [3.0, 6.0]];
        assert!((explained(&parabola) - 1.0).abs() < 1e-12);
        // numpy.polyfit([1, 2, 3, 5], [2, 1, 4, 4], 2): the squares of the residuals (.4909, -1.3091, .9818,
        // -.1636) sum to 2.945455 of 6.75.
        let pairs = [[1.0, 2.0], [2.0, 1.0], [3.0, 4.0], [5.0, 4.0]];
        assert!(
            (explained(&pairs) - 0.563_636).abs() < 1e-6,
            "{}",
            explained(&pairs)
        );
        assert_eq!(explained(&[[1.0, 2.0], [1.0, 3.0]]), 0.0);
        // Two kinds of values: r² of (0, 0, 1, 1) and (0, 1, 1, 1) is 1/3.
        let two = [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 1.0]];
        assert!((explained(&two) - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn one_image_agrees_with_itself_however_bright_and_not_with_another() {
        let grid = Grid::axis_aligned([60, 60, 40], [2.0; 3]).unwrap();
        let noise = |seed: u64| {
            let mut stream = Stream::new(seed, "agreement", 0);
            Volume::from_fn(&grid, |_| stream.uniform(0.0, 100.0) as f32)
        };
        let (image, other) = (noise(1), noise(2));
        let turned = image.map(|value| 300.0 - 2.0 * value);
        let brain = Volume::filled(&grid, true);
        let here = Isometry3::identity();
        let with = |moving| agreement(moving, &image, &brain, &here).unwrap().unwrap();
        assert!(with(&turned) > 0.99);
        assert!(with(&other) < 0.05, "{}", with(&other));
        // Moved away, and told so.
        let away = Isometry3::translation(4.0, 0.0, 0.0);
        let affine = away.to_homogeneous() * grid.world_from_voxel();
        let moved_grid = Grid::new(grid.shape(), affine).unwrap();
        let moved = Volume::new(moved_grid, image.voxels().to_vec()).unwrap();
        let found = agreement(&moved, &image, &brain, &away.inverse()).unwrap();
        assert!(found.unwrap() > 0.99);
        let small = Volume::from_fn(&grid, |[i, j, k]| i < 10 && j < 10 && k < 10);
        assert_eq!(agreement(&image, &image, &small, &here).unwrap(), None);
    }
}
