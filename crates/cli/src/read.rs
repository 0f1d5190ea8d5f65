//! An input with its companions as a scan.

use anyhow::{Context, Result};
use siderin_core::scan::{Catalog, Input, ReadLimits, Scan};
use siderin_core::volume::Volume;
use std::path::Path;

/// Reads the magnitude, and the T1w and phase images where they are given or beside it.
pub(crate) fn scan(input: &Input, volume: Option<u32>, limits: ReadLimits) -> Result<Scan> {
    let catalog = Catalog::open(&input.path, limits)?;
    let entry = catalog.choose(volume.map(|number| number as usize))?;
    let mut scan = entry.load(&input.stem, limits)?;
    scan.notes.extend(catalog.notes.iter().cloned());
    if let Some(path) = &input.phase {
        let phase = single_volume(path, limits).context("reading the phase")?;
        scan.set_phase(phase)?;
    }
    if let Some(path) = &input.t1 {
        scan.t1 = Some(single_volume(path, limits).context("reading the T1w image")?);
    }
    Ok(scan)
}

/// The one volume of a file.
fn single_volume(path: &Path, limits: ReadLimits) -> Result<Volume<f32>> {
    let catalog = Catalog::open(path, limits)?;
    match catalog.volumes.as_slice() {
        [entry] => Ok(entry.read_voxels(limits)?.0),
        several => anyhow::bail!(
            "it holds {} volumes, expected one; give a file with that image alone",
            several.len()
        ),
    }
}
