//! An input with its companions as a scan.

use super::voxels::is_label_map;
use super::{
    Catalog, ChooseError, DamagedFiles, Input, LoadError, Note, OpenError, PhaseError, ReadLimits,
    Scan, Sequence, VolumeEntry, read_phase,
};
use crate::volume::Volume;
use std::path::Path;

/// Images the user gave along with the scan.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// A T1w image.
    pub t1: Option<&'a Path>,
    /// A T2w image.
    pub t2: Option<&'a Path>,
    /// A parcellation of FreeSurfer or SynthSeg, in the space of the T1w image where one is given, else of the scan.
    pub parcellation: Option<&'a Path>,
    /// The phase of the same acquisition.
    pub phase: Option<&'a Path>,
    /// Which volume of the input, from 1.
    pub volume: Option<usize>,
}

/// An input that is no scan with its companions.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ReadScanError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Choose(#[from] ChooseError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("reading the phase: {0}")]
    Phase(#[from] PhaseError),
    #[error("{0}")]
    PhaseGrid(LoadError),
    #[error("reading the {name}: {error}")]
    Companion {
        name: &'static str,
        error: CompanionError,
    },
}

/// A file that is not one image of the kind expected.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CompanionError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("{0}")]
    Damaged(DamagedFiles),
    #[error("it holds {count} volumes, expected one; give a file with that image alone")]
    Volumes { count: usize },
    #[error("this is {found}; give {expected} of the same person")]
    Sequence {
        found: Sequence,
        expected: &'static str,
    },
}

/// Reads the magnitude, and the T1w, T2w and phase images where they are given or beside it. What was given
/// must be right; what BIDS puts beside the scan is left out with a note when it is not.
///
/// # Errors
/// [`ReadScanError`].
pub fn read_scan(input: &Input, given: &Given, limits: ReadLimits) -> Result<Scan, ReadScanError> {
    let catalog = Catalog::open(&input.path, limits)?;
    let entry = catalog.choose(given.volume)?;
    let mut scan = entry.load(&input.stem, limits)?;
    if is_label_map(&scan.magnitude) {
        return Err(LoadError::LabelMap.into());
    }
    scan.notes.extend(catalog.notes.iter().cloned());
    scan.notes
        .extend(catalog.refused.iter().map(|refused| Note::SeriesRefused {
            what: format!("volume {} ({})", refused.number, refused.description()),
            why: refused.error.to_string(),
        }));
    match (given.phase, &input.phase) {
        (Some(path), _) => set_phase(&mut scan, path, limits)?,
        (None, Some(path)) => {
            if let Err(error) = set_phase(&mut scan, path, limits) {
                let why = error.to_string();
                scan.notes.push(left_out("the phase beside the scan", why));
            }
        }
        (None, None) => {}
    }
    // A parcellation lies on the T1w image that is given with it, not on one that happens to be there.
    let beside = input.t1.as_deref().filter(|_| given.parcellation.is_none());
    let (t1, note) = companion(given.t1, beside, &T1, limits)?;
    scan.t1 = t1;
    scan.notes.extend(note);
    let (t2, note) = companion(given.t2, input.t2.as_deref(), &T2, limits)?;
    scan.t2 = t2;
    scan.notes.extend(note);
    if let Some(path) = given.parcellation {
        let name = "parcellation";
        let read = read_single_volume(path, limits);
        let (_, parcels) = read.map_err(|error| ReadScanError::Companion { name, error })?;
        scan.parcellation = Some(parcels);
    }
    Ok(scan)
}

/// The one volume of a file or folder.
///
/// # Errors
/// [`CompanionError`].
pub fn read_single_volume(
    path: &Path,
    limits: ReadLimits,
) -> Result<(VolumeEntry, Volume<f32>), CompanionError> {
    let catalog = Catalog::open(path, limits)?;
    if let Some(damaged) = catalog.damaged {
        return Err(CompanionError::Damaged(damaged));
    }
    let mut volumes = catalog.volumes;
    if volumes.len() != 1 {
        let count = volumes.len();
        return Err(CompanionError::Volumes { count });
    }
    let entry = volumes.remove(0);
    let (volume, _) = entry.read_voxels(limits)?;
    Ok((entry, volume))
}

/// Another image of the same person.
struct Companion {
    name: &'static str,
    expected: &'static str,
    sequences: &'static [Sequence],
}

const T1: Companion = Companion {
    name: "T1w image",
    expected: "a T1-weighted image",
    sequences: &[Sequence::T1w, Sequence::Unknown, Sequence::ShortTeGre],
};
const T2: Companion = Companion {
    name: "T2w image",
    expected: "a T2-weighted image",
    sequences: &[Sequence::T2w, Sequence::Unknown],
};

/// The image given, or the one beside the scan, which is left out with a note when it is not right.
fn companion(
    given: Option<&Path>,
    beside: Option<&Path>,
    kind: &Companion,
    limits: ReadLimits,
) -> Result<(Option<Volume<f32>>, Option<Note>), ReadScanError> {
    let name = kind.name;
    match (given, beside) {
        (Some(path), _) => match kind.read(path, limits) {
            Ok(volume) => Ok((Some(volume), None)),
            Err(error) => Err(ReadScanError::Companion { name, error }),
        },
        (None, Some(path)) => Ok(match kind.read(path, limits) {
            Ok(volume) => (Some(volume), None),
            Err(error) => {
                let what = format!("the {name} beside the scan");
                (None, Some(left_out(&what, error.to_string())))
            }
        }),
        (None, None) => Ok((None, None)),
    }
}

fn left_out(what: &str, why: String) -> Note {
    Note::SeriesRefused {
        what: what.to_string(),
        why,
    }
}

fn set_phase(scan: &mut Scan, path: &Path, limits: ReadLimits) -> Result<(), ReadScanError> {
    scan.set_phase(read_phase(path, limits)?)
        .map_err(ReadScanError::PhaseGrid)
}

impl Companion {
    fn read(&self, path: &Path, limits: ReadLimits) -> Result<Volume<f32>, CompanionError> {
        let (entry, volume) = read_single_volume(path, limits)?;
        let found = entry.acquisition.sequence();
        if self.sequences.contains(&found) {
            return Ok(volume);
        }
        Err(CompanionError::Sequence {
            found,
            expected: self.expected,
        })
    }
}
