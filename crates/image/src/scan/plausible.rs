//! What a fact about an acquisition can be.

use super::Note;
use super::acquisition::{Known, Origin};

/// The range of a number beyond which it is a mistake, such as seconds for milliseconds.
pub(super) struct Range {
    unit: &'static str,
    possible: [f64; 2],
}

/// From the shortest of ultra-short echoes to beyond the longest of T2 preparation.
pub(super) const ECHO_TIME: Range = Range {
    unit: "ms",
    possible: [0.03, 1000.0],
};
/// From low-field scanners to the strongest for people; some exports write gauss or millitesla.
pub(super) const FIELD_STRENGTH: Range = Range {
    unit: "T",
    possible: [0.01, 12.0],
};

impl Range {
    pub(super) fn holds(&self, value: f64) -> bool {
        (self.possible[0]..=self.possible[1]).contains(&value)
    }

    /// The fact, or a note that it cannot be.
    pub(super) fn checked(
        &self,
        known: Option<Known<f64>>,
        notes: &mut Vec<Note>,
    ) -> Option<Known<f64>> {
        let known = known?;
        if self.holds(known.value) {
            return Some(known);
        }
        let what = match &known.origin {
            Origin::Sidecar(field) => format!("the sidecar's {field}"),
            origin => origin.to_string(),
        };
        notes.push(Note::Implausible {
            what,
            value: known.value,
            unit: self.unit,
            possible: self.possible,
        });
        None
    }
}
