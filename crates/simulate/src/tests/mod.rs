//! The simulator against the physics it claims, and against itself.

mod blooming;
mod contents;
mod implants;
mod resimulation;
mod signal;

use super::Person;
use super::draw::{Imperfections, PersonDraw, Plan, Pose, VisitDraw};
use super::head::{Head, HeadShape, TissueDraw};
use super::protocol::{Encoding, Protocol};
use super::scene::{LesionPattern, MimicDraw, VesselDraw};

/// A person as the table has it, without vessels or mimics.
fn plain_person() -> Person {
    let draw = PersonDraw {
        shape: HeadShape::as_given(),
        tissue: TissueDraw::as_given(),
        vessels: VesselDraw {
            medullary: 0,
            medullary_radius_mm: [0.2, 0.6],
            pial: 0,
            pial_radius_mm: [0.3, 0.75],
            chi_ppm: 0.35,
            flow_voids: 0,
            flow_void_radius_mm: [0.5, 1.1],
            seed: 0,
        },
        mimics: MimicDraw::none(),
        pattern: LesionPattern::Mixed,
        lesion_seed: 5,
    };
    Person::new(&Head::builtin().unwrap(), &draw).unwrap()
}

/// A straight head in a scan of 30 to 40 mm through its middle.
fn straight_visit(protocol: Protocol, snr: f64) -> VisitDraw {
    VisitDraw {
        protocol,
        pose: Pose {
            rotation_deg: [0.0; 3],
            middle_mm: [0.0; 3],
        },
        plan: Plan {
            angle_deg: [0.0; 3],
            cut_mm: [45.0, 50.0],
            gap: 0.0,
            descending: false,
        },
        imperfections: Imperfections::none(snr),
    }
}

fn protocol(te_ms: f64, voxel_mm: [f64; 3]) -> Protocol {
    Protocol {
        name: "test".into(),
        b0_t: 3.0,
        te_ms,
        tr_ms: 600.0,
        flip_angle_deg: 20.0,
        voxel_mm,
        acquired_mm: None,
        encoding: Encoding::Slices,
        swi: false,
    }
}
