//! One folder per scan, complete or not there at all.

use super::document::{Document, Findings};
use super::{page, tables};
use crate::lesion::label_volume;
use crate::scan::nifti::{WriteError, write_volume};
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A result folder that cannot be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum FolderError {
    #[error(
        "writing results: a folder of this name exists; give --force to replace it, or another --out"
    )]
    Exists,
    #[error(
        "writing results: another run is writing this scan's folder; wait for it or give another --out"
    )]
    Busy,
    #[error("writing results: {0}; check free space and permissions of --out")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Labels(#[from] WriteError),
    #[error("writing results: {0}")]
    Table(#[from] csv::Error),
    #[error("writing results: {0}")]
    Json(#[from] serde_json::Error),
    #[error("writing results: the report cannot be made ({0}); please report this as a fault")]
    Page(#[from] minijinja::Error),
}

/// A folder that is being filled under another name, locked by this process.
#[derive(Debug)]
pub struct PartialFolder {
    partial: PathBuf,
    target: PathBuf,
    lock: File,
    force: bool,
}

/// Claims `out/name` before any work is done: fails early where it exists and `force` is
/// not set, or where another run is at it. What an earlier, killed run left is removed.
///
/// # Errors
/// [`FolderError::Exists`], [`FolderError::Busy`], or what the disk says.
pub fn prepare_folder(out: &Path, name: &str, force: bool) -> Result<PartialFolder, FolderError> {
    let target = out.join(name);
    if target.exists() && !force {
        return Err(FolderError::Exists);
    }
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
    fs::create_dir(&partial)?;
    Ok(PartialFolder {
        partial,
        target,
        lock,
        force,
    })
}

/// Writes all files and puts the folder in its place by renaming, so that a killed run
/// leaves the old folder or the new one, never a half. Returns where it is.
///
/// # Errors
/// What the disk says; nothing is left behind then.
pub fn write_folder(folder: PartialFolder, findings: &Findings) -> Result<PathBuf, FolderError> {
    let at = |name: &str| folder.partial.join(name);
    write_synced(&at("lesions.json"), |sink| {
        serde_json::to_writer_pretty(&mut *sink, &Document::of(findings))?;
        Ok(sink.write_all(b"\n")?)
    })?;
    write_synced(&at("lesions.csv"), |sink| {
        Ok(tables::write_lesions(sink, findings.lesions)?)
    })?;
    write_synced(&at("candidates.csv"), |sink| {
        Ok(tables::write_candidates(sink, findings.candidates)?)
    })?;
    let labels = label_volume(findings.scan.magnitude.grid(), findings.lesions);
    write_volume(&at("lesions.nii.gz"), &labels)?;
    drop(labels);
    let html = page::render(findings)?;
    write_synced(&at("report.html"), |sink| {
        Ok(sink.write_all(html.as_bytes())?)
    })?;
    folder.publish()
}

impl PartialFolder {
    fn publish(self) -> Result<PathBuf, FolderError> {
        if self.target.exists() {
            if !self.force {
                return Err(FolderError::Exists);
            }
            let old = self.partial.with_extension("old");
            if old.exists() {
                fs::remove_dir_all(&old)?;
            }
            fs::rename(&self.target, &old)?;
            fs::rename(&self.partial, &self.target)?;
            fs::remove_dir_all(&old)?;
        } else {
            fs::rename(&self.partial, &self.target)?;
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

/// Writes a file and has the disk confirm it.
fn write_synced(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), FolderError>,
) -> Result<(), FolderError> {
    let mut sink = BufWriter::new(File::create(path)?);
    fill(&mut sink)?;
    let file = sink.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(file.sync_all()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_claimed_once_and_given_back() {
        let out = tempfile::tempdir().unwrap();
        let first = prepare_folder(out.path(), "scan.01", false).unwrap();
        assert!(matches!(
            prepare_folder(out.path(), "scan.01", false),
            Err(FolderError::Busy)
        ));
        drop(first);
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
        fs::create_dir(out.path().join("scan.01")).unwrap();
        assert!(matches!(
            prepare_folder(out.path(), "scan.01", false),
            Err(FolderError::Exists)
        ));
        assert!(prepare_folder(out.path(), "scan.01", true).is_ok());
    }

    #[test]
    fn what_a_killed_run_left_is_taken_over() {
        let out = tempfile::tempdir().unwrap();
        fs::create_dir(out.path().join(".a.partial")).unwrap();
        fs::write(out.path().join(".a.partial/half"), b"x").unwrap();
        let folder = prepare_folder(out.path(), "a", false).unwrap();
        assert_eq!(fs::read_dir(&folder.partial).unwrap().count(), 0);
        assert_eq!(folder.publish().unwrap(), out.path().join("a"));
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
    }
}
