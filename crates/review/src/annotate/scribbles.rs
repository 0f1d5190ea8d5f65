//! A map of scribbles becomes seeds, and their lesions a map of labels.

use super::grow::{GrowConfig, GrowError, Grown, grow};
use siderin_image::preprocess::{Connectivity, connected_components};
use siderin_image::volume::{Grid, SAME_GRID_MM, Volume};
use std::collections::BTreeMap;

/// Which voxels of a map of scribbles mark one lesion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strokes {
    /// Those of one label.
    ByLabel,
    /// Those that touch (26-connected), whatever their label: many lesions marked as one group.
    Each,
}

/// The scribble on one lesion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scribble {
    /// The label it had in the map.
    pub group: u16,
    /// Offsets of its voxels, ascending.
    pub seeds: Vec<usize>,
}

/// A map that holds no scribbles of a scan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ScribbleError {
    #[error(
        "reading the scribbles: their grid lies up to {largest_mm:.2} mm from the scan's or has another shape ({scribbles:?} voxels, the scan {scan:?}); draw them on this scan, and save them with its affine"
    )]
    Grid {
        largest_mm: f64,
        scribbles: [usize; 3],
        scan: [usize; 3],
    },
    #[error(
        "reading the scribbles: {0} is no label; expected whole numbers from 0 to 65535, 0 where nothing is marked"
    )]
    NotLabels(f32),
    #[error("reading the scribbles: nothing is marked; mark at least one voxel")]
    Empty,
    #[error("lesion {number} (label {group}): {source}")]
    Grow {
        number: usize,
        group: u16,
        source: GrowError,
    },
    #[error("growing lesions: {0} scribbles, and a map holds 65535 lesions at most; mark fewer")]
    TooMany(usize),
}

/// The scribbles of a map on a scan's grid, in the order of their first voxel. Without `strokes` each label
/// is a lesion, or each stroke where all have one label.
///
/// # Errors
/// When the map is of another grid, holds no labels or nothing.
pub fn read_scribbles(
    map: &Volume<f32>,
    scan: &Grid,
    strokes: Option<Strokes>,
) -> Result<Vec<Scribble>, ScribbleError> {
    if !map.grid().matches(scan, SAME_GRID_MM) {
        return Err(ScribbleError::Grid {
            largest_mm: map.grid().largest_corner_distance_mm(scan),
            scribbles: map.shape(),
            scan: scan.shape(),
        });
    }
    let labels = map.to_labels().map_err(ScribbleError::NotLabels)?;
    let mut by_label: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    let marked = labels.voxels().iter().enumerate().filter(|(_, v)| **v > 0);
    for (offset, &label) in marked {
        by_label.entry(label).or_default().push(offset);
    }
    let strokes = strokes.unwrap_or(if by_label.len() == 1 {
        Strokes::Each
    } else {
        Strokes::ByLabel
    });
    let mut scribbles: Vec<Scribble> = match strokes {
        Strokes::ByLabel => by_label
            .into_iter()
            .map(|(group, seeds)| Scribble { group, seeds })
            .collect(),
        Strokes::Each => each_stroke(&labels),
    };
    scribbles.sort_by_key(|scribble| scribble.seeds[0]);
    match scribbles.len() {
        0 => Err(ScribbleError::Empty),
        n if n > usize::from(u16::MAX) => Err(ScribbleError::TooMany(n)),
        _ => Ok(scribbles),
    }
}

/// The connected strokes of a map; each has the label of its first voxel.
fn each_stroke(labels: &Volume<u16>) -> Vec<Scribble> {
    let marked = labels.map(|label| label > 0);
    let (strokes, count) = connected_components(&marked, Connectivity::TwentySix);
    let mut scribbles: Vec<Option<Scribble>> = vec![None; count];
    for (offset, &stroke) in strokes.voxels().iter().enumerate() {
        if stroke > 0 {
            let scribble = scribbles[stroke as usize - 1].get_or_insert_with(|| Scribble {
                group: labels.voxels()[offset],
                seeds: Vec::new(),
            });
            scribble.seeds.push(offset);
        }
    }
    scribbles.into_iter().flatten().collect()
}

/// Lesions grown from scribbles.
#[derive(Debug, Clone, PartialEq)]
pub struct GrownLesions {
    /// 1, 2, … in the order of the scribbles, 0 elsewhere.
    pub labels: Volume<u16>,
    /// Each lesion, without voxels that one before it has.
    pub lesions: Vec<Grown>,
}

/// Grows a lesion from each scribble; a voxel belongs to the first that reaches it.
///
/// # Errors
/// When one cannot be grown.
pub fn grow_scribbles(
    image: &Volume<f32>,
    scribbles: &[Scribble],
    config: &GrowConfig,
) -> Result<GrownLesions, ScribbleError> {
    let mut labels = Volume::filled(image.grid(), 0u16);
    let mut lesions = Vec::with_capacity(scribbles.len());
    for (n, scribble) in scribbles.iter().enumerate() {
        let number = n + 1;
        let label = u16::try_from(number).map_err(|_| ScribbleError::TooMany(scribbles.len()))?;
        let mut grown =
            grow(image, &scribble.seeds, config).map_err(|source| ScribbleError::Grow {
                number,
                group: scribble.group,
                source,
            })?;
        grown.voxels.retain(|&voxel| labels.voxels()[voxel] == 0);
        for &voxel in &grown.voxels {
            labels.voxels_mut()[voxel] = label;
        }
        lesions.push(grown);
    }
    Ok(GrownLesions { labels, lesions })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: &[f32]) -> Volume<f32> {
        let grid = Grid::axis_aligned([values.len(), 1, 1], [1.0; 3]).unwrap();
        Volume::new(grid, values.to_vec()).unwrap()
    }

    fn seeds(values: &[f32], strokes: Option<Strokes>) -> Vec<(u16, Vec<usize>)> {
        let map = map(values);
        let read = read_scribbles(&map, map.grid(), strokes).unwrap();
        read.into_iter().map(|s| (s.group, s.seeds)).collect()
    }

    #[test]
    fn labels_are_lesions_or_strokes_are() {
        let two = [3.0, 0.0, 1.0, 1.0, 0.0, 3.0];
        let by_label = vec![(3, vec![0, 5]), (1, vec![2, 3])];
        assert_eq!(seeds(&two, None), by_label);
        let each = vec![(3, vec![0]), (1, vec![2, 3]), (3, vec![5])];
        assert_eq!(seeds(&two, Some(Strokes::Each)), each);
        // One label alone: a group of strokes.
        let one = [2.0, 0.0, 2.0];
        assert_eq!(seeds(&one, None), [(2, vec![0]), (2, vec![2])]);
        assert_eq!(seeds(&one, Some(Strokes::ByLabel)), [(2, vec![0, 2])]);
    }

    #[test]
    fn what_is_no_map_of_scribbles_is_refused() {
        let said = |values: &[f32], scan: &Grid| {
            read_scribbles(&map(values), scan, None)
                .unwrap_err()
                .to_string()
        };
        let grid = |n| Grid::axis_aligned([n, 1, 1], [1.0; 3]).unwrap();
        assert!(said(&[0.0; 3], &grid(3)).contains("nothing is marked"));
        assert!(said(&[0.5; 3], &grid(3)).contains("0.5 is no label"));
        assert!(said(&[1.0; 3], &grid(4)).contains("draw them on this scan"));
    }

    #[test]
    fn a_voxel_belongs_to_the_first() {
        // Two dark voxels beside each other, each marked by its own label.
        let values = [9.0, 9.0, 1.0, 1.0, 9.0, 9.0];
        let image = map(&values);
        let marked = read_scribbles(&map(&[0.0, 0.0, 1.0, 2.0, 0.0, 0.0]), image.grid(), None);
        let config = GrowConfig {
            tolerance: Some(0.5),
            ..GrowConfig::default()
        };
        let grown = grow_scribbles(&image, &marked.unwrap(), &config).unwrap();
        assert_eq!(grown.labels.voxels(), [0, 0, 1, 1, 0, 0]);
        assert!(grown.lesions[1].voxels.is_empty());
    }
}
