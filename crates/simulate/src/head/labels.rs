//! A head: a clean label map, upright, with its surroundings.

use super::clean::{Cleaning, clean};
use super::tissue::{Tissue, label_of, tissue_of};
use siderin_image::volume::{Grid, GridError, Volume, WorldPoint, canonical_orientation};
use std::collections::BTreeMap;
use std::ops::Range;

/// A label map that makes no head.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum HeadError {
    #[error(
        "reading a head: the map holds codes that are not in the table ({codes}); use FreeSurfer \
         aseg codes, with 501 to 530 for what lies outside the brain (docs/simulation.md lists \
         them)"
    )]
    UnknownLabels { codes: String },
    #[error(
        "reading a head: value {value} is no label; a label map holds whole numbers from 0 to \
         65535 (is this an image?)"
    )]
    NotALabel { value: f32 },
    #[error(
        "reading a head: voxels are {spacing_mm:?} mm; the map must be isotropic, 0.7 to 1.5 mm: \
         resample it with nearest neighbours first"
    )]
    NotIsotropic { spacing_mm: [f64; 3] },
    #[error(
        "reading a head: the voxel axes are not perpendicular (cosine {cosine:.4}); resample the \
         map to a grid without shear"
    )]
    Sheared { cosine: f64 },
    #[error(
        "reading a head: {voxels} voxels of brain tissue is no brain; the map needs white matter \
         and cortex (codes 2, 3, 41, 42)"
    )]
    NoBrain { voxels: usize },
    #[error(
        "shaping a head: scale {scale:?}, bending of {bend_mm} mm over {over_mm} mm; scales are 0.5 \
         to 2, bending up to 10 mm over at least 8 mm"
    )]
    Shape {
        scale: [f64; 3],
        bend_mm: f64,
        over_mm: f64,
    },
    #[error(
        "reading a head: its structures do not place it in MNI space; at least five of thalamus, caudate, putamen, \
         pallidum, accumbens, hippocampus, amygdala, ventral diencephalon, white matter and cerebellum are needed on \
         both sides"
    )]
    NoStructures,
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// A clean label map whose axes are closest to R, A, S, cut to the head. Its world is the
/// head's own: the scanner's comes with a pose.
#[derive(Debug, Clone)]
pub struct Head {
    pub(crate) labels: Volume<u16>,
    pub(crate) cleaning: Cleaning,
}

/// Below this there is no brain to bleed in (100 ml at 1 mm).
const MIN_BRAIN_VOXELS: usize = 100_000;
/// Air left around the head.
const MARGIN_VOXELS: usize = 4;

impl Head {
    /// Makes a head of a label map as read from a file.
    ///
    /// # Errors
    /// When the values are no labels of the table, the grid is not isotropic or sheared, or
    /// there is no brain.
    pub fn from_map(map: &Volume<f32>) -> Result<Self, HeadError> {
        check_grid(map.grid())?;
        let labels = map
            .to_labels()
            .map_err(|value| HeadError::NotALabel { value })?;
        check_codes(&labels)?;
        let (labels, _) = canonical_orientation(&labels)?;
        let mut labels = cropped(&labels)?.map(normal_code);
        let cleaning = clean(&mut labels);
        let voxels = labels
            .voxels()
            .iter()
            .filter(|&&code| tissue_of(code).is_parenchyma())
            .count();
        if voxels < MIN_BRAIN_VOXELS {
            return Err(HeadError::NoBrain { voxels });
        }
        Ok(Self { labels, cleaning })
    }

    /// The labels: codes of the table, near-RAS axes.
    #[must_use]
    pub fn labels(&self) -> &Volume<u16> {
        &self.labels
    }

    /// What was removed.
    #[must_use]
    pub fn cleaning(&self) -> Cleaning {
        self.cleaning
    }

    /// The box around brain and fluid with `margin_voxels` of room, as far as the map goes.
    pub(crate) fn brain_box(&self, margin_voxels: usize) -> [Range<usize>; 3] {
        let shape = self.labels.shape();
        let brain = |code| {
            let tissue = tissue_of(code);
            tissue.is_parenchyma() || tissue.is_fluid()
        };
        let (low, high) = bounds(&self.labels, brain).unwrap_or(([0; 3], shape.map(|n| n - 1)));
        std::array::from_fn(|a| {
            low[a].saturating_sub(margin_voxels)..(high[a] + 1 + margin_voxels).min(shape[a])
        })
    }

    /// Corners of the box around what `chosen` picks, in head mm, of its voxel centres.
    pub(crate) fn extent(&self, chosen: impl Fn(Tissue) -> bool) -> [WorldPoint; 2] {
        let grid = self.labels.grid();
        let (low, high) =
            bounds(&self.labels, |code| chosen(tissue_of(code))).unwrap_or(([0; 3], [0; 3]));
        let at = |index| grid.to_world(siderin_image::volume::VoxelPoint::center_of(index));
        [at(low), at(high)]
    }
}

/// One code for what the simulator does not tell apart: white matter with lesions.
fn normal_code(code: u16) -> u16 {
    match code {
        25 | 78 => 2,
        57 | 79 => 41,
        _ => code,
    }
}

fn check_grid(grid: &Grid) -> Result<(), HeadError> {
    let spacing_mm = grid.spacing_mm();
    let isotropic = spacing_mm
        .iter()
        .all(|s| (s / spacing_mm[0] - 1.0).abs() < 0.01 && (0.7..=1.5).contains(s));
    if !isotropic {
        return Err(HeadError::NotIsotropic { spacing_mm });
    }
    grid.shear()
        .map_or(Ok(()), |cosine| Err(HeadError::Sheared { cosine }))
}

fn check_codes(labels: &Volume<u16>) -> Result<(), HeadError> {
    let mut unknown: BTreeMap<u16, usize> = BTreeMap::new();
    for &code in labels.voxels() {
        if label_of(code).is_none() {
            *unknown.entry(code).or_default() += 1;
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    const SHOWN: usize = 8;
    let mut codes: Vec<String> = unknown
        .iter()
        .take(SHOWN)
        .map(|(code, count)| format!("{code}: {count} voxels"))
        .collect();
    if unknown.len() > SHOWN {
        codes.push(format!("and {} more", unknown.len() - SHOWN));
    }
    Err(HeadError::UnknownLabels {
        codes: codes.join(", "),
    })
}

/// First and last index per axis of the voxels that `chosen` picks.
fn bounds(labels: &Volume<u16>, chosen: impl Fn(u16) -> bool) -> Option<([usize; 3], [usize; 3])> {
    let mut low = [usize::MAX; 3];
    let mut high = [0; 3];
    for (offset, &code) in labels.voxels().iter().enumerate() {
        if chosen(code) {
            let index = labels.grid().index(offset);
            for axis in 0..3 {
                low[axis] = low[axis].min(index[axis]);
                high[axis] = high[axis].max(index[axis]);
            }
        }
    }
    (low[0] != usize::MAX).then_some((low, high))
}

/// Cuts to the head with a margin; where the head runs out of the map, nothing is added.
fn cropped(labels: &Volume<u16>) -> Result<Volume<u16>, HeadError> {
    let shape = labels.shape();
    let (low, high) = bounds(labels, |code| code != 0).ok_or(HeadError::NoBrain { voxels: 0 })?;
    Ok(labels.crop(std::array::from_fn(|a| {
        low[a].saturating_sub(MARGIN_VOXELS)..(high[a] + 1 + MARGIN_VOXELS).min(shape[a])
    }))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: f32, spacing: [f64; 3]) -> Volume<f32> {
        Volume::filled(&Grid::axis_aligned([6, 6, 6], spacing).unwrap(), value)
    }

    #[test]
    fn what_is_no_head_is_refused_with_the_reason() {
        let error = Head::from_map(&map(999.0, [1.0; 3])).unwrap_err();
        assert_eq!(
            error,
            HeadError::UnknownLabels {
                codes: "999: 216 voxels".into()
            }
        );
        assert_eq!(
            Head::from_map(&map(2.5, [1.0; 3])).unwrap_err(),
            HeadError::NotALabel { value: 2.5 }
        );
        assert!(matches!(
            Head::from_map(&map(2.0, [1.0, 1.0, 3.0])).unwrap_err(),
            HeadError::NotIsotropic { .. }
        ));
        assert_eq!(
            Head::from_map(&map(2.0, [1.0; 3])).unwrap_err(),
            HeadError::NoBrain { voxels: 216 }
        );
        let mut affine = nalgebra::Matrix4::identity();
        affine[(0, 1)] = 0.1;
        let sheared = Grid::new([6, 6, 6], affine).unwrap();
        assert!(matches!(
            Head::from_map(&Volume::filled(&sheared, 2.0)).unwrap_err(),
            HeadError::Sheared { .. }
        ));
    }
}
