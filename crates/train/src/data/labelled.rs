//! Scans with what is true about them, to learn from.

use siderin_evaluate::{
    CASE_ENTITIES, CaseTable, LesionFile, TableError, case_name, is_results, subject_of,
};
use siderin_image::scan::{
    BidsName, Expanded, Input, InputError, Unreachable, expand_input, files_below, is_nifti, stem,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A scan and the files that say what is true about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledScan {
    /// Its name, different from all others: the scan's stem, or what a manifest says.
    pub name: String,
    /// Whose it is. All scans of a subject belong to one side of a split.
    pub subject: String,
    /// The scan, with the images beside it.
    pub input: Input,
    /// Its microbleeds.
    pub lesions: LesionFile,
    /// Its map of MARS regions, as `siderin regions` writes it.
    pub regions: Option<PathBuf>,
}

/// Scans without labels, or labels that cannot be assigned.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LabelledError {
    #[error("looking for scans to learn from: there is no such file or folder: {0:?}")]
    Missing(PathBuf),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("looking for scans to learn from: {part} ({name})")]
    Unreachable { name: String, part: Unreachable },
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(
        "looking for scans to learn from: {count} of {scans} have no file of lesions: {names}; give \
         each one (NAME-lesions.nii.gz, …_desc-lesions_dseg.nii.gz, …_CMB.nii.gz or points as \
         NAME-lesions.csv), an empty mask where there are none, or take the scan away"
    )]
    NoPartner {
        count: usize,
        scans: usize,
        names: String,
    },
    #[error(
        "looking for scans to learn from: {name} has two files of lesions; leave one: {first:?}, \
         {second:?}"
    )]
    Twice {
        name: String,
        first: PathBuf,
        second: PathBuf,
    },
    #[error(
        "looking for scans to learn from: two scans are called {name}; rename one: {first:?}, \
         {second:?}"
    )]
    SameName {
        name: String,
        first: PathBuf,
        second: PathBuf,
    },
    #[error(
        "reading the manifest: {name} says {file:?} under {column}, and there is no such file; \
         paths are from the manifest's folder"
    )]
    NoFile {
        name: String,
        column: &'static str,
        file: PathBuf,
    },
    #[error(
        "reading the manifest: a scan's name becomes a file's name and cannot be {name:?}; take \
         letters, numbers, '-', '_' and '.'"
    )]
    BadName { name: String },
    #[error("reading the manifest: {name} has no {column}; every row needs one")]
    NoValue { name: String, column: &'static str },
}

/// Suffixes of files that say what is true.
const TRUTH: [&str; 10] = [
    "cmb", "dseg", "mask", "lesion", "lesions", "label", "labels", "seg", "truth", "gt",
];

/// The scans of a folder (BIDS, VALDO's layout, or loose files) or of a manifest, each with its
/// lesions. A manifest is a CSV or TSV file: the first column names the scan, `image` and `lesions`
/// say where its files are (from the manifest's folder), `subject`, `t1`, `t2` and `regions` may.
///
/// In a folder, a file of lesions is one whose name ends in `-lesions`, `_CMB`, `_dseg`, `_mask` and
/// the like, or a table of points of such a name; it belongs to the scans of the same subject,
/// session, acquisition and run, or of the same name.
///
/// # Errors
/// [`LabelledError`]: nothing there, a scan without lesions' file, or names that are there twice.
pub fn labelled_scans(path: &Path) -> Result<Vec<LabelledScan>, LabelledError> {
    let scans = if path.is_dir() {
        in_folder(path)?
    } else if path.is_file() {
        in_manifest(path)?
    } else {
        return Err(LabelledError::Missing(path.to_path_buf()));
    };
    let mut seen: BTreeMap<&str, &Path> = BTreeMap::new();
    for scan in &scans {
        if let Some(first) = seen.insert(&scan.name, &scan.input.path) {
            return Err(LabelledError::SameName {
                name: scan.name.clone(),
                first: first.to_path_buf(),
                second: scan.input.path.clone(),
            });
        }
    }
    Ok(scans)
}

fn in_folder(folder: &Path) -> Result<Vec<LabelledScan>, LabelledError> {
    let Expanded {
        scans, unreachable, ..
    } = expand_input(folder)?;
    let walked = files_below(folder, |folder| !is_results(folder));
    // Hours of training are not begun with less than what was meant.
    if let Some(part) = unreachable.into_iter().chain(walked.unreachable).next() {
        return Err(LabelledError::Unreachable {
            name: part.name(),
            part,
        });
    }
    let inputs: Vec<Input> = scans
        .into_iter()
        .filter(|input| !says_truth(&input.path))
        .collect();
    let (regions, others): (Vec<PathBuf>, Vec<PathBuf>) = walked
        .files
        .into_iter()
        .partition(|file| is_region_map(file));
    let truths: Vec<PathBuf> = others.into_iter().filter(|file| says_truth(file)).collect();
    // Entities by which both scans and labels are told apart.
    let has = |path: &Path, key: &str| BidsName::of(path).is_some_and(|n| n.entity(key).is_some());
    let entities: BTreeSet<&'static str> = CASE_ENTITIES
        .into_iter()
        .filter(|key| {
            inputs.iter().any(|input| has(&input.path, key))
                && truths.iter().any(|truth| has(truth, key))
        })
        .collect();
    let mut lesions: BTreeMap<String, PathBuf> = BTreeMap::new();
    for truth in truths {
        let name = case_name(&truth, &entities);
        if let Some(first) = lesions.get(&name) {
            return Err(LabelledError::Twice {
                first: first.clone(),
                second: truth,
                name,
            });
        }
        lesions.insert(name, truth);
    }
    let regions: BTreeMap<String, PathBuf> = regions
        .into_iter()
        .map(|path| (case_name(&path, &entities), path))
        .collect();
    let mut alone = Vec::new();
    let mut scans = Vec::new();
    let count = inputs.len();
    for input in inputs {
        let case = case_name(&input.path, &entities);
        match lesions.get(&case) {
            None => alone.push(input.stem),
            Some(truth) => scans.push(LabelledScan {
                name: input.stem.clone(),
                subject: subject_of(&case).to_string(),
                lesions: lesion_file(truth),
                regions: regions.get(&case).cloned(),
                input,
            }),
        }
    }
    if alone.is_empty() {
        return Ok(scans);
    }
    Err(LabelledError::NoPartner {
        count: alone.len(),
        scans: count,
        names: listed(&alone),
    })
}

fn in_manifest(file: &Path) -> Result<Vec<LabelledScan>, LabelledError> {
    let table = CaseTable::read(file)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    table.column("image")?;
    table.column("lesions")?;
    let mut scans = Vec::new();
    for (name, values) in &table.rows {
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', ':']) {
            return Err(LabelledError::BadName { name: name.clone() });
        }
        let value = |column: &str| {
            let at = table.column(column).ok()?;
            Some(values[at].as_str()).filter(|v| !v.is_empty() && *v != "n/a")
        };
        let path = |column: &'static str| match value(column) {
            None => Ok(None),
            Some(there) => {
                let file = folder.join(there);
                if file.exists() {
                    Ok(Some(file))
                } else {
                    let name = name.clone();
                    Err(LabelledError::NoFile { name, column, file })
                }
            }
        };
        let needed = |column: &'static str| {
            path(column)?.ok_or_else(|| LabelledError::NoValue {
                name: name.clone(),
                column,
            })
        };
        scans.push(LabelledScan {
            name: name.clone(),
            subject: value("subject").unwrap_or(subject_of(name)).to_string(),
            lesions: lesion_file(&needed("lesions")?),
            regions: path("regions")?,
            input: Input {
                path: needed("image")?,
                stem: name.clone(),
                t1: path("t1")?,
                t2: path("t2")?,
                phase: None,
            },
        });
    }
    Ok(scans)
}

fn lesion_file(path: &Path) -> LesionFile {
    if is_nifti(path) {
        LesionFile::Map(path.to_path_buf())
    } else if path.is_dir() {
        LesionFile::Results(path.to_path_buf())
    } else {
        LesionFile::Points(path.to_path_buf())
    }
}

/// Whether a name says that a file holds true lesions.
fn says_truth(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    if !is_nifti(path) && extension != "csv" && extension != "json" {
        return false;
    }
    let name = stem(&if extension == "csv" {
        path.with_extension("")
    } else {
        path.to_path_buf()
    });
    let last = name.rsplit(['_', '-']).next().unwrap_or_default();
    let last = last.to_ascii_lowercase();
    if extension == "json" {
        // Sidecars of maps are JSON, too.
        return last == "lesions";
    }
    let desc = BidsName::of(path).and_then(|name| name.entity("desc").map(str::to_string));
    match desc.as_deref() {
        Some("lesions") => true,
        Some("regions" | "brain") => false,
        // VALDO's images are `desc-masked`.
        _ => TRUTH.contains(&last.as_str()),
    }
}

fn is_region_map(path: &Path) -> bool {
    is_nifti(path) && BidsName::of(path).is_some_and(|n| n.entity("desc") == Some("regions"))
}

/// Up to ten names.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_testing::empty_files;

    fn found(files: &[&str]) -> Vec<(String, String, String)> {
        let folder = empty_files(files);
        let scans = labelled_scans(folder.path()).unwrap();
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_string();
        scans
            .into_iter()
            .map(|scan| (scan.name, scan.subject, name(scan.lesions.path())))
            .collect()
    }

    fn row(name: &str, subject: &str, lesions: &str) -> (String, String, String) {
        (name.into(), subject.into(), lesions.into())
    }

    #[test]
    fn the_simulators_cohorts() {
        let files = [
            "dataset_description.json",
            "sub-001/anat/sub-001_part-mag_T2starw.nii.gz",
            "sub-001/anat/sub-001_part-phase_T2starw.nii.gz",
            "sub-001/anat/sub-001_swi.nii.gz",
            "derivatives/truth/sub-001/anat/sub-001_desc-lesions_dseg.nii.gz",
            "derivatives/truth/sub-001/anat/sub-001_desc-regions_dseg.nii.gz",
            "derivatives/truth/sub-001/anat/sub-001_truth.json",
        ];
        let truth = "sub-001_desc-lesions_dseg.nii.gz";
        assert_eq!(
            found(&files),
            [
                row("sub-001_part-mag_T2starw", "sub-001", truth),
                row("sub-001_swi", "sub-001", truth)
            ]
        );
        let folder = empty_files(&files);
        let scans = labelled_scans(folder.path()).unwrap();
        assert!(scans.iter().all(|scan| scan.regions.is_some()));
    }

    #[test]
    fn valdos_layout() {
        let files = [
            "sub-101/sub-101_space-T2S_desc-masked_T1.nii.gz",
            "sub-101/sub-101_space-T2S_desc-masked_T2.nii.gz",
            "sub-101/sub-101_space-T2S_desc-masked_T2S.nii.gz",
            "sub-101/sub-101_space-T2S_CMB.nii.gz",
        ];
        let name = "sub-101_space-T2S_desc-masked_T2S";
        assert_eq!(
            found(&files),
            [row(name, "sub-101", "sub-101_space-T2S_CMB.nii.gz")]
        );
        let folder = empty_files(&files);
        let input = &labelled_scans(folder.path()).unwrap()[0].input;
        assert!(input.t1.is_some() && input.t2.is_some());
    }

    #[test]
    fn loose_files_with_masks_or_points() {
        let files = [
            "anna.nii.gz",
            "anna-lesions.nii.gz",
            "bert.nii.gz",
            "bert-lesions.csv",
            "carl.nii.gz",
            "carl_mask.nii.gz",
        ];
        assert_eq!(
            found(&files),
            [
                row("anna", "anna", "anna-lesions.nii.gz"),
                row("bert", "bert", "bert-lesions.csv"),
                row("carl", "carl", "carl_mask.nii.gz")
            ]
        );
    }

    #[test]
    fn visits_have_labels_of_their_own() {
        let files = [
            "sub-1/ses-1/anat/sub-1_ses-1_T2starw.nii.gz",
            "sub-1/ses-2/anat/sub-1_ses-2_T2starw.nii.gz",
            "labels/sub-1_ses-1_mask.nii.gz",
            "labels/sub-1_ses-2_mask.nii.gz",
        ];
        let rows = found(&files);
        assert_eq!(rows[1].2, "sub-1_ses-2_mask.nii.gz");
        assert_eq!(rows[0].1, rows[1].1);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let said = |files: &[&str]| {
            let folder = empty_files(files);
            labelled_scans(folder.path()).unwrap_err().to_string()
        };
        let alone = said(&["anna.nii.gz", "bert.nii.gz", "bert_mask.nii.gz"]);
        assert!(
            alone.contains("1 of 2 have no file of lesions: anna"),
            "{alone}"
        );
        let twice = said(&["anna.nii.gz", "anna_mask.nii.gz", "anna-lesions.csv"]);
        assert!(twice.contains("two files of lesions"), "{twice}");
        let named = said(&["a/x.nii.gz", "b/x.nii.gz", "a/x_mask.nii.gz"]);
        assert!(named.contains("two scans are called x"), "{named}");
        let nothing = labelled_scans(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(nothing.to_string().contains("no such file"));
    }

    #[test]
    fn a_manifest_says_where_things_are() {
        let folder = empty_files(&["scans/1.nii.gz", "masks/1.nii.gz", "t1/1.nii.gz"]);
        let manifest = folder.path().join("list.tsv");
        let write = |text: &str| std::fs::write(&manifest, text).unwrap();
        write(
            "name\timage\tlesions\tsubject\tt1\none\tscans/1.nii.gz\tmasks/1.nii.gz\tA\tt1/1.nii.gz\n",
        );
        let scans = labelled_scans(&manifest).unwrap();
        assert_eq!(
            (scans[0].name.as_str(), scans[0].subject.as_str()),
            ("one", "A")
        );
        assert_eq!(scans[0].input.t1, Some(folder.path().join("t1/1.nii.gz")));
        write("name\timage\tlesions\none\tscans/1.nii.gz\tmasks/2.nii.gz\n");
        let said = labelled_scans(&manifest).unwrap_err().to_string();
        assert!(said.contains("under lesions"), "{said}");
        write("name\timage\tlesions\n../one\tscans/1.nii.gz\tmasks/1.nii.gz\n");
        let said = labelled_scans(&manifest).unwrap_err().to_string();
        assert!(said.contains("cannot be \"../one\""), "{said}");
        write("name\timage\tlesions\none\tscans/1.nii.gz\tn/a\n");
        let said = labelled_scans(&manifest).unwrap_err().to_string();
        assert!(said.contains("one has no lesions"), "{said}");
    }
}
