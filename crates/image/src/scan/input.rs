//! What the user points at becomes a list of inputs, one scan each.

use super::bids::{self, BidsName};
use super::sidecar::acquisition_of_nifti;
use super::{Component, Sequence};
use std::path::{Path, PathBuf};

/// One scan to be read: a NIfTI file, a DICOM file, or a folder that is a DICOM heap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Its name for output folders.
    pub stem: String,
    /// The T1w image BIDS puts beside it.
    pub t1: Option<PathBuf>,
    /// The T2w image BIDS puts beside it.
    pub t2: Option<PathBuf>,
    /// The phase image BIDS puts beside it.
    pub phase: Option<PathBuf>,
}

/// A folder without a scan.
#[derive(Debug, thiserror::Error)]
#[error(
    "opening the folder: none of its {files} NIfTI files is a T2*-GRE or SWI magnitude by name or \
     sidecar; give the scan's file itself"
)]
pub struct InputError {
    /// NIfTI files seen.
    pub files: usize,
}

/// The name of a file or folder without its format's ending.
#[must_use]
pub fn stem(path: &Path) -> String {
    let resolved = if path.file_name().is_some() {
        path.to_path_buf()
    } else {
        path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
    };
    let name = resolved
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let lower = name.to_ascii_lowercase();
    for ending in [".nii.gz", ".nii", ".json", ".dcm", ".ima"] {
        if lower.ends_with(ending) && name.len() > ending.len() {
            return visible(&name[..name.len() - ending.len()]);
        }
    }
    visible(&name)
}

/// A name that is no hidden folder, and neither `.` nor `..`.
fn visible(name: &str) -> String {
    let name = name.trim_start_matches('.');
    if name.is_empty() {
        "scan".into()
    } else {
        name.to_string()
    }
}

/// The scans an argument stands for: a file is one; a folder with NIfTI files (a BIDS data
/// set, or loose ones) is one for each T2*-GRE or SWI magnitude in it; the DICOM files of a
/// folder, beside NIfTI files or alone, are one heap.
///
/// # Errors
/// When a folder's NIfTI files are all something else.
pub fn expand_input(path: &Path) -> Result<Vec<Input>, InputError> {
    if !path.is_dir() {
        return Ok(vec![input_of(path)]);
    }
    let files = nifti_files(path);
    if files.is_empty() {
        return Ok(vec![input_of(path)]);
    }
    let mut scans: Vec<Input> = files
        .iter()
        .filter(|file| may_be_the_scan(file))
        .map(|file| input_of(file))
        .collect();
    if holds_dicom(path) {
        scans.push(input_of(path));
    }
    if scans.is_empty() {
        Err(InputError { files: files.len() })
    } else {
        Ok(scans)
    }
}

/// The NIfTI files of a folder, sorted, without derived images; none for a file.
#[must_use]
pub fn nifti_files(folder: &Path) -> Vec<PathBuf> {
    if !folder.is_dir() {
        return Vec::new();
    }
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .follow_links(true)
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_derived_folder(entry.path()))
        .flatten()
        .map(walkdir::DirEntry::into_path)
        .filter(|file| bids::is_nifti(file) && file.is_file())
        .collect();
    files.sort();
    files
}

/// Whether any file below a folder is DICOM.
#[must_use]
pub fn holds_dicom(folder: &Path) -> bool {
    walkdir::WalkDir::new(folder)
        .follow_links(true)
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_derived_folder(entry.path()))
        .flatten()
        .any(|entry| entry.file_type().is_file() && super::dicom::is_dicom(entry.path()))
}

fn input_of(path: &Path) -> Input {
    Input {
        path: path.to_path_buf(),
        stem: stem(path),
        t1: bids::sibling_of(path, &["T1w", "T1"]),
        t2: bids::sibling_of(path, &["T2w", "T2"]),
        phase: bids::phase_sibling(path),
    }
}

/// BIDS keeps computed images apart; hidden folders and siderin's own results are no input.
fn is_derived_folder(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let holds = |file: &str| path.join(file).is_file();
    if path.is_dir() && (hidden || holds("lesions.json") || holds("review.sqlite")) {
        return true;
    }
    path.is_dir()
        && path.file_name().is_some_and(|name| {
            ["derivatives", "sourcedata", "code"]
                .iter()
                .any(|folder| name == *folder)
        })
}

/// In BIDS the suffix decides; elsewhere what name and sidecar say must not speak against.
fn may_be_the_scan(file: &Path) -> bool {
    let (acquisition, _) = acquisition_of_nifti(file);
    if !matches!(
        acquisition.component(),
        Component::Magnitude | Component::Unknown
    ) {
        return false;
    }
    if let Some(name) = BidsName::of(file).filter(|name| !name.suffix.is_empty()) {
        return ["T2starw", "swi", "SWI", "GRE", "MEGRE", "T2S"].contains(&name.suffix.as_str());
    }
    !matches!(
        acquisition.sequence(),
        Sequence::T1w | Sequence::T2w | Sequence::Flair | Sequence::Diffusion
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems() {
        assert_eq!(stem(Path::new("a/h01.nii.gz")), "h01");
        assert_eq!(stem(Path::new("a/h.01.nii")), "h.01");
        assert_eq!(stem(Path::new("a/heap/")), "heap");
        assert_eq!(stem(Path::new("slice.DCM")), "slice");
        assert_ne!(stem(Path::new(".")), ".");
        assert_eq!(stem(Path::new("...nii")), "scan");
        assert_eq!(stem(Path::new(".hidden.nii")), "hidden");
    }

    #[test]
    fn a_bids_folder_gives_its_scans_with_siblings() {
        let folder = tempfile::tempdir().unwrap();
        let anat = folder.path().join("sub-01/anat");
        std::fs::create_dir_all(&anat).unwrap();
        std::fs::create_dir_all(folder.path().join("derivatives")).unwrap();
        std::fs::write(folder.path().join("dataset_description.json"), "{}").unwrap();
        for name in [
            "sub-01_T1w.nii.gz",
            "sub-01_part-mag_T2starw.nii.gz",
            "sub-01_part-phase_T2starw.nii.gz",
        ] {
            std::fs::write(anat.join(name), b"").unwrap();
        }
        std::fs::write(folder.path().join("derivatives/sub-01_T2starw.nii.gz"), b"").unwrap();
        // Results of an earlier run are no scans.
        let results = folder.path().join("results/sub-01");
        std::fs::create_dir_all(&results).unwrap();
        std::fs::write(results.join("lesions.json"), b"{}").unwrap();
        std::fs::write(results.join("lesions.nii.gz"), b"").unwrap();
        let inputs = expand_input(folder.path()).unwrap();
        assert_eq!(inputs.len(), 1);
        assert_eq!(inputs[0].stem, "sub-01_part-mag_T2starw");
        assert!(inputs[0].t1.is_some() && inputs[0].phase.is_some());
    }
}
