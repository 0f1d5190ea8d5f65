//! Where things lie.

use crate::store::StoreError;
use siderin_image::scan::stem;
use std::path::{Path, PathBuf};

/// A room that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RoomError {
    #[error(
        "opening the room: no scan was found ({why}); give a scan, or a folder that holds some"
    )]
    Empty { why: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The folder of a review beside its data: in the folder that was given, among the derivatives of a BIDS data
/// set, or beside the file.
#[must_use]
pub fn default_folder(first: &Path) -> PathBuf {
    if !first.is_dir() {
        let beside = first.parent().unwrap_or(Path::new(""));
        return beside.join("siderin-review");
    }
    if first.join("dataset_description.json").is_file() {
        first.join("derivatives").join("siderin-review")
    } else {
        first.join("siderin-review")
    }
}

/// Refuses paths of which none exists, before anything is made beside them.
///
/// # Errors
/// [`RoomError::Empty`].
pub fn check_there(paths: &[PathBuf]) -> Result<(), RoomError> {
    match paths {
        [first, ..] if !paths.iter().any(|path| path.exists()) => Err(RoomError::Empty {
            why: not_there(first),
        }),
        _ => Ok(()),
    }
}

/// Said of a path that leads nowhere.
pub(super) fn not_there(path: &Path) -> String {
    format!("it does not exist or cannot be read: {}", path.display())
}

/// A scan's place as the store knows it: from the folder that the review's folder lies in, so that both can be
/// moved together; elsewhere the whole path.
pub(super) fn place_of(scan: &Path, folder: &Path) -> String {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let scan = whole(scan);
    let folder = whole(folder);
    let near = folder
        .ancestors()
        .skip(1)
        .take(2)
        .enumerate()
        .find_map(|(up, root)| {
            let inner = scan.strip_prefix(root).ok()?;
            Some(format!("{}{}", "../".repeat(up), inner.to_string_lossy()))
        });
    near.unwrap_or_else(|| scan.to_string_lossy().into_owned())
}

/// The text file of a scan's name, or the only `report.txt` of its folder.
pub(super) fn report_beside(scan: &Path) -> Option<PathBuf> {
    let folder = if scan.is_dir() { scan } else { scan.parent()? };
    let of_name = folder.join(format!("{}.txt", stem(scan)));
    let common = folder.join("report.txt");
    // A link could lead to any file of this computer, and readers would be shown it.
    let is_file = |file: &PathBuf| file.symlink_metadata().is_ok_and(|about| about.is_file());
    [of_name, common].into_iter().find(is_file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reviews_lie_beside_their_data() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir_all(&data).unwrap();
        assert_eq!(default_folder(&data), data.join("siderin-review"));
        assert_eq!(
            default_folder(&data.join("scan.nii.gz")),
            data.join("siderin-review")
        );
        std::fs::write(data.join("dataset_description.json"), "{}").unwrap();
        let bids = default_folder(&data);
        assert_eq!(bids, data.join("derivatives/siderin-review"));
        // The same scan has one place however the folders were moved.
        std::fs::create_dir_all(&bids).unwrap();
        let scan = data.join("sub-01/scan.nii.gz");
        std::fs::create_dir_all(data.join("sub-01")).unwrap();
        std::fs::write(&scan, "").unwrap();
        assert_eq!(place_of(&scan, &bids), "../sub-01/scan.nii.gz");
        assert_eq!(
            place_of(&scan, &data.join("siderin-review")),
            "sub-01/scan.nii.gz"
        );
        let far = folder.path().join("far.nii");
        std::fs::write(&far, "").unwrap();
        assert!(Path::new(&place_of(&far, &bids)).is_absolute());
        assert_eq!(report_beside(&scan), None);
        std::fs::write(data.join("sub-01/scan.txt"), "").unwrap();
        assert!(report_beside(&scan).unwrap().ends_with("scan.txt"));
        #[cfg(unix)]
        {
            std::fs::remove_file(data.join("sub-01/scan.txt")).unwrap();
            std::os::unix::fs::symlink("/etc/hostname", data.join("sub-01/scan.txt")).unwrap();
            assert_eq!(report_beside(&scan), None);
        }
    }
}
