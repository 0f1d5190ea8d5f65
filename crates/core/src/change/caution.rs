//! What makes a comparison of two visits unsure.

use serde::Serialize;
use siderin_image::scan::{Acquisition, Known, Scan, Sequence};
use std::fmt;

/// One reason for caution.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Caution {
    /// Sequence, field or slices differ between the visits.
    Changed {
        what: &'static str,
        before: String,
        after: String,
    },
    /// It is not known of a visit, so a change of it cannot be ruled out.
    Unknown { what: &'static str },
    /// The images agree hardly better than those of two persons.
    Registration { agreement: f64 },
    /// The brain reaches the end of a scan.
    Cut,
    /// Some lesions lie where the other visit's scan does not reach.
    Outside { lesions: usize },
}

impl Caution {
    /// Stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "protocol_changed",
            Self::Unknown { .. } => "protocol_unknown",
            Self::Registration { .. } => "registration_unsure",
            Self::Cut => "partial_coverage",
            Self::Outside { .. } => "outside_coverage",
        }
    }
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed {
                what,
                before,
                after,
            } => write!(
                f,
                "the {what} changed from {before} to {after}: a lesion may seem new, gone or of another size \
                 for this alone"
            ),
            Self::Unknown { what } => write!(
                f,
                "the {what} is not known of both visits: whether it changed cannot be told"
            ),
            Self::Registration { agreement } => write!(
                f,
                "the scans agree by {agreement:.2} where two of one person usually do by more: look at the \
                 pictures before relying on what is new"
            ),
            Self::Cut => f.write_str(
                "the brain reaches the end of a scan: what is new beyond it is not counted",
            ),
            Self::Outside { lesions } => write!(
                f,
                "{lesions} findings lie where the other visit's scan does not reach: whether they are new or \
                 gone cannot be told"
            ),
        }
    }
}

impl Serialize for Caution {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut object = serializer.serialize_struct("Caution", 2)?;
        object.serialize_field("code", self.code())?;
        object.serialize_field("message", &self.to_string())?;
        object.end()
    }
}

/// Fields differ that are 10 % apart: 1.5 and 1.4 T do not, 1.5 and 3 do.
const FIELD_RATIO: f64 = 1.1;
/// Voxels and echo times differ that are a quarter apart.
const OTHER_RATIO: f64 = 1.25;

/// What of the acquisition changed from one visit to the next, or may have.
#[must_use]
pub fn cautions(baseline: &Scan, followup: &Scan) -> Vec<Caution> {
    let known = |of: fn(&Acquisition) -> &Option<Known<f64>>| {
        [baseline, followup].map(|scan| of(&scan.acquisition).as_ref().map(|known| known.value))
    };
    let slices = [baseline, followup].map(|scan| {
        let grid = scan.magnitude.grid();
        Some(grid.spacing_mm()[grid.slice_axis()])
    });
    let pixels = [baseline, followup].map(|scan| {
        let grid = scan.magnitude.grid();
        let axis = grid.slice_axis();
        let in_plane = (0..3).filter(|other| *other != axis);
        Some(in_plane.map(|a| grid.spacing_mm()[a]).fold(0.0, f64::max))
    });
    [
        sequence(&baseline.acquisition, &followup.acquisition),
        number(
            "field strength",
            "T",
            known(|a| &a.field_strength_t),
            FIELD_RATIO,
        ),
        number("distance of slices", "mm", slices, OTHER_RATIO),
        number("size of pixels", "mm", pixels, OTHER_RATIO),
        number("echo time", "ms", known(|a| &a.te_ms), OTHER_RATIO),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn sequence(baseline: &Acquisition, followup: &Acquisition) -> Option<Caution> {
    let what = "sequence";
    match [baseline.sequence(), followup.sequence()] {
        [Sequence::Unknown, _] | [_, Sequence::Unknown] => Some(Caution::Unknown { what }),
        [before, after] => (before != after).then(|| Caution::Changed {
            what,
            before: before.to_string(),
            after: after.to_string(),
        }),
    }
}

fn number(what: &'static str, unit: &str, values: [Option<f64>; 2], ratio: f64) -> Option<Caution> {
    let [Some(before), Some(after)] = values else {
        return Some(Caution::Unknown { what });
    };
    let differ = before.max(after) > ratio * before.min(after);
    let said = |value: f64| {
        let text = format!("{value:.2}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        format!("{text} {unit}")
    };
    differ.then(|| Caution::Changed {
        what,
        before: said(before),
        after: said(after),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::scan::Origin;
    use siderin_image::scan::nifti::Placements;
    use siderin_image::volume::{Grid, Volume};

    fn scan(spacing_mm: [f64; 3], field_t: Option<f64>, sequence: Sequence) -> Scan {
        let grid = Grid::axis_aligned([20, 20, 5], spacing_mm).unwrap();
        let known = |value: f64| Known {
            value,
            origin: Origin::Derived,
        };
        Scan {
            name: "scan".into(),
            placements: Placements::scanner(&grid),
            magnitude: Volume::filled(&grid, 1.0),
            acquisition: Acquisition {
                field_strength_t: field_t.map(known),
                te_ms: Some(known(20.0)),
                sequence: Some(Known {
                    value: sequence,
                    origin: Origin::Derived,
                }),
                ..Acquisition::default()
            },
            notes: Vec::new(),
            t1: None,
            t2: None,
            parcellation: None,
            phase: None,
        }
    }

    #[test]
    fn what_changed_is_said() {
        let gre = scan([1.0, 1.0, 3.0], Some(3.0), Sequence::T2StarGre);
        assert!(cautions(&gre, &gre).is_empty());
        let swi = scan([1.2, 1.2, 1.5], Some(1.5), Sequence::Swi);
        let said: Vec<String> = cautions(&gre, &swi)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(
            said[0].contains("from T2*-weighted gradient echo to susceptibility-weighted (SWI)")
        );
        assert!(said[1].contains("field strength changed from 3 T to 1.5 T"));
        assert!(said[2].contains("distance of slices changed from 3 mm to 1.5 mm"));
    }

    #[test]
    fn what_is_not_known_is_said() {
        let known = scan([1.0, 1.0, 3.0], Some(3.0), Sequence::T2StarGre);
        let unknown = scan([1.0, 1.0, 3.0], None, Sequence::Unknown);
        let codes: Vec<Caution> = cautions(&known, &unknown);
        assert_eq!(
            codes,
            [
                Caution::Unknown { what: "sequence" },
                Caution::Unknown {
                    what: "field strength"
                }
            ]
        );
    }
}
