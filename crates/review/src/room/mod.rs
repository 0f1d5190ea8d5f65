//! Which scans are open.

mod image;
mod loaded;
mod partner;
mod place;

pub use image::{DisplayWindow, image_bytes};
pub use loaded::{LoadScanError, LoadedScan, Loader};
pub use partner::{Partner, PartnerError, PartnerKind};
pub use place::{RoomError, check_there, default_folder};

use crate::store::{Store, StoreError};
use siderin_evaluate::subject_of;
use siderin_image::scan::{Input, expand_input};
use std::path::{Path, PathBuf};

/// A scan of the room.
#[derive(Debug, Clone)]
pub struct RoomScan {
    /// Its number in the store.
    pub id: i64,
    /// Its name: that of the file without its ending.
    pub name: String,
    /// Its folder, from the one that was opened.
    pub folder: String,
    /// Where it is, and what belongs to it.
    pub input: Input,
    /// The text of the radiology report beside it.
    pub report_text: Option<PathBuf>,
    /// Other images that can be looked at beside it.
    pub partners: Vec<Partner>,
}

/// The scans that were opened together.
#[derive(Debug)]
pub struct Room {
    /// By the order in which they were given.
    pub scans: Vec<RoomScan>,
    /// What was left out, and why.
    pub left_out: Vec<String>,
}

impl Room {
    /// Finds the scans of files and folders, and gives each its number in the store of `folder`.
    ///
    /// # Errors
    /// When none of them holds a scan, or the store refuses.
    pub fn open(paths: &[PathBuf], folder: &Path, store: &Store) -> Result<Self, RoomError> {
        let mut scans: Vec<RoomScan> = Vec::new();
        let mut left_out = Vec::new();
        for path in paths {
            if !path.exists() {
                left_out.push(place::not_there(path));
                continue;
            }
            match expand_input(path) {
                Ok(found) => {
                    let parts = found.unreachable.iter();
                    left_out.extend(parts.map(|part| format!("{}: {part}", part.name())));
                    for input in found.scans {
                        let scan = scan(path, input, folder, store)?;
                        if scans.iter().all(|known| known.id != scan.id) {
                            scans.push(scan);
                        }
                    }
                }
                Err(error) => left_out.push(error.to_string()),
            }
        }
        if scans.is_empty() {
            let why = left_out.into_iter().next();
            return Err(RoomError::Empty {
                why: why.unwrap_or_else(|| "nothing was given".into()),
            });
        }
        let others: Vec<(i64, String)> = scans
            .iter()
            .map(|scan| (scan.id, scan.name.clone()))
            .collect();
        for scan in &mut scans {
            scan.partners = partner::partners(scan, &others);
        }
        Ok(Self { scans, left_out })
    }

    /// The scan of a number.
    #[must_use]
    pub fn scan(&self, id: i64) -> Option<&RoomScan> {
        self.scans.iter().find(|scan| scan.id == id)
    }
}

fn scan(opened: &Path, input: Input, folder: &Path, store: &Store) -> Result<RoomScan, StoreError> {
    let place = place::place_of(&input.path, folder);
    let row = store.scan(&place)?;
    let from = if opened.is_dir() {
        opened
    } else {
        Path::new("")
    };
    let inner = input.path.strip_prefix(from).unwrap_or(&input.path);
    Ok(RoomScan {
        id: row.id,
        name: input.stem.clone(),
        folder: inner
            .parent()
            .map(|parent| parent.to_string_lossy().into_owned())
            .filter(|_| opened.is_dir())
            .unwrap_or_default(),
        report_text: place::report_beside(&input.path),
        partners: Vec::new(),
        input,
    })
}

/// Whether two scans are of one person by their names.
fn is_same_subject(a: &str, b: &str) -> bool {
    subject_of(a) == subject_of(b)
}
