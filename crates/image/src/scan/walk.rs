//! Walking through folders without losing anything on the way.

use std::path::{Path, PathBuf};

/// A part of a folder that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("reading a folder: {why}")]
pub struct Unreachable {
    /// Where it is.
    pub path: PathBuf,
    /// What is wrong with it and what helps.
    pub why: String,
}

/// What lies in a folder.
#[derive(Debug, Default)]
pub struct Walked {
    /// Its files, sorted.
    pub files: Vec<PathBuf>,
    /// What cannot be opened or followed, sorted.
    pub unreachable: Vec<Unreachable>,
}

/// The files below a folder, links followed, without hidden ones and those in hidden folders. Folders below it that
/// `enter` refuses are passed over.
#[must_use]
pub fn files_below(folder: &Path, enter: impl Fn(&Path) -> bool) -> Walked {
    let mut walked = Walked::default();
    let walk = walkdir::WalkDir::new(folder)
        .follow_links(true)
        .into_iter()
        .filter_entry(|entry| {
            entry.depth() == 0
                || !is_hidden(entry.path()) && (!entry.file_type().is_dir() || enter(entry.path()))
        });
    for entry in walk {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) if entry.file_type().is_file() => walked.files.push(entry.into_path()),
            Ok(entry) => walked.unreachable.push(Unreachable {
                path: entry.into_path(),
                why: "a part of it is neither a file nor a folder; take it away".into(),
            }),
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_path_buf();
                if path == folder || !is_hidden(&path) {
                    let why = why_unreachable(&path, &error);
                    walked.unreachable.push(Unreachable { path, why });
                }
            }
        }
    }
    walked.files.sort();
    walked.unreachable.sort_by(|a, b| a.path.cmp(&b.path));
    walked
}

/// Whether a name starts with a dot.
pub(super) fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn why_unreachable(path: &Path, error: &walkdir::Error) -> String {
    if path.is_symlink() && !path.exists() {
        return String::from(
            "a link leads nowhere, as where content was not fetched; fetch it (`datalad get`), or take the link away",
        );
    }
    let cause = error.io_error().map(ToString::to_string);
    let cause = cause.unwrap_or_else(|| "links lead in a circle".into());
    format!("a part of it cannot be opened ({cause}); check its permissions")
}

impl Unreachable {
    /// Its name, as messages call it.
    #[must_use]
    pub fn name(&self) -> String {
        super::stem(&self.path)
    }
}
