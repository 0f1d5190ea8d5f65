//! What vessels, mimics and microbleeds are made of, and the sources they become.

use crate::acquire::{Echo, Form, Source};
use crate::physics::sources::Rod;
use nalgebra::Vector3;
use siderin_core::truth::{Mimic, MimicKind, MimicShape};

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

/// What a mimic is made of.
fn substance(kind: MimicKind) -> Substance {
    match kind {
        MimicKind::MedullaryVein | MimicKind::PialVein => Substance::VENOUS_BLOOD,
        MimicKind::FlowVoid => Substance::FLOWING_BLOOD,
        MimicKind::PerivascularSpace => Substance::FLUID,
        MimicKind::PallidalCalcification
        | MimicKind::ChoroidCalcification
        | MimicKind::PinealCalcification => Substance::CALCIUM,
        MimicKind::Cavernoma => Substance::CAVERNOMA,
        MimicKind::Siderosis => Substance::HEMOSIDERIN,
        // These are in the label map already.
        MimicKind::MapVessel | MimicKind::IronRichNucleus | MimicKind::AirCavity => {
            Substance::FLUID
        }
    }
}

/// The sources of a mimic.
pub(crate) fn mimic_sources(mimic: &Mimic, echo: &Echo, out: &mut Vec<Source>) {
    if mimic.kind.is_of_the_map() {
        return;
    }
    let signal = substance(mimic.kind).signal(echo);
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
