//! Whether a scan suits microbleed detection, with the reasons.

use super::acquisition::{Acquisition, Component, Sequence};
use crate::volume::Grid;
use serde::Serialize;
use std::fmt;

/// The verdict on a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As microbleed protocols ask.
    Suitable,
    /// Not enough is known to say.
    Unknown,
    /// Findings are to be read with the limits given.
    Limited,
    /// Microbleeds cannot be told on it.
    Unsuitable,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Suitable => "suitable",
            Self::Unknown => "unknown",
            Self::Limited => "limited",
            Self::Unsuitable => "unsuitable",
        })
    }
}

/// The verdict with its reasons, worst first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suitability {
    /// The worst of the findings.
    pub verdict: Verdict,
    /// One sentence each, in a radiographer's words.
    pub reasons: Vec<String>,
}

/// Slices up to this are what microbleed consensus protocols ask (Greenberg 2009: 3-5 mm
/// for 2D GRE, thinner for SWI).
const USUAL_THICKNESS_MM: f64 = 5.0;
/// Beyond this most microbleeds (2-10 mm) are diluted in their slice.
const THICKEST_MM: f64 = 7.0;
/// In-plane voxels above this cannot resolve a 2 mm spot.
const COARSE_IN_PLANE_MM: f64 = 1.5;
/// In-plane voxels above this are as large as the lesions.
const COARSEST_IN_PLANE_MM: f64 = 2.5;
/// TE·B0 in ms·T below which blooming is weak (12 ms at 3 T, 24 ms at 1.5 T).
const WEAK_BLOOMING_TE_FIELD: f64 = 36.0;

/// Judges a scan by its sequence, echo time, slice thickness and voxel size.
#[must_use]
pub fn suitability(grid: &Grid, acquisition: &Acquisition) -> Suitability {
    let mut found: Vec<(Verdict, String)> = Vec::new();
    judge_component(acquisition.component(), &mut found);
    judge_sequence(acquisition, &mut found);
    judge_geometry(grid, acquisition, &mut found);
    found.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
    Suitability {
        verdict: found
            .first()
            .map_or(Verdict::Unknown, |(verdict, _)| *verdict),
        reasons: found.into_iter().map(|(_, reason)| reason).collect(),
    }
}

fn judge_component(component: Component, found: &mut Vec<(Verdict, String)>) {
    match component {
        Component::Magnitude => {}
        Component::Unknown => found.push((
            Verdict::Unknown,
            "nothing says whether this is magnitude or phase".into(),
        )),
        other => found.push((
            Verdict::Unsuitable,
            format!("this is a {other} image; detection needs the magnitude"),
        )),
    }
}

fn judge_sequence(acquisition: &Acquisition, found: &mut Vec<(Verdict, String)>) {
    let sequence = acquisition.sequence();
    match sequence {
        Sequence::T2StarGre | Sequence::Swi => {
            found.push((Verdict::Suitable, format!("{sequence} shows blooming of iron")));
        }
        Sequence::GreEpi => found.push((
            Verdict::Limited,
            "gradient-echo EPI blooms strongly but is distorted near the sinuses and usually coarse"
                .into(),
        )),
        Sequence::ShortTeGre => found.push((
            Verdict::Unsuitable,
            "the echo time of this gradient echo is too short for T2* weighting".into(),
        )),
        Sequence::T1w | Sequence::T2w | Sequence::Flair | Sequence::Diffusion => found.push((
            Verdict::Unsuitable,
            format!("{sequence} does not show microbleeds reliably; use a T2*-GRE or SWI series"),
        )),
        Sequence::Unknown => found.push((
            Verdict::Unknown,
            "the sequence is not stated; detection assumes a T2*-GRE or SWI magnitude".into(),
        )),
    }
    if !matches!(
        sequence,
        Sequence::T2StarGre | Sequence::Swi | Sequence::GreEpi
    ) {
        return;
    }
    match (&acquisition.te_ms, &acquisition.field_strength_t) {
        (Some(te), Some(field)) => {
            let product = te.value * field.value;
            let said = format!("TE {:.1} ms at {:.1} T", te.value, field.value);
            found.push(if product < WEAK_BLOOMING_TE_FIELD {
                (
                    Verdict::Limited,
                    format!("{said}: weak blooming, small microbleeds may be missed"),
                )
            } else {
                (
                    Verdict::Suitable,
                    format!("{said}: enough susceptibility weighting"),
                )
            });
        }
        (None, _) => found.push((Verdict::Limited, "the echo time is not stated".into())),
        (Some(_), None) => {
            found.push((Verdict::Limited, "the field strength is not stated".into()));
        }
    }
}

fn judge_geometry(grid: &Grid, acquisition: &Acquisition, found: &mut Vec<(Verdict, String)>) {
    let spacing = grid.spacing_mm();
    let slice_axis = grid.slice_axis();
    let between = spacing[slice_axis];
    let thickness = acquisition
        .slice_thickness_mm
        .as_ref()
        .map_or(between, |known| known.value.max(between));
    if thickness > THICKEST_MM {
        found.push((
            Verdict::Unsuitable,
            format!("slices {thickness:.1} mm apart: most microbleeds are diluted or fall between slices"),
        ));
    } else if thickness > USUAL_THICKNESS_MM + 0.05 {
        found.push((
            Verdict::Limited,
            format!("slices of {thickness:.1} mm: small microbleeds may be missed"),
        ));
    } else {
        found.push((Verdict::Suitable, format!("slices of {thickness:.1} mm")));
    }
    let in_plane = (0..3)
        .filter(|&axis| axis != slice_axis)
        .map(|axis| spacing[axis])
        .fold(0.0, f64::max);
    if in_plane > COARSEST_IN_PLANE_MM {
        found.push((
            Verdict::Unsuitable,
            format!("in-plane voxels of {in_plane:.2} mm are as large as microbleeds"),
        ));
    } else if in_plane > COARSE_IN_PLANE_MM {
        found.push((
            Verdict::Limited,
            format!("in-plane voxels of {in_plane:.2} mm resolve only large microbleeds"),
        ));
    } else {
        found.push((
            Verdict::Suitable,
            format!("in-plane voxels of {in_plane:.2} mm"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::acquisition::{Known, Origin};
    use super::*;

    fn known<T>(value: T) -> Option<Known<T>> {
        Some(Known {
            value,
            origin: Origin::Derived,
        })
    }

    fn swi() -> Acquisition {
        Acquisition {
            sequence: known(Sequence::Swi),
            component: known(Component::Magnitude),
            te_ms: known(20.0),
            field_strength_t: known(3.0),
            ..Default::default()
        }
    }

    #[test]
    fn a_usual_swi_is_suitable() {
        let grid = Grid::axis_aligned([10; 3], [0.5, 0.5, 2.0]).unwrap();
        assert_eq!(suitability(&grid, &swi()).verdict, Verdict::Suitable);
    }

    #[test]
    fn the_worst_fault_decides_and_comes_first() {
        let grid = Grid::axis_aligned([10; 3], [3.0, 3.0, 6.0]).unwrap();
        let judged = suitability(&grid, &swi());
        assert_eq!(judged.verdict, Verdict::Unsuitable);
        assert!(
            judged.reasons[0].contains("3.00 mm"),
            "{:?}",
            judged.reasons
        );
        let fine = Grid::axis_aligned([10; 3], [0.5, 0.5, 2.0]).unwrap();
        let phase = Acquisition {
            component: known(Component::Phase),
            ..swi()
        };
        assert_eq!(suitability(&fine, &phase).verdict, Verdict::Unsuitable);
    }

    #[test]
    fn what_is_not_known_is_said() {
        let grid = Grid::axis_aligned([10; 3], [0.5, 0.5, 2.0]).unwrap();
        let judged = suitability(&grid, &Acquisition::default());
        assert_eq!(judged.verdict, Verdict::Unknown);
    }
}
