//! Small regions of a slice, around what is to be looked at again.

use burn::tensor::{Device, Tensor, TensorData};
use siderin_image::preprocess::{Connectivity, connected_components};
use siderin_image::volume::{Grid, Volume};

/// Where a region begins; before the image's first pixel where it juts out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RegionCut {
    /// Column and row.
    pub start: [isize; 2],
}

/// Regions centred on the parts of a slice (pixels that share a corner) at or above the threshold.
/// A part that is wider than a region gets several, side by side.
#[must_use]
pub fn regions_of(
    probabilities: &[f32],
    [nx, ny]: [usize; 2],
    threshold: f32,
    region: usize,
) -> Vec<RegionCut> {
    let Ok(grid) = Grid::axis_aligned([nx, ny, 1], [1.0; 3]) else {
        return Vec::new();
    };
    let above = probabilities.iter().map(|&p| p >= threshold).collect();
    let Ok(mask) = Volume::new(grid, above) else {
        return Vec::new();
    };
    let (labels, count) = connected_components(&mask, Connectivity::TwentySix);
    let mut boxes = vec![[usize::MAX, usize::MAX, 0, 0]; count];
    for (at, &label) in labels.voxels().iter().enumerate() {
        if let Some(part) = (label as usize).checked_sub(1) {
            let (i, j) = (at % nx, at / nx);
            let [left, top, right, bottom] = boxes[part];
            boxes[part] = [left.min(i), top.min(j), right.max(i), bottom.max(j)];
        }
    }
    boxes
        .into_iter()
        .flat_map(|[left, top, right, bottom]| {
            let rows = centred(top, bottom, region);
            centred(left, right, region).into_iter().flat_map(move |i| {
                rows.clone()
                    .into_iter()
                    .map(move |j| RegionCut { start: [i, j] })
            })
        })
        .collect()
}

/// Starts of regions that cover `first` to `last` together, centred on them.
fn centred(first: usize, last: usize, region: usize) -> Vec<isize> {
    let length = last - first + 1;
    let count = length.div_ceil(region);
    let begin = first as isize - (count * region - length) as isize / 2;
    (0..count)
        .map(|at| begin + (at * region) as isize)
        .collect()
}

/// One region of a slice, its nearest pixels repeated where it juts out.
#[must_use]
pub fn cut_region(image: &[f32], [nx, ny]: [usize; 2], cut: RegionCut, region: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(region * region);
    for row in 0..region as isize {
        let j = (cut.start[1] + row).clamp(0, ny as isize - 1) as usize;
        for column in 0..region as isize {
            let i = (cut.start[0] + column).clamp(0, nx as isize - 1) as usize;
            out.push(image[j * nx + i]);
        }
    }
    out
}

/// Regions as samples of one channel: `[regions, 1, region, region]`.
pub(crate) fn cut_regions(
    image: &[f32],
    shape: [usize; 2],
    cuts: &[RegionCut],
    region: usize,
    device: &Device,
) -> Tensor<4> {
    let values: Vec<f32> = cuts
        .iter()
        .flat_map(|&cut| cut_region(image, shape, cut, region))
        .collect();
    Tensor::from_data(
        TensorData::new(values, [cuts.len(), 1, region, region]),
        device,
    )
}

impl RegionCut {
    /// Raises a slice's values to those of the region, where it is inside.
    pub(crate) fn put_highest(
        self,
        values: &[f32],
        slice: &mut [f32],
        [nx, ny]: [usize; 2],
        region: usize,
    ) {
        for (row, values) in values.chunks_exact(region).enumerate() {
            let Some(j) = inside(self.start[1], row, ny) else {
                continue;
            };
            for (column, &value) in values.iter().enumerate() {
                if let Some(i) = inside(self.start[0], column, nx) {
                    let pixel = &mut slice[j * nx + i];
                    // NaN is kept, to be told.
                    if value > *pixel || value.is_nan() {
                        *pixel = value;
                    }
                }
            }
        }
    }
}

impl RegionCut {
    /// Offset in the region of a pixel of the slice, if it is inside.
    pub(crate) fn position(self, column: usize, row: usize, region: usize) -> Option<usize> {
        let local = |at: usize, start: isize| {
            usize::try_from(at as isize - start)
                .ok()
                .filter(|&local| local < region)
        };
        Some(local(row, self.start[1])? * region + local(column, self.start[0])?)
    }
}

fn inside(start: isize, step: usize, length: usize) -> Option<usize> {
    usize::try_from(start + step as isize)
        .ok()
        .filter(|&at| at < length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_centred_and_wide_parts_get_several() {
        // 40 × 20: one pixel at (3, 10), and a row of 20 pixels from (15, 4) to (34, 4).
        let mut likely = vec![0.0; 800];
        likely[10 * 40 + 3] = 0.9;
        for i in 15..35 {
            likely[4 * 40 + i] = 0.5;
        }
        let cuts = regions_of(&likely, [40, 20], 0.5, 8);
        // The pixel: columns 3 − 3 = 0 to 7, rows 7 to 14. The row of 20: three regions of 8 over
        // 24 columns from 15 − 2 = 13, rows 4 − 3 = 1 to 8.
        let starts: Vec<[isize; 2]> = cuts.iter().map(|cut| cut.start).collect();
        assert_eq!(starts, [[13, 1], [21, 1], [29, 1], [0, 7]]);
        assert!(regions_of(&[0.0; 800], [40, 20], 0.5, 8).is_empty());
    }

    #[test]
    fn a_region_at_the_border_keeps_its_size() {
        let image = [1.0, 2.0, 3.0, 4.0];
        let cut = RegionCut { start: [-1, -1] };
        let region = cut_region(&image, [2, 2], cut, 4);
        assert_eq!(
            region,
            [
                1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 3.0, 3.0, 4.0, 4.0
            ]
        );
    }

    #[test]
    fn where_regions_overlap_the_highest_counts() {
        let mut slice = [0.0; 9];
        let high = RegionCut { start: [0, 0] };
        let low = RegionCut { start: [1, 1] };
        high.put_highest(&[0.9; 4], &mut slice, [3, 3], 2);
        low.put_highest(&[0.2; 4], &mut slice, [3, 3], 2);
        assert_eq!(slice, [0.9, 0.9, 0.0, 0.9, 0.9, 0.2, 0.0, 0.2, 0.2]);
    }
}
