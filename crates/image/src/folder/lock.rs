//! A lock that one process holds.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A locked file, removed when the lock is given back.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    /// Locked as long as it is open.
    _file: File,
}

impl Lock {
    /// Takes the lock of this name; none where another process holds it.
    ///
    /// Who held it before removes the file while it still has the lock. What was opened before that and locked after
    /// is a file without a name, which locks nobody out: it is let go, and the next one is tried.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            let held = same_file::Handle::from_file(file.try_clone()?)?;
            if same_file::Handle::from_path(path).is_ok_and(|there| there == held) {
                return Ok(Some(Self {
                    path: path.to_path_buf(),
                    _file: file,
                }));
            }
        }
    }
}

impl Drop for Lock {
    /// Removed before it is unlocked. Failing to is no failure: the next one locks the file that is there.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Opens a file of this name or makes it: no link is followed, nothing in it is changed, and no pipe waited for.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    let other = || io::Error::other("the name of its lock file is taken by something else");
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(other());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(other())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const RACE: &str = "SIDERIN_TEST_LOCK_RACE";
    const TURNS: usize = 400;

    /// Takes turns with other processes at a counter that only who holds the lock may change.
    fn take_turns(folder: &Path) {
        let (lock, counter) = (folder.join(".lock"), folder.join("counter"));
        let mut taken = 0;
        while taken < TURNS {
            let Some(_lock) = Lock::take(&lock).unwrap() else {
                std::thread::yield_now();
                continue;
            };
            let count: usize = fs::read_to_string(&counter).unwrap().parse().unwrap();
            std::thread::yield_now();
            fs::write(&counter, (count + 1).to_string()).unwrap();
            taken += 1;
        }
    }

    #[test]
    fn of_many_processes_one_holds_it() {
        if let Some(folder) = std::env::var_os(RACE) {
            return take_turns(Path::new(&folder));
        }
        const PROCESSES: usize = 6;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("counter"), "0").unwrap();
        let children: Vec<_> = (0..PROCESSES)
            .map(|_| {
                Command::new(std::env::current_exe().unwrap())
                    .args([
                        "--exact",
                        "folder::lock::tests::of_many_processes_one_holds_it",
                    ])
                    .env(RACE, folder.path())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let count = fs::read_to_string(folder.path().join("counter")).unwrap();
        assert_eq!(count, (PROCESSES * TURNS).to_string());
        assert!(!folder.path().join(".lock").exists());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_are_no_locks() {
        let folder = tempfile::tempdir().unwrap();
        let precious = folder.path().join("precious");
        fs::write(&precious, b"kept").unwrap();
        let link = folder.path().join(".link.lock");
        std::os::unix::fs::symlink(&precious, &link).unwrap();
        assert!(Lock::take(&link).is_err());
        assert_eq!(fs::read(&precious).unwrap(), b"kept");
        let pipe = folder.path().join(".pipe.lock");
        let made = Command::new("mkfifo").arg(&pipe).status();
        if made.is_ok_and(|status| status.success()) {
            assert!(Lock::take(&pipe).is_err());
        }
    }
}
