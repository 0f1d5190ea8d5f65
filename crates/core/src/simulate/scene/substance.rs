//! What vessels, mimics and microbleeds are made of, and the sources they become.

use crate::simulate::acquire::{Echo, Form, Source};
use crate::simulate::physics::sources::Rod;
use crate::volume::WorldPoint;
use nalgebra::Vector3;
use serde::{Deserialize, Serialize};

/// What a small thing is made of: density relative to water, T1 and R2* at 3 T.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Substance {
    proton_density: f64,
    t1_ms: f64,
    r2star_per_s: f64,
}

impl Substance {
    pub(crate) const VENOUS_BLOOD: Self = Self::of(0.80, 1650.0, 45.0);
    /// Moves on between pulse and echo.
    pub(crate) const FLOWING_BLOOD: Self = Self::of(0.06, 1650.0, 15.0);
    pub(crate) const FLUID: Self = Self::of(1.0, 4000.0, 2.5);
    /// Calcium phosphate with little water in it.
    pub(crate) const CALCIUM: Self = Self::of(0.25, 1000.0, 120.0);
    /// Macrophages full of hemosiderin.
    pub(crate) const HEMOSIDERIN: Self = Self::of(0.70, 900.0, 250.0);
    /// Blood of many ages and bright methaemoglobin, as in the middle of a cavernoma.
    pub(crate) const CAVERNOMA: Self = Self::of(0.85, 700.0, 60.0);

    const fn of(proton_density: f64, t1_ms: f64, r2star_per_s: f64) -> Self {
        Self {
            proton_density,
            t1_ms,
            r2star_per_s,
        }
    }

    fn signal(self, echo: &Echo) -> f64 {
        echo.signal(self.proton_density, self.t1_ms, self.r2star_per_s)
    }
}

/// Things that a reader or a program may take for a microbleed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum MimicKind {
    MedullaryVein,
    PialVein,
    /// An artery too fast to give signal.
    FlowVoid,
    PerivascularSpace,
    PallidalCalcification,
    ChoroidCalcification,
    PinealCalcification,
    Cavernoma,
    Siderosis,
    /// A vessel or sinus of the label map; points of it, every 4 mm.
    MapVessel,
    /// A nucleus rich in iron; points of it, every 4 mm.
    IronRichNucleus,
    /// Air next to the brain, with the drop-out around it; points of it, every 4 mm.
    AirCavity,
}

impl MimicKind {
    /// Whether it is in the label map, and only its place is recorded.
    pub(crate) fn is_of_the_map(self) -> bool {
        matches!(
            self,
            Self::MapVessel | Self::IronRichNucleus | Self::AirCavity
        )
    }

    fn substance(self) -> Substance {
        match self {
            Self::MedullaryVein | Self::PialVein => Substance::VENOUS_BLOOD,
            Self::FlowVoid => Substance::FLOWING_BLOOD,
            Self::PerivascularSpace => Substance::FLUID,
            Self::PallidalCalcification
            | Self::ChoroidCalcification
            | Self::PinealCalcification => Substance::CALCIUM,
            Self::Cavernoma => Substance::CAVERNOMA,
            Self::Siderosis => Substance::HEMOSIDERIN,
            // These are in the label map already.
            Self::MapVessel | Self::IronRichNucleus | Self::AirCavity => Substance::FLUID,
        }
    }
}

/// Where a mimic is, in world mm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum MimicShape {
    /// A bent tube through points, with a radius at each.
    Tube {
        /// Points of the centre line.
        points_mm: Vec<[f64; 3]>,
        /// Radius at each point.
        radius_mm: Vec<f64>,
    },
    /// Balls that lie together.
    Grains {
        /// Their centres.
        points_mm: Vec<[f64; 3]>,
        /// Their radii.
        radius_mm: Vec<f64>,
    },
}

/// A mimic with its place: known, so that errors can be explained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mimic {
    /// What it is.
    pub kind: MimicKind,
    /// Susceptibility above its surroundings in ppm.
    pub chi_ppm: f64,
    /// Where it is.
    #[serde(flatten)]
    pub shape: MimicShape,
}

impl Mimic {
    /// Points and radii.
    #[must_use]
    pub fn points(&self) -> (&[[f64; 3]], &[f64]) {
        match &self.shape {
            MimicShape::Tube {
                points_mm,
                radius_mm,
            }
            | MimicShape::Grains {
                points_mm,
                radius_mm,
            } => (points_mm, radius_mm),
        }
    }

    /// Length of a tube along its centre line in mm; of grains, 0.
    #[must_use]
    pub fn length_mm(&self) -> f64 {
        match &self.shape {
            MimicShape::Tube { points_mm, .. } => points_mm
                .windows(2)
                .map(|pair| (Vector3::from(pair[1]) - Vector3::from(pair[0])).norm())
                .sum(),
            MimicShape::Grains { .. } => 0.0,
        }
    }

    /// The mimic with its points mapped to another space.
    #[must_use]
    pub fn mapped(&self, map: impl Fn(WorldPoint) -> WorldPoint) -> Self {
        let moved = |points: &[[f64; 3]]| {
            points
                .iter()
                .map(|&[x, y, z]| map(WorldPoint::new(x, y, z)).to_array())
                .collect()
        };
        let shape = match &self.shape {
            MimicShape::Tube {
                points_mm,
                radius_mm,
            } => MimicShape::Tube {
                points_mm: moved(points_mm),
                radius_mm: radius_mm.clone(),
            },
            MimicShape::Grains {
                points_mm,
                radius_mm,
            } => MimicShape::Grains {
                points_mm: moved(points_mm),
                radius_mm: radius_mm.clone(),
            },
        };
        Self { shape, ..*self }
    }

    /// Distance of a place from the mimic's surface in mm, negative inside.
    #[must_use]
    pub fn distance_mm(&self, at: Vector3<f64>) -> f64 {
        let (points, radii) = self.points();
        let balls = points
            .iter()
            .zip(radii)
            .map(|(p, r)| (at - Vector3::from(*p)).norm() - r)
            .fold(f64::INFINITY, f64::min);
        let MimicShape::Tube { .. } = self.shape else {
            return balls;
        };
        points
            .windows(2)
            .zip(radii)
            .map(|(pair, r)| {
                let (from, to) = (Vector3::from(pair[0]), Vector3::from(pair[1]));
                let along = to - from;
                let share = (at - from).dot(&along) / along.norm_squared().max(1e-9);
                (at - from - along * share.clamp(0.0, 1.0)).norm() - r
            })
            .fold(balls, f64::min)
    }
}

/// The sources of a mimic.
pub(crate) fn mimic_sources(mimic: &Mimic, echo: &Echo, out: &mut Vec<Source>) {
    if mimic.kind.is_of_the_map() {
        return;
    }
    let signal = mimic.kind.substance().signal(echo);
    let (points, radii) = mimic.points();
    let mut add = |form| {
        let source = Source::new(form, mimic.chi_ppm, signal, echo.phase_per_ppm());
        out.push(source);
    };
    match mimic.shape {
        MimicShape::Grains { .. } => {
            for (point, radius) in points.iter().zip(radii) {
                add(Form::Ball {
                    center: Vector3::from(*point).cast(),
                    radius: *radius as f32,
                });
            }
        }
        MimicShape::Tube { .. } => {
            for (pair, radius) in points.windows(2).zip(radii.windows(2)) {
                let (from, to) = (Vector3::from(pair[0]), Vector3::from(pair[1]));
                if let Some(axis) = (to - from).try_normalize(1e-6) {
                    add(Form::Rod(Rod {
                        start: from.cast(),
                        axis: axis.cast(),
                        length: (to - from).norm() as f32,
                        radius: (0.5 * (radius[0] + radius[1])) as f32,
                    }));
                }
            }
        }
    }
}

/// The source of a microbleed.
pub(crate) fn lesion_source(
    center: Vector3<f64>,
    core_radius_mm: f64,
    chi_ppm: f64,
    echo: &Echo,
) -> Source {
    let form = Form::Ball {
        center: center.cast(),
        radius: core_radius_mm as f32,
    };
    let signal = Substance::HEMOSIDERIN.signal(echo);
    Source::new(form, chi_ppm, signal, echo.phase_per_ppm())
}
