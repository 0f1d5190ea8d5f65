//! An input with its companions as a scan.

use anyhow::{Context, Result, bail};
use siderin_core::scan::{
    Catalog, Input, Note, ReadLimits, Scan, Sequence, VolumeEntry, read_phase,
};
use siderin_core::volume::Volume;
use std::path::Path;

/// Images the user gave along with the scan.
pub(crate) struct Given<'a> {
    pub t1: Option<&'a Path>,
    pub t2: Option<&'a Path>,
    pub phase: Option<&'a Path>,
    pub volume: Option<u32>,
}

/// Reads the magnitude, and the T1w, T2w and phase images where they are given or beside it. What
/// was given must be right; what BIDS puts beside the scan is left out with a note when it is
/// not.
pub(crate) fn scan(input: &Input, given: &Given, limits: ReadLimits) -> Result<Scan> {
    let catalog = Catalog::open(&input.path, limits)?;
    let entry = catalog.choose(given.volume.map(|number| number as usize))?;
    let mut scan = entry.load(&input.stem, limits)?;
    scan.notes.extend(catalog.notes.iter().cloned());
    scan.notes
        .extend(catalog.refused.iter().map(|refused| Note::SeriesRefused {
            what: format!("volume {} ({})", refused.number, refused.description()),
            why: refused.error.to_string(),
        }));
    match (given.phase, &input.phase) {
        (Some(path), _) => set_phase(&mut scan, path, limits).context("reading the phase")?,
        (None, Some(path)) => {
            if let Err(error) = set_phase(&mut scan, path, limits) {
                scan.notes
                    .push(left_out("the phase beside the scan", &error));
            }
        }
        (None, None) => {}
    }
    let (t1, note) = companion(given.t1, input.t1.as_deref(), &T1, limits)?;
    scan.t1 = t1;
    scan.notes.extend(note);
    let (t2, note) = companion(given.t2, input.t2.as_deref(), &T2, limits)?;
    scan.t2 = t2;
    scan.notes.extend(note);
    Ok(scan)
}

/// Another image of the same person.
struct Companion {
    name: &'static str,
    what: &'static str,
    sequences: &'static [Sequence],
}

const T1: Companion = Companion {
    name: "T1w image",
    what: "a T1-weighted image",
    sequences: &[Sequence::T1w, Sequence::Unknown, Sequence::ShortTeGre],
};
const T2: Companion = Companion {
    name: "T2w image",
    what: "a T2-weighted image",
    sequences: &[Sequence::T2w, Sequence::Unknown],
};

/// The image given, or the one beside the scan, which is left out with a note when it is not right.
fn companion(
    given: Option<&Path>,
    beside: Option<&Path>,
    kind: &Companion,
    limits: ReadLimits,
) -> Result<(Option<Volume<f32>>, Option<Note>)> {
    match (given, beside) {
        (Some(path), _) => {
            let volume = kind.read(path, limits);
            let volume = volume.with_context(|| format!("reading the {}", kind.name))?;
            Ok((Some(volume), None))
        }
        (None, Some(path)) => Ok(match kind.read(path, limits) {
            Ok(volume) => (Some(volume), None),
            Err(error) => {
                let what = format!("the {} beside the scan", kind.name);
                (None, Some(left_out(&what, &error)))
            }
        }),
        (None, None) => Ok((None, None)),
    }
}

fn left_out(what: &str, error: &anyhow::Error) -> Note {
    Note::SeriesRefused {
        what: what.to_string(),
        why: crate::commands::in_one_line(error),
    }
}

fn set_phase(scan: &mut Scan, path: &Path, limits: ReadLimits) -> Result<()> {
    Ok(scan.set_phase(read_phase(path, limits)?)?)
}

impl Companion {
    fn read(&self, path: &Path, limits: ReadLimits) -> Result<Volume<f32>> {
        let (entry, volume) = single_volume(path, limits)?;
        let sequence = entry.acquisition.sequence();
        if self.sequences.contains(&sequence) {
            return Ok(volume);
        }
        bail!("this is {sequence}; give {} of the same person", self.what)
    }
}

/// The one volume of a file or folder.
pub(crate) fn single_volume(path: &Path, limits: ReadLimits) -> Result<(VolumeEntry, Volume<f32>)> {
    let mut volumes = Catalog::open(path, limits)?.volumes;
    if volumes.len() != 1 {
        bail!(
            "it holds {} volumes, expected one; give a file with that image alone",
            volumes.len()
        );
    }
    let entry = volumes.remove(0);
    let (volume, _) = entry.read_voxels(limits)?;
    Ok((entry, volume))
}
