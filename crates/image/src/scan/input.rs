//! What the user points at becomes a list of inputs, one scan each.

use super::bids::{self, BidsName};
use super::sidecar::acquisition_of_nifti;
use super::text::{shows_as_itself, words};
use super::walk::{Unreachable, Walked, files_below};
use super::{Component, Sequence};
use std::ffi::OsStr;
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

/// What an argument stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// The scans.
    pub scans: Vec<Input>,
    /// Parts of a folder that cannot be read and may hold scans.
    pub unreachable: Vec<Unreachable>,
    /// NIfTI files of a folder that are something else by name or sidecar.
    pub others: Vec<PathBuf>,
}

impl Expanded {
    /// What was not taken for a scan, in words.
    #[must_use]
    pub fn passed_over(&self) -> Option<String> {
        const SHOWN: usize = 3;
        if self.others.is_empty() {
            return None;
        }
        let mut names: Vec<String> = self.others.iter().take(SHOWN).map(|p| stem(p)).collect();
        if self.others.len() > SHOWN {
            names.push("…".into());
        }
        Some(format!(
            "{} of the folder's NIfTI files are something else by name or sidecar and are not searched: {}",
            self.others.len(),
            names.join(", ")
        ))
    }

    fn of(path: &Path) -> Self {
        Self {
            scans: vec![input_of(path)],
            unreachable: Vec::new(),
            others: Vec::new(),
        }
    }
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

/// The name of a file or folder without its format's ending, as text that is safe to show: bytes that are no UTF-8,
/// control characters and those that turn the direction of text are written as `%E4`.
#[must_use]
pub fn stem(path: &Path) -> String {
    let resolved = if path.file_name().is_some() {
        path.to_path_buf()
    } else {
        path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
    };
    let name = safe_name(resolved.file_name().unwrap_or_default());
    let lower = name.to_ascii_lowercase();
    for ending in [".nii.gz", ".nii", ".json", ".dcm", ".ima"] {
        if lower.ends_with(ending) && name.len() > ending.len() {
            return visible(&name[..name.len() - ending.len()]);
        }
    }
    visible(&name)
}

fn safe_name(name: &OsStr) -> String {
    let mut safe = String::new();
    let escape = |bytes: &[u8], safe: &mut String| {
        for byte in bytes {
            safe.push_str(&format!("%{byte:02X}"));
        }
    };
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            if shows_as_itself(character) {
                safe.push(character);
            } else {
                escape(character.encode_utf8(&mut [0; 4]).as_bytes(), &mut safe);
            }
        }
        escape(chunk.invalid(), &mut safe);
    }
    safe
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
pub fn expand_input(path: &Path) -> Result<Expanded, InputError> {
    if !path.is_dir() {
        return Ok(Expanded::of(path));
    }
    let Walked { files, unreachable } = nifti_files(path);
    if files.is_empty() && !unreachable.iter().any(|part| bids::is_nifti(&part.path)) {
        return Ok(Expanded::of(path));
    }
    let count = files.len();
    let (scans, others): (Vec<PathBuf>, Vec<PathBuf>) =
        files.into_iter().partition(|file| may_be_the_scan(file));
    let mut scans: Vec<Input> = scans.iter().map(|file| input_of(file)).collect();
    let dicom = holds_dicom(path);
    if dicom {
        scans.push(input_of(path));
    }
    // Of a heap, what cannot be read is told when it is opened.
    let missing = |part: &Unreachable| match bids::is_nifti(&part.path) {
        true => may_be_the_scan(&part.path),
        false => !dicom && !is_no_image(&part.path),
    };
    let unreachable: Vec<Unreachable> = unreachable.into_iter().filter(missing).collect();
    if scans.is_empty() && unreachable.is_empty() {
        Err(InputError { files: count })
    } else {
        Ok(Expanded {
            scans,
            unreachable,
            others,
        })
    }
}

/// The NIfTI files of a folder, without derived images, and all that cannot be reached in it; nothing for a file.
#[must_use]
pub fn nifti_files(folder: &Path) -> Walked {
    if !folder.is_dir() {
        return Walked::default();
    }
    let mut walked = files_below(folder, |path| !is_derived_folder(path));
    walked.files.retain(|file| bids::is_nifti(file));
    walked
}

/// Whether any file below a folder is DICOM.
#[must_use]
pub fn holds_dicom(folder: &Path) -> bool {
    let walked = files_below(folder, |path| !is_derived_folder(path));
    walked.files.iter().any(|file| super::dicom::is_dicom(file))
}

/// Whether a name says that a file is text or a table.
fn is_no_image(path: &Path) -> bool {
    const TEXT: [&str; 9] = [
        "json", "tsv", "csv", "txt", "md", "bval", "bvec", "html", "pdf",
    ];
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    !path.is_dir() && TEXT.iter().any(|text| extension == *text)
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

/// BIDS keeps computed images apart; siderin's own results are no input.
pub(super) fn is_derived_folder(path: &Path) -> bool {
    let holds = |file: &str| path.join(file).is_file();
    holds("lesions.json")
        || holds("review.sqlite")
        || path.file_name().is_some_and(|name| {
            ["derivatives", "sourcedata", "code"]
                .iter()
                .any(|folder| name == *folder)
        })
}

/// In BIDS the suffix decides; elsewhere what name and sidecar say must not speak against. Masks and label maps are no
/// scans.
fn may_be_the_scan(file: &Path) -> bool {
    let (acquisition, _) = acquisition_of_nifti(file);
    if !matches!(
        acquisition.component(),
        Component::Magnitude | Component::Unknown
    ) {
        return false;
    }
    if let Some(name) = BidsName::of(file).filter(|name| !name.suffix.is_empty()) {
        return SCAN_SUFFIXES.contains(&name.suffix.as_str());
    }
    !is_label_map(file)
        && !matches!(
            acquisition.sequence(),
            Sequence::T1w | Sequence::T2w | Sequence::Flair | Sequence::Diffusion
        )
}

/// `T2star` is what BIDS 1.0 to 1.4 called `T2starw`.
const SCAN_SUFFIXES: [&str; 7] = ["T2starw", "T2star", "swi", "SWI", "GRE", "MEGRE", "T2S"];

/// Whether a name ends as those of masks and label maps do: `scan-lesions`, `brain_mask`.
fn is_label_map(file: &Path) -> bool {
    const LAST_WORDS: [&str; 15] = [
        "mask",
        "masks",
        "lesion",
        "lesions",
        "label",
        "labels",
        "dseg",
        "probseg",
        "seg",
        "segmentation",
        "roi",
        "rois",
        "cmb",
        "cmbs",
        "aseg",
    ];
    let name = stem(file);
    words(&name)
        .last()
        .is_some_and(|last| LAST_WORDS.contains(&last.as_str()))
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
        // Right-to-left override, escape, line feed.
        assert_eq!(
            stem(Path::new("a\u{202e}b\u{1b}[2J\n.nii")),
            "a%E2%80%AEb%1B[2J%0A"
        );
    }

    #[cfg(unix)]
    #[test]
    fn names_of_other_character_sets_stay_apart() {
        use std::os::unix::ffi::OsStrExt;
        let name = |bytes| stem(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(name(b"Sch\xe4del.nii.gz"), "Sch%E4del");
        assert_ne!(name(b"Sch\xe4del.nii.gz"), name(b"Sch\xf6del.nii.gz"));
        assert!(bids::is_nifti(Path::new(OsStr::from_bytes(
            b"Sch\xe4del.nii.gz"
        ))));
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_reached_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let anat = |subject: &str| folder.path().join(subject).join("anat");
        for subject in ["sub-01", "sub-02", "sub-03"] {
            std::fs::create_dir_all(anat(subject)).unwrap();
        }
        std::fs::write(anat("sub-01").join("sub-01_swi.nii.gz"), b"").unwrap();
        for name in ["sub-02_swi.nii.gz", "sub-02_T1w.nii.gz", "sub-02_swi.json"] {
            std::os::unix::fs::symlink("../nowhere", anat("sub-02").join(name)).unwrap();
        }
        // A link that leads back to a folder above it.
        std::os::unix::fs::symlink("..", anat("sub-03").join("again")).unwrap();
        let found = expand_input(folder.path()).unwrap();
        assert_eq!(found.scans.len(), 1);
        let names: Vec<String> = found.unreachable.iter().map(Unreachable::name).collect();
        assert_eq!(names, ["sub-02_swi", "again"]);
    }

    #[test]
    fn masks_and_label_maps_are_no_scans() {
        for name in [
            "a-lesions.nii",
            "brain_mask.nii.gz",
            "h01.dseg.nii.gz",
            "a_CMB.nii",
            "x_Labels.nii",
        ] {
            assert!(is_label_map(Path::new(name)), "{name}");
        }
        for name in ["lesion_study_07.nii", "masked.nii", "segment_3.nii"] {
            assert!(!is_label_map(Path::new(name)), "{name}");
        }
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
        let inputs = expand_input(folder.path()).unwrap().scans;
        assert_eq!(inputs.len(), 1);
        assert_eq!(inputs[0].stem, "sub-01_part-mag_T2starw");
        assert!(inputs[0].t1.is_some() && inputs[0].phase.is_some());
    }
}
