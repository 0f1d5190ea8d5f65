use super::SequenceChoice;
use crate::data::{LabelledError, LabelledScan, labelled_scans};
use siderin_image::scan::{Catalog, OpenError, ReadLimits, stem};
use std::collections::BTreeMap;
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
        "looking for scans to learn from: two scans are called {name}; give data sets whose \
         folders are named differently, and each one once"
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
        "looking for scans to learn from: no folder or manifest was given; give one with ‹data›, or \
         under data.train"
    )]
    NoPath,
}

/// Labelled scans, by what they are for.
#[derive(Debug, Clone)]
pub struct Found {
    /// To learn from, sorted by name.
    pub train: Vec<LabelledScan>,
    /// To judge, where there are scans for that alone; sorted by name.
    pub validation: Vec<LabelledScan>,
}

/// The labelled scans of several folders or manifests, of one sequence where that is asked for.
/// Where two data sets have scans of the same name, all get the data set's name before their own;
/// subjects of the same name count as one person.
///
/// # Errors
/// [`FindError`].
pub fn find(
    train: &[PathBuf],
    validation: &[PathBuf],
    sequence: Option<SequenceChoice>,
) -> Result<Found, FindError> {
    if train.is_empty() {
        return Err(FindError::NoPath);
    }
    let mut sets = Vec::new();
    for path in train.iter().chain(validation) {
        sets.push((path, labelled_scans(path)?));
    }
    let names = |sets: &[(&PathBuf, Vec<LabelledScan>)]| -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for scan in sets.iter().flat_map(|(_, scans)| scans) {
            *counts.entry(scan.name.clone()).or_default() += 1;
        }
        counts
    };
    if names(&sets).values().any(|count| *count > 1) {
        for (path, scans) in &mut sets {
            let set = stem(path);
            for scan in scans {
                scan.name = format!("{set}.{}", scan.name);
            }
        }
    }
    if let Some((name, _)) = names(&sets).into_iter().find(|(_, count)| *count > 1) {
        return Err(FindError::SameName { name });
    }
    let mut scans: Vec<Vec<LabelledScan>> = sets.into_iter().map(|(_, scans)| scans).collect();
    let judges = scans.split_off(train.len());
    Ok(Found {
        train: of_sequence(scans.concat(), sequence)?,
        validation: if judges.is_empty() {
            Vec::new()
        } else {
            of_sequence(judges.concat(), sequence)?
        },
    })
}

fn of_sequence(
    mut scans: Vec<LabelledScan>,
    sequence: Option<SequenceChoice>,
) -> Result<Vec<LabelledScan>, FindError> {
    scans.sort_by(|a, b| a.name.cmp(&b.name));
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
