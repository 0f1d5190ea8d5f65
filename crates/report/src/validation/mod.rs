//! What the program is worth on somebody's own scans: how many of the microbleeds that were put into them it found.

mod share;
mod sheet;

pub use share::Share;

use crate::scan::folder::{ReportError, write_pages};
use crate::sheet::Paper;
use serde::{Deserialize, Serialize};
use siderin_image::folder::write_json;
use std::path::Path;

/// A validation on scans without labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Grows when a field is added; the first number when one changes its meaning.
    pub schema_version: String,
    /// The program and its version.
    pub generator: String,
    /// The model, in words.
    pub method: String,
    /// Its operating points, the most sensitive first.
    pub points: Vec<ValidationPoint>,
    /// The scans.
    pub scans: Vec<ValidatedScan>,
}

/// A confidence from which something is a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidationPoint {
    /// Its name.
    pub name: String,
    /// The confidence.
    pub threshold: f32,
}

/// A scan and its copies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidatedScan {
    /// Its name.
    pub name: String,
    /// How it was made, in words.
    pub scanner: String,
    /// How well it suits microbleed detection.
    pub suitability: String,
    /// Confidences of the findings in the scan as it is.
    pub findings: Vec<f32>,
    /// The visible microbleeds of all copies.
    pub implants: Vec<ValidatedImplant>,
    /// Microbleeds that were put in and cannot be seen, by the simulator's rule.
    pub invisible: usize,
}

/// A visible microbleed that was put in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidatedImplant {
    /// Diameter of what is seen of it in mm.
    pub visible_diameter_mm: f64,
    /// Largest share of the signal that it takes.
    pub peak_loss: f64,
    /// `lobar`, `deep` or `infratentorial`, where the region is known.
    pub group: Option<String>,
    /// Confidence of the finding at its place; none where there is none.
    pub confidence: Option<f32>,
}

/// Bands of the visible diameter: a name and where each ends, in mm.
pub(crate) const BANDS: [(&str, f64); 4] = [
    ("up to 3 mm", 3.0),
    ("over 3 to 5 mm", 5.0),
    ("over 5 to 8 mm", 8.0),
    ("over 8 mm", f64::INFINITY),
];
/// From this diameter on a microbleed must not be missed to be specific.
const PLAIN_MM: f64 = 3.0;
/// A more specific point may find this share less of the plain ones.
const LOST: f64 = 0.05;

impl Validation {
    /// All implants.
    pub(crate) fn implants(&self) -> impl Iterator<Item = &ValidatedImplant> {
        self.scans.iter().flat_map(|scan| &scan.implants)
    }

    /// The share of some implants that is found at a point.
    #[must_use]
    pub fn found(
        &self,
        point: &ValidationPoint,
        chosen: impl Fn(&ValidatedImplant) -> bool,
    ) -> Share {
        share_found(self.implants().filter(|implant| chosen(implant)), point)
    }

    /// Findings in the scans as they are at a point, per scan.
    #[must_use]
    pub fn findings_per_scan(&self, point: &ValidationPoint) -> f64 {
        let findings = self.scans.iter().flat_map(|scan| &scan.findings);
        let count = findings.filter(|c| **c >= point.threshold).count();
        count as f64 / self.scans.len().max(1) as f64
    }

    /// The most specific point that finds nearly as many microbleeds of 3 mm and more as the most sensitive one.
    #[must_use]
    pub fn suggested(&self) -> Option<&ValidationPoint> {
        let plain = |point: &ValidationPoint| {
            self.found(point, |implant| implant.visible_diameter_mm >= PLAIN_MM)
                .value()
        };
        let most = plain(self.points.first()?)?;
        let enough = |point: &&ValidationPoint| plain(point).is_some_and(|p| p >= most - LOST);
        self.points.iter().rev().find(enough)
    }
}

impl ValidatedScan {
    /// The share of its implants that is found at a point.
    pub(crate) fn found(&self, point: &ValidationPoint) -> Share {
        share_found(self.implants.iter(), point)
    }
}

fn share_found<'a>(
    implants: impl Iterator<Item = &'a ValidatedImplant>,
    point: &ValidationPoint,
) -> Share {
    implants.fold(Share::default(), |share, implant| {
        let found = implant.confidence.is_some_and(|c| c >= point.threshold);
        Share {
            hits: share.hits + usize::from(found),
            of: share.of + 1,
        }
    })
}

/// Writes `validation.json`, `report.html` and `report.pdf` into a folder.
///
/// # Errors
/// What the disk says.
pub fn write_validation(
    folder: &Path,
    validation: &Validation,
    paper: Paper,
) -> Result<(), ReportError> {
    write_json(&folder.join("validation.json"), validation)?;
    write_pages(folder, &sheet::sheet(validation), paper)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn validation() -> Validation {
        let implant = |visible_diameter_mm, group: &str, confidence| ValidatedImplant {
            visible_diameter_mm,
            peak_loss: 0.7,
            group: Some(group.into()),
            confidence,
        };
        let point = |name: &str, threshold| ValidationPoint {
            name: name.into(),
            threshold,
        };
        Validation {
            schema_version: "1.0".into(),
            generator: "siderin".into(),
            method: "test".into(),
            points: vec![
                point("sensitive", 0.2),
                point("balanced", 0.5),
                point("specific", 0.8),
            ],
            scans: vec![ValidatedScan {
                name: "a".into(),
                scanner: "3 T".into(),
                suitability: "suitable".into(),
                findings: vec![0.9, 0.3],
                implants: vec![
                    implant(2.0, "lobar", Some(0.3)),
                    implant(4.0, "lobar", Some(0.6)),
                    implant(4.0, "deep", Some(0.9)),
                    implant(9.0, "deep", None),
                ],
                invisible: 1,
            }],
        }
    }

    #[test]
    fn shares_are_counted_at_each_point() {
        let validation = validation();
        let all = validation
            .points
            .iter()
            .map(|p| validation.found(p, |_| true).hits);
        assert_eq!(all.collect::<Vec<_>>(), [3, 2, 1]);
        let deep = validation.found(&validation.points[1], |i| {
            i.group.as_deref() == Some("deep")
        });
        assert_eq!((deep.hits, deep.of), (1, 2));
        assert_eq!(validation.findings_per_scan(&validation.points[0]), 2.0);
        assert_eq!(validation.findings_per_scan(&validation.points[1]), 1.0);
        // Of 3 mm and more the sensitive point finds 2 of 3, the balanced one as well, the specific one 1.
        assert_eq!(validation.suggested().unwrap().name, "balanced");
    }
}
