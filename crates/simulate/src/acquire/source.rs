//! Small sources of field and signal, placed exactly.

use crate::physics::sources::{Rod, ball_field};
use nalgebra::{Isometry3, Point3, Vector3};

/// The shape of a source.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    Ball {
        center: Vector3<f32>,
        radius: f32,
    },
    Rod(Rod),
    /// What a ball looks like from beyond `radius`: the same field there, a smooth one within,
    /// and no signal of its own.
    Far {
        center: Vector3<f32>,
        radius: f32,
    },
}

/// Something smaller than the head's map can hold: a microbleed, a piece of a vein, a grain
/// of calcium. Lengths in mm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub(crate) form: Form,
    /// Its susceptibility above its surroundings', as phase at the echo (rad per unit of the
    /// closed forms' field).
    pub(crate) phase: f32,
    /// Its signal at the echo.
    pub(crate) signal: f32,
    /// Beyond this distance its field counts as nothing.
    pub(crate) reach: f32,
}

/// Where the phase of a ball has fallen to this many radians it is let run out. At an SNR of
/// 60 the noise of the phase is 0.017 rad.
const NEGLIGIBLE_BALL_PHASE: f64 = 0.01;
/// The same for a vessel, of which there are thousands of pieces.
const NEGLIGIBLE_ROD_PHASE: f64 = 0.03;
/// No field is followed farther than this.
const MAX_REACH_MM: f64 = 24.0;
/// From this share of the reach on a field runs out to 0.
const FULL_REACH: f32 = 0.75;

impl Source {
    /// A source from its form, its susceptibility above its surroundings' in ppm, its signal,
    /// and the radians per ppm of the scan.
    pub(crate) fn new(form: Form, chi_ppm: f64, signal: f64, phase_per_ppm: f64) -> Self {
        let phase = chi_ppm * phase_per_ppm;
        let reach = match form {
            // (2χ/3)(a/r)³ on the pole, (χ/2)(a/r)² across a tube.
            Form::Ball { radius, .. } | Form::Far { radius, .. } => {
                f64::from(radius) * (2.0 / 3.0 * phase.abs() / NEGLIGIBLE_BALL_PHASE).cbrt()
            }
            Form::Rod(rod) => {
                f64::from(rod.radius) * (0.5 * phase.abs() / NEGLIGIBLE_ROD_PHASE).sqrt()
            }
        };
        let outer = f64::from(form.radius()) + 1.0;
        Self {
            form,
            phase: phase as f32,
            signal: signal as f32,
            reach: (reach / f64::from(FULL_REACH))
                .max(outer)
                .min(MAX_REACH_MM.max(outer)) as f32,
        }
    }

    /// The source as seen in another frame.
    pub(crate) fn moved(&self, motion: &Isometry3<f64>) -> Self {
        let point = |v: Vector3<f32>| {
            (motion * Point3::from(v.cast::<f64>()))
                .coords
                .cast::<f32>()
        };
        let form = match self.form {
            Form::Ball { center, radius } => Form::Ball {
                center: point(center),
                radius,
            },
            Form::Far { center, radius } => Form::Far {
                center: point(center),
                radius,
            },
            Form::Rod(rod) => Form::Rod(Rod {
                start: point(rod.start),
                axis: (motion.rotation * rod.axis.cast::<f64>()).cast::<f32>(),
                ..rod
            }),
        };
        Self { form, ..*self }
    }

    /// The source in a magnet whose field it does not change.
    pub(crate) fn without_field(&self) -> Self {
        Self {
            phase: 0.0,
            ..*self
        }
    }

    /// Corners of the box outside of which the source is not felt.
    pub(crate) fn bounds(&self) -> [Vector3<f32>; 2] {
        let reach = Vector3::from_element(self.reach);
        match self.form {
            Form::Ball { center, .. } | Form::Far { center, .. } => {
                [center - reach, center + reach]
            }
            Form::Rod(rod) => {
                let end = rod.start + rod.axis * rod.length;
                [rod.start.inf(&end) - reach, rod.start.sup(&end) + reach]
            }
        }
    }

    /// How the source looks from beyond `radius` (a ball; others stay what they are).
    pub(crate) fn seen_from_afar(&self, far_radius: f32) -> Self {
        match self.form {
            Form::Ball { center, radius } => {
                // The moment stays: χ·a³.
                let shrunk = (radius / far_radius).powi(3);
                Self {
                    form: Form::Far {
                        center,
                        radius: far_radius,
                    },
                    phase: self.phase * shrunk,
                    ..*self
                }
            }
            _ => *self,
        }
    }

    /// Phase of a [`Form::Far`] at an offset from its centre: outside that of the ball; inside
    /// as on the surface, falling with the square of the distance.
    pub(crate) fn far_phase(&self, offset: Vector3<f32>, b0: Vector3<f32>) -> f32 {
        let radius = self.form.radius();
        let distance = offset.norm().max(1e-6);
        let outside = offset * (radius * 1.000_1 / distance).max(1.0);
        let within = (distance / radius).min(1.0);
        ball_field(outside, b0, radius, self.phase) * within * within * self.fading(distance)
    }

    /// The distance beyond which the phase of a ball runs by less than `gradient` rad per mm.
    pub(crate) fn steep_within(&self, gradient: f32) -> f32 {
        // On the pole φ = (2/3)χa³/r³, φ' = 2χa³/r⁴.
        let radius = self.form.radius();
        let moment = self.phase.abs() * radius.powi(3);
        (2.0 * moment / gradient).powf(0.25).max(radius + 1.0)
    }

    /// The part of a line along x, at `y` and `z`, where the source can be felt.
    pub(crate) fn felt_along_x(&self, y: f32, z: f32) -> Option<[f32; 2]> {
        let (low, high) = match self.form {
            Form::Ball { center, .. } | Form::Far { center, .. } => (center, center),
            Form::Rod(rod) => {
                let end = rod.start + rod.axis * rod.length;
                (rod.start.inf(&end), rod.start.sup(&end))
            }
        };
        let off = |value: f32, axis: usize| (low[axis] - value).max(value - high[axis]).max(0.0);
        let across2 = off(y, 1).powi(2) + off(z, 2).powi(2);
        let left = self.reach * self.reach - across2;
        (left > 0.0).then(|| [low.x - left.sqrt(), high.x + left.sqrt()])
    }

    /// Adds the source to a row of cells at `start + i·step` along x: its phase, and its
    /// signal where it covers them. `cell` is the mean size of a cell.
    pub(crate) fn add_to_row(
        &self,
        start: Vector3<f32>,
        step: f32,
        b0: Vector3<f32>,
        cell: f32,
        signal: &mut [f32],
        phase: &mut [f32],
    ) {
        match self.form {
            Form::Ball { center, radius } => {
                let origin = start - center;
                for (i, (s, p)) in signal.iter_mut().zip(phase).enumerate() {
                    let offset = Vector3::new(origin.x + step * i as f32, origin.y, origin.z);
                    let distance = offset.norm();
                    let inside = ((radius - distance) / cell + 0.5).clamp(0.0, 1.0);
                    let outside = offset * (1.0f32).max(radius * 1.000_1 / distance.max(1e-6));
                    let field = ball_field(outside, b0, radius, self.phase);
                    *p += field * (1.0 - inside) * self.fading(distance);
                    *s += inside * (self.signal - *s);
                }
            }
            Form::Far { center, .. } => {
                let origin = start - center;
                for (i, p) in phase.iter_mut().enumerate() {
                    let x = origin.x + step * i as f32;
                    *p += self.far_phase(Vector3::new(x, origin.y, origin.z), b0);
                }
            }
            Form::Rod(rod) => {
                let tau = rod.axis.dot(&b0);
                // A tube thinner than a cell covers it in part.
                let area = std::f32::consts::PI * rod.radius * rod.radius;
                let most = (area / (cell * cell)).min(1.0);
                for (i, (s, p)) in signal.iter_mut().zip(phase).enumerate() {
                    let point = Vector3::new(start.x + step * i as f32, start.y, start.z);
                    let at = rod.locate(point, b0);
                    let beyond = (at.along - rod.length).max(-at.along).max(0.0);
                    let across = at.across2.sqrt();
                    let within = f32::from(u8::from(beyond <= 0.0));
                    let inside = within * ((rod.radius - across) / cell + 0.5).clamp(0.0, 1.0);
                    let distance = (at.across2 + beyond * beyond).sqrt();
                    *p += self.phase * rod.field(at, tau, inside) * self.fading(distance);
                    let covered = inside.min(most);
                    *s += covered * (self.signal - *s);
                }
            }
        }
    }

    #[inline(always)]
    fn fading(&self, distance: f32) -> f32 {
        let left = (1.0 - distance / self.reach) / (1.0 - FULL_REACH);
        let t = left.clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    }
}

impl Form {
    pub(crate) fn radius(&self) -> f32 {
        match self {
            Self::Ball { radius, .. } | Self::Far { radius, .. } => *radius,
            Self::Rod(rod) => rod.radius,
        }
    }
}
