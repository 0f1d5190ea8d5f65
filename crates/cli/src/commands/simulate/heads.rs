//! Heads by name: label maps on disk, and the one that is built in.

use anyhow::{Context, Result, anyhow};
use siderin_image::scan::{ReadLimits, nifti, stem};
use siderin_simulate::head::Head;
use std::path::Path;

/// The name of the head that needs no file.
pub(super) const BUILTIN: &str = "builtin";

/// A head and its name, from `--head`.
pub(super) fn named(name: &str) -> Result<(String, Head)> {
    if name == BUILTIN {
        return Ok((BUILTIN.into(), Head::builtin()?));
    }
    let path = Path::new(name);
    Ok((stem(path), from_file(path)?))
}

/// The head of a label map.
pub(super) fn from_file(path: &Path) -> Result<Head> {
    let read = nifti::read_volume(path, None, ReadLimits::default());
    let (_, map, not_numbers) =
        read.with_context(|| format!("reading the head {}", name_of(path)))?;
    if not_numbers > 0 {
        return Err(anyhow!(
            "reading the head {}: {not_numbers} voxels are no numbers; a label map holds whole \
             numbers",
            name_of(path)
        ));
    }
    Head::from_map(&map).with_context(|| format!("head {}", name_of(path)))
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
