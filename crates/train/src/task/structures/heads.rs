//! Label maps to draw heads from.

use crate::config::HeadChoice;
use rayon::prelude::*;
use siderin_image::preprocess::HeadViewError;
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::{NiftiError, read_volume};
use siderin_image::volume::GridError;
use siderin_simulate::drawn_head::HeadSource;
use siderin_simulate::head::{Head, HeadError};

/// Label maps of which no heads can be drawn.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum HeadsError {
    #[error("reading the label map {name}: {source}")]
    Read { name: String, source: NiftiError },
    #[error("{source} (label map {name})")]
    Head { name: String, source: HeadError },
    #[error(transparent)]
    Grid(#[from] GridError),
    #[error(transparent)]
    View(#[from] HeadViewError),
    #[error("drawing heads: after {tries} tries none showed anything; look at the label maps")]
    Blank { tries: u64 },
}

/// Label maps made ready.
pub(super) struct Heads(pub(super) Vec<HeadSource>);

impl Heads {
    /// Reads those of these names from the config's folder.
    pub(super) fn read(choice: &HeadChoice, names: &[String]) -> Result<Self, HeadsError> {
        let read = |name: &String| {
            let path = choice.folder.join(format!("{name}.nii.gz"));
            let (_, map, _) =
                read_volume(&path, None, ReadLimits::default()).map_err(|source| {
                    HeadsError::Read {
                        name: name.clone(),
                        source,
                    }
                })?;
            let made = if choice.without_skull.contains(name) {
                HeadSource::of_brain(&map)
            } else {
                Head::from_map(&map).and_then(|head| HeadSource::of_head(&head))
            };
            made.map_err(|source| HeadsError::Head {
                name: name.clone(),
                source,
            })
        };
        Ok(Self(names.par_iter().map(read).collect::<Result<_, _>>()?))
    }
}
