//! Scans in memory.

use super::RoomScan;
use super::image::DisplayWindow;
use crate::store::{Store, StoreError};
use siderin_image::scan::{Given, ReadLimits, ReadScanError, Scan, read_scan};
use std::sync::{Arc, Mutex, PoisonError};

/// A scan that was read.
#[derive(Debug)]
pub struct LoadedScan {
    /// As read, with its companions.
    pub scan: Scan,
    /// How it is shown at first.
    pub window: DisplayWindow,
}

/// A scan that cannot be shown.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LoadScanError {
    #[error(transparent)]
    Read(#[from] ReadScanError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "reading the scan: its voxels are not those that were reviewed (now {now}, then {then}); bring the old file back, or review this one with another ‹out›"
    )]
    Changed { now: String, then: String },
}

/// The most scans held in memory: two visits, and the one that was looked at before.
const HELD: usize = 3;

/// Reads scans and holds the last ones.
#[derive(Debug, Default)]
pub struct Loader {
    held: Mutex<Vec<(i64, Arc<LoadedScan>)>>,
}

impl Loader {
    /// The scan, from memory or read now.
    ///
    /// # Errors
    /// When it cannot be read, or is not what it was when its review began.
    pub fn load(
        &self,
        scan: &RoomScan,
        store: &Mutex<Store>,
    ) -> Result<Arc<LoadedScan>, LoadScanError> {
        // Reading under the lock: two requests for one scan read it once.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = held.iter().position(|(id, _)| *id == scan.id) {
            let found = held.remove(at);
            let loaded = found.1.clone();
            held.push(found);
            return Ok(loaded);
        }
        let read = read_scan(&scan.input, &Given::default(), ReadLimits::default())?;
        let now = fingerprint(&read);
        let then = store
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .hold_fingerprint(scan.id, &now)?;
        if now != then {
            return Err(LoadScanError::Changed { now, then });
        }
        let loaded = Arc::new(LoadedScan {
            window: DisplayWindow::of(&read.magnitude),
            scan: read,
        });
        if held.len() >= HELD {
            held.remove(0);
        }
        held.push((scan.id, loaded.clone()));
        Ok(loaded)
    }
}

/// Tells one scan from another: its shape, its place and all its voxels. Not secret, and not meant to withstand
/// anybody.
fn fingerprint(scan: &Scan) -> String {
    // The multiplier of FNV-1a, over whole words.
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut take = |word: u64| hash = (hash ^ word).wrapping_mul(PRIME).rotate_left(23);
    let grid = scan.magnitude.grid();
    for extent in grid.shape() {
        take(extent as u64);
    }
    for value in grid.affine_rows().iter().flatten() {
        // A thousandth of a millimetre: files store seven digits.
        take(((value * 1e3).round() as i64) as u64);
    }
    for value in scan.magnitude.voxels() {
        take(u64::from(value.to_bits()));
    }
    let [x, y, z] = grid.shape();
    format!("{x}x{y}x{z}-{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::Room;
    use siderin_image::scan::nifti::write_volume;
    use siderin_image::volume::{Grid, Volume};

    #[test]
    fn a_scan_that_changed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scan.nii");
        let grid = Grid::axis_aligned([6, 5, 4], [1.0; 3]).unwrap();
        let volume = Volume::from_fn(&grid, |[i, j, k]| (i + j * k) as f32);
        write_volume(&path, &volume).unwrap();
        let review = folder.path().join("review");
        std::fs::create_dir(&review).unwrap();
        let store = Store::open(&review).unwrap();
        let room = Room::open(std::slice::from_ref(&path), &review, &store).unwrap();
        let store = Mutex::new(store);
        let scan = room.scan(1).unwrap();
        assert!(Loader::default().load(scan, &store).is_ok());
        assert!(Loader::default().load(scan, &store).is_ok());
        let mut other = volume;
        other.set([3, 3, 3], 77.0);
        write_volume(&path, &other).unwrap();
        let said = Loader::default()
            .load(scan, &store)
            .unwrap_err()
            .to_string();
        assert!(said.contains("not those that were reviewed"), "{said}");
    }
}
