//! What a reader says of one thing in a scan.

use super::runs::Runs;
use super::terms::{Artefact, Cause, MarkedSide, MimicType, OtherFinding, Rating, Verdict};
use serde::{Deserialize, Serialize};
use siderin_core::forms::{Certainty, Location, SizeBand};
use siderin_core::regions::Region;

/// The most characters of a note.
const LONGEST_NOTE: usize = 4000;

/// One thing a reader says: of a finding, a landmark, the scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// Of a finding, the program's or the reader's own.
    Finding(Mark),
    /// A place with a name.
    Landmark(Landmark),
    /// How good the scan is.
    Quality(ImageQuality),
    /// Whether the reader has finished the scan.
    Finished(Finished),
}

/// What a reader says of a finding. What is not said is as the program measured it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Microbleed or not.
    pub verdict: Verdict,
    /// What it is instead.
    #[serde(default)]
    pub mimic: Option<MimicType>,
    /// How sure the reader is.
    #[serde(default)]
    pub certainty: Option<Certainty>,
    /// Its region on MARS.
    #[serde(default)]
    pub region: Option<Region>,
    /// Its side.
    #[serde(default)]
    pub side: Option<MarkedSide>,
    /// Its place on BOMBS.
    #[serde(default)]
    pub location: Option<Location>,
    /// Its size on BOMBS.
    #[serde(default)]
    pub size: Option<SizeBand>,
    /// Its probable cause.
    #[serde(default)]
    pub cause: Option<Cause>,
    /// Whether each part of its mask is a lesion of its own: very many, marked as one.
    #[serde(default)]
    pub is_group: bool,
    /// In the reader's words.
    #[serde(default)]
    pub note: String,
    /// The reader's mask; none for the program's.
    #[serde(default)]
    pub mask: Option<Runs>,
}

/// A place in the scan with a type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Landmark {
    /// What is there.
    #[serde(rename = "type")]
    pub what: LandmarkType,
    /// Where, in RAS+ mm of the scan.
    pub world: [f64; 3],
    /// In the reader's words.
    #[serde(default)]
    pub note: String,
}

/// What a landmark marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LandmarkType {
    /// A mimic that nobody proposed.
    MimicType(MimicType),
    /// Another finding.
    Other(OtherFinding),
}

/// How good a scan is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageQuality {
    /// For counting microbleeds.
    pub rating: Option<Rating>,
    /// What disturbs it.
    #[serde(default)]
    pub artefacts: Vec<Artefact>,
    /// In the reader's words.
    #[serde(default)]
    pub note: String,
}

/// Whether a reader has finished a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finished {
    /// Yes or no.
    pub is_finished: bool,
}

/// What cannot be said of a scan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum EntryError {
    #[error("a mask: {0}")]
    Runs(#[from] super::runs::RunsError),
    #[error("a finding of one's own needs a mask of at least one voxel; mark it again")]
    NoMask,
    #[error("a mimic was named for what is no rejected finding; reject it, or leave the type out")]
    MimicNotRejected,
    #[error("a landmark at {0:?} mm: expected three finite numbers within 10 m of the scan")]
    Landmark([f64; 3]),
    #[error("a note of {0} characters; the longest is {LONGEST_NOTE}, shorten it")]
    LongNote(usize),
}

impl Mark {
    /// A mark that says nothing but this.
    #[must_use]
    pub fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            mimic: None,
            certainty: None,
            region: None,
            side: None,
            location: None,
            size: None,
            cause: None,
            is_group: false,
            note: String::new(),
            mask: None,
        }
    }
}

impl LandmarkType {
    /// As a reader says it.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::MimicType(mimic) => mimic.in_words(),
            Self::Other(other) => other.in_words(),
        }
    }

    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MimicType(mimic) => mimic.name(),
            Self::Other(other) => other.name(),
        }
    }
}

impl Entry {
    /// Checks that this can be said of a scan of so many voxels; `has_mask` says that what it is about has a
    /// mask already.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn check(&self, voxels: usize, has_mask: bool) -> Result<(), EntryError> {
        let note = match self {
            Self::Finding(mark) => {
                match &mark.mask {
                    Some(runs) if runs.offsets(voxels)?.is_empty() => {
                        return Err(EntryError::NoMask);
                    }
                    None if !has_mask => return Err(EntryError::NoMask),
                    _ => {}
                }
                if mark.mimic.is_some() && mark.verdict != Verdict::Rejected {
                    return Err(EntryError::MimicNotRejected);
                }
                &mark.note
            }
            Self::Landmark(landmark) => {
                let far = |mm: &f64| !mm.is_finite() || mm.abs() > 1e4;
                if landmark.world.iter().any(far) {
                    return Err(EntryError::Landmark(landmark.world));
                }
                &landmark.note
            }
            Self::Quality(quality) => &quality.note,
            Self::Finished(_) => return Ok(()),
        };
        match note.chars().count() {
            long if long > LONGEST_NOTE => Err(EntryError::LongNote(long)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(verdict: Verdict) -> Mark {
        Mark::of(verdict)
    }

    #[test]
    fn what_is_written_reads_back() {
        let said = Entry::Finding(Mark {
            mimic: Some(MimicType::FlowVoid),
            mask: Some(Runs::of(&[3, 4, 9])),
            ..mark(Verdict::Rejected)
        });
        let text = serde_json::to_string(&said).unwrap();
        assert!(
            text.starts_with(r#"{"kind":"finding","verdict":"rejected","mimic":"flow_void""#),
            "{text}"
        );
        assert!(text.contains(r#""mask":[3,2,9,1]"#), "{text}");
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), said);
        let short: Entry =
            serde_json::from_str(r#"{"kind":"finding","verdict":"accepted"}"#).unwrap();
        assert_eq!(short, Entry::Finding(mark(Verdict::Accepted)));
        let place: Entry = serde_json::from_str(
            r#"{"kind":"landmark","type":"siderosis","world":[1,2,3],"note":"here"}"#,
        )
        .unwrap();
        assert!(matches!(
            place,
            Entry::Landmark(Landmark {
                what: LandmarkType::Other(OtherFinding::Siderosis),
                ..
            })
        ));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let said = |entry: Entry, has_mask: bool| entry.check(10, has_mask).unwrap_err();
        let own = Entry::Finding(mark(Verdict::Accepted));
        assert_eq!(said(own.clone(), false), EntryError::NoMask);
        assert_eq!(own.check(10, true), Ok(()));
        let beyond = Mark {
            mask: Some(Runs::of(&[10])),
            ..mark(Verdict::Open)
        };
        assert!(matches!(
            said(Entry::Finding(beyond), true),
            EntryError::Runs(_)
        ));
        let vessel = Mark {
            mimic: Some(MimicType::Vessel),
            ..mark(Verdict::Accepted)
        };
        assert_eq!(
            said(Entry::Finding(vessel), true),
            EntryError::MimicNotRejected
        );
        let quality = Entry::Quality(ImageQuality {
            rating: None,
            artefacts: vec![],
            note: "ä".repeat(4001),
        });
        assert_eq!(said(quality, false), EntryError::LongNote(4001));
        let unknown = r#"{"kind":"finding","verdict":"accepted","colour":"red"}"#;
        assert!(serde_json::from_str::<Entry>(unknown).is_err());
    }
}
