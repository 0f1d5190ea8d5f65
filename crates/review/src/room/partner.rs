//! Other images of the same head.

use super::{LoadedScan, RoomScan, is_same_subject};
use serde::Serialize;
use siderin_image::registration::{RegistrationError, register_rigid};
use siderin_image::scan::{CompanionError, ReadLimits, read_single_volume};
use siderin_image::volume::{Grid, GridError, Volume};
use std::path::PathBuf;

/// What a partner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerKind {
    /// Another image of the same visit.
    Contrast,
    /// Another scan, of another day or kind.
    Visit,
}

/// An image that can be looked at beside a scan.
#[derive(Debug, Clone, PartialEq)]
pub struct Partner {
    /// Its name for the page's requests.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub kind: PartnerKind,
    source: Source,
}

#[derive(Debug, Clone, PartialEq)]
enum Source {
    File(PathBuf),
    /// The phase is on the scan's own grid.
    Phase,
    Scan(i64),
}

/// A partner that cannot be shown.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PartnerError {
    #[error(transparent)]
    Read(#[from] CompanionError),
    #[error(transparent)]
    Register(#[from] RegistrationError),
    #[error("laying the images onto each other: {0}")]
    Grid(#[from] GridError),
    #[error("showing the phase: it could not be read with the scan; see the scan's notes")]
    NoPhase,
}

/// What can be looked at beside a scan: what BIDS puts beside it, other scans of the same subject, and all others
/// where only a few are open.
pub(super) fn partners(scan: &RoomScan, all: &[(i64, String)]) -> Vec<Partner> {
    let file = |id: &str, name: &str, path: &Option<PathBuf>| {
        path.clone().map(|path| Partner {
            id: id.into(),
            name: name.into(),
            kind: PartnerKind::Contrast,
            source: Source::File(path),
        })
    };
    let phase = scan.input.phase.as_ref().map(|_| Partner {
        id: "phase".into(),
        name: "phase".into(),
        kind: PartnerKind::Contrast,
        source: Source::Phase,
    });
    /// With so few scans open, each may be a visit of the same person, whatever it is called.
    const FEW: usize = 4;
    let others = all.iter().filter(|(id, name)| {
        *id != scan.id && (all.len() <= FEW || is_same_subject(name, &scan.name))
    });
    [
        file("t1", "T1-weighted", &scan.input.t1),
        file("t2", "T2-weighted", &scan.input.t2),
        phase,
    ]
    .into_iter()
    .flatten()
    .chain(others.map(|(id, name)| Partner {
        id: format!("scan-{id}"),
        name: name.clone(),
        kind: PartnerKind::Visit,
        source: Source::Scan(*id),
    }))
    .collect()
}

impl Partner {
    /// The scan it is, where it is one.
    #[must_use]
    pub fn scan(&self) -> Option<i64> {
        match self.source {
            Source::Scan(id) => Some(id),
            Source::File(_) | Source::Phase => None,
        }
    }

    /// What is said of it on the page.
    #[must_use]
    pub fn note(&self) -> &'static str {
        match self.source {
            Source::Phase => "on the scan's own grid",
            Source::File(_) | Source::Scan(_) => {
                "laid onto the scan by rigid registration; check that both are of one person"
            }
        }
    }

    /// Its voxels where they were measured; `other` is the scan it is, where it is one.
    ///
    /// # Errors
    /// [`PartnerError`].
    pub fn voxels(
        &self,
        scan: &LoadedScan,
        other: Option<&LoadedScan>,
    ) -> Result<Volume<f32>, PartnerError> {
        match (&self.source, other) {
            (Source::Phase, _) => scan.scan.phase.clone().ok_or(PartnerError::NoPhase),
            (Source::File(path), _) => Ok(read_single_volume(path, ReadLimits::default())?.1),
            (Source::Scan(_), Some(other)) => Ok(other.scan.magnitude.clone()),
            (Source::Scan(_), None) => Err(CompanionError::Volumes { count: 0 }.into()),
        }
    }

    /// The grid that lays its voxels into the scan's space.
    ///
    /// # Errors
    /// [`PartnerError`].
    pub fn grid(&self, scan: &LoadedScan, voxels: &Volume<f32>) -> Result<Grid, PartnerError> {
        if self.source == Source::Phase {
            return Ok(scan.scan.magnitude.grid().clone());
        }
        let registration = register_rigid(voxels, &scan.scan.magnitude)?;
        let way = registration.fixed_from_moving.to_homogeneous();
        Ok(Grid::new(
            voxels.shape(),
            way * voxels.grid().world_from_voxel(),
        )?)
    }
}
