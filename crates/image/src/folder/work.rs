//! Folders that are worked in again and again.

use super::lock::Lock;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A folder that is worked in again and again, by one process at a time.
#[derive(Debug)]
pub struct WorkFolder {
    path: PathBuf,
    /// Held until this is dropped.
    _lock: Lock,
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
        let lock = Lock::take(&path.join(".lock"))?.ok_or(WorkFolderError::Busy)?;
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
