//! What readers' decisions make of a scan.

mod consensus;
mod maps;
mod words;

pub use consensus::{ConsensusPlace, consensus_findings, consensus_places};
pub use maps::{pack, unpack};
pub use words::in_words;

use crate::annotate::{
    Entry, Finding, ImageQuality, Landmark, Proposed, ReadLesion, RegionsOfScan, RunsError, Site,
    Verdict,
};
use crate::store::{RunRow, Store, StoreError};
use siderin_core::forms::Forms;
use siderin_image::volume::Grid;
use std::collections::HashMap;

/// The findings of a run with what one reader says of them, and all else the reader says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The program's by falling confidence, then the reader's own as they came.
    pub findings: Vec<Finding>,
    /// Landmarks by item.
    pub landmarks: Vec<(String, Landmark)>,
    /// How good the scan is.
    pub quality: Option<ImageQuality>,
    /// Whether the reader has finished the scan.
    pub is_finished: bool,
}

/// A reading that cannot be put together.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ReadingError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("reading what was kept of a mask: {0}; please report this as a fault")]
    Mask(#[from] RunsError),
}

/// How many of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Findings accepted.
    pub accepted: usize,
    /// Not decided.
    pub open: usize,
    /// Rejected.
    pub rejected: usize,
    /// The reader's own among those accepted.
    pub added: usize,
}

/// What a run proposes, unpacked once.
#[derive(Debug)]
pub struct Proposals {
    /// The run, where one was made.
    pub run: Option<RunRow>,
    /// Its findings by item.
    pub findings: Vec<(String, Proposed)>,
    /// Its regions.
    pub regions: Option<RegionsOfScan>,
}

impl Proposals {
    /// Those of the scan's last run.
    ///
    /// # Errors
    /// [`ReadingError`].
    pub fn of(store: &Store, scan: i64, grid: &Grid) -> Result<Self, ReadingError> {
        let Some(run) = store.runs(scan)?.into_iter().next() else {
            return Ok(Self {
                run: None,
                findings: Vec::new(),
                regions: None,
            });
        };
        let mut findings = Vec::new();
        for row in store.findings(run.id)? {
            let proposed = Proposed {
                confidence: row.confidence,
                certainty: row.certainty,
                voxels: row.mask.offsets(grid.voxel_count())?,
            };
            findings.push((format!("f{}", row.number), proposed));
        }
        let packed = store.maps(run.id)?.and_then(|(_, regions)| regions);
        let regions = packed.and_then(|packed| unpack(&packed, grid));
        Ok(Self {
            run: Some(run),
            findings,
            regions: regions.map(RegionsOfScan::new),
        })
    }

    /// The scan as findings see it.
    #[must_use]
    pub fn site<'a>(&'a self, grid: &'a Grid) -> Site<'a> {
        Site {
            grid,
            regions: self.regions.as_ref(),
        }
    }
}

impl Reading {
    /// What a reader says of the proposals of a scan now.
    ///
    /// # Errors
    /// [`ReadingError`].
    pub fn of(
        store: &Store,
        scan: i64,
        reader: &str,
        proposals: &Proposals,
    ) -> Result<Self, ReadingError> {
        let mut reading = Self::default();
        let mut marks = HashMap::new();
        let mut own = Vec::new();
        for said in store.said(scan, reader)? {
            match said.entry {
                Entry::Finding(mark) if said.item.starts_with('f') => {
                    marks.insert(said.item, mark);
                }
                Entry::Finding(mark) => own.push(Finding {
                    item: said.item,
                    proposed: None,
                    mark: Some(mark),
                }),
                Entry::Landmark(landmark) => reading.landmarks.push((said.item, landmark)),
                Entry::Quality(quality) => reading.quality = Some(quality),
                Entry::Finished(finished) => reading.is_finished = finished.is_finished,
            }
        }
        let proposed = proposals.findings.iter();
        reading.findings = proposed
            .map(|(item, proposed)| Finding {
                mark: marks.remove(item),
                item: item.clone(),
                proposed: Some(proposed.clone()),
            })
            .chain(own)
            .collect();
        Ok(reading)
    }

    /// The finding of an item.
    #[must_use]
    pub fn finding(&self, item: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.item == item)
    }

    /// The lesions of all findings that were accepted, numbered from 1.
    ///
    /// # Errors
    /// [`ReadingError`].
    pub fn lesions(&self, site: &Site) -> Result<Vec<ReadLesion>, ReadingError> {
        let mut lesions = Vec::new();
        let accepted = |finding: &&Finding| finding.verdict() == Verdict::Accepted;
        for finding in self.findings.iter().filter(accepted) {
            lesions.extend(finding.lesions(site)?);
        }
        for (n, read) in lesions.iter_mut().enumerate() {
            read.lesion.id = u16::try_from(n + 1).unwrap_or(u16::MAX);
        }
        Ok(lesions)
    }

    /// How many findings are what.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for finding in &self.findings {
            match finding.verdict() {
                Verdict::Accepted => {
                    tally.accepted += 1;
                    tally.added += usize::from(finding.proposed.is_none());
                }
                Verdict::Open => tally.open += 1,
                Verdict::Rejected => tally.rejected += 1,
            }
        }
        tally
    }
}

/// The forms of a reader's lesions: certainty is as said or measured for each.
#[must_use]
pub fn forms(lesions: &[ReadLesion]) -> Forms {
    let counted: Vec<_> = lesions.iter().map(|read| read.counted).collect();
    Forms::count(&counted, 0.0)
}
