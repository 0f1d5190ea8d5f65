use super::*;
use crate::candidates::{SearchConfig, search};
use crate::regions::Side;
use siderin_image::preprocess::signed_depth_mm;
use siderin_image::volume::Reorientation;

/// A head of value 100 that is a ball of 40 mm, with a dark ball of 4 mm at a place.
fn head(grid: &Grid, dark: WorldPoint) -> (Volume<f32>, Volume<bool>) {
    let middle = WorldPoint::new(0.0, 0.0, 0.0);
    let world = |index| grid.to_world(VoxelPoint::center_of(index));
    let scan = Volume::from_fn(grid, |index| {
        let at = world(index);
        if at.distance_mm(dark) < 2.0 {
            20.0
        } else if at.distance_mm(middle) < 40.0 {
            // Finer than a view's pixels, and the same in both orders of storage.
            100.0 + 3.0 * (at.0.x * 0.7).sin() as f32 + 2.0 * (at.0.y * 0.9 + at.0.z).sin() as f32
        } else {
            0.0
        }
    });
    let brain = Volume::from_fn(grid, |index| world(index).distance_mm(middle) < 39.0);
    (scan, brain)
}

fn centered(shape: [usize; 3], spacing: [f64; 3]) -> Grid {
    let grid = Grid::axis_aligned(shape, spacing).unwrap();
    let mut affine = *grid.world_from_voxel();
    for axis in 0..3 {
        affine[(axis, 3)] = -0.5 * (shape[axis] as f64 - 1.0) * spacing[axis];
    }
    Grid::new(shape, affine).unwrap()
}

/// The view of the first candidate.
fn first_view(scan: &Volume<f32>, brain: &Volume<bool>) -> CandidateView {
    let searched = search(scan, brain, &SearchConfig::default()).unwrap();
    let coarse = centered([50; 3], [2.0; 3]);
    let ball = Volume::from_fn(&coarse, |index| {
        let at = coarse.to_world(VoxelPoint::center_of(index));
        at.distance_mm(WorldPoint::new(0.0, 0.0, 0.0)) < 39.0
    });
    let depth_mm = signed_depth_mm(&ball);
    let regions = ball.map(|inside| u8::from(inside) * Region::Thalamus.code(Side::Left));
    let phase = scan.map(|v| if v == 20.0 { 1.0 } else { 0.0 });
    let source = ViewSource {
        relative: &searched.relative,
        noise: searched.noise,
        phase: Some(&phase),
        depth_mm: &depth_mm,
        regions: &regions,
    };
    source.view(&searched.found[0].0)
}

#[test]
fn a_view_shows_the_candidate_in_its_middle() {
    let grid = centered([120, 130, 40], [0.8, 0.8, 2.5]);
    let (scan, brain) = head(&grid, WorldPoint::new(12.0, -8.0, 7.0));
    let view = first_view(&scan, &brain);
    assert_eq!(view.fine.len(), FINE_CHANNELS * PIXELS);
    assert_eq!(view.coarse.len(), COARSE_CHANNELS * PIXELS);
    assert_eq!(view.numbers.len(), VIEW_NUMBERS);
    let fine = |channel: usize, column: usize, row: usize| {
        view.fine[channel * PIXELS + row * VIEW_EDGE + column]
    };
    // A fifth of the signal in the middle plane; tissue 6 mm away and two planes (5 mm) up.
    assert!((fine(3, 16, 16) + 0.8).abs() < 0.06, "{}", fine(3, 16, 16));
    assert!(fine(3, 4, 16).abs() < 0.06 && fine(5, 16, 16).abs() < 0.06);
    // Phase of 1 rad in the lesion, less what the lesion itself adds to the mean.
    assert!((fine(8, 16, 16) * std::f32::consts::PI - 1.0).abs() < 0.1);
    assert!(fine(8, 4, 4).abs() < 0.03);
    // 39 mm less the distance from the middle (16.0 mm) is deeper than is shown.
    assert_eq!(fine(10, 16, 16), 1.0);
    // 20 mm to the right of (12, -8, 7) lies a place 33.7 mm from the middle, 5 mm deep.
    let edge = view.coarse[3 * PIXELS + 16 * VIEW_EDGE + 31];
    assert!((edge - 0.55).abs() < 0.15, "{edge}");
    // The place is the thalamus; 12 + 4 numbers come before the places.
    let places = &view.numbers[16..16 + PLACES];
    assert_eq!(places.iter().sum::<f32>(), 1.0);
    assert_eq!(places[Region::Thalamus as usize], 1.0);
    assert_eq!(view.numbers[VIEW_NUMBERS - 1], 1.0);
    assert!(
        view.numbers.iter().all(|v| v.abs() < 4.0),
        "{:?}",
        view.numbers
    );
}

#[test]
fn another_order_of_storage_gives_the_same_view() {
    let grid = centered([120, 130, 40], [0.8, 0.7, 2.5]);
    let (scan, brain) = head(&grid, WorldPoint::new(12.0, -8.0, 7.0));
    let expected = first_view(&scan, &brain);
    for (source_axis, flip) in [
        ([0, 1, 2], [true, false, true]),
        ([2, 0, 1], [false, true, false]),
        ([1, 2, 0], [true, true, true]),
    ] {
        let stored = Reorientation { source_axis, flip };
        let (scan, brain) = (stored.apply(&scan).unwrap(), stored.apply(&brain).unwrap());
        let found = first_view(&scan, &brain);
        let off = |a: &[f32], b: &[f32]| {
            let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
            differences.fold(0.0f32, f32::max)
        };
        assert!(off(&expected.fine, &found.fine) < 2e-3);
        assert!(off(&expected.coarse, &found.coarse) < 2e-3);
        assert!(off(&expected.numbers, &found.numbers) < 2e-2);
    }
}

#[test]
fn pixels_of_the_fine_view_are_half_millimetres_in_the_candidates_slice() {
    let grid = centered([120, 130, 40], [0.8, 0.8, 2.5]);
    let center = WorldPoint::new(12.0, -8.0, 6.5);
    let frame = FineFrame::of(&grid, center);
    // Slices lie at 1.25 + 2.5 n mm: the closest to 6.5 is 6.25, n = 2, of index 20 + 2.
    let [i, j] = [12.0, -8.0].map(|mm: f64| (mm / 0.8) as isize);
    let index = |di: isize, slice: usize| [(60 + i + di) as usize, (65 + j) as usize, slice];
    let at = grid.to_world(VoxelPoint::center_of(index(0, 22))).0 - center.0;
    let expected = [at.x / 0.5 + 15.5, at.y / 0.5 + 15.5];
    let found = frame.pixel(&grid, index(0, 22)).unwrap();
    assert!(
        (0..2).all(|a| (found[a] - expected[a]).abs() < 1e-9),
        "{found:?}"
    );
    // Five voxels of .8 mm farther right are eight pixels; beyond 8 mm the view ends.
    let right = frame.pixel(&grid, index(5, 22)).unwrap();
    assert!((right[0] - found[0] - 8.0).abs() < 1e-9 && (right[1] - found[1]).abs() < 1e-9);
    assert_eq!(frame.pixel(&grid, index(12, 22)), None);
    assert_eq!(frame.pixel(&grid, index(0, 21)), None);
}
