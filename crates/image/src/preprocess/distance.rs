//! Euclidean distances in millimetres on anisotropic grids.
//!
//! Exact and linear in the number of voxels: one lower envelope of parabolas per line and
//! axis (Felzenszwalb and Huttenlocher 2012, doi 10.4086/toc.2012.v008a019).

use crate::volume::Volume;
use rayon::prelude::*;

/// Squared distance in mm² from each voxel centre to the closest voxel centre where
/// `target` holds; infinite everywhere when it holds nowhere. Voxel axes are taken as
/// perpendicular, as scanners make them.
#[must_use]
pub fn squared_distance_to_mm2(target: &Volume<bool>) -> Volume<f32> {
    let [nx, ny, nz] = target.shape();
    let spacing = target.grid().spacing_mm();
    let mut field = target.map(|hit| if hit { 0.0 } else { f32::INFINITY });
    field
        .voxels_mut()
        .par_chunks_mut(nx)
        .for_each_init(Envelope::default, |envelope, row| {
            envelope.transform(row, spacing[0]);
        });
    field.voxels_mut().par_chunks_mut(nx * ny).for_each_init(
        || (Envelope::default(), vec![0.0; ny]),
        |(envelope, line), slice| {
            for i in 0..nx {
                for j in 0..ny {
                    line[j] = slice[i + nx * j];
                }
                envelope.transform(line, spacing[1]);
                for j in 0..ny {
                    slice[i + nx * j] = line[j];
                }
            }
        },
    );
    // Lines along the third axis cross all slices: they are computed row by row and
    // written back in one go.
    let source = field.voxels();
    let rows: Vec<Vec<f32>> = (0..ny)
        .into_par_iter()
        .map_init(
            || (Envelope::default(), vec![0.0; nz]),
            |(envelope, line), j| {
                let mut out = vec![0.0; nx * nz];
                for i in 0..nx {
                    for k in 0..nz {
                        line[k] = source[i + nx * (j + ny * k)];
                    }
                    envelope.transform(line, spacing[2]);
                    for k in 0..nz {
                        out[i + nx * k] = line[k];
                    }
                }
                out
            },
        )
        .collect();
    for (j, row) in rows.iter().enumerate() {
        for k in 0..nz {
            field.voxels_mut()[nx * (j + ny * k)..][..nx].copy_from_slice(&row[nx * k..][..nx]);
        }
    }
    field
}

/// Distance in mm, as [`squared_distance_to_mm2`].
#[must_use]
pub fn distance_to_mm(target: &Volume<bool>) -> Volume<f32> {
    squared_distance_to_mm2(target).map(f32::sqrt)
}

/// Depth of voxel centres below the surface of a mask in mm, negative outside. The surface runs half a
/// voxel (of the smallest spacing) beyond the outermost centres. Without a surface: ±1000.
#[must_use]
pub fn signed_depth_mm(mask: &Volume<bool>) -> Volume<f32> {
    let half = 0.5
        * mask
            .grid()
            .spacing_mm()
            .into_iter()
            .fold(f64::MAX, f64::min) as f32;
    let mut depth = distance_to_mm(&mask.map(|inside| !inside));
    let above = distance_to_mm(mask);
    for (depth, above) in depth.voxels_mut().iter_mut().zip(above.voxels()) {
        let signed = if *above > 0.0 {
            half - above
        } else {
            *depth - half
        };
        *depth = signed.clamp(-1000.0, 1000.0);
    }
    depth
}

/// The lower envelope of parabolas of one line; buffers are kept between lines.
#[derive(Default)]
struct Envelope {
    /// Index of each parabola's vertex.
    vertex: Vec<usize>,
    /// Where (in mm) each parabola starts to be the lowest.
    start: Vec<f64>,
    height: Vec<f64>,
}

impl Envelope {
    /// Replaces squared distances along a line by the minimum over the line of
    /// `value + (spacing · offset)²`.
    fn transform(&mut self, line: &mut [f32], spacing: f64) {
        self.vertex.clear();
        self.start.clear();
        self.height.clear();
        self.height.extend(line.iter().map(|&v| f64::from(v)));
        for q in 0..line.len() {
            if self.height[q].is_infinite() {
                continue;
            }
            let mut from = f64::NEG_INFINITY;
            while let (Some(&v), Some(&start)) = (self.vertex.last(), self.start.last()) {
                let (xq, xv) = (q as f64 * spacing, v as f64 * spacing);
                from = (self.height[q] - self.height[v] + xq * xq - xv * xv) / (2.0 * (xq - xv));
                if from > start {
                    break;
                }
                self.vertex.pop();
                self.start.pop();
                from = f64::NEG_INFINITY;
            }
            self.vertex.push(q);
            self.start.push(from);
        }
        if self.vertex.is_empty() {
            return;
        }
        let mut part = 0;
        for (p, value) in line.iter_mut().enumerate() {
            let x = p as f64 * spacing;
            while part + 1 < self.start.len() && self.start[part + 1] < x {
                part += 1;
            }
            let v = self.vertex[part];
            let offset = x - v as f64 * spacing;
            *value = (self.height[v] + offset * offset) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Grid, VoxelPoint};
    use proptest::prelude::*;

    #[test]
    fn one_voxel_gives_the_distance_itself() {
        let grid = Grid::axis_aligned([5, 4, 3], [0.5, 1.0, 3.0]).unwrap();
        let target = Volume::from_fn(&grid, |index| index == [1, 2, 0]);
        let distance = distance_to_mm(&target);
        // 3 steps of 0.5, 2 of 1, 2 of 3 mm: √(1.5² + 2² + 6²) = √42.25 = 6.5.
        assert!((distance.at([4, 0, 2]) - 6.5).abs() < 1e-6);
        assert_eq!(distance.at([1, 2, 0]), 0.0);
    }

    #[test]
    fn depth_is_signed_and_zero_between_the_border_s_voxels() {
        let grid = Grid::axis_aligned([6, 1, 1], [2.0; 3]).unwrap();
        let mask = Volume::new(grid, vec![false, false, true, true, true, true]).unwrap();
        // The surface is at 3 mm.
        assert_eq!(
            signed_depth_mm(&mask).voxels(),
            [-3.0, -1.0, 1.0, 3.0, 5.0, 7.0]
        );
        let everywhere = signed_depth_mm(&mask.map(|_| true));
        assert!(everywhere.voxels().iter().all(|mm| *mm == 1000.0));
    }

    #[test]
    fn an_empty_target_is_infinitely_far() {
        let grid = Grid::axis_aligned([3, 3, 3], [1.0; 3]).unwrap();
        let far = distance_to_mm(&Volume::filled(&grid, false));
        assert!(far.voxels().iter().all(|d| d.is_infinite()));
    }

    proptest! {
        #[test]
        fn equals_the_search_over_all_pairs(
            hits in prop::collection::vec(prop::bool::weighted(0.1), 6 * 5 * 4),
            spacing in prop::array::uniform3(0.3f64..4.0),
        ) {
            let grid = Grid::axis_aligned([6, 5, 4], spacing).unwrap();
            let target = Volume::new(grid.clone(), hits).unwrap();
            let found = distance_to_mm(&target);
            for offset in 0..grid.voxel_count() {
                let here = grid.to_world(VoxelPoint::center_of(grid.index(offset)));
                let expected = (0..grid.voxel_count())
                    .filter(|&other| target.voxels()[other])
                    .map(|other| here.distance_mm(grid.to_world(VoxelPoint::center_of(grid.index(other)))))
                    .fold(f64::INFINITY, f64::min);
                let value = f64::from(found.voxels()[offset]);
                prop_assert!(value == expected || (value - expected).abs() < 1e-4);
            }
        }
    }
}
