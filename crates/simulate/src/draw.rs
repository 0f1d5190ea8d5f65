//! Everything that is drawn, as values: of a person, of a visit. Applying them draws nothing
//! more that is not fixed by the seeds in them.

use super::head::{HeadShape, TissueDraw};
use super::protocol::{Encoding, Protocol};
use super::scene::{LesionPattern, MimicDraw, VesselDraw};
use serde::{Deserialize, Serialize};
use siderin_image::random::Stream;

/// A person: what stays the same from visit to visit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonDraw {
    /// Size and form of the head.
    pub shape: HeadShape,
    /// Tissue values.
    pub tissue: TissueDraw,
    /// Veins.
    pub vessels: VesselDraw,
    /// Other mimics.
    pub mimics: MimicDraw,
    /// How microbleeds spread.
    pub pattern: LesionPattern,
    /// Seed of their places.
    pub lesion_seed: u64,
}

impl PersonDraw {
    /// Draws a person. The ranges are in the documentation of each part's `draw`.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut stream = Stream::new(seed, "person", 0);
        let shape = HeadShape::draw(&mut stream);
        let tissue = TissueDraw::draw(&mut stream);
        let vessels = VesselDraw::draw(&mut stream, tissue.venous_chi_ppm);
        Self {
            shape,
            tissue,
            vessels,
            mimics: MimicDraw::draw(&mut stream),
            pattern: LesionPattern::draw(&mut stream),
            lesion_seed: stream.seed(),
        }
    }
}

/// A visit: how the head lies, what is scanned, what goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitDraw {
    /// The protocol.
    pub protocol: Protocol,
    /// How the head lies in the scanner.
    pub pose: Pose,
    /// Which part is scanned, at which angle.
    pub plan: Plan,
    /// What goes wrong.
    pub imperfections: Imperfections,
}

impl VisitDraw {
    /// Draws a visit with a protocol.
    #[must_use]
    pub fn draw(seed: u64, protocol: &Protocol) -> Self {
        let mut stream = Stream::new(seed, "visit", 0);
        Self {
            pose: Pose::draw(&mut stream),
            plan: Plan::draw(&mut stream, protocol.encoding),
            imperfections: Imperfections::draw(&mut stream, protocol),
            protocol: protocol.clone(),
        }
    }
}

/// Where the head lies in the scanner, whose main field is along z.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pose {
    /// Turns about the scanner's x (nod), y (tilt) and z (shake) axes in degrees, in this
    /// order, about the head's middle.
    pub rotation_deg: [f64; 3],
    /// Where the head's middle comes to lie, in mm.
    pub middle_mm: [f64; 3],
}

impl Pose {
    /// Draws: nod −12° to 12°, tilt ±6°, shake ±8°; ±12 mm from the isocentre.
    fn draw(stream: &mut Stream) -> Self {
        Self {
            rotation_deg: [
                stream.uniform(-12.0, 12.0),
                stream.uniform(-6.0, 6.0),
                stream.uniform(-8.0, 8.0),
            ],
            middle_mm: std::array::from_fn(|_| stream.uniform(-12.0, 12.0)),
        }
    }
}

/// The stack of slices on the head.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Angles of the slices against the head's axial plane, as the pose's, in degrees.
    pub angle_deg: [f64; 3],
    /// Brain left out at the top and at the bottom in mm; below 0 is room beyond it.
    pub cut_mm: [f64; 2],
    /// Gap between slices as a share of their distance (2D only).
    pub gap: f64,
    /// Slices stored from the top down.
    pub descending: bool,
}

impl Plan {
    /// Draws: planned −15° to 20° about x (as along the callosum), ±4° about y and z; room of
    /// 2 to 8 mm at the top, but 1 of 8 cut by up to 15 mm; at the bottom between 5 mm beyond
    /// the brain and 20 mm short of its end; gaps of 0, 10 or 20 %; either order.
    fn draw(stream: &mut Stream, encoding: Encoding) -> Self {
        let top = if stream.chance(0.125) {
            stream.uniform(0.0, 15.0)
        } else {
            stream.uniform(-8.0, -2.0)
        };
        Self {
            angle_deg: [
                stream.uniform(-15.0, 20.0),
                stream.uniform(-4.0, 4.0),
                stream.uniform(-4.0, 4.0),
            ],
            cut_mm: [top, stream.uniform(-5.0, 20.0)],
            gap: if encoding == Encoding::Slices {
                [0.0, 0.1, 0.2][stream.index(3)]
            } else {
                0.0
            },
            descending: stream.chance(0.4),
        }
    }
}

/// What no scan is free of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imperfections {
    /// Mean signal of white matter over the deviation of the complex noise.
    pub snr: f64,
    /// Share of k-space, from its edge, that a window lets fall off: 0 rings most.
    pub window: f64,
    /// Relative shading by the coils: deviation of the coefficients of a quadratic in the
    /// head's size.
    pub shading: f64,
    /// Deviation of the coefficients of the phase that coils and eddy currents add, in rad.
    pub phase_offset_rad: f64,
    /// Movement along the phase encoding in mm: deviation of jumps and drift over the scan.
    pub motion_mm: f64,
    /// In-plane axis of the phase encoding.
    pub phase_axis: usize,
    /// Seed of all of these.
    pub seed: u64,
}

impl Imperfections {
    /// None but noise of `snr`.
    #[must_use]
    pub fn none(snr: f64) -> Self {
        Self {
            snr,
            window: 0.5,
            shading: 0.0,
            phase_offset_rad: 0.0,
            motion_mm: 0.0,
            phase_axis: 0,
            seed: 0,
        }
    }

    /// Draws: SNR 15 to 60; window 0.2 to 0.9; shading 0.05 to 0.18, more with the field;
    /// phase up to 1.5 rad; motion in a third of scans, 0.1 to 0.6 mm.
    fn draw(stream: &mut Stream, protocol: &Protocol) -> Self {
        Self {
            snr: stream.log_normal(30.0, 0.4, [15.0, 60.0]),
            window: stream.uniform(0.2, 0.9),
            shading: stream.uniform(0.05, 0.18) * (protocol.b0_t / 3.0).sqrt(),
            phase_offset_rad: stream.uniform(0.2, 1.5),
            motion_mm: if stream.chance(0.33) {
                stream.uniform(0.1, 0.6)
            } else {
                0.0
            },
            phase_axis: stream.index(2),
            seed: stream.seed(),
        }
    }
}
