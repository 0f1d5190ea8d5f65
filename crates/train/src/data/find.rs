use crate::config::SequenceChoice;
use siderin_core::evaluate::{LabelledError, LabelledScan, labelled_scans};
use siderin_core::scan::{Catalog, OpenError, ReadLimits};
use std::path::PathBuf;

/// Scans that cannot be found.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum FindError {
    #[error(transparent)]
    Labelled(#[from] LabelledError),
    #[error("looking at the sequence of {name}: {source}")]
    Open { name: String, source: OpenError },
    #[error(
        "looking for scans to learn from: two scans are called {name}; give data sets whose names \
         differ, or a manifest with names of their own"
    )]
    SameName { name: String },
    #[error(
        "looking for scans to learn from: none of {scans} scans is {sequence} by its metadata; \
         leave data.sequence out, or add sidecars that say what the scans are"
    )]
    NoneOfSequence {
        scans: usize,
        sequence: &'static str,
    },
    #[error(
        "looking for scans to learn from: no folder or manifest was given; give one with --data, or \
         under data.train"
    )]
    NoPath,
}

/// The labelled scans of several folders or manifests, of one sequence where that is asked for,
/// sorted by name.
///
/// # Errors
/// [`FindError`].
pub fn find(
    paths: &[PathBuf],
    sequence: Option<SequenceChoice>,
) -> Result<Vec<LabelledScan>, FindError> {
    if paths.is_empty() {
        return Err(FindError::NoPath);
    }
    let mut scans = Vec::new();
    for path in paths {
        scans.extend(labelled_scans(path)?);
    }
    scans.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = scans.windows(2).find(|pair| pair[0].name == pair[1].name) {
        let name = pair[0].name.clone();
        return Err(FindError::SameName { name });
    }
    let Some(wanted) = sequence else {
        return Ok(scans);
    };
    let all = scans.len();
    let mut kept = Vec::new();
    for scan in scans {
        let catalog = Catalog::open(&scan.input.path, ReadLimits::default()).map_err(|source| {
            FindError::Open {
                name: scan.name.clone(),
                source,
            }
        })?;
        let holds = catalog
            .volumes
            .first()
            .is_some_and(|volume| wanted.holds(volume.acquisition.sequence()));
        if holds {
            kept.push(scan);
        }
    }
    if kept.is_empty() {
        return Err(FindError::NoneOfSequence {
            scans: all,
            sequence: wanted.name(),
        });
    }
    Ok(kept)
}
