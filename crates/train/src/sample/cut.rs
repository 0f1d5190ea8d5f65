//! Cutting a sample from a scan.

use super::SampleDraw;
use super::augment::is_flat;
use super::intensity::change_intensities;
use crate::data::Material;
use nalgebra::Vector3;

/// A patch of a scan.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Images, slices, rows, columns; columns fastest.
    pub images: Vec<f32>,
    /// Class of each voxel of one image.
    pub classes: Vec<u8>,
}

/// Cuts `size` slices, rows and columns as drawn. Images are taken linearly, classes from the
/// closest voxel; outside of the scan is 0, as where a network's input is filled up. Samples of a few
/// slices have the end slice again beyond it, as networks of slices see it.
#[must_use]
pub fn cut(scan: &Material, size: [usize; 3], draw: &SampleDraw) -> Sample {
    let source = Source {
        scan,
        is_flat: is_flat(size),
    };
    let voxels: usize = size.iter().product();
    let mut images = vec![0f32; scan.images.len() * voxels];
    let mut classes = vec![0u8; voxels];
    let augment = &draw.augment;
    match augment.spatial.mirrors() {
        // Whole voxels: nothing to interpolate.
        Some(mirrors) if draw.middle.iter().all(|at| at.fract() == 0.0) => {
            for (at, class) in classes.iter_mut().enumerate() {
                let offset = offset_of(at, size);
                let index: [isize; 3] = std::array::from_fn(|axis| {
                    let step = if mirrors[axis] {
                        -offset[axis]
                    } else {
                        offset[axis]
                    };
                    draw.middle[axis] as isize + step
                });
                if let Some(voxel) = source.inside(index) {
                    *class = scan.classes[voxel];
                }
                for (image, values) in scan.images.iter().zip(images.chunks_exact_mut(voxels)) {
                    values[at] = source.thick(image, index, augment.thickness);
                }
            }
        }
        _ => {
            let spacing = Vector3::from(scan.spacing_mm);
            let middle = Vector3::from(draw.middle);
            for (at, class) in classes.iter_mut().enumerate() {
                let offset = Vector3::from(offset_of(at, size).map(|step| step as f64));
                let there = augment.spatial.source_mm(offset.component_mul(&spacing));
                let place = middle + there.component_div(&spacing);
                let nearest = [0, 1, 2].map(|axis| place[axis].round() as isize);
                if let Some(voxel) = source.inside(nearest) {
                    *class = scan.classes[voxel];
                }
                for (image, values) in scan.images.iter().zip(images.chunks_exact_mut(voxels)) {
                    values[at] = source.linear(image, place, augment.thickness);
                }
            }
        }
    }
    for (image, changes) in images.chunks_exact_mut(voxels).zip(&augment.intensities) {
        change_intensities(image, size, scan.spacing_mm, changes);
    }
    Sample { images, classes }
}

/// Steps from the middle of a voxel of the sample: columns, rows, slices.
pub(crate) fn offset_of(at: usize, [d, h, w]: [usize; 3]) -> [isize; 3] {
    let from_middle = |index: usize, length: usize| index as isize - (length / 2) as isize;
    [
        from_middle(at % w, w),
        from_middle(at / w % h, h),
        from_middle(at / (w * h), d),
    ]
}

struct Source<'a> {
    scan: &'a Material,
    is_flat: bool,
}

impl Source<'_> {
    #[inline]
    fn inside(&self, [i, j, k]: [isize; 3]) -> Option<usize> {
        let [nx, ny, nz] = self.scan.shape;
        let k = if self.is_flat {
            k.clamp(0, nz as isize - 1)
        } else {
            k
        };
        let fits = |at: isize, length: usize| (0..length as isize).contains(&at);
        (fits(i, nx) && fits(j, ny) && fits(k, nz))
            .then(|| (k as usize * ny + j as usize) * nx + i as usize)
    }

    /// The mean over slices up to `thickness` away.
    #[inline]
    fn thick(&self, image: &[f32], [i, j, k]: [isize; 3], thickness: usize) -> f32 {
        let reach = thickness as isize;
        if reach == 0 {
            return self.inside([i, j, k]).map_or(0.0, |voxel| image[voxel]);
        }
        let (mut sum, mut count) = (0.0, 0.0);
        for slice in k - reach..=k + reach {
            if let Some(voxel) = self.inside([i, j, slice]) {
                sum += image[voxel];
                count += 1.0;
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }

    #[inline]
    fn linear(&self, image: &[f32], place: Vector3<f64>, thickness: usize) -> f32 {
        let low = place.map(f64::floor);
        let share = place - low;
        let mut sum = 0.0;
        for corner in 0..8isize {
            let step = [corner & 1, corner >> 1 & 1, corner >> 2];
            let mut weight = 1.0;
            for axis in 0..3 {
                weight *= if step[axis] == 1 {
                    share[axis]
                } else {
                    1.0 - share[axis]
                };
            }
            // Flat samples lie on slices: half of the corners do not count.
            if weight > 0.0 {
                let index = [0, 1, 2].map(|axis| low[axis] as isize + step[axis]);
                sum += weight as f32 * self.thick(image, index, thickness);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::augment::{AugmentDraw, IntensityDraw};
    use super::super::spatial::Spatial;
    use super::*;

    /// 7 × 6 × 5 voxels whose value is i + 10 j + 100 k; a lesion at (3, 2, 2).
    fn scan() -> Material {
        let shape = [7, 6, 5];
        let value = |at: usize| (at % 7 + at / 7 % 6 * 10 + at / 42 * 100) as f32;
        let mut classes = vec![0; 210];
        classes[2 * 42 + 2 * 7 + 3] = 4;
        Material {
            shape,
            spacing_mm: [1.0, 1.0, 3.0],
            images: vec![(0..210).map(value).collect()],
            classes,
            brain: vec![true; 210],
            lesions: vec![vec![101]],
            spots: vec![],
        }
    }

    fn draw(middle: [f64; 3], spatial: Spatial) -> SampleDraw {
        SampleDraw {
            middle,
            augment: AugmentDraw {
                spatial,
                ..AugmentDraw::default()
            },
        }
    }

    #[test]
    fn whole_voxels_are_copied_and_outside_is_zero() {
        let sample = cut(
            &scan(),
            [3, 2, 4],
            &draw([3.0, 2.0, 2.0], Spatial::default()),
        );
        // Rows 1 and 2, columns 1 to 4, slices 1 to 3.
        assert_eq!(sample.images[..4], [111.0, 112.0, 113.0, 114.0]);
        assert_eq!(sample.images[12..16], [221.0, 222.0, 223.0, 224.0]);
        let lesion: Vec<usize> = (0..24).filter(|&at| sample.classes[at] == 4).collect();
        assert_eq!(lesion, [14]);
        let corner = cut(
            &scan(),
            [1, 2, 2],
            &draw([0.0, 0.0, 0.0], Spatial::default()),
        );
        assert_eq!(corner.images, [0.0, 0.0, 0.0, 0.0]);
        let corner = cut(
            &scan(),
            [1, 2, 2],
            &draw([1.0, 1.0, 1.0], Spatial::default()),
        );
        assert_eq!(corner.images, [100.0, 101.0, 110.0, 111.0]);
    }

    #[test]
    fn the_end_slice_is_its_own_neighbour() {
        // As `net` has it when it goes over slices.
        let sample = cut(
            &scan(),
            [3, 1, 1],
            &draw([3.0, 2.0, 0.0], Spatial::default()),
        );
        assert_eq!(sample.images, [23.0, 23.0, 123.0]);
        let sample = cut(
            &scan(),
            [3, 1, 1],
            &draw([3.0, 2.0, 4.0], Spatial::default()),
        );
        assert_eq!(sample.images, [323.0, 423.0, 423.0]);
    }

    #[test]
    fn every_image_is_changed_in_its_own_way() {
        let mut two = scan();
        two.images.push(two.images[0].clone());
        let mut drawn = draw([3.0, 2.0, 2.0], Spatial::default());
        drawn.augment.intensities = [5, 6]
            .map(|seed| IntensityDraw {
                noise: Some((1.0, seed)),
                ..IntensityDraw::default()
            })
            .into();
        let images = cut(&two, [1, 3, 3], &drawn).images;
        let plain = cut(&two, [1, 3, 3], &draw([3.0, 2.0, 2.0], Spatial::default())).images;
        let noise: Vec<f32> = images.iter().zip(plain).map(|(a, b)| a - b).collect();
        assert_ne!(noise[..9], noise[9..]);
    }

    #[test]
    fn both_ways_of_cutting_agree() {
        // A turn by nothing that takes the long way.
        let long = Spatial::new([true, false, true], 1e-12, [0.0; 2], 1.0, None, true);
        let short = Spatial::new([true, false, true], 0.0, [0.0; 2], 1.0, None, true);
        assert!(long.mirrors().is_none() && short.mirrors().is_some());
        let [a, b] = [long, short].map(|s| cut(&scan(), [5, 4, 6], &draw([3.0, 2.0, 2.0], s)));
        assert_eq!(a.classes, b.classes);
        for (a, b) in a.images.iter().zip(&b.images) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }

    #[test]
    fn a_quarter_turn_in_plane() {
        let turn = Spatial::new(
            [false; 3],
            std::f64::consts::FRAC_PI_2,
            [0.0; 2],
            1.0,
            None,
            false,
        );
        let sample = cut(&scan(), [1, 3, 3], &draw([3.0, 2.0, 2.0], turn));
        // The sample's column +1 is the scan's row +1, its row +1 the scan's column −1.
        let expected = [
            214.0, 224.0, 234.0, 213.0, 223.0, 233.0, 212.0, 222.0, 232.0,
        ];
        for (value, expected) in sample.images.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-3, "{value} {expected}");
        }
        assert_eq!(sample.classes[4], 4);
    }

    #[test]
    fn thick_slices_are_means_of_slices() {
        let mut drawn = draw([3.0, 2.0, 1.0], Spatial::default());
        drawn.augment.thickness = 1;
        // Slices 0 to 2 of 23: 123; at the border slice 0 twice and 1: (2 · 23 + 123) / 3.
        assert_eq!(cut(&scan(), [1, 1, 1], &drawn).images, [123.0]);
        drawn.middle[2] = 0.0;
        let mean = (2.0 * 23.0 + 123.0) / 3.0;
        assert_eq!(cut(&scan(), [1, 1, 1], &drawn).images, [mean]);
    }
}
