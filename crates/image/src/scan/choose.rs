//! Which volume of an input to use.

use super::acquisition::Origin;
use super::dicom::GeometryError;
use super::{Catalog, Component, DamagedFiles, RefusedVolume, Sequence, VolumeEntry};

/// No volume, or too many, to choose from.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ChooseError {
    #[error(
        "choosing a volume: there is no volume {asked}; choose one of 1 to {count} (`siderin inspect` lists them)"
    )]
    NoSuchVolume { asked: usize, count: usize },
    #[error(
        "choosing a volume: {count} volumes could be the scan; choose one with ‹volume›:\n{list}"
    )]
    Several { count: usize, list: String },
    #[error(
        "choosing a volume: the input holds no magnitude, only {what}; give the magnitude as INPUT (a phase goes with it as ‹phase›)"
    )]
    NoMagnitude { what: Component },
    #[error(
        "choosing a volume: volume {number} is {what}, not a magnitude; choose another (`siderin inspect` lists them)"
    )]
    NotMagnitude { number: usize, what: Component },
    #[error(
        "choosing a volume: {files} DICOM files are damaged, so that slices may be missing; export the series again, or choose a volume with ‹volume› to go on without them ({why}; the first is {name})"
    )]
    Damaged {
        files: usize,
        why: String,
        name: String,
    },
    #[error("volume {number} ({what}): {error}{hint}")]
    Refused {
        number: usize,
        what: String,
        error: Box<GeometryError>,
        hint: String,
    },
}

impl Catalog {
    /// The volume with this number, or the one magnitude there is.
    ///
    /// # Errors
    /// When the number does not exist, the volume is refused or no magnitude, or several
    /// magnitudes remain. A refused magnitude series counts: it may be the scan that was
    /// meant, unless it is a localizer.
    pub fn choose(&self, wanted: Option<usize>) -> Result<&VolumeEntry, ChooseError> {
        match wanted {
            Some(number) => self.numbered(number),
            None => self.only_magnitude(),
        }
    }

    fn numbered(&self, asked: usize) -> Result<&VolumeEntry, ChooseError> {
        if let Some(refused) = self.refused.iter().find(|refused| refused.number == asked) {
            return Err(refusal(refused, &[]));
        }
        let count = self.volumes.len() + self.refused.len();
        let entry = self
            .volumes
            .iter()
            .find(|entry| entry.number == asked)
            .ok_or(ChooseError::NoSuchVolume { asked, count })?;
        // What a name says is a guess, and the user knows better.
        let by_name = entry
            .acquisition
            .component
            .as_ref()
            .is_some_and(|known| known.origin == Origin::FileName);
        match entry.acquisition.component() {
            Component::Magnitude | Component::Unknown => Ok(entry),
            _ if by_name => Ok(entry),
            what => Err(ChooseError::NotMagnitude {
                number: asked,
                what,
            }),
        }
    }

    fn only_magnitude(&self) -> Result<&VolumeEntry, ChooseError> {
        let may_be_magnitude =
            |component| matches!(component, Component::Magnitude | Component::Unknown);
        let found: Vec<&VolumeEntry> = self
            .volumes
            .iter()
            .filter(|entry| may_be_magnitude(entry.acquisition.component()))
            .collect();
        let blocking = self.refused.iter().find(|refused| {
            may_be_magnitude(refused.acquisition.component())
                && (found.is_empty() || may_be_meant(refused))
        });
        if let Some(refused) = blocking {
            return Err(refusal(refused, &found));
        }
        if let Some(DamagedFiles { files, why, name }) = self.damaged.clone() {
            return Err(ChooseError::Damaged { files, why, name });
        }
        match found.as_slice() {
            [one] => Ok(one),
            [] => Err(ChooseError::NoMagnitude {
                what: self
                    .volumes
                    .first()
                    .map_or(Component::Unknown, |entry| entry.acquisition.component()),
            }),
            several => Err(ChooseError::Several {
                count: several.len(),
                list: list(several),
            }),
        }
    }
}

/// Whether a refused series may be the scan the user meant: not where it is a localizer
/// (planes at steep angles), nor where it is known to be another contrast.
fn may_be_meant(refused: &RefusedVolume) -> bool {
    let localizer = matches!(
        refused.error,
        GeometryError::MixedOrientation { angle_deg, .. } if angle_deg > 30.0
    );
    let other_contrast = matches!(
        refused.acquisition.sequence(),
        Sequence::T1w | Sequence::T2w | Sequence::Flair | Sequence::Diffusion
    );
    !localizer && !other_contrast
}

fn refusal(refused: &RefusedVolume, others: &[&VolumeEntry]) -> ChooseError {
    let hint = if others.is_empty() {
        String::new()
    } else {
        format!("; or choose another with ‹volume›:\n{}", list(others))
    };
    ChooseError::Refused {
        number: refused.number,
        what: refused.description(),
        error: Box::new(refused.error.clone()),
        hint,
    }
}

fn list(entries: &[&VolumeEntry]) -> String {
    const SHOWN: usize = 12;
    let mut lines: Vec<String> = entries
        .iter()
        .take(SHOWN)
        .map(|entry| format!("  ‹volume› {}: {}", entry.number, entry.summary()))
        .collect();
    if entries.len() > SHOWN {
        lines.push(format!("  … and {} more", entries.len() - SHOWN));
    }
    lines.join("\n")
}

impl VolumeEntry {
    /// One line that tells this volume from its neighbours.
    #[must_use]
    pub fn summary(&self) -> String {
        let a = &self.acquisition;
        let [nx, ny, nz] = self.grid.shape();
        let [dx, dy, dz] = self.grid.spacing_mm();
        let mut parts = vec![format!("{}, {}", a.component(), a.sequence())];
        if let Some(te) = &a.te_ms {
            parts.push(format!("TE {:.2} ms", te.value));
        }
        parts.push(format!(
            "{nx}×{ny}×{nz} voxels of {dx:.2}×{dy:.2}×{dz:.2} mm"
        ));
        if let Some(series) = &a.series_number {
            parts.push(format!("series {}", series.value));
        }
        if let Some(repetition) = self.repetition {
            parts.push(format!("repetition {repetition}"));
        }
        parts.join(", ")
    }
}
