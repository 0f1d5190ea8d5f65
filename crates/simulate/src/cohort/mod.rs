//! A cohort: many simulated scans from a small text file, as a BIDS data set.

mod item;

pub use item::{CohortItem, ItemKind};

use super::any_contrast::{ContrastDraw, ContrastError, any_contrast};
use super::any_t2star::{ANY_T2STAR, any_t2star};
use super::files::{VisitFilesError, VisitNames, write_any_contrast, write_visit};
use super::head::Head;
use super::protocol::{Protocol, ProtocolError};
use super::scene::literature_count;
use super::simulation::{Request, SecondVisit, SimulateError, SimulateStage, simulate};
use serde::{Deserialize, Serialize};
use serde_json::json;
use siderin_image::folder::{
    self, FolderError, PartialFolder, Replace, write_synced, write_then_rename,
};
use siderin_image::random::Stream;
use siderin_image::settings::settings;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// What a cohort file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortSpec {
    /// Name of the cohort.
    pub name: String,
    /// Decides everything that is drawn.
    pub seed: u64,
    /// Heads, taken in turn: names of label maps without ending, or `builtin`.
    pub heads: Vec<String>,
    /// Whether T1-weighted images are made.
    #[serde(default)]
    pub t1w: bool,
    /// The scans of one round.
    pub scans: Vec<ScansSpec>,
}

/// Scans with one protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScansSpec {
    /// Name of the protocol, [`ANY_T2STAR`] or [`ANY_CONTRAST`].
    pub protocol: String,
    /// How many.
    pub count: usize,
    /// How many of them have no microbleeds.
    pub without_lesions: usize,
    /// Numbers of microbleeds of the others, taken in turn; as in the literature where there
    /// are none given.
    #[serde(default)]
    pub lesions: Vec<usize>,
    /// A second visit of each.
    #[serde(default)]
    pub second_visit: Option<SecondVisit>,
    /// Name of that visit's protocol; the first one's where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_protocol: Option<String>,
}

/// In place of a protocol: heads in contrasts of all kinds without microbleeds, from which a network
/// learns regions.
pub const ANY_CONTRAST: &str = "any-contrast";

/// A cohort that cannot be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CohortError {
    #[error("reading a cohort: the file cannot be read as one: {reason}")]
    Unreadable { reason: String },
    #[error("reading a cohort: {what}")]
    Impossible { what: String },
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error(
        "making a cohort: ‹out› holds the cohort {there:?} with other settings; give another ‹out›, \
         or the same cohort file and seed"
    )]
    OtherCohort { there: String },
    #[error("making a cohort: {0}; check the free space and the permissions of ‹out›")]
    Io(#[from] io::Error),
    #[error("making a cohort: {0}")]
    Json(#[from] serde_json::Error),
}

/// A scan of the cohort that failed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ItemError {
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    #[error(transparent)]
    Contrast(#[from] ContrastError),
    #[error(transparent)]
    Files(#[from] VisitFilesError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("making a cohort: {0}; check the free space and the permissions of ‹out›")]
    Io(#[from] io::Error),
}

/// Limits that keep a mistyped number from filling memory.
const MOST_SCANS: usize = 10_000;
const MOST_LESIONS: usize = 500;

impl CohortSpec {
    /// Reads a cohort file.
    ///
    /// # Errors
    /// When it is none, or asks for what cannot be.
    pub fn from_toml(text: &str) -> Result<Self, CohortError> {
        let spec: Self = settings(text).map_err(|reason| CohortError::Unreadable { reason })?;
        let impossible = |what: String| Err(CohortError::Impossible { what });
        if spec.heads.is_empty() {
            return impossible(
                "`heads` is empty; name at least one label map, or `builtin`".into(),
            );
        }
        for scans in &spec.scans {
            if let Some(name) = &scans.second_protocol {
                if scans.second_visit.is_none() {
                    return impossible(format!(
                        "`second_protocol` is {name}, but there is no second visit; give `second_visit` too"
                    ));
                }
                Protocol::named(name)?;
            }
            if scans.protocol == ANY_CONTRAST {
                let asks_for_more = !scans.lesions.is_empty()
                    || scans.without_lesions != scans.count
                    || scans.second_visit.is_some()
                    || spec.t1w;
                if asks_for_more {
                    return impossible(format!(
                        "{ANY_CONTRAST} shows heads without microbleeds once; set `without_lesions` to \
                         `count`, and leave out `lesions`, `second_visit` and `t1w`"
                    ));
                }
            } else if scans.protocol != ANY_T2STAR {
                Protocol::named(&scans.protocol)?;
            }
            if scans.without_lesions > scans.count {
                return impossible(format!(
                    "{} of {} scans of {} are to be without lesions; it can be all of them at most",
                    scans.without_lesions, scans.count, scans.protocol
                ));
            }
        }
        for scans in &spec.scans {
            let new = scans.second_visit.map_or(0, |visit| visit.new);
            let most = scans.lesions.iter().copied().max().unwrap_or(0).max(new);
            if scans.count > MOST_SCANS || most > MOST_LESIONS {
                return impossible(format!(
                    "{} scans of {} with up to {most} microbleeds are asked for; {MOST_SCANS} scans \
                     and {MOST_LESIONS} microbleeds are the most",
                    scans.count, scans.protocol
                ));
            }
        }
        if spec.scans.iter().all(|scans| scans.count == 0) {
            return impossible("no scans are asked for; set a `count` under [[scans]]".into());
        }
        Ok(spec)
    }

    /// All scans of `rounds` rounds; each round draws anew, and the first of many is the same
    /// as one alone.
    ///
    /// # Errors
    /// When a protocol is unknown, which reading the file rules out.
    pub fn items(&self, rounds: usize) -> Result<Vec<CohortItem>, CohortError> {
        let mut items = Vec::new();
        let mut heads = HeadOrder::new(self);
        for _ in 0..rounds {
            for scans in &self.scans {
                for n in 0..scans.count {
                    let number = items.len();
                    let subject = format!("sub-{:03}", number + 1);
                    let seed = Stream::new(self.seed, "cohort", number as u64).seed();
                    let head_name = heads.next();
                    let protocol = match scans.protocol.as_str() {
                        ANY_CONTRAST => {
                            let kind = ItemKind::AnyContrast { head_name, seed };
                            items.push(CohortItem { subject, kind });
                            continue;
                        }
                        ANY_T2STAR => any_t2star(seed),
                        name => Protocol::named(name)?,
                    };
                    let lesions = if is_without(n, scans) {
                        0
                    } else if scans.lesions.is_empty() {
                        literature_count(seed)
                    } else {
                        scans.lesions[n % scans.lesions.len()]
                    };
                    items.push(CohortItem {
                        subject,
                        kind: ItemKind::Scan(Request {
                            head_name,
                            seed,
                            protocol,
                            lesions,
                            pattern: None,
                            t1w: self.t1w,
                            // Fewer than asked for are resolved where there are fewer.
                            second_visit: scans.second_visit.map(|visit| SecondVisit {
                                resolved: visit.resolved.min(lesions),
                                ..visit
                            }),
                            second_protocol: scans
                                .second_protocol
                                .as_deref()
                                .map(Protocol::named)
                                .transpose()?,
                        }),
                    });
                }
            }
        }
        Ok(items)
    }
}

/// Every head once, in an order drawn anew for each time around, so that no head goes with a
/// protocol or with scans without lesions.
struct HeadOrder<'a> {
    spec: &'a CohortSpec,
    stream: Stream,
    left: Vec<&'a String>,
}

impl<'a> HeadOrder<'a> {
    fn new(spec: &'a CohortSpec) -> Self {
        Self {
            spec,
            stream: Stream::new(spec.seed, "heads", 0),
            left: Vec::new(),
        }
    }

    fn next(&mut self) -> String {
        if self.left.is_empty() {
            self.left = self.spec.heads.iter().collect();
        }
        self.left
            .swap_remove(self.stream.index(self.left.len()))
            .clone()
    }
}

/// Spreads the scans without lesions evenly over a group.
fn is_without(n: usize, scans: &ScansSpec) -> bool {
    let before = n * scans.without_lesions / scans.count;
    let after = (n + 1) * scans.without_lesions / scans.count;
    after > before
}

/// Whether an entry of a folder is more than what a run leaves that was killed before it named its cohort.
fn is_of_others(entry: fs::DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    !(name.starts_with(".partial-") && name.ends_with("cohort.json"))
}

/// Prepares the folder of a cohort: the files that describe the data set. A folder that holds
/// the same cohort is gone on with.
///
/// # Errors
/// When it holds another cohort, or what the disk says.
pub fn open_cohort(out: &Path, spec: &CohortSpec, items: &[CohortItem]) -> Result<(), CohortError> {
    fs::create_dir_all(out)?;
    let marker = out.join("cohort.json");
    if marker.exists() {
        let there: CohortSpec = serde_json::from_slice(&fs::read(&marker)?)?;
        if there != *spec {
            return Err(CohortError::OtherCohort { there: there.name });
        }
    } else if fs::read_dir(out)?.flatten().any(is_of_others) {
        return Err(CohortError::Impossible {
            what: "‹out› is a folder with other files in it; give an empty or a new one".into(),
        });
    }
    // First of all, so that a folder that is begun can be gone on with.
    write_json(&marker, &serde_json::to_value(spec)?)?;
    let truth = out.join("derivatives/truth");
    fs::create_dir_all(&truth)?;
    let describe = |name: String, kind: &str| {
        json!({
            "Name": name,
            "BIDSVersion": "1.10.0",
            "DatasetType": kind,
            "License": "CC0",
            "GeneratedBy": [{
                "Name": "siderin",
                "Version": env!("CARGO_PKG_VERSION"),
                "Description": "simulated; shows no patient"
            }],
        })
    };
    write_json(
        &out.join("dataset_description.json"),
        &describe(spec.name.clone(), "raw"),
    )?;
    let derived = describe(format!("{}, truth", spec.name), "derivative");
    write_json(&truth.join("dataset_description.json"), &derived)?;
    let mut table = String::from("participant_id\thead\tprotocol\tlesions\tseed\n");
    for item in items {
        table += &format!(
            "{}\t{}\t{}\t{}\t{}\n",
            item.subject,
            item.head_name(),
            item.protocol_name(),
            item.lesions(),
            item.seed()
        );
    }
    // A run with fewer rounds than an earlier one keeps the longer table.
    let participants = out.join("participants.tsv");
    let longer = fs::read_to_string(&participants).is_ok_and(|there| there.starts_with(&table));
    if !longer {
        write_text(&participants, &table)?;
    }
    write_text(&out.join(".bidsignore"), "cohort.json\n*_swi.*\n.*\n")
}

fn write_text(path: &Path, text: &str) -> Result<(), CohortError> {
    write_then_rename(path, |partial| {
        write_synced(partial, |sink| {
            Ok::<_, CohortError>(sink.write_all(text.as_bytes())?)
        })
    })
}

fn write_json(path: &Path, value: &serde_json::Value) -> Result<(), CohortError> {
    write_then_rename(path, |partial| Ok(folder::write_json(partial, value)?))
}

/// Whether a scan of the cohort is there already.
#[must_use]
pub fn is_done(out: &Path, item: &CohortItem) -> bool {
    out.join(&item.subject).is_dir()
}

/// Simulates one scan of the cohort. Its folder appears when all is written, its truth just
/// before; a run that is killed in between makes the scan again.
///
/// # Errors
/// What the simulation or the disk says; the scan is not there then.
pub fn make_item(
    out: &Path,
    item: &CohortItem,
    head: &Head,
    stage: &dyn Fn(SimulateStage),
) -> Result<(), ItemError> {
    let subject = &item.subject;
    let raw = PartialFolder::claim(out, subject, Replace::NotNow)?;
    let truths = out.join("derivatives/truth");
    let left = truths.join(subject);
    if left.exists() {
        fs::remove_dir_all(&left)?;
    }
    let truth = PartialFolder::claim(&truths, subject, Replace::NotNow)?;
    match &item.kind {
        ItemKind::Scan(request) => scan_into(&raw, &truth, subject, request, head, stage)?,
        ItemKind::AnyContrast { seed, .. } => {
            stage(SimulateStage::Person);
            let draw = ContrastDraw::draw(*seed);
            let made = any_contrast(head, &draw)?;
            let folders = [raw.subfolder("anat")?, truth.subfolder("anat")?];
            write_any_contrast(&made, &draw, &folders, subject)?;
        }
    }
    truth.publish()?;
    raw.publish()?;
    Ok(())
}

fn scan_into(
    raw: &PartialFolder,
    truth: &PartialFolder,
    subject: &str,
    request: &Request,
    head: &Head,
    stage: &dyn Fn(SimulateStage),
) -> Result<(), ItemError> {
    let sessions = request.second_visit.is_some();
    simulate(head, request, stage, |visit| {
        let (session, name) = if sessions {
            let session = format!("ses-{}", visit.number);
            (format!("{session}/anat"), format!("{subject}_{session}"))
        } else {
            ("anat".to_string(), subject.to_string())
        };
        let names = VisitNames::bids(
            &raw.subfolder(&session)?,
            &truth.subfolder(&session)?,
            &name,
        );
        Ok(write_visit(&visit, &names)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = r#"
        name = "two"
        seed = 7
        heads = ["a", "b"]
        [[scans]]
        protocol = "3t-gre-1x3"
        count = 4
        without_lesions = 1
        [[scans]]
        protocol = "3t-swi-0.45x1"
        count = 2
        without_lesions = 0
        lesions = [3]
    "#;

    #[test]
    fn a_cohort_is_the_same_however_many_rounds_follow() {
        let spec = CohortSpec::from_toml(SPEC).unwrap();
        let one = spec.items(1).unwrap();
        let two = spec.items(2).unwrap();
        assert_eq!((one.len(), two.len()), (6, 12));
        assert_eq!(one[..], two[..6]);
        assert_ne!(one[0].seed(), two[6].seed());
        let without = one[..4].iter().filter(|i| i.lesions() == 0).count();
        assert_eq!(without, 1);
        assert_eq!(one[4].lesions(), 3);
        // Each pair of scans has both heads, in an order of its own.
        for pair in two.chunks(2) {
            assert_ne!(pair[0].head_name(), pair[1].head_name());
        }
        let many = spec.items(20).unwrap();
        let firsts = many
            .iter()
            .step_by(2)
            .filter(|i| i.head_name() == "a")
            .count();
        // 60 pairs; 15 or fewer the same way around is one chance in 10,000.
        assert!((16..45).contains(&firsts), "{firsts}");
    }

    #[test]
    fn impossible_cohorts_are_refused() {
        let broken = |from: &str, to: &str| {
            CohortSpec::from_toml(&SPEC.replace(from, to))
                .unwrap_err()
                .to_string()
        };
        assert!(broken("\"a\", \"b\"", "").contains("`heads` is empty"));
        assert!(broken("without_lesions = 1", "without_lesions = 9").contains("9 of 4 scans"));
        assert!(broken("3t-gre-1x3", "9t").contains("\"9t\" is not known"));
        assert!(broken("3t-swi-0.45x1", ANY_CONTRAST).contains("set `without_lesions` to"));
        assert!(broken("seed = 7", "sead = 7").contains("sead"));
        assert!(broken("lesions = [3]", "lesions = [100000]").contains("500 microbleeds"));
        assert!(broken("count = 4", "count = 4000000").contains("10000 scans"));
    }

    #[test]
    fn a_cohort_that_was_killed_at_its_very_beginning_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let spec = CohortSpec::from_toml(SPEC).unwrap();
        let items = spec.items(1).unwrap();
        fs::write(folder.path().join(".partial-4194304-cohort.json"), "{").unwrap();
        open_cohort(folder.path(), &spec, &items).unwrap();
        let other = tempfile::tempdir().unwrap();
        fs::write(other.path().join("notes.txt"), "").unwrap();
        assert!(open_cohort(other.path(), &spec, &items).is_err());
    }

    #[test]
    fn another_cohort_is_not_mixed_in() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("cohort");
        let spec = CohortSpec::from_toml(SPEC).unwrap();
        let items = spec.items(1).unwrap();
        open_cohort(&out, &spec, &items).unwrap();
        open_cohort(&out, &spec, &items).unwrap();
        let other = CohortSpec { seed: 8, ..spec };
        assert!(matches!(
            open_cohort(&out, &other, &items),
            Err(CohortError::OtherCohort { .. })
        ));
    }
}
