//! Files that are complete or as they were.

use super::name::hidden_name;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

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
    remove_stale(path, &name);
    let partial = path.with_file_name(partial_name(std::process::id(), &name));
    let done = write(&partial).and_then(|()| Ok(fs::rename(&partial, path)?));
    if done.is_err() {
        // Failing to clean up is no second failure.
        let _ = fs::remove_file(&partial);
    }
    done
}

fn partial_name(process: u32, name: &str) -> String {
    hidden_name(&format!("partial-{process}-"), name, "")
}

/// Removes what processes that are gone left of this file. Failing to is no failure of the run.
fn remove_stale(path: &Path, name: &str) {
    let Some(folder) = path.parent() else { return };
    let folder = if folder == Path::new("") {
        Path::new(".")
    } else {
        folder
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let there = entry.file_name();
        let process = there.to_str().and_then(|there| {
            let (process, _) = there.strip_prefix(".partial-")?.split_once('-')?;
            process.parse().ok()
        });
        if let Some(process) = process
            && there == *partial_name(process, name)
            && is_gone(process)
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether no process has this number; unknown where the system has no `/proc`.
fn is_gone(process: u32) -> bool {
    Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{process}")).exists()
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

/// Opens a file to read it. Devices and pipes are refused: they may never begin, or never end.
///
/// # Errors
/// What the disk says, and where it is no file.
pub fn open_file(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(io::Error::other("it is no file"))
    }
}

/// Reads a small file whole; none where it is larger than `limit_mb`.
///
/// # Errors
/// As [`open_file`].
pub fn read_bounded(path: &Path, limit_mb: u64) -> io::Result<Option<Vec<u8>>> {
    let limit = limit_mb * 1_000_000;
    let mut bytes = Vec::new();
    open_file(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("table.csv");
        // Numbers of processes end far below this.
        let stale = folder.path().join(partial_name(u32::MAX, "table.csv"));
        let of_another = folder.path().join(partial_name(1, "table.csv"));
        let other_file = folder.path().join(partial_name(u32::MAX, "other.csv"));
        for path in [&stale, &of_another, &other_file] {
            fs::write(path, b"half").unwrap();
        }
        write_then_rename(&file, |partial| fs::write(partial, b"whole")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"whole");
        assert_eq!(stale.exists(), !cfg!(target_os = "linux"));
        assert!(of_another.exists() && other_file.exists());
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_not_read() {
        let error = read_bounded(Path::new("/dev/zero"), 1).unwrap_err();
        assert!(error.to_string().contains("no file"));
    }
}
