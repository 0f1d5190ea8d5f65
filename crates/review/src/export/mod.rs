//! What leaves the room: a folder of readings, and a data set to train on.
//!
//! ```text
//! anna-20260131T093000/
//!   README.txt
//!   readings/SCAN/      lesions.json, .csv, .nii.gz, forms, report.html, report.pdf, audit.csv
//!   dataset/            scans that were finished, as `siderin train --data` takes them
//! ```

mod audit;
mod dataset;
mod report;

pub use audit::write_audit;
pub use report::report_of;

use crate::reading::{Proposals, Reading, ReadingError};
use crate::room::{LoadedScan, RoomScan};
use crate::store::{Event, Store, StoreError};
use dataset::DatasetError;
use siderin_core::RESEARCH_USE;
use siderin_image::folder::{FolderError, PartialFolder, Replace, write_synced};
use siderin_image::volume::Volume;
use siderin_report::{Paper, ReadingReport, ReportError, write_reading};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A scan to be exported.
#[derive(Debug)]
pub struct Exported<'a> {
    /// Where it is, and its name.
    pub scan: &'a RoomScan,
    /// Its voxels.
    pub loaded: &'a LoadedScan,
    /// What was proposed.
    pub proposals: &'a Proposals,
    /// What was decided.
    pub reading: &'a Reading,
    /// Who decided, in words.
    pub reader: String,
    /// The trail of it.
    pub trail: Vec<Event>,
    /// The brain that the run found.
    pub brain: Option<&'a Volume<bool>>,
}

/// An export that cannot be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ExportError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Reading(#[from] ReadingError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("exporting: the disk refused ({0}); check free space and permissions")]
    Io(#[from] std::io::Error),
}

/// A folder that is being filled: each scan is added by itself, so that one is in memory at a time.
#[derive(Debug)]
pub struct Export {
    folder: PartialFolder,
    names: dataset::Names,
    scans: usize,
}

impl Export {
    /// Begins an export in `folder`, named after who decided and when (in UTC, from the store).
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn begin(folder: &Path, who: &str, store: &Store) -> Result<Self, ExportError> {
        let time = store.time()?;
        let digits: String = time
            .chars()
            .take(19)
            .filter(|c| !['-', ':'].contains(c))
            .collect();
        let name = format!("{}-{digits}", file_name(who));
        let exports = folder.join("exports");
        // Others of the same second have numbers behind.
        const MOST_OF_A_SECOND: usize = 100;
        let mut number = 1;
        let folder = loop {
            let name = match number {
                1 => name.clone(),
                _ => format!("{name}-{number}"),
            };
            number += 1;
            match PartialFolder::claim(&exports, &name, Replace::NotNow) {
                Err(FolderError::Exists | FolderError::Busy) if number < MOST_OF_A_SECOND => {}
                claimed => break claimed?,
            }
        };
        Ok(Self {
            folder,
            names: dataset::Names::default(),
            scans: 0,
        })
    }

    /// Adds a scan: its reading, and to the data set if it was finished. Nothing of a scan that cannot be added
    /// stays among the readings.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn add(&mut self, exported: &Exported, paper: Paper) -> Result<(), ExportError> {
        let report = report_of(exported)?;
        let name = file_name(&exported.scan.name);
        // Scans of two folders may have one name.
        let name = if self.folder.path(&format!("readings/{name}")).exists() {
            format!("{name}-{}", exported.scan.id)
        } else {
            name
        };
        let place = self.folder.subfolder(&format!("readings/{name}"))?;
        let added = self.fill(&place, exported, &report, paper);
        match added {
            Ok(()) => self.scans += 1,
            Err(_) => std::fs::remove_dir_all(&place)?,
        }
        added
    }

    fn fill(
        &mut self,
        place: &Path,
        exported: &Exported,
        report: &ReadingReport,
        paper: Paper,
    ) -> Result<(), ExportError> {
        write_reading(place, report, paper)?;
        write_synced(&place.join("audit.csv"), |sink| {
            write_audit(sink, &exported.reader, &exported.trail)
                .map_err(|error| std::io::Error::other(error.to_string()))
        })?;
        if exported.reading.is_finished {
            let folder = self.folder.subfolder("dataset")?;
            dataset::add(&folder, exported, report, &mut self.names)?;
        }
        Ok(())
    }

    /// Puts the folder in its place; says where it is and how many scans it holds.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn end(self) -> Result<(PathBuf, usize), ExportError> {
        write_synced(&self.folder.path("README.txt"), |sink| {
            write!(
                sink,
                "Readings of {} scans.\n\n\
                 readings/   what was decided of each scan, with its report and the trail of decisions\n\
                 dataset/    the scans that were finished, with their masks: `siderin train CONFIG --data dataset`\n\n\
                 {RESEARCH_USE}\n",
                self.scans
            )
        })?;
        Ok((self.folder.publish()?, self.scans))
    }
}

/// A name that every file system takes.
fn file_name(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let clean = clean.trim_start_matches('.');
    if clean.is_empty() {
        "scan".into()
    } else {
        clean.into()
    }
}
