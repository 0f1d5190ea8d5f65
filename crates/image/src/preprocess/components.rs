//! Connected components of a mask.

use crate::volume::Volume;
use ndarray_ndimage::{Kernel3d, label};

/// Which voxels touch: those that share a face (6), an edge too (18), or a corner too (26).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Connectivity {
    Six,
    Eighteen,
    TwentySix,
}

impl Connectivity {
    /// How many voxels touch one: 6, 18 or 26.
    #[must_use]
    pub fn neighbours(self) -> u8 {
        match self {
            Self::Six => 6,
            Self::Eighteen => 18,
            Self::TwentySix => 26,
        }
    }

    /// The connectivity of that many neighbours.
    #[must_use]
    pub fn of_neighbours(number: u8) -> Option<Self> {
        [Self::Six, Self::Eighteen, Self::TwentySix]
            .into_iter()
            .find(|connectivity| connectivity.neighbours() == number)
    }

    pub(crate) fn kernel(self) -> Kernel3d {
        match self {
            Self::Six => Kernel3d::Star,
            Self::Eighteen => Kernel3d::Ball,
            Self::TwentySix => Kernel3d::Full,
        }
    }
}

/// Labels the connected components of a mask 1, 2, … in the order of their first voxel
/// (first axis fastest), 0 elsewhere, and counts them.
#[must_use]
pub fn connected_components(
    mask: &Volume<bool>,
    connectivity: Connectivity,
) -> (Volume<u32>, usize) {
    let mut all = Volume::filled(mask.grid(), 0);
    // Masks are mostly empty: only the box around what they hold is gone through.
    let Some(range) = mask.bounding_box() else {
        return (all, 0);
    };
    let part = mask.crop(range.clone()).expect("the box lies in the mask");
    // Reversed axes are in memory order, which is what the labelling runs fastest along.
    let view = part.view().reversed_axes();
    let (labels, count) = label::<u32>(&view, &connectivity.kernel().generate());
    let labels = Volume::new(part.grid().clone(), labels.into_raw_vec_and_offset().0)
        .expect("labelling keeps the shape");
    all.paste(&labels, &range);
    (all, count)
}

/// The component with the most voxels (the first of equals); an empty mask stays empty.
#[must_use]
pub fn largest_component(mask: &Volume<bool>, connectivity: Connectivity) -> Volume<bool> {
    let (labels, count) = connected_components(mask, connectivity);
    let mut sizes = vec![0usize; count + 1];
    for &label in labels.voxels() {
        sizes[label as usize] += 1;
    }
    let largest = (1..=count)
        .rev()
        .max_by_key(|&label| sizes[label])
        .unwrap_or(0) as u32;
    labels.map(|label| label != 0 && label == largest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    #[test]
    fn connectivity_decides_what_touches() {
        // A at [0,0,0]; B at [1,1,0] shares an edge with A; C at [2,2,1] a corner with B.
        let grid = Grid::axis_aligned([3, 3, 2], [1.0; 3]).unwrap();
        let mask = Volume::from_fn(&grid, |index| {
            [[0, 0, 0], [1, 1, 0], [2, 2, 1]].contains(&index)
        });
        assert_eq!(connected_components(&mask, Connectivity::Six).1, 3);
        assert_eq!(connected_components(&mask, Connectivity::Eighteen).1, 2);
        assert_eq!(connected_components(&mask, Connectivity::TwentySix).1, 1);
        let (labels, _) = connected_components(&mask, Connectivity::Eighteen);
        assert_eq!(labels.at([0, 0, 0]), 1);
        assert_eq!(labels.at([2, 2, 1]), 2);
        let largest = largest_component(&mask, Connectivity::Eighteen);
        assert!(largest.at([1, 1, 0]) && !largest.at([2, 2, 1]));
    }

    #[test]
    fn labels_lie_where_the_mask_does() {
        let grid = Grid::axis_aligned([9, 8, 7], [1.0; 3]).unwrap();
        let mask = Volume::from_fn(&grid, |index| [[5, 3, 2], [2, 6, 4]].contains(&index));
        let (labels, count) = connected_components(&mask, Connectivity::TwentySix);
        let expected = Volume::from_fn(&grid, |index| match index {
            [5, 3, 2] => 1,
            [2, 6, 4] => 2,
            _ => 0,
        });
        assert_eq!((labels, count), (expected, 2));
    }

    #[test]
    fn an_empty_mask_has_none() {
        let grid = Grid::axis_aligned([3, 1, 1], [1.0; 3]).unwrap();
        let empty = Volume::filled(&grid, false);
        assert_eq!(connected_components(&empty, Connectivity::Six).1, 0);
        assert_eq!(largest_component(&empty, Connectivity::Six), empty);
    }
}
