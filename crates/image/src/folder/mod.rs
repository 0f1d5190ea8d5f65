//! Folders and files that appear complete or not at all.

mod files;
mod lock;
mod name;
mod table;
mod work;

pub use files::{open_file, read_bounded, write_json, write_synced, write_then_rename};
pub use table::Table;
pub use work::{WorkFolder, WorkFolderError};

use lock::Lock;
use name::hidden_name;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A folder that cannot be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum FolderError {
    #[error(
        "writing results: a folder of this name exists; give ‹force› to replace it, or another ‹out›"
    )]
    Exists,
    #[error("writing results: a folder of this name exists; give another ‹out›, or remove it")]
    ExistsForGood,
    #[error("writing results: ‹out› must end in the name of a folder to make")]
    NoName,
    #[error(
        "writing results: another run is writing this scan's folder; wait for it or give another ‹out›"
    )]
    Busy,
    #[error(
        "writing results: {0}; check that ‹out› is a folder, its free space and its permissions"
    )]
    Io(#[from] io::Error),
    #[error(
        "writing results: a folder of this name holds other files, such as {example:?}; ‹force› replaces results only, give another ‹out›"
    )]
    ForeignFiles { example: String },
}

/// What may happen to a folder that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// It is kept; only an empty one is taken.
    Never,
    /// It is kept, but the user could allow to replace it.
    NotNow,
    /// It is replaced if it holds nothing but files of these names.
    Only(&'static [&'static str]),
}

/// A folder that is being filled under another name, locked by this process.
#[derive(Debug)]
pub struct PartialFolder {
    partial: PathBuf,
    /// Where what it replaces waits until it is in place.
    old: PathBuf,
    target: PathBuf,
    replace: Replace,
    /// Held until this is dropped.
    _lock: Lock,
}

impl PartialFolder {
    /// Claims `out/name` before any work is done: fails early where it exists and may not be
    /// replaced, or where another run is at it. What an earlier, killed run left is put back
    /// or removed.
    ///
    /// # Errors
    /// [`FolderError`]: it exists, it is being written, or what the disk says.
    pub fn claim(out: &Path, name: &str, replace: Replace) -> Result<Self, FolderError> {
        let target = out.join(name);
        check_replaceable(&target, replace)?;
        fs::create_dir_all(out)?;
        let lock = Lock::take(&out.join(hidden_name("", name, ".lock")))?;
        let lock = lock.ok_or(FolderError::Busy)?;
        // Another run may have finished it before this one held the lock.
        check_replaceable(&target, replace)?;
        let partial = out.join(hidden_name("", name, ".partial"));
        if partial.exists() {
            fs::remove_dir_all(&partial)?;
        }
        let old = out.join(hidden_name("", name, ".old"));
        if old.exists() {
            // A run was killed between its two renames, or before it removed what it replaced.
            if target.exists() {
                fs::remove_dir_all(&old)?;
            } else {
                fs::rename(&old, &target)?;
                check_replaceable(&target, replace)?;
            }
        }
        fs::create_dir(&partial)?;
        Ok(Self {
            partial,
            old,
            target,
            replace,
            _lock: lock,
        })
    }

    /// Claims the folder `target` as [`PartialFolder::claim`] does.
    ///
    /// # Errors
    /// As there, and when the path ends in no name.
    pub fn claim_at(target: &Path, replace: Replace) -> Result<Self, FolderError> {
        let name = target
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or(FolderError::NoName)?;
        let parent = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        Self::claim(parent, name, replace)
    }

    /// Where a file of the folder is to be written.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.partial.join(file)
    }

    /// Makes a folder in the folder and says where it is.
    ///
    /// # Errors
    /// What the disk says.
    pub fn subfolder(&self, name: &str) -> Result<PathBuf, FolderError> {
        let path = self.partial.join(name);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// Puts the folder in its place by renaming: a killed run leaves no half folder. Killed
    /// between the two renames of a replacement, it leaves the old folder under a hidden name,
    /// from which the next run puts it back. Returns where the folder is.
    ///
    /// # Errors
    /// What the disk says; nothing is left behind then.
    pub fn publish(self) -> Result<PathBuf, FolderError> {
        check_replaceable(&self.target, self.replace)?;
        sync_folders(&self.partial)?;
        if self.target.exists() {
            fs::rename(&self.target, &self.old)?;
            if let Err(error) = fs::rename(&self.partial, &self.target) {
                fs::rename(&self.old, &self.target)?;
                return Err(error.into());
            }
            fs::remove_dir_all(&self.old)?;
        } else {
            fs::rename(&self.partial, &self.target)?;
        }
        // The rename itself must survive a power cut, where the system can promise that.
        if let Some(Ok(parent)) = self.target.parent().map(File::open) {
            let _ = parent.sync_all();
        }
        Ok(self.target.clone())
    }
}

impl Drop for PartialFolder {
    /// Leaves nothing behind but the target. Failing to clean up is no failure of the run.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.partial);
    }
}

/// Has the disk confirm which files a folder and those below it hold, where the system can do that: what is renamed
/// before may be empty after a power cut.
fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// An absent or empty target, or one that may be replaced.
fn check_replaceable(target: &Path, replace: Replace) -> Result<(), FolderError> {
    if !target.exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(target)?;
    let allowed = match replace {
        Replace::Never if entries.next().is_none() => return Ok(()),
        Replace::Never => return Err(FolderError::ExistsForGood),
        Replace::NotNow => return Err(FolderError::Exists),
        Replace::Only(names) => names,
    };
    for entry in entries {
        let name = entry?.file_name();
        if !allowed.iter().any(|file| name == *file) {
            let example = name.to_string_lossy().into_owned();
            return Err(FolderError::ForeignFiles { example });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESULTS: Replace = Replace::Only(&["lesions.json"]);

    #[test]
    fn a_name_is_claimed_once_and_given_back() {
        let out = tempfile::tempdir().unwrap();
        let first = PartialFolder::claim(out.path(), "scan.01", Replace::NotNow).unwrap();
        assert!(matches!(
            PartialFolder::claim(out.path(), "scan.01", Replace::NotNow),
            Err(FolderError::Busy)
        ));
        drop(first);
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
        fs::create_dir(out.path().join("scan.01")).unwrap();
        assert!(matches!(
            PartialFolder::claim(out.path(), "scan.01", Replace::NotNow),
            Err(FolderError::Exists)
        ));
        assert!(PartialFolder::claim(out.path(), "scan.01", RESULTS).is_ok());
    }

    #[test]
    fn only_results_are_replaced_and_replaced_ones_come_back() {
        let out = tempfile::tempdir().unwrap();
        let scan = out.path().join("scan");
        fs::create_dir(&scan).unwrap();
        fs::write(scan.join("slice.dcm"), b"irreplaceable").unwrap();
        assert!(matches!(
            PartialFolder::claim(out.path(), "scan", RESULTS),
            Err(FolderError::ForeignFiles { .. })
        ));
        assert!(scan.join("slice.dcm").exists());
        // Killed between the renames: the old results wait under the hidden name.
        let old = out.path().join(".done.old");
        fs::create_dir(&old).unwrap();
        fs::write(old.join("lesions.json"), b"{}").unwrap();
        assert!(matches!(
            PartialFolder::claim(out.path(), "done", Replace::NotNow),
            Err(FolderError::Exists)
        ));
        assert!(out.path().join("done/lesions.json").exists() && !old.exists());
    }

    #[test]
    fn what_a_killed_run_left_is_taken_over() {
        let out = tempfile::tempdir().unwrap();
        fs::create_dir(out.path().join(".a.partial")).unwrap();
        fs::write(out.path().join(".a.partial/half"), b"x").unwrap();
        let folder = PartialFolder::claim(out.path(), "a", Replace::NotNow).unwrap();
        assert_eq!(fs::read_dir(&folder.partial).unwrap().count(), 0);
        assert_eq!(folder.publish().unwrap(), out.path().join("a"));
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
    }

    #[test]
    fn long_names_leave_nothing_behind() {
        let out = tempfile::tempdir().unwrap();
        for length in [249, 251, 255] {
            let name = "頭".repeat(length / 3) + &"x".repeat(length % 3);
            let folder = PartialFolder::claim(out.path(), &name, Replace::NotNow).unwrap();
            fs::write(folder.path("a"), b"x").unwrap();
            assert_eq!(folder.publish().unwrap(), out.path().join(&name));
            assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1, "{length}");
            fs::remove_dir_all(out.path().join(&name)).unwrap();
        }
        let name = "x".repeat(256);
        let folder = PartialFolder::claim(out.path(), &name, Replace::NotNow).unwrap();
        assert!(folder.publish().is_err());
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_empty_folder_is_taken_and_a_full_one_is_kept() {
        let out = tempfile::tempdir().unwrap();
        fs::create_dir(out.path().join("a")).unwrap();
        let folder = PartialFolder::claim(out.path(), "a", Replace::Never).unwrap();
        fs::write(folder.path("new"), b"x").unwrap();
        folder.publish().unwrap();
        assert!(out.path().join("a/new").exists());
        assert!(matches!(
            PartialFolder::claim(out.path(), "a", Replace::Never),
            Err(FolderError::ExistsForGood)
        ));
    }
}
