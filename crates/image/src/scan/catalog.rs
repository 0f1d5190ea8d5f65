//! The volumes one input holds, known before any voxel is read.

use super::bids;
use super::dicom::{
    DicomFileError, Frame, GeometryError, PixelError, Placed, blank, group_frames, is_dicom,
    load_voxels, no_image, place, read_frames,
};
use super::input::is_derived_folder;
use super::nifti::{HeaderError, NiftiError, Placement, Placements, read_header, read_volume};
use super::sidecar::acquisition_of_nifti;
use super::voxels::{check_grid, tame_wild};
use super::walk::{Unreachable, Walked, files_below};
use super::{Acquisition, Component, Note, ReadLimits, Scan, phase_values};
use crate::volume::{Grid, SAME_GRID_MM, Volume};
use rayon::prelude::*;
use std::fmt;
use std::path::{Path, PathBuf};

/// All volumes of one input, numbered from 1 in a fixed order.
#[derive(Debug)]
pub struct Catalog {
    /// Volumes that can be read.
    pub volumes: Vec<VolumeEntry>,
    /// Groups of slices that are no volume.
    pub refused: Vec<RefusedVolume>,
    /// DICOM files that could not be read: slices of any volume may be among them.
    pub damaged: Option<DamagedFiles>,
    /// What listing brought up.
    pub notes: Vec<Note>,
}

/// DICOM files of an input that could not be read.
#[derive(Debug, Clone)]
pub struct DamagedFiles {
    /// How many.
    pub files: usize,
    /// What is wrong with the first.
    pub why: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for DamagedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, why, name } = self;
        let plural = if *files == 1 { "file is" } else { "files are" };
        write!(
            f,
            "{files} DICOM {plural} damaged, so that slices may be missing; export the series again ({why}; the first is {name})"
        )
    }
}

/// A volume of a catalog.
#[derive(Debug)]
pub struct VolumeEntry {
    /// Its number for `--volume`.
    pub number: usize,
    /// Shape and place.
    pub grid: Grid,
    /// How it was acquired.
    pub acquisition: Acquisition,
    /// Which repetition of its series this is, from 1, where a series was repeated.
    pub repetition: Option<usize>,
    /// What placing it brought up.
    pub notes: Vec<Note>,
    source: Source,
}

/// A group of slices that is no volume.
#[derive(Debug)]
pub struct RefusedVolume {
    /// Its number for `--volume`.
    pub number: usize,
    /// Slices in the group.
    pub slices: usize,
    /// How it was acquired.
    pub acquisition: Acquisition,
    /// Why it is refused.
    pub error: GeometryError,
}

#[derive(Debug)]
enum Source {
    Nifti { path: PathBuf, volume: u64 },
    Dicom(Box<Placed>),
}

/// An input that cannot be listed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum OpenError {
    #[error(
        "opening the input: it does not exist or cannot be read ({0}); check its name and permissions"
    )]
    NotThere(std::io::Error),
    #[error(
        "opening the input: this is neither a file nor a folder; give a NIfTI file, a DICOM file or a folder of DICOM slices"
    )]
    NoFile,
    #[error(transparent)]
    Nifti(#[from] NiftiError),
    #[error("{error}")]
    Dicom { error: DicomFileError },
    #[error(
        "opening the input: none of its {files} files is a DICOM image or NIfTI; give a NIfTI file, a DICOM file or a folder of DICOM slices"
    )]
    NoImages { files: usize },
    #[error(
        "opening the input: this is neither NIfTI nor DICOM; give a .nii, .nii.gz or DICOM file"
    )]
    UnknownFormat,
}

/// A volume that cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LoadError {
    #[error(transparent)]
    Nifti(#[from] NiftiError),
    #[error(transparent)]
    Pixels(#[from] PixelError),
    #[error(
        "reading the scan: the values look like phase (many are negative, both signs reach equally far); detection needs the magnitude, give this file with ‹phase›"
    )]
    LooksLikePhase,
    #[error(
        "reading the scan: all voxels have the same value ({value}); the export failed, export the scan again"
    )]
    Constant { value: f32 },
    #[error(
        "reading the scan: its values are whole numbers that hardly ever change between neighbours, as in a mask or a map of labels; give the scan itself"
    )]
    LabelMap,
    #[error(
        "reading the scan: it has {shape:?} voxels, expected 4 × 4 and 2 slices or more; give the whole series"
    )]
    TooFew { shape: [usize; 3] },
    #[error(
        "reading the scan: its voxels have {spacing_mm:?} mm, expected 0.03 to 20 mm; the unit of its header may be wrong, correct the voxel sizes"
    )]
    VoxelSize { spacing_mm: [f64; 3] },
    #[error(
        "reading the scan: with {voxels} voxels detection would take {bytes} bytes, the limit is {limit}; crop the scan first"
    )]
    TooMuchWork { voxels: u64, bytes: u64, limit: u64 },
    #[error(
        "reading the scan: detection would take {bytes} bytes of memory and the system has not got them; crop the scan, or use a larger computer"
    )]
    NoMemory { bytes: u64 },
    #[error(
        "reading the phase: its grid lies up to {largest_mm:.2} mm from the magnitude's or has another shape; give the phase of the same acquisition"
    )]
    PhaseGrid { largest_mm: f64 },
}

impl Catalog {
    /// Lists the volumes of a NIfTI file, a DICOM file, or a folder of DICOM files in any
    /// order and depth.
    ///
    /// # Errors
    /// When nothing in the input can be read as an image.
    pub fn open(path: &Path, limits: ReadLimits) -> Result<Self, OpenError> {
        let about = std::fs::metadata(path).map_err(OpenError::NotThere)?;
        if about.is_dir() {
            let Walked { files, unreachable } =
                files_below(path, |folder| !is_derived_folder(folder));
            return Self::open_dicom(&files, unreachable, limits);
        }
        if !about.is_file() {
            return Err(OpenError::NoFile);
        }
        let nothing = match Self::open_dicom(&[path.to_path_buf()], Vec::new(), limits) {
            Err(error @ OpenError::NoImages { .. }) => error,
            other => return other,
        };
        if let Some(error) = no_image(path, limits) {
            return Err(OpenError::Dicom { error });
        }
        match Self::open_nifti(path) {
            Err(OpenError::Nifti(NiftiError::Header(HeaderError::NotNifti { .. })))
                if !bids::is_nifti(path) =>
            {
                let header = path.with_extension("hdr");
                let half = path.extension().is_some_and(|e| e == "img") && header.is_file();
                Err(match half {
                    true => NiftiError::Header(HeaderError::Pair).into(),
                    false if is_dicom(path) => nothing,
                    false => OpenError::UnknownFormat,
                })
            }
            other => other,
        }
    }

    fn open_nifti(path: &Path) -> Result<Self, OpenError> {
        let header = read_header(path)?;
        let (grid, placement) = header.grid().map_err(NiftiError::Header)?;
        let (acquisition, sidecar_notes) = acquisition_of_nifti(path);
        let mut notes = Vec::new();
        if placement == Placement::SizesOnly {
            notes.push(Note::OrientationUnknown);
        }
        if let (Placement::Sform, Some((_, matrix))) = (placement, header.qform)
            && let Ok(other) = Grid::new(grid.shape(), matrix)
        {
            let largest_mm = grid.largest_corner_distance_mm(&other);
            // Stored with seven digits, equal placements differ by less than this.
            if largest_mm > 0.1 {
                notes.push(Note::PlacementsDiffer { largest_mm });
            }
        }
        if let Some(pixdim_mm) = header.other_sizes_mm(&grid) {
            notes.push(Note::VoxelSizesDiffer {
                used_mm: grid.spacing_mm(),
                pixdim_mm,
            });
        }
        // Each number is shown to the user; a header that claims more is damaged.
        let count = header.volume_count().min(100_000);
        let volumes = (1..=count)
            .map(|volume| VolumeEntry {
                number: volume as usize,
                grid: grid.clone(),
                acquisition: acquisition.clone(),
                repetition: (count > 1).then_some(volume as usize),
                notes: notes.clone(),
                source: Source::Nifti {
                    path: path.to_path_buf(),
                    volume,
                },
            })
            .collect();
        Ok(Self {
            volumes,
            refused: Vec::new(),
            damaged: None,
            notes: sidecar_notes,
        })
    }

    /// The volumes of DICOM files; `unreachable` are files that could not even be opened.
    fn open_dicom(
        files: &[PathBuf],
        unreachable: Vec<Unreachable>,
        limits: ReadLimits,
    ) -> Result<Self, OpenError> {
        let read: Vec<Result<Option<Vec<Frame>>, DicomFileError>> = files
            .par_iter()
            .map(|file| read_frames(file, limits))
            .collect();
        let mut frames = Vec::new();
        let mut errors: Vec<(PathBuf, DicomFileError)> = unreachable
            .into_iter()
            .map(|part| (part.path.clone(), DicomFileError::Unreachable(part)))
            .collect();
        let mut others = Vec::new();
        for (file, result) in files.iter().zip(read) {
            match result {
                Ok(Some(found)) => frames.extend(found),
                Ok(None) => others.push(file),
                Err(error) => errors.push((file.clone(), error)),
            }
        }
        // Beside slices, what is blank may have been one.
        if !frames.is_empty() {
            let blanks = others.into_iter().filter(|file| !is_dicom(file));
            errors.extend(blanks.filter_map(|file| Some((file.clone(), blank(file)?))));
        }
        if frames.is_empty() {
            return Err(match errors.into_iter().next() {
                Some((_, error)) => OpenError::Dicom { error },
                None => OpenError::NoImages { files: files.len() },
            });
        }
        // Screenshots, mosaics and the like are no slices; what cannot be parsed may be one.
        let (other, broken): (Vec<_>, Vec<_>) = errors.iter().partition(|(_, error)| {
            matches!(
                error,
                DicomFileError::Missing { .. }
                    | DicomFileError::NotASlice { .. }
                    | DicomFileError::OtherModality { .. }
            )
        });
        let damaged = broken.first().map(|(file, error)| DamagedFiles {
            files: broken.len(),
            why: error.to_string(),
            name: file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        });
        let notes = other.first().map(|(_, error)| Note::OtherImages {
            files: other.len(),
            why: error.to_string(),
        });
        let mut volumes = Vec::new();
        let mut refused = Vec::new();
        for (index, group) in group_frames(frames).into_iter().enumerate() {
            let number = index + 1;
            let acquisition = (*group.frames[0].acquisition).clone();
            match place(&group) {
                Ok(placed) => volumes.push(VolumeEntry {
                    number,
                    notes: placing_notes(&placed, &acquisition, group.notes),
                    grid: placed.grid.clone(),
                    acquisition,
                    repetition: group.repetition,
                    source: Source::Dicom(Box::new(placed)),
                }),
                Err(error) => {
                    let slices = group.frames.len();
                    refused.push(RefusedVolume {
                        number,
                        slices,
                        acquisition,
                        error,
                    });
                }
            }
        }
        Ok(Self {
            volumes,
            refused,
            damaged,
            notes: notes.into_iter().collect(),
        })
    }
}

fn placing_notes(placed: &Placed, acquisition: &Acquisition, mut notes: Vec<Note>) -> Vec<Note> {
    if let (Some(gap_mm), Some(thickness)) = (placed.gap_mm, &acquisition.slice_thickness_mm) {
        let thickness_mm = thickness.value;
        notes.push(Note::SliceGap {
            spacing_mm: thickness_mm + gap_mm,
            thickness_mm,
        });
    }
    if !placed.copies.is_empty() {
        let files = placed.copies.len();
        notes.push(Note::DuplicateFiles { files });
    }
    for note in placed.frames.iter().flat_map(|frame| &frame.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes
}

impl VolumeEntry {
    /// Reads the voxels, with what reading brought up.
    ///
    /// # Errors
    /// When the file is damaged, truncated or larger than the limits.
    pub fn read_voxels(&self, limits: ReadLimits) -> Result<(Volume<f32>, Vec<Note>), LoadError> {
        let (voxels, _, notes) = self.read_placed(limits)?;
        Ok((voxels, notes))
    }

    fn read_placed(
        &self,
        limits: ReadLimits,
    ) -> Result<(Volume<f32>, Placements, Vec<Note>), LoadError> {
        match &self.source {
            Source::Nifti { path, volume } => {
                let (header, voxels, not_finite) = read_volume(path, Some(*volume), limits)?;
                let notes = if not_finite > 0 {
                    vec![Note::NotFinite { voxels: not_finite }]
                } else {
                    Vec::new()
                };
                Ok((voxels, header.placements(), notes))
            }
            Source::Dicom(placed) => {
                let scanner = Placements::scanner(&placed.grid);
                Ok((load_voxels(placed, limits)?, scanner, Vec::new()))
            }
        }
    }

    /// Reads the volume as a scan called `name`.
    ///
    /// # Errors
    /// As [`VolumeEntry::read_voxels`], and when the values look like phase or are all the
    /// same.
    pub fn load(&self, name: &str, limits: ReadLimits) -> Result<Scan, LoadError> {
        check_grid(&self.grid, limits)?;
        let (mut magnitude, placements, found) = self.read_placed(limits)?;
        ReadLimits::check_memory(self.grid.voxel_count() as u64)?;
        let first = magnitude.voxels()[0];
        if magnitude.voxels().iter().all(|v| *v == first) {
            return Err(LoadError::Constant { value: first });
        }
        let wild = tame_wild(&mut magnitude);
        let told = self.acquisition.component() == Component::Magnitude;
        if !told && phase_values::looks_like_phase(magnitude.voxels()) {
            return Err(LoadError::LooksLikePhase);
        }
        let mut notes = self.notes.clone();
        notes.extend(found);
        notes.extend(wild);
        Ok(Scan {
            name: name.to_string(),
            magnitude,
            placements,
            acquisition: self.acquisition.clone(),
            notes,
            t1: None,
            t2: None,
            parcellation: None,
            phase: None,
        })
    }
}

impl RefusedVolume {
    /// What it is, in a few words.
    #[must_use]
    pub fn description(&self) -> String {
        let a = &self.acquisition;
        let mut parts = vec![format!("{}, {}", a.component(), a.sequence())];
        parts.extend(
            a.series_number
                .as_ref()
                .map(|k| format!("series {}", k.value)),
        );
        parts.extend(a.series_description.as_ref().map(|k| k.value.clone()));
        parts.join(", ")
    }
}

impl Scan {
    /// Adds the phase, which must lie on the magnitude's grid.
    ///
    /// # Errors
    /// When the grids differ by more than a tenth of a millimetre anywhere.
    pub fn set_phase(&mut self, phase: Volume<f32>) -> Result<(), LoadError> {
        if !phase.grid().matches(self.magnitude.grid(), SAME_GRID_MM) {
            let largest_mm = phase
                .grid()
                .largest_corner_distance_mm(self.magnitude.grid());
            return Err(LoadError::PhaseGrid { largest_mm });
        }
        self.phase = Some(phase);
        Ok(())
    }
}
