//! Things that look like microbleeds, with their places.

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};
use siderin_image::volume::WorldPoint;

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
    #[must_use]
    pub fn is_of_the_map(self) -> bool {
        matches!(
            self,
            Self::MapVessel | Self::IronRichNucleus | Self::AirCavity
        )
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
