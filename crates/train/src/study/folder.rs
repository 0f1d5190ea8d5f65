//! The folder of a study.

use super::{Cohort, FoldSubjects, Kind};
use crate::run::Setup;
use serde_json::{Value, json};
use siderin_image::folder::{
    FolderError, WorkFolder, WorkFolderError, write_json, write_then_rename,
};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// A study's folder that cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StudyFolderError {
    #[error(
        "opening the study: ‹out› holds one of another kind, config, split or set of scans; give \
         another ‹out›, or the same to go on"
    )]
    Other,
    #[error(transparent)]
    Open(#[from] WorkFolderError),
    #[error("keeping the study: {0}; check the free space and the permissions of ‹out›")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// A study's folder, locked by this process as long as this is held.
pub(super) struct StudyFolder {
    _folder: WorkFolder,
}

const ASKED: &str = "study.json";

impl StudyFolder {
    /// Opens a folder for a study: a new one, or one that asks the same of the same scans.
    pub(super) fn open(
        path: &Path,
        kind: Kind,
        setup: &Setup,
        folds: &[FoldSubjects],
        cohort: &Cohort,
    ) -> Result<Self, StudyFolderError> {
        let folder = WorkFolder::open(path, ASKED)?;
        let folds: BTreeMap<&String, _> = folds.iter().map(|(name, all)| (name, all)).collect();
        let bytes = |path: &Path| fs::metadata(path).map_or(0, |m| m.len());
        let scans: BTreeMap<String, [u64; 2]> = cohort
            .every()
            .into_iter()
            .map(|scan| {
                (
                    scan.name,
                    [bytes(&scan.input.path), bytes(scan.lesions.path())],
                )
            })
            .collect();
        let asked = json!({
            "kind": kind.name(),
            "config": setup.config.without_paths(),
            "folds": folds,
            "scans": scans,
        });
        // As it is read again: numbers may be written otherwise than they were.
        let asked: Value = serde_json::from_str(&asked.to_string()).unwrap_or(asked);
        let file = folder.join(ASKED);
        if file.exists() {
            let there: Option<Value> = serde_json::from_slice(&fs::read(&file)?).ok();
            if there.as_ref() != Some(&asked) {
                return Err(StudyFolderError::Other);
            }
        } else {
            write_then_rename(&file, |partial| write_json(partial, &asked))?;
        }
        Ok(Self { _folder: folder })
    }
}
