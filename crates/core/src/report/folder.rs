//! One folder per scan, complete or not there at all.

use super::document::{Document, Findings};
use super::{page, tables};
use crate::lesion::label_volume;
use crate::scan::nifti::{WriteError, write_volume_placed};
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
    #[error(
        "writing results: {0}; check that --out is a folder, its free space and its permissions"
    )]
    Io(#[from] io::Error),
    #[error(
        "writing results: a folder of this name holds other files, such as {example:?}; --force replaces results only, give another --out"
    )]
    ForeignFiles { example: String },
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

/// All a result folder holds; one with anything else in it is never replaced.
const RESULT_FILES: [&str; 5] = [
    "lesions.json",
    "lesions.csv",
    "lesions.nii.gz",
    "candidates.csv",
    "report.html",
];

/// Claims `out/name` before any work is done: fails early where it exists and `force` is
/// not set, where it holds anything but results, or where another run is at it. What an
/// earlier, killed run left is put back or removed.
///
/// # Errors
/// [`FolderError::Exists`], [`FolderError::Busy`], or what the disk says.
pub fn prepare_folder(out: &Path, name: &str, force: bool) -> Result<PartialFolder, FolderError> {
    let target = out.join(name);
    check_replaceable(&target, force)?;
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
            check_replaceable(&target, force)?;
        }
    }
    fs::create_dir(&partial)?;
    Ok(PartialFolder {
        partial,
        target,
        lock,
        force,
    })
}

/// An absent target, or one that `force` may replace.
fn check_replaceable(target: &Path, force: bool) -> Result<(), FolderError> {
    if !target.exists() {
        return Ok(());
    }
    if !force {
        return Err(FolderError::Exists);
    }
    for entry in fs::read_dir(target)? {
        let name = entry?.file_name();
        if !RESULT_FILES.iter().any(|file| name == *file) {
            let example = name.to_string_lossy().into_owned();
            return Err(FolderError::ForeignFiles { example });
        }
    }
    Ok(())
}

/// Writes all files and puts the folder in its place by renaming: a killed run leaves no
/// half folder. Killed between the two renames of a replacement, it leaves the old folder
/// under a hidden name, from which the next run puts it back. Returns where the folder is.
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
    write_volume_placed(&at("lesions.nii.gz"), &labels, &findings.scan.placements)?;
    drop(labels);
    let html = page::render(findings)?;
    write_synced(&at("report.html"), |sink| {
        Ok(sink.write_all(html.as_bytes())?)
    })?;
    folder.publish()
}

impl PartialFolder {
    fn publish(self) -> Result<PathBuf, FolderError> {
        check_replaceable(&self.target, self.force)?;
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
    fn only_results_are_replaced_and_replaced_ones_come_back() {
        let out = tempfile::tempdir().unwrap();
        let scan = out.path().join("scan");
        fs::create_dir(&scan).unwrap();
        fs::write(scan.join("slice.dcm"), b"irreplaceable").unwrap();
        assert!(matches!(
            prepare_folder(out.path(), "scan", true),
            Err(FolderError::ForeignFiles { .. })
        ));
        assert!(scan.join("slice.dcm").exists());
        // Killed between the renames: the old results wait under the hidden name.
        let old = out.path().join(".done.old");
        fs::create_dir(&old).unwrap();
        fs::write(old.join("lesions.json"), b"{}").unwrap();
        assert!(matches!(
            prepare_folder(out.path(), "done", false),
            Err(FolderError::Exists)
        ));
        assert!(out.path().join("done/lesions.json").exists() && !old.exists());
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
