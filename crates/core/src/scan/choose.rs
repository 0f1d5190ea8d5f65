//! Which volume of an input to use.

use super::dicom::GeometryError;
use super::{Catalog, Component, VolumeEntry};

/// No volume, or too many, to choose from.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ChooseError {
    #[error(
        "choosing a volume: there is no volume {asked}; choose one of 1 to {count} (`siderin inspect` lists them)"
    )]
    NoSuchVolume { asked: usize, count: usize },
    #[error(
        "choosing a volume: {count} volumes could be the scan; choose one with --volume:\n{list}"
    )]
    Several { count: usize, list: String },
    #[error(
        "choosing a volume: the input holds no magnitude, only {what}; give the magnitude as INPUT (a phase goes with it as --phase)"
    )]
    NoMagnitude { what: Component },
    #[error(transparent)]
    Refused(GeometryError),
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
            return Err(ChooseError::Refused(refused.error.clone()));
        }
        let count = self.volumes.len() + self.refused.len();
        let entry = self
            .volumes
            .iter()
            .find(|entry| entry.number == asked)
            .ok_or(ChooseError::NoSuchVolume { asked, count })?;
        match entry.acquisition.component() {
            Component::Magnitude | Component::Unknown => Ok(entry),
            what => Err(ChooseError::NoMagnitude { what }),
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
                && (found.is_empty() || !is_localizer(&refused.error))
        });
        if let Some(refused) = blocking {
            return Err(ChooseError::Refused(refused.error.clone()));
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

/// Planes at a right angle make a localizer, nothing else.
fn is_localizer(error: &GeometryError) -> bool {
    matches!(error, GeometryError::MixedOrientation { angle_deg, .. } if *angle_deg > 30.0)
}

fn list(entries: &[&VolumeEntry]) -> String {
    const SHOWN: usize = 12;
    let mut lines: Vec<String> = entries
        .iter()
        .take(SHOWN)
        .map(|entry| format!("  --volume {}: {}", entry.number, entry.summary()))
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
