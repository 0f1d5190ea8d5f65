//! Registration of simulated pairs of which the truth is known.

use nalgebra::Isometry3;
use nalgebra::{Translation3, UnitQuaternion, Vector3};
use siderin_image::random::Stream;
use siderin_image::registration::{RegistrationError, register_rigid};
use siderin_image::volume::{Grid, Volume, VoxelPoint, WorldPoint};
use siderin_simulate::head::Head;
use siderin_simulate::{Protocol, Request, SimulateError, simulate};

/// A T2* image of thick slices and a T1w image of one head in one place, and the brain's voxels in
/// world mm.
fn pair() -> (Volume<f32>, Volume<f32>, Vec<WorldPoint>) {
    let request = Request {
        head_name: "builtin".into(),
        seed: 5,
        protocol: Protocol {
            voxel_mm: [1.5, 1.5, 5.0],
            acquired_mm: None,
            ..Protocol::named("3t-gre-0.85x5").unwrap()
        },
        lesions: 4,
        pattern: None,
        t1w: true,
        second_visit: None,
        second_protocol: None,
    };
    let mut made = None;
    simulate(&Head::builtin().unwrap(), &request, &|_| {}, |visit| {
        made = Some(visit);
        Ok::<(), SimulateError>(())
    })
    .unwrap();
    let visit = made.unwrap();
    let grid = visit.regions.grid().clone();
    let brain = visit.regions.voxels().iter().enumerate();
    let places = brain
        .filter(|(offset, code)| **code > 0 && offset % 97 == 0)
        .map(|(offset, _)| grid.to_world(VoxelPoint::center_of(grid.index(offset))))
        .collect();
    (visit.images.magnitude, visit.t1w.unwrap(), places)
}

fn moved(image: &Volume<f32>, by: &Isometry3<f64>) -> Volume<f32> {
    let affine = by.to_homogeneous() * image.grid().world_from_voxel();
    let grid = Grid::new(image.shape(), affine).unwrap();
    Volume::new(grid, image.voxels().to_vec()).unwrap()
}

// Takes over 20 s: eight registrations of whole heads, from 30° and 40 mm off.
#[test]
fn simulated_pairs_are_laid_onto_each_other_within_a_millimetre() {
    let (t2star, t1w, brain) = pair();
    assert!(brain.len() > 500);
    let mut stream = Stream::new(3, "poses", 0);
    for number in 0..8 {
        // Up to 30° about a random axis and 40 mm along another; the first as the scanner has it.
        let size = if number == 0 { 0.0 } else { 1.0 };
        let angle = size * stream.uniform(15.0, 30.0).to_radians();
        let shift = stream.direction() * (size * stream.uniform(20.0, 40.0));
        let turn = UnitQuaternion::from_scaled_axis(stream.direction() * angle);
        let middle = brain
            .iter()
            .fold(Vector3::zeros(), |sum, p| sum + p.0.coords)
            / brain.len() as f64;
        let moving_from_fixed =
            Isometry3::from_parts(Translation3::from(middle + shift - turn * middle), turn);
        let found = register_rigid(&moved(&t1w, &moving_from_fixed), &t2star).unwrap();
        let error = found.fixed_from_moving * moving_from_fixed;
        let worst = brain
            .iter()
            .map(|place| (error * place.0 - place.0).norm())
            .fold(0.0, f64::max);
        assert!(
            worst < 1.0,
            "pose {number}: {worst:.2} mm, {:?}",
            found.quality
        );
        assert!(found.quality.sharpness > 0.002, "{:?}", found.quality);
    }
}

#[test]
fn nothing_to_lay_is_said() {
    let grid = Grid::axis_aligned([20, 20, 10], [4.0; 3]).unwrap();
    let flat = Volume::filled(&grid, 7.0);
    let image = Volume::from_fn(&grid, |[i, j, k]| (i * j + k) as f32);
    let error = register_rigid(&flat, &image).unwrap_err();
    assert!(matches!(error, RegistrationError::Flat { which: "moving" }));
    let error = register_rigid(&image, &flat).unwrap_err();
    assert!(matches!(error, RegistrationError::Flat { which: "fixed" }));
}
