//! The phase that belongs to a magnitude.

use super::{Catalog, Component, DamagedFiles, LoadError, OpenError, ReadLimits};
use crate::volume::Volume;
use std::path::Path;

/// A file that holds no phase.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PhaseError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("{0}")]
    Damaged(DamagedFiles),
    #[error("it holds {count} volumes, expected one; give a file with that image alone")]
    Volumes { count: usize },
    #[error("this is a {0} image; give the phase of the same acquisition")]
    Component(Component),
}

/// Reads the phase that a file or folder holds.
///
/// # Errors
/// When it holds several volumes, or something that is said to be no phase.
pub fn read_phase(path: &Path, limits: ReadLimits) -> Result<Volume<f32>, PhaseError> {
    let catalog = Catalog::open(path, limits)?;
    if let Some(damaged) = catalog.damaged {
        return Err(PhaseError::Damaged(damaged));
    }
    let volumes = catalog.volumes;
    let [entry] = &volumes[..] else {
        let count = volumes.len();
        return Err(PhaseError::Volumes { count });
    };
    let (volume, _) = entry.read_voxels(limits)?;
    match entry.acquisition.component() {
        Component::Phase | Component::Unknown => Ok(volume),
        other => Err(PhaseError::Component(other)),
    }
}
