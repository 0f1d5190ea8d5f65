//! Where a sample's voxels come from.

use nalgebra::{Matrix3, Rotation3, Vector3};
use siderin_image::random::Stream;

/// A turn, a mirroring, a size and a bending, all in mm about the sample's middle.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spatial {
    /// From offsets in the sample to offsets in the scan, in mm.
    matrix: Matrix3<f64>,
    elastic: Option<Elastic>,
    /// Mirrored along columns, rows and slices, where nothing else is done.
    mirrors: Option<[bool; 3]>,
}

impl Default for Spatial {
    fn default() -> Self {
        Self {
            matrix: Matrix3::identity(),
            elastic: None,
            mirrors: Some([false; 3]),
        }
    }
}

impl Spatial {
    /// `rotation` is in the plane of columns and rows, `tilts` about columns and rows, in radians.
    /// Samples that are not deep keep their slices: they are sampled within them.
    pub(super) fn new(
        mirrors: [bool; 3],
        rotation: f64,
        tilts: [f64; 2],
        zoom: f64,
        elastic: Option<Elastic>,
        is_deep: bool,
    ) -> Self {
        let tilts = if is_deep { tilts } else { [0.0; 2] };
        let plain = rotation == 0.0 && tilts == [0.0; 2] && zoom == 1.0 && elastic.is_none();
        let flip = Matrix3::from_diagonal(&Vector3::from_iterator(
            mirrors.map(|mirror| if mirror { -1.0 } else { 1.0 }),
        ));
        let across = if is_deep { zoom } else { 1.0 };
        // A sample that shows things larger covers less of the scan.
        let size = Matrix3::from_diagonal(&Vector3::new(1.0 / zoom, 1.0 / zoom, 1.0 / across));
        let turn = Rotation3::from_euler_angles(tilts[0], tilts[1], rotation);
        Self {
            matrix: turn.matrix() * size * flip,
            elastic,
            mirrors: plain.then_some(mirrors),
        }
    }

    /// The mirroring, where nothing else is done.
    pub(super) fn mirrors(&self) -> Option<[bool; 3]> {
        self.mirrors
    }

    /// Offset in the scan of an offset in the sample, both in mm from the middle.
    #[inline]
    pub(super) fn source_mm(&self, offset: Vector3<f64>) -> Vector3<f64> {
        let bent = match &self.elastic {
            Some(elastic) => offset + elastic.at(offset),
            None => offset,
        };
        self.matrix * bent
    }
}

/// Displacements on knots, linear between them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Elastic {
    knots: [usize; 3],
    distance_mm: f64,
    displacement_mm: Vec<Vector3<f64>>,
}

impl Elastic {
    /// Draws displacements of up to `most_mm` along each axis for a sample of `size` slices, rows
    /// and columns; samples of a few slices are bent within them.
    pub(super) fn draw(
        most_mm: f64,
        size: [usize; 3],
        spacing_mm: [f64; 3],
        distance_mm: f64,
        stream: &mut Stream,
    ) -> Self {
        let [d, h, w] = size;
        let is_deep = d > 3;
        let extent = [w, h, d];
        let knots = std::array::from_fn(|axis| {
            let length_mm = extent[axis] as f64 * spacing_mm[axis];
            // One more on either side.
            (length_mm / distance_mm).ceil() as usize + 3
        });
        let count = knots.iter().product();
        let displacement_mm = (0..count)
            .map(|_| {
                let mut along = |is_free: bool| {
                    let drawn = stream.uniform(-most_mm, most_mm);
                    if is_free { drawn } else { 0.0 }
                };
                Vector3::new(along(true), along(true), along(is_deep))
            })
            .collect();
        Self {
            knots,
            distance_mm,
            displacement_mm,
        }
    }

    fn at(&self, offset: Vector3<f64>) -> Vector3<f64> {
        let mut low = [0; 3];
        let mut share = [0.0; 3];
        for axis in 0..3 {
            let last = self.knots[axis] - 1;
            let place = offset[axis] / self.distance_mm + 0.5 * last as f64;
            let place = place.clamp(0.0, last as f64 - 1e-9);
            low[axis] = place as usize;
            share[axis] = place - low[axis] as f64;
        }
        let [nx, ny, _] = self.knots;
        let mut sum = Vector3::zeros();
        for corner in 0..8 {
            let step = [corner & 1, corner >> 1 & 1, corner >> 2];
            let weight: f64 = (0..3)
                .map(|a| {
                    if step[a] == 1 {
                        share[a]
                    } else {
                        1.0 - share[a]
                    }
                })
                .product();
            let at = (low[2] + step[2]) * nx * ny + (low[1] + step[1]) * nx + low[0] + step[0];
            sum += self.displacement_mm[at] * weight;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::FRAC_PI_2;

    #[test]
    fn a_quarter_turn_takes_columns_to_rows() {
        let turn = Spatial::new([false; 3], FRAC_PI_2, [0.3, 0.3], 1.0, None, false);
        let there = turn.source_mm(Vector3::new(3.0, 0.0, 2.0));
        // A flat sample is not tilted.
        assert!((there - Vector3::new(0.0, 3.0, 2.0)).norm() < 1e-12);
        assert_eq!(turn.mirrors(), None);
    }

    #[test]
    fn what_is_shown_larger_covers_less() {
        let deep = Spatial::new([true, false, false], 0.0, [0.0; 2], 2.0, None, true);
        let there = deep.source_mm(Vector3::new(4.0, 4.0, 4.0));
        assert_eq!(there, Vector3::new(-2.0, 2.0, 2.0));
        let flat = Spatial::new([false; 3], 0.0, [0.0; 2], 2.0, None, false);
        assert_eq!(flat.source_mm(Vector3::new(4.0, 4.0, 4.0))[2], 4.0);
    }

    #[test]
    fn bending_is_linear_between_knots_and_within_its_limit() {
        let mut stream = Stream::new(3, "test", 0);
        let bend = Elastic::draw(2.0, [1, 32, 32], [1.0; 3], 8.0, &mut stream);
        let at = |x: f64| bend.at(Vector3::new(x, 0.0, 0.0));
        // 32 mm: 4 knots and 3 more; the middle one, number 3, at 0, the next at 8 mm.
        assert_eq!(bend.knots, [7, 7, 4]);
        let middle = (at(0.0) + at(8.0)) / 2.0;
        assert!((at(4.0) - middle).norm() < 1e-12);
        assert!((-20..20).all(|x| at(f64::from(x)).iter().all(|d| d.abs() <= 2.0)));
        assert_eq!(at(5.0)[2], 0.0);
    }
}
