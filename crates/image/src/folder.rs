//! Folders that appear complete or not at all.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Read, Write};
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
    target: PathBuf,
    lock: File,
    replace: Replace,
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
        let lock = File::create(out.join(format!(".{name}.lock")))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let partial = out.join(format!(".{name}.partial"));
        if partial.exists() {
            fs::remove_dir_all(&partial)?;
        }
        let old = partial.with_extension("old");
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
            target,
            lock,
            replace,
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
        if self.target.exists() {
            let old = self.partial.with_extension("old");
            fs::rename(&self.target, &old)?;
            if let Err(error) = fs::rename(&self.partial, &self.target) {
                fs::rename(&old, &self.target)?;
                return Err(error.into());
            }
            fs::remove_dir_all(&old)?;
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
        let lock = self.partial.with_extension("lock");
        let _ = fs::remove_file(lock);
        let _ = self.lock.unlock();
    }
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

/// A folder that is worked in again and again, by one process at a time.
#[derive(Debug)]
pub struct WorkFolder {
    path: PathBuf,
    /// Held open: the lock goes with it.
    _lock: File,
}

/// A folder that cannot be worked in.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum WorkFolderError {
    #[error("opening ‹out›: it holds other files; give an empty folder or a new one")]
    Foreign,
    #[error("opening ‹out›: another process works in it; wait for it")]
    Busy,
    #[error("opening ‹out›: {0}; check its free space and its permissions")]
    Io(#[from] io::Error),
}

impl WorkFolder {
    /// Opens `path`: a folder that is new or empty, or one that holds the file `marker`, with which
    /// the work in it was begun.
    ///
    /// # Errors
    /// [`WorkFolderError`].
    pub fn open(path: &Path, marker: &str) -> Result<Self, WorkFolderError> {
        fs::create_dir_all(path)?;
        let lock = File::create(path.join(".lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(WorkFolderError::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let is_visible =
            |entry: fs::DirEntry| !entry.file_name().to_string_lossy().starts_with('.');
        if !path.join(marker).exists() && fs::read_dir(path)?.flatten().any(is_visible) {
            return Err(WorkFolderError::Foreign);
        }
        Ok(Self {
            path: path.to_path_buf(),
            _lock: lock,
        })
    }

    /// A file in it.
    #[must_use]
    pub fn join(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }
}

/// Lets `write` fill a file under a hidden name beside `path` (with the same endings) and
/// renames it: the file is complete or as it was.
///
/// # Errors
/// What `write` or the disk says; nothing is left behind then.
pub fn write_then_rename<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".partial-{}-{name}", std::process::id()));
    let done = write(&partial).and_then(|()| Ok(fs::rename(&partial, path)?));
    if done.is_err() {
        // Failing to clean up is no second failure.
        let _ = fs::remove_file(&partial);
    }
    done
}

/// Writes a file and has the disk confirm it.
///
/// # Errors
/// What `fill` or the disk says.
pub fn write_synced<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Result<(), E> {
    let mut sink = BufWriter::new(File::create(path)?);
    fill(&mut sink)?;
    sink.flush()?;
    let file = sink.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(file.sync_all()?)
}

/// Writes a value as indented JSON that ends in a line, and has the disk confirm it.
///
/// # Errors
/// What the disk says.
pub fn write_json(path: &Path, value: &impl serde::Serialize) -> io::Result<()> {
    write_synced(path, |sink| {
        serde_json::to_writer_pretty(&mut *sink, value)?;
        sink.write_all(b"\n")
    })
}

/// Reads a small file whole; none where it is larger than `limit_mb`.
///
/// # Errors
/// What the disk says.
pub fn read_bounded(path: &Path, limit_mb: u64) -> io::Result<Option<Vec<u8>>> {
    let limit = limit_mb * 1_000_000;
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
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
