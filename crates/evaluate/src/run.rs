//! All cases of a run, each read, scored and forgotten.

use super::read::{Case, CaseList, CasesError, LesionFileError, Lesions, MapKind, read_lesions};
use super::rule::{Rule, ScoreSettings};
use super::strata;
use super::subject::{ScoreError, SubjectScore, score_case};
use rayon::prelude::*;
use siderin_image::scan::nifti::{NiftiError, read_volume};
use siderin_image::scan::{OpenError, ReadLimits};
use siderin_image::volume::Volume;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is known of cases besides their lesions.
#[derive(Debug, Clone, Default)]
pub struct Companions {
    /// Maps of MARS regions by case, on the reference's grid.
    pub regions: BTreeMap<String, PathBuf>,
    /// Scans by case, of which metadata tell sequence, field and slices.
    pub scans: BTreeMap<String, Vec<PathBuf>>,
    /// Other levels by case or subject, by dimension.
    pub table: BTreeMap<String, BTreeMap<String, String>>,
}

impl Companions {
    /// Finds region maps (`desc-regions`, NIfTI) in a path.
    ///
    /// # Errors
    /// When a part of the folder cannot be read.
    pub fn regions_in(
        cases: &CaseList,
        path: &Path,
    ) -> Result<BTreeMap<String, PathBuf>, CasesError> {
        let is_regions = |file: &Path| {
            let says_so = siderin_image::scan::BidsName::of(file)
                .is_some_and(|name| name.entity("desc") == Some("regions"));
            siderin_image::scan::is_nifti(file) && (path.is_file() || says_so)
        };
        if let (true, [only]) = (path.is_file(), &cases.cases[..]) {
            return Ok(BTreeMap::from([(only.name.clone(), path.to_path_buf())]));
        }
        let found = cases.files_by_case(path, is_regions)?.into_iter();
        let first = found.filter_map(|(name, files)| Some((name, files.into_iter().next()?)));
        Ok(first.collect())
    }

    /// What is given and does not reach every case, in words.
    #[must_use]
    pub fn gaps(&self, cases: &CaseList) -> Vec<String> {
        let lacking = |what: &str, has: &dyn Fn(&str) -> bool| {
            let count = cases.cases.iter().filter(|case| !has(&case.name)).count();
            (count > 0).then(|| format!("{count} of {} cases have no {what}", cases.cases.len()))
        };
        let regions = || lacking("region map", &|name| self.regions.contains_key(name));
        let scans = || lacking("scan", &|name| self.scans.contains_key(name));
        let rows = || {
            lacking("row in the table", &|name| {
                strata::of_table(&self.table, name).is_some()
            })
        };
        let given = [
            (!self.regions.is_empty()).then(regions),
            (!self.scans.is_empty()).then(scans),
            (!self.table.is_empty()).then(rows),
        ];
        given.into_iter().flatten().flatten().collect()
    }

    /// The scan that shows a case.
    #[must_use]
    pub fn scan_of(&self, case: &Case) -> Option<&Path> {
        let prediction = case.prediction.as_ref().map(|file| file.path());
        strata::scan_of(self.scans.get(&case.name)?, prediction)
    }
}

/// A case that cannot be scored, and the file that is to blame.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CaseError {
    #[error("{source} (reference {path:?})")]
    Reference {
        source: LesionFileError,
        path: PathBuf,
    },
    #[error("{source} (prediction {path:?})")]
    Prediction {
        source: LesionFileError,
        path: PathBuf,
    },
    #[error("{source} (region map {path:?})")]
    Regions { source: NiftiError, path: PathBuf },
    #[error(
        "reading a region map: value {value} is no region code; give a map as `siderin regions` \
         writes it ({path:?})"
    )]
    RegionCode { value: f32, path: PathBuf },
    #[error("{source} (scan {path:?})")]
    Scan { source: OpenError, path: PathBuf },
    #[error(
        "{source} (reference {}, prediction {})",
        shown(reference),
        shown(prediction)
    )]
    Score {
        source: ScoreError,
        reference: Option<PathBuf>,
        prediction: Option<PathBuf>,
    },
}

fn shown(path: &Option<PathBuf>) -> String {
    let path = path.as_ref();
    path.map_or("missing".to_string(), |path| format!("{path:?}"))
}

/// A case's score, with remarks on its files.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The score.
    pub score: SubjectScore,
    /// What whoever reads it should know.
    pub remarks: Vec<Remark>,
    /// What the values of a predicted map are.
    kind: Option<MapKind>,
}

/// Something about a case's files that changes what its score means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remark {
    /// Labels above 1 are summed into the volume, as VALDO's scorer does.
    LabelsSummed,
    /// No confidence: no curves.
    NoConfidence,
}

impl Remark {
    /// In words, of so many cases.
    #[must_use]
    pub fn in_words(self, cases: usize) -> String {
        match self {
            Self::LabelsSummed => format!(
                "in {cases} cases the prediction holds labels above 1; the rule valdo sums values \
                 as they are, so their absolute volume difference means nothing: give a mask or \
                 probabilities"
            ),
            Self::NoConfidence => format!(
                "in {cases} cases predictions have no confidence: there are no FROC, \
                 precision-recall and reliability curves"
            ),
        }
    }
}

/// Scores all cases, two files in memory per thread at a time. `done` is called after each.
///
/// # Errors
/// All cases that could not be scored: a figure over the others alone would not be one of the
/// whole.
pub fn score_cases(
    cases: &CaseList,
    companions: &Companions,
    settings: &ScoreSettings,
    limits: ReadLimits,
    done: &(dyn Fn(&str) + Sync),
) -> Result<BTreeMap<String, Scored>, Vec<(String, CaseError)>> {
    let scored: Vec<(String, Result<Scored, CaseError>)> = cases
        .cases
        .par_iter()
        .map(|case| {
            let scored = score_files(case, companions, settings, limits);
            done(&case.name);
            (case.name.clone(), scored)
        })
        .collect();
    let mut good = BTreeMap::new();
    let mut bad = Vec::new();
    for (name, scored) in scored {
        match scored {
            Ok(scored) => {
                good.insert(name, scored);
            }
            Err(error) => bad.push((name, error)),
        }
    }
    if good
        .values()
        .any(|case: &Scored| case.kind == Some(MapKind::Probability))
    {
        // Beside probabilities a map of zeros and ones is one that is sure of everything.
        let sure = |name: &str| {
            good.get(name)
                .is_some_and(|c| c.kind == Some(MapKind::Mask))
        };
        let again: Vec<&Case> = cases.cases.iter().filter(|case| sure(&case.name)).collect();
        for case in again {
            match score_as(
                case,
                companions,
                settings,
                limits,
                Some(MapKind::Probability),
            ) {
                Ok(scored) => {
                    good.insert(case.name.clone(), scored);
                }
                Err(error) => bad.push((case.name.clone(), error)),
            }
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}

/// Reads and scores one case.
///
/// # Errors
/// [`CaseError`], which names the file.
pub fn score_files(
    case: &Case,
    companions: &Companions,
    settings: &ScoreSettings,
    limits: ReadLimits,
) -> Result<Scored, CaseError> {
    score_as(case, companions, settings, limits, None)
}

/// Scores one case, a predicted map as of the given kind.
fn score_as(
    case: &Case,
    companions: &Companions,
    settings: &ScoreSettings,
    limits: ReadLimits,
    as_kind: Option<MapKind>,
) -> Result<Scored, CaseError> {
    let path_of = |file: &super::LesionFile| file.path().to_path_buf();
    let reference = match &case.reference {
        None => None,
        Some(file) => Some(
            read_lesions(file, limits).map_err(|source| CaseError::Reference {
                source,
                path: path_of(file),
            })?,
        ),
    };
    let mut prediction = match &case.prediction {
        None => None,
        Some(file) => Some(
            read_lesions(file, limits).map_err(|source| CaseError::Prediction {
                source,
                path: path_of(file),
            })?,
        ),
    };
    if let (Some(Lesions::Map(_, kind)), Some(wanted)) = (&mut prediction, as_kind) {
        *kind = wanted;
    }
    let regions = match companions.regions.get(&case.name) {
        None => None,
        Some(path) => Some(read_regions(path, limits)?),
    };
    let score = score_case(
        reference.as_ref(),
        prediction.as_ref(),
        regions.as_ref(),
        settings,
    );
    let mut score = score.map_err(|source| CaseError::Score {
        source,
        reference: case.reference.as_ref().map(path_of),
        prediction: case.prediction.as_ref().map(path_of),
    })?;
    if let Some(path) = companions.scan_of(case) {
        score.strata = strata::of_scan(path, limits).map_err(|source| CaseError::Scan {
            source,
            path: path.to_path_buf(),
        })?;
    }
    let row = strata::of_table(&companions.table, &case.name);
    for column in companions.table.values().next().into_iter().flatten() {
        let level = row
            .and_then(|row| row.get(column.0))
            .map_or("unknown", String::as_str);
        score.strata.insert(column.0.clone(), level.to_string());
    }
    let kind = match &prediction {
        Some(Lesions::Map(_, kind)) => Some(*kind),
        _ => None,
    };
    let mut remarks = Vec::new();
    if kind == Some(MapKind::Labels) && settings.rule == Rule::Valdo {
        remarks.push(Remark::LabelsSummed);
    }
    if score.curve.is_none() && settings.rule != Rule::Voxel {
        remarks.push(Remark::NoConfidence);
    }
    Ok(Scored {
        score,
        remarks,
        kind,
    })
}

fn read_regions(path: &Path, limits: ReadLimits) -> Result<Volume<u8>, CaseError> {
    let (_, map, _) = read_volume(path, None, limits).map_err(|source| CaseError::Regions {
        source,
        path: path.to_path_buf(),
    })?;
    let labels = map.to_labels().and_then(|labels| {
        let bad = labels.voxels().iter().find(|v| **v > 255);
        bad.map_or(Ok(labels.map(|v| v as u8)), |&v| Err(f32::from(v)))
    });
    labels.map_err(|value| CaseError::RegionCode {
        value,
        path: path.to_path_buf(),
    })
}
