//! Which prediction belongs to which reference.

use super::LesionFile;
use super::find::{is_results, lesion_files, whole};
use siderin_image::scan::{BidsName, Unreachable, files_below, stem};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A reference and its prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name, the same for both: `sub-01`, `sub-01_ses-2`, or the file's stem.
    pub name: String,
    /// What is true; none where it is missing and may be.
    pub reference: Option<LesionFile>,
    /// What was found; none where it is missing and may be.
    pub prediction: Option<LesionFile>,
}

/// All cases, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseList {
    /// The pairs.
    pub cases: Vec<Case>,
    /// Entities besides the subject by which they are named.
    entities: BTreeSet<&'static str>,
}

impl CaseList {
    /// The case that a file belongs to.
    #[must_use]
    pub fn name_of(&self, path: &Path) -> String {
        case_name(path, &self.entities)
    }

    /// The name of the case, where there is one only.
    #[must_use]
    pub fn only_name(&self) -> Option<&str> {
        match &self.cases[..] {
            [only] => Some(&only.name),
            _ => None,
        }
    }

    /// The files of a path that belong to a case each: all that `chosen` picks, by case.
    ///
    /// # Errors
    /// When a part of the folder cannot be read.
    pub fn files_by_case(
        &self,
        path: &Path,
        chosen: impl Fn(&Path) -> bool,
    ) -> Result<BTreeMap<String, Vec<PathBuf>>, CasesError> {
        let mut by_case: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        let walked = files_below(path, |_| true);
        whole(&walked, "regions")?;
        for file in walked.files.into_iter().filter(|file| chosen(file)) {
            let name = case_name(&file, &self.entities);
            by_case.entry(name).or_default().push(file);
        }
        Ok(by_case)
    }

    /// Names of cases without a reference.
    #[must_use]
    pub fn without_reference(&self) -> Vec<String> {
        self.names(|case| case.reference.is_none())
    }

    /// Names of cases without a prediction.
    #[must_use]
    pub fn without_prediction(&self) -> Vec<String> {
        self.names(|case| case.prediction.is_none())
    }

    fn names(&self, chosen: impl Fn(&Case) -> bool) -> Vec<String> {
        let chosen = self.cases.iter().filter(|case| chosen(case));
        chosen.map(|case| case.name.clone()).collect()
    }
}

/// Files that make no cases.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CasesError {
    #[error("matching files: the {side} does not exist: {path:?}")]
    Missing { side: &'static str, path: PathBuf },
    #[error(
        "matching files: the {side} folder holds no lesion map, no points and no results of \
         siderin (looked for NIfTI, *_lesions.json, *.csv): {path:?}"
    )]
    Empty { side: &'static str, path: PathBuf },
    #[error(
        "matching files: the {side} folder cannot be read whole; {part}: {:?}",
        part.path
    )]
    Unreadable {
        side: &'static str,
        part: Unreachable,
    },
    #[error("matching files: the {side} is neither NIfTI nor JSON nor CSV: {path:?}")]
    Unknown { side: &'static str, path: PathBuf },
    #[error(
        "matching files: {name} is there twice among the {side} files; leave one: {first:?}, \
         {second:?}"
    )]
    Twice {
        side: &'static str,
        name: String,
        first: PathBuf,
        second: PathBuf,
    },
    #[error(
        "matching files: {count} cases have no {lacking}: {names}; give them, or score them as \
         empty with ‹allow-missing›"
    )]
    NoPartner {
        lacking: &'static str,
        count: usize,
        names: String,
    },
}

/// Pairs the lesion files of two paths, each a file or a folder that is searched whole.
/// Two files are a pair whatever their names are; in folders BIDS entities (subject, and
/// session, acquisition and run where both sides have them) or else names decide.
///
/// # Errors
/// [`CasesError`]: nothing there, one case twice, or a case without partner unless
/// `allow_missing`.
pub fn pair_cases(
    reference: &Path,
    prediction: &Path,
    allow_missing: bool,
) -> Result<CaseList, CasesError> {
    let references = lesion_files(reference, "reference")?;
    let predictions = lesion_files(prediction, "prediction")?;
    let single = |path: &Path| path.is_file() || is_results(path);
    if let ([reference_file], [prediction_file]) = (&references[..], &predictions[..])
        && single(reference)
        && single(prediction)
        && do_not_disagree(reference_file.path(), prediction_file.path())
    {
        let all = BTreeSet::from(CASE_ENTITIES);
        let names = [reference, prediction].map(|path| case_name(path, &all));
        let name = names.iter().find(|name| name.starts_with("sub-"));
        return Ok(CaseList {
            entities: BTreeSet::new(),
            cases: vec![Case {
                name: name.unwrap_or(&names[0]).clone(),
                reference: Some(reference_file.clone()),
                prediction: Some(prediction_file.clone()),
            }],
        });
    }
    let entities = shared_entities(&references, &predictions);
    let mut references = by_name(references, &entities, "reference")?;
    let mut predictions = by_name(predictions, &entities, "prediction")?;
    let names: BTreeSet<String> = references
        .keys()
        .chain(predictions.keys())
        .cloned()
        .collect();
    let cases = CaseList {
        cases: names
            .into_iter()
            .map(|name| Case {
                reference: references.remove(&name),
                prediction: predictions.remove(&name),
                name,
            })
            .collect(),
        entities,
    };
    if !allow_missing {
        no_partner("prediction", &cases.without_prediction())?;
        no_partner("reference", &cases.without_reference())?;
    }
    Ok(cases)
}

/// One file on each side is a pair, unless both say whose they are and disagree.
fn do_not_disagree(reference: &Path, prediction: &Path) -> bool {
    let [a, b] = [reference, prediction].map(|path| BidsName::of(&without_csv(path)));
    let (Some(a), Some(b)) = (a, b) else {
        return true;
    };
    let mut keys = std::iter::once("sub").chain(CASE_ENTITIES);
    keys.all(|key| match (a.entity(key), b.entity(key)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    })
}

fn no_partner(lacking: &'static str, names: &[String]) -> Result<(), CasesError> {
    const SHOWN: usize = 10;
    if names.is_empty() {
        return Ok(());
    }
    let mut shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
        shown.push_str(", …");
    }
    Err(CasesError::NoPartner {
        lacking,
        count: names.len(),
        names: shown,
    })
}

/// Entities besides the subject that tell cases apart.
pub const CASE_ENTITIES: [&str; 3] = ["ses", "acq", "run"];

/// Those of them that occur on both sides.
fn shared_entities(a: &[LesionFile], b: &[LesionFile]) -> BTreeSet<&'static str> {
    let has = |files: &[LesionFile], key: &str| {
        let mut names = files.iter().filter_map(|file| BidsName::of(file.path()));
        names.any(|name| name.entity(key).is_some())
    };
    let both = CASE_ENTITIES
        .into_iter()
        .filter(|key| has(a, key) && has(b, key));
    both.collect()
}

/// Suffixes under which lesions are kept.
const LESION_SUFFIXES: [&str; 12] = [
    "cmb", "dseg", "mask", "probseg", "lesion", "lesions", "label", "labels", "seg", "pred",
    "prob", "truth",
];
/// The case that a file belongs to: subject and the given entities of a BIDS name, the name
/// without what says that it holds lesions otherwise.
#[must_use]
pub fn case_name(path: &Path, entities: &BTreeSet<&'static str>) -> String {
    let path = &without_csv(path);
    if let Some(name) = BidsName::of(&without_dash_lesions(path)) {
        let kept = std::iter::once("sub")
            .chain(CASE_ENTITIES.into_iter().filter(|k| entities.contains(k)));
        let parts = kept.filter_map(|key| name.entity(key).map(|value| format!("{key}-{value}")));
        return parts.collect::<Vec<_>>().join("_");
    }
    let stem = stem(path);
    match stem.rsplit_once(['_', '-']) {
        Some((name, last)) if LESION_SUFFIXES.contains(&last.to_ascii_lowercase().as_str()) => {
            name.to_string()
        }
        _ => stem,
    }
}

/// The path without `-lesions` behind the name of its scan.
fn without_dash_lesions(path: &Path) -> PathBuf {
    match stem(path).strip_suffix("-lesions") {
        Some(scan) => path.with_file_name(scan),
        None => path.to_path_buf(),
    }
}

/// The path without the ending of a table, which scans do not have.
fn without_csv(path: &Path) -> PathBuf {
    let is_csv = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    if is_csv {
        path.with_extension("")
    } else {
        path.to_path_buf()
    }
}

fn by_name(
    files: Vec<LesionFile>,
    entities: &BTreeSet<&'static str>,
    side: &'static str,
) -> Result<BTreeMap<String, LesionFile>, CasesError> {
    let mut named: BTreeMap<String, LesionFile> = BTreeMap::new();
    for file in files {
        let name = case_name(file.path(), entities);
        if let Some(first) = named.get(&name) {
            return Err(CasesError::Twice {
                side,
                first: first.path().to_path_buf(),
                second: file.path().to_path_buf(),
                name,
            });
        }
        named.insert(name, file);
    }
    Ok(named)
}

/// Whose a case is: `sub-01` of `sub-01_ses-2`; a name that is not BIDS is a subject of its own.
#[must_use]
pub fn subject_of(case: &str) -> &str {
    let first = case.split('_').next().unwrap_or(case);
    if first.starts_with("sub-") {
        first
    } else {
        case
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_testing::empty_files;

    fn names(list: &CaseList) -> Vec<&str> {
        list.cases.iter().map(|case| case.name.as_str()).collect()
    }

    #[test]
    fn bids_names_result_folders_and_plain_names_are_paired() {
        let truth = empty_files(&[
            "sub-01/anat/sub-01_desc-lesions_dseg.nii.gz",
            "sub-01/anat/sub-01_desc-regions_dseg.nii.gz",
            "sub-01/anat/sub-01_truth.json",
            "sub-02/anat/sub-02_desc-lesions_dseg.nii.gz",
        ]);
        let results = empty_files(&[
            "sub-01_part-mag_T2starw/lesions.json",
            "sub-01_part-mag_T2starw/lesions.nii.gz",
            "sub-01_part-mag_T2starw/candidates.csv",
            "sub-02_part-mag_T2starw/lesions.json",
            "sub-02_part-mag_T2starw/lesions.nii.gz",
        ]);
        let list = pair_cases(truth.path(), results.path(), false).unwrap();
        assert_eq!(names(&list), ["sub-01", "sub-02"]);
        assert!(matches!(
            list.cases[0].prediction,
            Some(LesionFile::Results(_))
        ));

        // VALDO's layout.
        let valdo = empty_files(&[
            "sub-101/sub-101_space-T2S_CMB.nii.gz",
            "sub-101/sub-101_space-T2S_desc-masked_T2S.nii.gz",
            "sub-101/sub-101_space-T2S_desc-masked_T1.nii.gz",
        ]);
        let plain = empty_files(&["sub-101.nii.gz"]);
        let list = pair_cases(valdo.path(), plain.path(), false).unwrap();
        assert_eq!(names(&list), ["sub-101"]);

        // Predictions under the names of their scans.
        let scans = empty_files(&["sub-101_T2S.nii.gz"]);
        let list = pair_cases(valdo.path(), scans.path(), false).unwrap();
        assert_eq!(names(&list), ["sub-101"]);

        let a = empty_files(&["case7_mask.nii.gz", "case8_mask.nii.gz"]);
        let b = empty_files(&["case7.csv", "case8_pred.nii"]);
        let list = pair_cases(a.path(), b.path(), false).unwrap();
        assert_eq!(names(&list), ["case7", "case8"]);
    }

    #[test]
    fn sessions_are_told_apart_where_both_sides_have_them() {
        let truth = empty_files(&["sub-1_ses-1_dseg.nii", "sub-1_ses-2_dseg.nii"]);
        let found = empty_files(&["sub-1_ses-1_pred.nii", "sub-1_ses-2_acq-x_pred.nii"]);
        let list = pair_cases(truth.path(), found.path(), false).unwrap();
        assert_eq!(names(&list), ["sub-1_ses-1", "sub-1_ses-2"]);
        let without = empty_files(&["sub-1_pred.nii"]);
        let error = pair_cases(truth.path(), without.path(), false).unwrap_err();
        let twice = error.to_string();
        assert!(
            twice.contains("sub-1 is there twice among the reference"),
            "{twice}"
        );
        assert!(twice.contains("sub-1_ses-2_dseg.nii"), "{twice}");
    }

    #[test]
    fn missing_partners_are_named_and_allowed_only_on_request() {
        let truth = empty_files(&["a.nii", "b.nii"]);
        let found = empty_files(&["b.nii", "c.nii"]);
        let error = pair_cases(truth.path(), found.path(), false).unwrap_err();
        assert!(error.to_string().contains("no prediction: a;"), "{error}");
        let list = pair_cases(truth.path(), found.path(), true).unwrap();
        assert_eq!(list.without_prediction(), ["a"]);
        assert_eq!(list.without_reference(), ["c"]);
        let empty = empty_files(&[]);
        let error = pair_cases(empty.path(), found.path(), true).unwrap_err();
        assert!(matches!(error, CasesError::Empty { .. }));
    }

    #[test]
    fn two_files_are_a_pair_unless_they_are_of_two_subjects() {
        let files = empty_files(&["truth.nii", "x/found.csv", "sub-1_a.nii", "sub-2_b.nii"]);
        let at = |name: &str| files.path().join(name);
        let list = pair_cases(&at("truth.nii"), &at("x/found.csv"), false).unwrap();
        assert_eq!(names(&list), ["truth"]);
        let list = pair_cases(&at("truth.nii"), &at("sub-2_b.nii"), false).unwrap();
        assert_eq!(names(&list), ["sub-2"]);
        assert!(pair_cases(&at("sub-1_a.nii"), &at("sub-2_b.nii"), false).is_err());
        // A file in a folder is not a single file, and a name needs no suffix.
        let a = empty_files(&["case7_mask.nii"]);
        let b = empty_files(&["case8_mask.nii"]);
        assert!(pair_cases(a.path(), b.path(), false).is_err());
        let bare = empty_files(&["sub-1.nii", "sub-2.nii"]);
        let at = |name: &str| bare.path().join(name);
        assert!(pair_cases(&at("sub-1.nii"), &at("sub-2.nii"), false).is_err());
    }

    #[test]
    fn one_subjects_naming_does_not_hide_anothers_file() {
        let truth = empty_files(&["sub-1_dseg.nii", "sub-2_dseg.nii"]);
        let found = empty_files(&[
            "sub-1_desc-lesions_dseg.nii",
            "sub-1_desc-tissue_dseg.nii",
            "sub-2_probseg.nii",
        ]);
        let list = pair_cases(truth.path(), found.path(), false).unwrap();
        assert_eq!(names(&list), ["sub-1", "sub-2"]);
    }
}
