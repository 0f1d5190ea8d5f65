//! Files become lesions: label and probability maps, points, and siderin's own results.

mod cases;
mod find;
mod points;
mod table;

pub use cases::{CASE_ENTITIES, Case, CaseList, CasesError, case_name, pair_cases, subject_of};
pub use find::is_results;
pub use points::{Point, PointFormat, PointsError, parse_points};
pub(crate) use table::TextTable;
pub use table::TextTableError;

pub(super) use super::objects::MapKind;
use super::objects::{BadValue, kind_of};
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::{NiftiError, read_volume};
use siderin_image::volume::{Grid, Volume};
use std::path::{Path, PathBuf};

/// A file, or a folder of siderin's results, that says where lesions are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LesionFile {
    /// A label or probability map, NIfTI.
    Map(PathBuf),
    /// Points as `lesions.json` or CSV.
    Points(PathBuf),
    /// A folder as `siderin detect` writes it.
    Results(PathBuf),
}

impl LesionFile {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Map(path) | Self::Points(path) | Self::Results(path) => path,
        }
    }
}

/// What a lesion file holds.
#[derive(Debug, Clone)]
pub enum Lesions {
    /// A map and what its values are.
    Map(Volume<f32>, MapKind),
    /// Points, and the grid of their scan where the file has it.
    Points(Vec<Point>, Option<Grid>),
    /// Labels with the confidence of each label, and every candidate that was scored.
    Results {
        /// Instance labels.
        labels: Volume<f32>,
        /// The findings, whose `id` is the label.
        findings: Vec<Point>,
        /// Findings and what was scored below the threshold.
        candidates: Vec<Point>,
    },
}

/// A lesion file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LesionFileError {
    #[error(transparent)]
    Nifti(#[from] NiftiError),
    #[error(transparent)]
    Points(#[from] PointsError),
    #[error(
        "reading a lesion map: {count} voxels are NaN or infinite; a map must say of every voxel \
         what it is, set them to 0 or to a label first"
    )]
    NotFinite { count: u64 },
    #[error(
        "reading a lesion map: a voxel is {value}; labels and probabilities are 0 or more (was a \
         file of log-probabilities or differences given?)"
    )]
    Negative { value: f32 },
    #[error(
        "reading a lesion map: a voxel is {value}; labels are whole numbers and probabilities 0 to \
         1 (was the scan itself given?)"
    )]
    NotALesionMap { value: f32 },
}

/// Reads a lesion file.
///
/// # Errors
/// [`LesionFileError`]: unreadable, not finite, negative, or no lesion map.
pub fn read_lesions(file: &LesionFile, limits: ReadLimits) -> Result<Lesions, LesionFileError> {
    match file {
        LesionFile::Map(path) => {
            let (map, kind) = read_map(path, limits)?;
            Ok(Lesions::Map(map, kind))
        }
        LesionFile::Points(path) => {
            let (points, grid) = points::read(path)?;
            Ok(Lesions::Points(points, grid))
        }
        LesionFile::Results(folder) => {
            let (labels, _) = read_map(&folder.join("lesions.nii.gz"), limits)?;
            let (findings, _) = points::read(&folder.join("lesions.json"))?;
            let table = folder.join("candidates.csv");
            let candidates = if table.is_file() {
                points::read(&table)?.0
            } else {
                findings.clone()
            };
            Ok(Lesions::Results {
                labels,
                findings,
                candidates,
            })
        }
    }
}

fn read_map(path: &Path, limits: ReadLimits) -> Result<(Volume<f32>, MapKind), LesionFileError> {
    let (_, map, not_finite) = read_volume(path, None, limits)?;
    if not_finite > 0 {
        return Err(LesionFileError::NotFinite { count: not_finite });
    }
    let kind = kind_of(&map).map_err(|bad| match bad {
        BadValue::Negative(value) => LesionFileError::Negative { value },
        BadValue::NoProbability(value) => LesionFileError::NotALesionMap { value },
    })?;
    Ok((map, kind))
}
