//! Lesions as a scorer sees them: one voxel set or one point each.

use super::rule::{Objects, ScoreSettings};
use siderin_image::preprocess::{Connectivity, connected_components};
use siderin_image::volume::sphere_diameter_mm;
use siderin_image::volume::{Grid, Volume, VoxelPoint, WorldPoint};
use std::collections::BTreeMap;
use std::ops::Range;

/// One lesion of a reference or a prediction.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Object {
    /// Mean of its voxels' centres (each counts alike), or the point given.
    pub(super) center_voxel: Option<VoxelPoint>,
    /// The same in RAS+ mm.
    pub(super) center_world: WorldPoint,
    /// Offsets of its voxels, ascending; none for a point.
    pub(super) voxels: Vec<usize>,
    /// Volume of its voxels, or as a point's file says.
    pub(super) volume_mm3: Option<f64>,
    /// Diameter of the sphere of that volume, or as a point's file says.
    pub(super) diameter_mm: Option<f64>,
    /// How sure the method is, where it says so.
    pub(super) confidence: Option<f64>,
    /// The slice it lies in, where slices are scored on their own.
    pub(super) slice: Option<usize>,
}

/// What the values of a map are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapKind {
    /// 0 and 1.
    Mask,
    /// Whole numbers.
    Labels,
    /// From 0 to 1.
    Probability,
}

/// Values of a map that are none of a lesion map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum BadValue {
    /// Below 0.
    Negative(f32),
    /// Above 1 and no whole number.
    NoProbability(f32),
}

/// What scaling in a file's header may add to a value.
const ROUNDING: f32 = 1e-3;

/// What a map holds.
///
/// # Errors
/// With the first value that neither a label map nor a probability map can hold.
pub(super) fn kind_of(map: &Volume<f32>) -> Result<MapKind, BadValue> {
    let (mut whole, mut highest, mut fraction_above_one) = (true, 0.0f32, None);
    for &value in map.voxels() {
        // Most voxels are background.
        if value == 0.0 {
            continue;
        }
        if value < 0.0 {
            return Err(BadValue::Negative(value));
        }
        let is_whole = (value - value.round()).abs() <= ROUNDING;
        if !is_whole && value > 1.0 {
            fraction_above_one = fraction_above_one.or(Some(value));
        }
        whole &= is_whole;
        highest = highest.max(value);
    }
    match fraction_above_one {
        Some(value) => Err(BadValue::NoProbability(value)),
        None if !whole && highest > 1.0 + ROUNDING => Err(BadValue::NoProbability(highest)),
        None if !whole => Ok(MapKind::Probability),
        None if highest > 1.5 => Ok(MapKind::Labels),
        None => Ok(MapKind::Mask),
    }
}

/// The lesions of a map cut at `threshold`, by the position of their first voxel (first axis
/// fastest). A probability map's lesions carry the highest value in them as confidence.
#[must_use]
pub(super) fn objects_of(
    map: &Volume<f32>,
    kind: MapKind,
    threshold: f64,
    settings: &ScoreSettings,
) -> Vec<Object> {
    let Some(range) = foreground(map, threshold) else {
        return Vec::new();
    };
    let Ok(part) = map.crop(range.clone()) else {
        return Vec::new();
    };
    let mask = part.map(|value| value >= threshold as f32);
    let groups = match settings.objects {
        Objects::Labels => by_label(&part, &mask),
        Objects::Components if settings.per_slice => {
            by_slice(&mask, map.grid().slice_axis(), settings.connectivity)
        }
        Objects::Components => by_component(&mask, settings.connectivity),
    };
    let whole = map.grid();
    groups
        .into_iter()
        .map(|(slice, offsets)| {
            let indices: Vec<[usize; 3]> = offsets
                .iter()
                .map(|&offset| {
                    let local = part.grid().index(offset);
                    std::array::from_fn(|a| local[a] + range[a].start)
                })
                .collect();
            let highest = offsets
                .iter()
                .map(|&o| f64::from(part.voxels()[o]))
                .fold(0.0, f64::max);
            let confidence = (kind == MapKind::Probability).then(|| highest.min(1.0));
            let slice = slice.map(|s| s + range[whole.slice_axis()].start);
            object(whole, &indices, confidence, slice)
        })
        .collect()
}

fn object(
    grid: &Grid,
    indices: &[[usize; 3]],
    confidence: Option<f64>,
    slice: Option<usize>,
) -> Object {
    // Sums of whole numbers are exact, so the order of voxels cannot matter.
    let sums = indices.iter().fold([0usize; 3], |sum, index| {
        std::array::from_fn(|a| sum[a] + index[a])
    });
    let [i, j, k] = sums.map(|sum| sum as f64 / indices.len() as f64);
    let center = VoxelPoint::new(i, j, k);
    let volume_mm3 = indices.len() as f64 * grid.voxel_volume_mm3();
    Object {
        center_voxel: Some(center),
        center_world: grid.to_world(center),
        voxels: indices.iter().map(|&index| grid.offset(index)).collect(),
        volume_mm3: Some(volume_mm3),
        diameter_mm: Some(sphere_diameter_mm(volume_mm3)),
        confidence,
        slice,
    }
}

/// The box around everything at or above the threshold.
fn foreground(map: &Volume<f32>, threshold: f64) -> Option<[Range<usize>; 3]> {
    let [nx, ..] = map.shape();
    let mut bounds: Option<[Range<usize>; 3]> = None;
    for (row, values) in map.voxels().chunks_exact(nx).enumerate() {
        // In the precision of maps: a voxel stored as .7 is at .7.
        let is_lesion = |value: &f32| *value >= threshold as f32;
        let Some(first) = values.iter().position(is_lesion) else {
            continue;
        };
        let last = values.iter().rposition(is_lesion).unwrap_or(first);
        let [_, j, k] = map.grid().index(row * nx);
        let here = [first..last + 1, j..j + 1, k..k + 1];
        bounds = Some(match bounds {
            None => here,
            Some(b) => {
                std::array::from_fn(|a| b[a].start.min(here[a].start)..b[a].end.max(here[a].end))
            }
        });
    }
    bounds
}

type Groups = Vec<(Option<usize>, Vec<usize>)>;

fn by_component(mask: &Volume<bool>, connectivity: Connectivity) -> Groups {
    let (components, count) = connected_components(mask, connectivity);
    let mut groups: Groups = vec![(None, Vec::new()); count];
    for (offset, &component) in components.voxels().iter().enumerate() {
        if let Some(at) = (component as usize).checked_sub(1) {
            groups[at].1.push(offset);
        }
    }
    groups
}

/// Components of each slice on its own: what touches in a slice is one.
fn by_slice(mask: &Volume<bool>, slice_axis: usize, connectivity: Connectivity) -> Groups {
    let shape = mask.shape();
    let mut groups = Groups::new();
    for slice in 0..shape[slice_axis] {
        let mut range: [Range<usize>; 3] = std::array::from_fn(|a| 0..shape[a]);
        range[slice_axis] = slice..slice + 1;
        let Ok(plane) = mask.crop(range) else {
            continue;
        };
        let to_volume = |offset: usize| {
            let mut index = plane.grid().index(offset);
            index[slice_axis] = slice;
            mask.grid().offset(index)
        };
        let found = by_component(&plane, connectivity).into_iter();
        groups.extend(found.map(|(_, offsets)| {
            let offsets = offsets.into_iter().map(to_volume).collect();
            (Some(slice), offsets)
        }));
    }
    groups
}

fn by_label(map: &Volume<f32>, mask: &Volume<bool>) -> Groups {
    let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (offset, _) in mask.voxels().iter().enumerate().filter(|(_, m)| **m) {
        let label = map.voxels()[offset].round() as u32;
        groups.entry(label).or_default().push(offset);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
    groups.sort_by_key(|offsets| offsets[0]);
    groups.into_iter().map(|offsets| (None, offsets)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rule;

    fn grid() -> Grid {
        Grid::axis_aligned([6, 5, 4], [0.5, 1.0, 2.0]).unwrap()
    }

    #[test]
    fn components_have_centres_volumes_and_the_highest_value() {
        let mut map = Volume::filled(&grid(), 0.0f32);
        map.set([1, 1, 1], 0.5);
        map.set([2, 1, 1], 0.9);
        // Shares an edge only, so it is a lesion of its own among 6 neighbours.
        map.set([3, 2, 1], 0.6);
        map.set([5, 4, 3], 0.49);
        assert_eq!(kind_of(&map), Ok(MapKind::Probability));
        let settings = ScoreSettings::of(Rule::Valdo);
        let objects = objects_of(&map, MapKind::Probability, 0.5, &settings);
        assert_eq!(objects.len(), 2);
        // Voxels [1,1,1] and [2,1,1]: centre 1.5 × 0.5 = 0.75 mm; 2 voxels of 1 mm³.
        assert_eq!(objects[0].center_world.to_array(), [0.75, 1.0, 2.0]);
        assert_eq!(objects[0].volume_mm3, Some(2.0));
        let highest = objects[0].confidence.unwrap();
        assert!((highest - 0.9).abs() < 1e-6);
        let touching = ScoreSettings::of(Rule::Overlap);
        assert_eq!(
            objects_of(&map, MapKind::Probability, 0.5, &touching).len(),
            1
        );
    }

    #[test]
    fn slices_and_labels_divide_what_touches() {
        let mut map = Volume::filled(&grid(), 0.0f32);
        for k in 0..3 {
            map.set([2, 2, k], 1.0);
        }
        map.set([3, 2, 1], 2.0);
        assert_eq!(kind_of(&map), Ok(MapKind::Labels));
        let per_slice = ScoreSettings {
            per_slice: true,
            ..ScoreSettings::of(Rule::Centroid4Vox)
        };
        let slices: Vec<_> = objects_of(&map, MapKind::Labels, 0.5, &per_slice)
            .iter()
            .map(|o| (o.slice, o.voxels.len()))
            .collect();
        assert_eq!(slices, [(Some(0), 1), (Some(1), 2), (Some(2), 1)]);
        let labels = ScoreSettings {
            objects: Objects::Labels,
            ..ScoreSettings::of(Rule::Overlap)
        };
        let sizes: Vec<usize> = objects_of(&map, MapKind::Labels, 0.5, &labels)
            .iter()
            .map(|o| o.voxels.len())
            .collect();
        assert_eq!(sizes, [3, 1]);
    }

    #[test]
    fn an_image_is_no_lesion_map() {
        let mut map = Volume::filled(&grid(), 0.0f32);
        map.set([0, 0, 0], 117.3);
        assert_eq!(kind_of(&map), Err(BadValue::NoProbability(117.3)));
        map.set([0, 0, 0], -1.0);
        assert_eq!(kind_of(&map), Err(BadValue::Negative(-1.0)));
        map.set([0, 0, 0], 1.0);
        assert_eq!(kind_of(&map), Ok(MapKind::Mask));
    }
}
