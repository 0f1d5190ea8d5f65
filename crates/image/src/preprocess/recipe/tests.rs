use super::*;
use crate::volume::{Grid, VoxelPoint};
use nalgebra::Vector3;

fn recipe() -> Recipe {
    Recipe {
        plane_spacing_mm: None,
        slice_spacing_mm: None,
        bias_correction: false,
        intensity: IntensityScale::ZScore,
        blank_beyond_mm: None,
        margin_mm: 0.0,
    }
}

fn identity(volume: &Volume<f32>) -> RecipeImage<'_> {
    RecipeImage {
        volume,
        image_from_scan: Matrix4::identity(),
    }
}

/// 8 × 10 × 4 voxels of 1 × 1 × 3 mm whose value is their offset; the brain is [2..6, 1..9, 1..3].
fn scan() -> (Volume<f32>, Volume<bool>) {
    let grid = Grid::axis_aligned([8, 10, 4], [1.0, 1.0, 3.0]).unwrap();
    let volume = Volume::from_fn(&grid, |index| grid.offset(index) as f32);
    let brain = Volume::from_fn(&grid, |[i, j, k]| {
        (2..6).contains(&i) && (1..9).contains(&j) && (1..3).contains(&k)
    });
    (volume, brain)
}

#[test]
fn without_a_spacing_voxels_are_the_scans_own() {
    let (volume, brain) = scan();
    let prepared = recipe().prepare(&[identity(&volume)], &brain).unwrap();
    let image = &prepared.images[0];
    assert_eq!(image.shape(), [4, 8, 2]);
    assert!(prepared.brain.voxels().iter().all(|&inside| inside));
    let first = image.grid().to_world(VoxelPoint::center_of([0, 0, 0]));
    assert_eq!(first.to_array(), [2.0, 1.0, 3.0]);
    // The scale is increasing, so order is kept; mean 0 and deviation 1 by definition.
    let values = image.voxels();
    let mean = values.iter().sum::<f32>() / 64.0;
    assert!(mean.abs() < 1e-5 && values[0] < values[1] && values[3] < values[4]);
}

#[test]
fn another_spacing_covers_the_same_box() {
    let (volume, brain) = scan();
    let finer = Recipe {
        plane_spacing_mm: Some(0.5),
        slice_spacing_mm: Some(1.5),
        margin_mm: 1.0,
        ..recipe()
    };
    let prepared = finer.prepare(&[identity(&volume)], &brain).unwrap();
    let grid = prepared.brain.grid();
    // (4 + 2) / .5, (8 + 2) / .5, (6 + 2) / 1.5 = 5.33: one more voxel, put in the middle.
    assert_eq!(grid.shape(), [12, 20, 6]);
    // Edges of the box in mm: 1.5 − 1 = .5 at the left; its first voxel's centre is .25 further.
    let first = grid.to_world(VoxelPoint::center_of([0, 0, 0])).to_array();
    assert!((first[0] - 0.75).abs() < 1e-9 && (first[1] + 0.25).abs() < 1e-9);
    // Across slices: the box is .5 to 8.5 mm, 9 mm are centred on 4.5: 0 to 9.
    assert!((first[2] - 0.75).abs() < 1e-9, "{first:?}");
}

#[test]
fn voxels_of_the_right_size_are_kept_as_they_are() {
    let (volume, brain) = scan();
    let same = Recipe {
        plane_spacing_mm: Some(1.0),
        slice_spacing_mm: Some(3.0),
        margin_mm: 1.3,
        intensity: IntensityScale::MinMax,
        ..recipe()
    };
    let prepared = same.prepare(&[identity(&volume)], &brain).unwrap();
    let image = &prepared.images[0];
    // 1.3 mm more on each side, rounded up to voxels: [0..8, 0..10, 0..4], the whole scan.
    assert_eq!(image.shape(), [8, 10, 4]);
    // Brain values run from offset 90 ([2, 1, 1]) to 229 ([5, 8, 2]).
    for (value, original) in image.voxels().iter().zip(volume.voxels()) {
        assert!((value - (original - 90.0) / 139.0).abs() < 1e-5);
    }
}

/// Where a bright spot lies after preparation and back, for scans that lie in any way.
#[test]
fn a_spot_comes_back_to_where_it_was() {
    let turned = nalgebra::Rotation3::from_euler_angles(0.2, -0.1, 0.3).to_homogeneous();
    for flips in [[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0], [1.0, -1.0, -1.0]] {
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
            let mut axes = Matrix4::zeros();
            axes[(3, 3)] = 1.0;
            let size = [0.9, 1.1, 2.5];
            for axis in 0..3 {
                axes[(order[axis], axis)] = flips[axis] * size[axis];
            }
            let grid = Grid::new([40, 36, 20], turned * axes).unwrap();
            let spot = [25, 9, 13];
            let volume = Volume::from_fn(&grid, |index| {
                let near = (0..3).all(|a| index[a].abs_diff(spot[a]) <= 1);
                if near { 1.0 } else { 0.0 }
            });
            let brain = Volume::filled(&grid, true);
            let finer = Recipe {
                plane_spacing_mm: Some(0.7),
                slice_spacing_mm: Some(2.0),
                intensity: IntensityScale::MinMax,
                ..recipe()
            };
            let prepared = finer.prepare(&[identity(&volume)], &brain).unwrap();
            let same = Matrix4::identity();
            let image = &prepared.images[0];
            let back = resample(image, &grid, &same, Interpolation::Linear, 0.0).unwrap();
            let (mut sum, mut total) = ([0.0; 3], 0.0);
            for (offset, &value) in back.voxels().iter().enumerate() {
                let index = grid.index(offset);
                total += f64::from(value);
                for axis in 0..3 {
                    sum[axis] += f64::from(value) * index[axis] as f64;
                }
            }
            for axis in 0..3 {
                let at = sum[axis] / total;
                let off_mm = (at - spot[axis] as f64).abs() * size[axis];
                assert!(
                    off_mm < 0.1,
                    "{flips:?} {order:?}: {off_mm} mm along {axis}"
                );
            }
        }
    }
}

#[test]
fn another_image_is_laid_by_its_transform() {
    // The other image shows the same, 5 mm to the right: its world is the scan's plus 5 mm.
    let (volume, brain) = scan();
    let mut affine = *volume.grid().world_from_voxel();
    affine[(0, 3)] += 5.0;
    let elsewhere = Grid::new(volume.shape(), affine).unwrap();
    let moved = Volume::new(elsewhere, volume.voxels().to_vec()).unwrap();
    let other = RecipeImage {
        volume: &moved,
        image_from_scan: Matrix4::new_translation(&Vector3::new(5.0, 0.0, 0.0)),
    };
    let prepared = recipe()
        .prepare(&[identity(&volume), other], &brain)
        .unwrap();
    assert_eq!(prepared.images[0].voxels(), prepared.images[1].voxels());
}

#[test]
fn slices_of_cubes_are_axial() {
    // Stored sagittally, with equal spacings.
    let affine = Matrix4::new(
        0.0, 0.0, -1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0,
    );
    let grid = Grid::new([6, 5, 4], affine).unwrap();
    let volume = Volume::from_fn(&grid, |index| grid.offset(index) as f32);
    let brain = Volume::filled(&grid, true);
    let prepared = recipe().prepare(&[identity(&volume)], &brain).unwrap();
    assert_eq!(prepared.brain.grid().axis_codes().to_string(), "RAS");
}

#[test]
fn slices_come_last_and_run_upwards_whatever_the_scan() {
    // A sagittal scan: axis 0 to posterior, axis 1 to inferior, slices (axis 2) to the left.
    let affine = Matrix4::new(
        0.0, 0.0, -3.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0,
    );
    let grid = Grid::new([6, 5, 4], affine).unwrap();
    let volume = Volume::from_fn(&grid, |index| grid.offset(index) as f32);
    let brain = Volume::filled(&grid, true);
    let prepared = recipe().prepare(&[identity(&volume)], &brain).unwrap();
    assert_eq!(prepared.brain.grid().axis_codes().to_string(), "ASR");
    assert_eq!(prepared.brain.shape(), [6, 5, 4]);
    // The scan's last voxel is the most posterior, inferior and left one.
    let values = prepared.images[0].voxels();
    let least = values.iter().copied().fold(f32::INFINITY, f32::min);
    assert_eq!(values[prepared.brain.grid().offset([5, 4, 3])], least);
}

#[test]
fn what_is_far_from_the_brain_is_blank() {
    let (volume, brain) = scan();
    let blank = Recipe {
        blank_beyond_mm: Some(1.0),
        margin_mm: 2.0,
        ..recipe()
    };
    let prepared = blank.prepare(&[identity(&volume)], &brain).unwrap();
    let image = &prepared.images[0];
    // 2 mm of margin, of which the outer is blank: [0] is 2 mm away, [1] is 1 mm. The first
    // slice is one below the brain, 3 mm away.
    assert_eq!(image.at([0, 4, 1]), 0.0);
    assert_ne!(image.at([1, 4, 1]), 0.0);
    assert_eq!(image.at([1, 4, 0]), 0.0);
}

#[test]
fn what_cannot_be_prepared_is_said() {
    let (volume, brain) = scan();
    let none = brain.map(|_| false);
    assert_eq!(
        recipe().prepare(&[identity(&volume)], &none).unwrap_err(),
        RecipeError::NoBrain
    );
    let zero = Recipe {
        plane_spacing_mm: Some(0.0),
        ..recipe()
    };
    assert!(matches!(zero.check(), Err(RecipeError::Setting { .. })));
    let grid = Grid::axis_aligned([500, 500, 200], [10.0, 10.0, 10.0]).unwrap();
    let huge = Volume::filled(&grid, true);
    let fine = Recipe {
        plane_spacing_mm: Some(0.5),
        ..recipe()
    };
    assert!(matches!(
        fine.grid(&huge),
        Err(RecipeError::TooLarge { .. })
    ));
}
