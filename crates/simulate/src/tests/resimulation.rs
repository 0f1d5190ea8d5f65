//! A part simulated alone equals the whole, and threads change nothing.

use super::protocol;
use crate::exam::whole;
use crate::head::Head;
use crate::image::susceptibility_weighted;
use crate::{
    Background, Encoding, Exam, Person, PersonDraw, PlacedLesion, Plan, Protocol, VisitDraw,
};
use siderin_image::volume::WorldPoint;

fn person() -> Person {
    Person::new(&Head::builtin().unwrap(), &PersonDraw::draw(21)).unwrap()
}

fn visit(protocol: &Protocol, seed: u64) -> VisitDraw {
    let mut visit = VisitDraw::draw(seed, protocol);
    visit.plan = Plan {
        cut_mm: [45.0, 45.0],
        ..visit.plan
    };
    visit.imperfections.snr = 60.0;
    visit
}

/// Lesions around the middle of the scan, two of them close together.
fn lesions(background: &Background) -> Vec<PlacedLesion> {
    let grid = background.exam().grid();
    let shape = grid.shape();
    let middle = shape.map(|n| n as f64 / 2.0);
    let center = grid.to_world(siderin_image::volume::VoxelPoint::new(
        middle[0], middle[1], middle[2],
    ));
    [
        ([24.0, 4.0, 2.0], 0.6, 2.0),
        ([30.0, 6.0, 1.0], 1.1, 3.0),
        ([-28.0, -20.0, -4.0], 1.9, 3.2),
    ]
    .into_iter()
    .zip(1..)
    .map(|(([x, y, z], radius, chi), id)| {
        let at = WorldPoint::new(center.0.x + x, center.0.y + y, center.0.z + z);
        PlacedLesion {
            id,
            ..background.lesion_at(at, radius, chi)
        }
    })
    .collect()
}

/// Largest difference between resimulated and fully simulated voxels of the whole scan, in
/// deviations of the noise: complex, then of the magnitude, then of the SWI.
fn differences(protocol: &Protocol, motion_mm: f64) -> [f64; 3] {
    let mut visit = visit(protocol, 4);
    visit.imperfections.motion_mm = motion_mm;
    let background = Background::new(person(), &visit).unwrap();
    let lesions = lesions(&background);
    let exam = background.exam();
    let mut full = exam.scan(&lesions).with;
    let region = whole(exam.grid());
    let receiver = crate::image::Receiver::new(exam);
    receiver.shade(full.voxels_mut(), &region);
    receiver.shift(&mut full);
    let part = background
        .received_with(&lesions, &region)
        .unwrap()
        .received;
    let deviation = 600.0 / 60.0;
    let largest = |pairs: &mut dyn Iterator<Item = f64>| pairs.fold(0.0, f64::max) / deviation;
    let both = || full.voxels().iter().zip(part.voxels());
    let complex = largest(&mut both().map(|(a, b)| f64::from((a - b).norm())));
    let magnitude = largest(&mut both().map(|(a, b)| f64::from((a.norm() - b.norm()).abs())));
    let (a, b) = (
        susceptibility_weighted(&full),
        susceptibility_weighted(&part),
    );
    // Where the phase is at ±π the mask jumps from 0 to 1: there SWI has no one value.
    let jumps = |a: f32, b: f32, magnitude: f32| {
        let (low, high) = (a.min(b) / magnitude, a.max(b) / magnitude);
        low < 0.05 && high > 0.9
    };
    let pairs = a.voxels().iter().zip(b.voxels()).zip(part.voxels());
    let swi = largest(
        &mut pairs
            .filter(|((a, b), value)| !jumps(**a, **b, value.norm()))
            .map(|((a, b), _)| f64::from((a - b).abs())),
    );
    [complex, magnitude, swi]
}

// Takes over 20 s: four whole scans are simulated to compare with.
#[test]
fn resimulated_surroundings_equal_the_whole() {
    let thick = protocol(20.0, [1.0, 1.0, 3.0]);
    let thin = Protocol {
        encoding: Encoding::Slab,
        voxel_mm: [0.8, 0.8, 1.6],
        swi: true,
        ..protocol(25.0, [1.0; 3])
    };
    let interpolated = Protocol {
        acquired_mm: Some([1.2, 1.2, 3.2]),
        ..thin.clone()
    };
    for (protocol, motion) in [
        (&thick, 0.0),
        (&thick, 0.4),
        (&thin, 0.0),
        (&interpolated, 0.3),
    ] {
        let [complex, magnitude, swi] = differences(protocol, motion);
        assert!(
            magnitude < 0.1 && complex < 0.2 && (!protocol.swi || swi < 0.1),
            "{:?} motion {motion}: complex {complex}, magnitude {magnitude}, swi {swi}",
            protocol.voxel_mm
        );
    }
}

// Takes over 20 s: a whole scan is simulated to compare with.
#[test]
fn a_part_with_a_lesion_at_its_edge_equals_the_whole() {
    let mut visit = visit(
        &Protocol {
            encoding: Encoding::Slab,
            swi: true,
            ..protocol(25.0, [0.8, 0.8, 1.6])
        },
        4,
    );
    visit.imperfections.motion_mm = 0.3;
    let background = Background::new(person(), &visit).unwrap();
    let exam = background.exam();
    let all = lesions(&background);
    let mut full = exam.scan(&all).with;
    let receiver = crate::image::Receiver::new(exam);
    receiver.shade(full.voxels_mut(), &whole(exam.grid()));
    receiver.shift(&mut full);
    let full_swi = susceptibility_weighted(&full);
    let shape = exam.grid().shape();
    for lesion in &all {
        // The lesion lies on the part's left and back border.
        let at = exam.grid().to_voxel(background.place_of(lesion)).to_array();
        let region: [std::ops::Range<usize>; 3] = std::array::from_fn(|a| {
            let first = (at[a].round() as usize).saturating_sub(if a == 2 { 6 } else { 0 });
            first..(first + [40, 36, 14][a]).min(shape[a])
        });
        let part = background.received_with(&all, &region).unwrap();
        let smooth = background.smooth_with(&region, &part).unwrap().unwrap();
        let images = crate::Images::with_smooth(&part.received, &smooth);
        let expected = full.crop(region.clone()).unwrap();
        let expected_swi = full_swi.crop(region.clone()).unwrap();
        let swi = images.swi.unwrap();
        for offset in 0..expected.voxels().len() {
            let (a, b) = (expected.voxels()[offset], part.received.voxels()[offset]);
            // The noise has a deviation of 10.
            assert!(
                (a.norm() - b.norm()).abs() < 1.0,
                "{:?}",
                expected.grid().index(offset)
            );
            let (a, b) = (expected_swi.voxels()[offset], swi.voxels()[offset]);
            assert!(
                (a - b).abs() < 1.0,
                "swi {:?}: {a} {b}",
                expected.grid().index(offset)
            );
        }
    }
}

// Takes over 20 s: a whole scan is simulated to compare with.
#[test]
fn a_patch_is_a_part_of_the_scan() {
    let thick = protocol(20.0, [1.0, 1.0, 3.0]);
    let background = Background::new(person(), &visit(&thick, 4)).unwrap();
    let lesions = lesions(&background);
    let truth = background.exam().scan(&[]).without;
    let exam = background.exam();
    let known = exam.truth(background.person(), &lesions, &truth);
    let shape = exam.grid().shape();
    let region: [std::ops::Range<usize>; 3] = [
        shape[0] / 2 - 40..shape[0] / 2 + 8,
        shape[1] / 2 - 24..shape[1] / 2 + 24,
        2..shape[2] - 2,
    ];
    let patch = background.patch(&region, &lesions, 9).unwrap();
    let expected = known.mask.crop(region.clone()).unwrap();
    assert_eq!(patch.mask, expected);
    assert!(expected.voxels().iter().any(|&v| v > 0));
    assert_eq!(patch.images.magnitude.shape(), expected.shape());
    // Another seed is other noise on the same signal.
    let other = background.patch(&region, &lesions, 10).unwrap();
    let noise: f64 = patch
        .images
        .magnitude
        .voxels()
        .iter()
        .zip(other.images.magnitude.voxels())
        .map(|(a, b)| f64::from((a - b).powi(2)))
        .sum::<f64>()
        / expected.voxels().len() as f64;
    // The difference of two independent ones: √2 · 10 (less where there is no signal).
    assert!((8.0..15.0).contains(&noise.sqrt()), "{}", noise.sqrt());
}

// Takes over 20 s: a whole scan is simulated on one thread.
#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let coarse = Protocol {
                acquired_mm: Some([2.5, 2.5, 5.0]),
                encoding: Encoding::Slab,
                swi: true,
                ..protocol(20.0, [2.0, 2.0, 4.0])
            };
            let person = person();
            let mut visit = visit(&coarse, 8);
            visit.imperfections.motion_mm = 0.4;
            let exam = Exam::new(&person, &visit).unwrap();
            let t1w = crate::t1_weighted(&person, &exam, 3).unwrap();
            let lesions = person.lesions(5, None).unwrap();
            let scan = exam.scan(&lesions);
            let truth = exam.truth(&person, &lesions, &scan.without);
            (
                exam.images(scan.with),
                truth.mask,
                person.mimics().to_vec(),
                t1w,
                exam.regions(&person),
            )
        })
    };
    let (one, three) = (run(1), run(3));
    assert_eq!(one.0.magnitude, three.0.magnitude);
    assert_eq!(one.0.phase, three.0.phase);
    assert_eq!(one.0.swi, three.0.swi);
    assert_eq!(one.1, three.1);
    assert_eq!(one.2, three.2);
    assert_eq!(one.3, three.3);
    assert_eq!(one.4, three.4);
}
