//! What is put into a head: veins are tubes, cores stay in the brain and apart.

use crate::head::{Head, tissue_of};
use crate::{Exam, Person, PersonDraw};
use nalgebra::Vector3;
use siderin_core::truth::MimicKind;
use siderin_image::volume::WorldPoint;

fn person(seed: u64) -> Person {
    Person::new(&Head::builtin().unwrap(), &PersonDraw::draw(seed)).unwrap()
}

#[test]
fn veins_are_tubes_through_several_slices() {
    let person = person(3);
    let draw = person.draw.vessels;
    let veins: Vec<_> = person
        .mimics()
        .iter()
        .filter(|m| matches!(m.kind, MimicKind::MedullaryVein | MimicKind::PialVein))
        .collect();
    assert!(
        veins.len() * 10 >= (draw.medullary + draw.pial) * 9,
        "{}",
        veins.len()
    );
    let mut through_three = 0;
    for vein in &veins {
        let (points, radii) = vein.points();
        let widest = radii.iter().copied().fold(0.0, f64::max);
        assert!(
            vein.length_mm() / widest >= 10.0,
            "{} {widest}",
            vein.length_mm()
        );
        // No gaps: pieces join, each short enough to follow the bends.
        assert!(
            points
                .windows(2)
                .all(|pair| { (Vector3::from(pair[1]) - Vector3::from(pair[0])).norm() < 3.5 })
        );
        let heights = points.iter().map(|p| p[2]);
        let low = heights.clone().fold(f64::INFINITY, f64::min);
        let high = heights.fold(f64::NEG_INFINITY, f64::max);
        through_three += usize::from(high - low >= 3.0);
    }
    // Some run within a slice; most cross three slices of 1 mm and more.
    assert!(
        through_three * 10 >= veins.len() * 6,
        "{through_three} of {}",
        veins.len()
    );
}

#[test]
fn cores_stay_in_the_parenchyma_and_apart() {
    let person = person(4);
    let lesions = person.lesions(60, None).unwrap();
    assert_eq!(lesions.len(), 60);
    let labels = person.labels();
    for (n, lesion) in lesions.iter().enumerate() {
        let center = Vector3::from(lesion.center_head_mm);
        for direction in 0..26 {
            let n = direction + usize::from(direction >= 13);
            let step = Vector3::new(n % 3, n / 3 % 3, n / 9).map(|v| v as f64 - 1.0);
            let surface = center + step.normalize() * lesion.core_radius_mm;
            let voxel = labels.grid().to_voxel(WorldPoint(surface.into()));
            let index = voxel.to_array().map(|v| v.round() as usize);
            assert!(tissue_of(labels.at(index)).is_parenchyma(), "{lesion:?}");
        }
        for other in &lesions[..n] {
            let apart = (Vector3::from(other.center_head_mm) - center).norm();
            assert!(
                apart > lesion.core_radius_mm + other.core_radius_mm,
                "{lesion:?} {other:?}"
            );
        }
    }
}

// Takes over 20 s: a whole scan is simulated.
#[test]
fn a_microbleed_is_dark_where_the_truth_says() {
    for descending in [false, true] {
        let person = super::plain_person();
        let mut visit = super::straight_visit(super::protocol(20.0, [1.0, 1.0, 3.0]), 30.0);
        visit.pose.rotation_deg = [9.0, -4.0, 6.0];
        visit.plan = crate::Plan {
            angle_deg: [8.0, 2.0, -3.0],
            cut_mm: [40.0, 40.0],
            gap: 0.2,
            descending,
        };
        let exam = Exam::new(&person, &visit).unwrap();
        let lesions: Vec<_> = person.lesions(40, None).unwrap();
        let scan = exam.scan(&lesions);
        let truth = exam.truth(&person, &lesions, &scan.without);
        let mut checked = 0;
        for lesion in truth.lesions.iter().filter(|l| l.core_radius_mm > 0.8) {
            let at = lesion.center_voxel.map(|v| v.round() as i64);
            let shape = exam.grid().shape();
            if (0..3).any(|a| at[a] < 2 || at[a] + 2 >= shape[a] as i64) {
                continue;
            }
            let index = at.map(|v| v as usize);
            let left = scan.with.at(index).norm() / scan.without.at(index).norm();
            // The centre is within half a voxel, 1.5 mm along slices, of the voxel's.
            assert!(left < 0.75, "descending {descending}: {left} at {lesion:?}");
            assert!(lesion.visible && truth.mask.at(index) > 0, "{lesion:?}");
            checked += 1;
        }
        assert!(checked >= 3, "{checked}");
    }
}

#[test]
fn a_later_visit_keeps_the_old_and_tells_the_new() {
    let person = person(5);
    let first = person.lesions(8, None).unwrap();
    let (later, gone) = person.later_lesions(&first, 3, 2, None).unwrap();
    assert_eq!((later.len(), gone.len()), (9, 2));
    for lesion in &later {
        let old = first.iter().find(|l| l.id == lesion.id);
        assert!(old.is_none_or(|old| old == lesion));
        assert!(!gone.contains(&lesion.id));
    }
    assert_eq!(later.iter().filter(|l| l.id > 8).count(), 3);
}

#[test]
fn too_many_lesions_are_refused() {
    let error = person(6).lesions(60_000, None).err().unwrap();
    assert_eq!(error.wanted, 60_000);
    assert!(error.placed > 500);
}
