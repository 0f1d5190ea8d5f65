use super::*;
use proptest::prelude::*;

/// Voxels of 1 mm.
fn image(shape: [usize; 3], value: impl FnMut([usize; 3]) -> f32) -> Volume<f32> {
    Volume::from_fn(&Grid::axis_aligned(shape, [1.0; 3]).unwrap(), value)
}

fn grown(image: &Volume<f32>, seed: [usize; 3], reference: Reference) -> Grown {
    let config = GrowConfig {
        reference,
        ..GrowConfig::default()
    };
    grow(image, &[image.grid().offset(seed)], &config).unwrap()
}

const ALL: [Reference; 3] = [
    Reference::Parent,
    Reference::SeedAverage,
    Reference::RunningAverage,
];

/// Squared distance from the middle of a box of 31³ voxels.
fn from_middle(index: [usize; 3]) -> f64 {
    index.iter().map(|&i| (i as f64 - 15.0).powi(2)).sum()
}

#[test]
fn a_dark_ball_is_found_by_all_three() {
    // 123 voxels lie within 3 of a voxel (1 + 6 + 12 + 8 + 6 + 24 + 24 + 12 + 30, squared distances 0 to 9).
    let scan = image(
        [31; 3],
        |at| if from_middle(at) <= 9.0 { 20.0 } else { 100.0 },
    );
    for reference in ALL {
        let ball = grown(&scan, [15, 15, 15], reference);
        assert_eq!(ball.voxels.len(), 123, "{reference:?}");
        let inside = |offset: &usize| from_middle(scan.grid().index(*offset)) <= 9.0;
        assert!(ball.voxels.iter().all(inside));
        // All else is 80 of a range of 80 away: only more than 100 % would take it.
        assert_eq!(ball.tolerance, 1.0);
        assert!(ball.sizes[1..].iter().all(|at| at.voxels == 123));
    }
}

#[test]
fn the_elbow_is_where_the_region_would_leave() {
    // Tissue is 40 above the lesion, and one voxel 100: tissue joins above 40 %.
    let scan = image([31; 3], |at| match from_middle(at) {
        d if d <= 9.0 => 20.0,
        _ if at == [0, 15, 15] => 120.0,
        _ => 60.0,
    });
    // Voxel 0 lies 15 mm away: within the reach of 10 mm and the rim of 3 there are only 20 and 60.
    let ball = grown(&scan, [15, 15, 15], Reference::SeedAverage);
    assert_eq!((ball.voxels.len(), ball.tolerance), (123, 1.0));
    // Brought closer, it widens the range: at 40.5 % the tissue, 40.2 away, joins and the region passes 524 voxels.
    let scan = image([31; 3], |at| match from_middle(at) {
        d if d <= 9.0 => 20.0,
        _ if at == [5, 15, 15] => 120.0,
        _ => 60.2,
    });
    let ball = grown(&scan, [15, 15, 15], Reference::SeedAverage);
    assert_eq!(ball.voxels.len(), 123);
    assert!((ball.tolerance - 0.4).abs() < 1e-6, "{}", ball.tolerance);
    assert_eq!(ball.sizes.last().unwrap().voxels, 525);
    assert_eq!(ball.sizes.len(), 82);
}

#[test]
fn references_differ_on_a_slope() {
    // Along a row intensity rises by 10 a voxel, 0 to 100; the tolerance is 16 of 100.
    let scan = image([11, 1, 1], |[i, _, _]| 10.0 * i as f32);
    let reach = |reference| {
        let config = GrowConfig {
            reference,
            tolerance: Some(0.16),
            ..GrowConfig::default()
        };
        grow(&scan, &[0], &config).unwrap().voxels.len()
    };
    // From parent to son there are always 10.
    assert_eq!(reach(Reference::Parent), 11);
    // 10 from the seed, then 20.
    assert_eq!(reach(Reference::SeedAverage), 2);
    // Means 0, 5, 10: the next are 10, 15 and 20 away.
    assert_eq!(reach(Reference::RunningAverage), 3);
}

#[test]
fn holes_are_filled_and_gaps_closed() {
    // A dark shell of a ball with a bright core, and a tunnel into it.
    let scan = image([31; 3], |at| match from_middle(at) {
        d if d <= 1.0 => 100.0,
        d if d <= 16.0 => 20.0,
        _ => 100.0,
    });
    let config = GrowConfig {
        tolerance: Some(0.5),
        ..GrowConfig::default()
    };
    let seed = scan.grid().offset([12, 15, 15]);
    let ball = grow(&scan, &[seed], &config).unwrap();
    // 257 voxels lie within 4 of a voxel; the seven of the core are among them.
    assert_eq!(ball.voxels.len(), 257);
    assert_eq!(ball.sizes[0].voxels, 250);
}

#[test]
fn wrong_seeds_are_refused() {
    let scan = image([31; 3], |_| 1.0);
    let config = GrowConfig::default();
    let said = |seeds: &[usize]| grow(&scan, seeds, &config).unwrap_err().to_string();
    assert!(said(&[]).contains("the scribble is empty"));
    assert!(said(&[31 * 31 * 31]).contains("belongs to another scan"));
    let all: Vec<usize> = (0..600).collect();
    assert!(said(&all).contains("larger than the largest microbleed (524 voxels)"));
    // Where nothing differs, everything joins at once: the seed stays.
    assert_eq!(grow(&scan, &[5000], &config).unwrap().voxels, [5000]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_seed_belongs_to_one_component_within_reach(
        values in proptest::collection::vec(0u8..5, 12 * 12 * 6),
        seed in 0usize..12 * 12 * 6,
        which in 0usize..3,
    ) {
        let grid = Grid::axis_aligned([12, 12, 6], [1.0, 1.0, 3.0]).unwrap();
        let scan = Volume::new(grid, values.iter().map(|v| f32::from(*v)).collect()).unwrap();
        let config = GrowConfig { reference: ALL[which], largest_mm: 6.0, tolerance: None };
        let grown = grow(&scan, &[seed], &config).unwrap();
        prop_assert!(grown.voxels.contains(&seed));
        prop_assert!(grown.voxels.windows(2).all(|pair| pair[0] < pair[1]));
        let mask = Volume::from_fn(scan.grid(), |index| {
            grown.voxels.binary_search(&scan.grid().offset(index)).is_ok()
        });
        let (_, count) = siderin_image::preprocess::connected_components(&mask, siderin_image::preprocess::Connectivity::Six);
        prop_assert_eq!(count, 1);
        // Brighter or darker by a scale makes no difference.
        let brighter = grow(&scan.map(|v| 2.0 * v), &[seed], &config).unwrap();
        prop_assert_eq!(brighter.voxels, grown.voxels);
    }
}
