//! The lesion files of a path.

use super::LesionFile;
use super::cases::{CASE_ENTITIES, CasesError, case_name};
use siderin_image::scan::{BidsName, Walked, files_below, is_nifti, stem};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

/// Suffixes of images, which are no lesion maps.
const IMAGE_SUFFIXES: [&str; 14] = [
    "t1w", "t2w", "t2starw", "swi", "flair", "pdw", "bold", "dwi", "minip", "gre", "megre", "t1",
    "t2", "t2s",
];

/// A folder of siderin's results.
pub fn is_results(path: &Path) -> bool {
    path.join("lesions.json").is_file() && path.join("lesions.nii.gz").is_file()
}

pub(super) fn lesion_files(path: &Path, side: &'static str) -> Result<Vec<LesionFile>, CasesError> {
    let own = || path.to_path_buf();
    if path.is_file() {
        let file = file_kind(path).ok_or_else(|| CasesError::Unknown { side, path: own() })?;
        return Ok(vec![file]);
    }
    if !path.is_dir() {
        return Err(CasesError::Missing { side, path: own() });
    }
    if is_results(path) {
        return Ok(vec![LesionFile::Results(own())]);
    }
    let results = RefCell::new(Vec::new());
    let walked = files_below(path, |folder| {
        let is_results = is_results(folder);
        if is_results {
            results.borrow_mut().push(folder.to_path_buf());
        }
        !is_results
    });
    whole(&walked, side)?;
    let mut results = results.into_inner();
    results.sort();
    let mut found: Vec<LesionFile> = results.into_iter().map(LesionFile::Results).collect();
    let mut named_like_scans = Vec::new();
    for file in walked.files {
        if in_folder_counts(&file) {
            found.extend(file_kind(&file));
        } else if is_nifti(&file) {
            named_like_scans.push(LesionFile::Map(file));
        }
    }
    // Some programs give a prediction the name of its scan.
    if found.is_empty() {
        found = named_like_scans;
    }
    let found = preferred(found);
    if found.is_empty() {
        return Err(CasesError::Empty { side, path: own() });
    }
    Ok(found)
}

/// Refuses a folder of which parts cannot be read.
pub(super) fn whole(walked: &Walked, side: &'static str) -> Result<(), CasesError> {
    match walked.unreachable.first() {
        None => Ok(()),
        Some(part) => Err(CasesError::Unreadable {
            side,
            part: part.clone(),
        }),
    }
}

fn file_kind(path: &Path) -> Option<LesionFile> {
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    if is_nifti(path) {
        Some(LesionFile::Map(path.to_path_buf()))
    } else if ["json", "csv"].contains(&extension.to_ascii_lowercase().as_str()) {
        Some(LesionFile::Points(path.to_path_buf()))
    } else {
        None
    }
}

/// Whether a file of a folder may hold lesions: scans, other maps, and the sidecars of either
/// do not.
fn in_folder_counts(path: &Path) -> bool {
    let stem = stem(path);
    let suffix = stem
        .rsplit('_')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    match file_kind(path) {
        Some(LesionFile::Map(_)) => {
            let name = BidsName::of(path);
            let entity = |key| name.as_ref().and_then(|n| n.entity(key));
            let other_map = matches!(entity("desc"), Some("regions" | "brain" | "masked"));
            !IMAGE_SUFFIXES.contains(&suffix.as_str()) && !other_map && entity("part").is_none()
        }
        Some(LesionFile::Points(path)) => {
            let is_json = path
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("json"));
            !is_json || suffix == "lesions"
        }
        _ => false,
    }
}

/// Where one of a case's maps says that it holds lesions, its others are something else.
fn preferred(files: Vec<LesionFile>) -> Vec<LesionFile> {
    let all = BTreeSet::from(CASE_ENTITIES);
    let says_so = |file: &LesionFile| {
        BidsName::of(file.path()).is_some_and(|name| {
            name.entity("desc") == Some("lesions") || name.suffix.eq_ignore_ascii_case("cmb")
        })
    };
    let said: BTreeSet<String> = files
        .iter()
        .filter(|file| says_so(file))
        .map(|file| case_name(file.path(), &all))
        .collect();
    let kept = |file: &LesionFile| {
        !matches!(file, LesionFile::Map(_))
            || says_so(file)
            || !said.contains(&case_name(file.path(), &all))
    };
    files.into_iter().filter(kept).collect()
}
