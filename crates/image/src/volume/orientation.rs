//! The order and direction of the voxel axes, and the way to a canonical one and back.

use super::{Grid, GridError, Volume};
use nalgebra::Matrix4;
use serde::Serialize;
use std::fmt;

/// For each voxel axis the direction in the patient in which its index grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AxisCodes(pub [char; 3]);

impl fmt::Display for AxisCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|code| write!(f, "{code}"))
    }
}

/// A permutation of axes with flips. Losslessly invertible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reorientation {
    /// For each target axis the source axis it shows.
    pub source_axis: [usize; 3],
    /// For each target axis whether it runs against the source axis.
    pub flip: [bool; 3],
}

impl Grid {
    /// For each voxel axis the world axis closest to it, each used once, and whether the
    /// voxel axis runs against it. Found by the best of the six permutations (largest
    /// sum of absolute direction cosines), so steep obliques stay unambiguous.
    pub fn closest_world_axes(&self) -> [(usize, bool); 3] {
        const PERMUTATIONS: [[usize; 3]; 6] = [
            [0, 1, 2],
            [1, 0, 2],
            [0, 2, 1],
            [2, 1, 0],
            [1, 2, 0],
            [2, 0, 1],
        ];
        let linear = self.linear();
        let spacing = self.spacing_mm();
        let cosine = |world: usize, voxel: usize| linear[(world, voxel)] / spacing[voxel];
        let mut best = (f64::NEG_INFINITY, PERMUTATIONS[0]);
        for world_of in PERMUTATIONS {
            let fit: f64 = (0..3).map(|v| cosine(world_of[v], v).abs()).sum();
            if fit > best.0 + 1e-9 {
                best = (fit, world_of);
            }
        }
        std::array::from_fn(|voxel| (best.1[voxel], cosine(best.1[voxel], voxel) < 0.0))
    }

    /// The patient directions in which the voxel indices grow, such as `LPS`.
    #[must_use]
    pub fn axis_codes(&self) -> AxisCodes {
        AxisCodes(
            self.closest_world_axes().map(|(world, against)| {
                [['R', 'L'], ['A', 'P'], ['S', 'I']][world][against as usize]
            }),
        )
    }

    /// The reorientation that brings the axes closest to R, A, S.
    #[must_use]
    pub fn to_ras(&self) -> Reorientation {
        let mut to_ras = Reorientation {
            source_axis: [0; 3],
            flip: [false; 3],
        };
        for (voxel, (world, against)) in self.closest_world_axes().into_iter().enumerate() {
            to_ras.source_axis[world] = voxel;
            to_ras.flip[world] = against;
        }
        to_ras
    }
}

impl Reorientation {
    /// The reorientation that undoes this one.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let mut inverse = *self;
        for target in 0..3 {
            let source = self.source_axis[target];
            inverse.source_axis[source] = target;
            inverse.flip[source] = self.flip[target];
        }
        inverse
    }

    /// The same voxels in the new order, at the same places in the world.
    ///
    /// # Errors
    /// When the new grid would be impossible, which an existing grid rules out.
    pub fn apply<T: Copy>(&self, volume: &Volume<T>) -> Result<Volume<T>, GridError> {
        let source = volume.shape();
        let shape = self.source_axis.map(|axis| source[axis]);
        let mut source_from_target = Matrix4::zeros();
        source_from_target[(3, 3)] = 1.0;
        for target in 0..3 {
            let axis = self.source_axis[target];
            if self.flip[target] {
                source_from_target[(axis, target)] = -1.0;
                source_from_target[(axis, 3)] = (source[axis] - 1) as f64;
            } else {
                source_from_target[(axis, target)] = 1.0;
            }
        }
        let grid = Grid::new(shape, volume.grid().world_from_voxel() * source_from_target)?;
        Ok(Volume::from_fn(&grid, |index| {
            let mut from = [0; 3];
            for target in 0..3 {
                let axis = self.source_axis[target];
                from[axis] = if self.flip[target] {
                    source[axis] - 1 - index[target]
                } else {
                    index[target]
                };
            }
            volume.at(from)
        }))
    }
}

/// The volume with its axes in the order closest to R, A, S, and the way it was brought
/// there (its [`Reorientation::inverse`] leads back).
///
/// # Errors
/// As [`Reorientation::apply`].
pub fn canonical_orientation<T: Copy>(
    volume: &Volume<T>,
) -> Result<(Volume<T>, Reorientation), GridError> {
    let to_ras = volume.grid().to_ras();
    Ok((to_ras.apply(volume)?, to_ras))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::VoxelPoint;
    use proptest::prelude::*;

    #[test]
    fn canonical_of_a_sagittal_volume() {
        // Axis 0 runs to posterior, axis 1 to inferior, axis 2 to the right.
        let affine = Matrix4::new(
            0.0, 0.0, 2.0, 0.0, -1.0, 0.0, 0.0, 9.0, 0.0, -1.5, 0.0, 7.0, 0.0, 0.0, 0.0, 1.0,
        );
        let grid = Grid::new([2, 3, 4], affine).unwrap();
        assert_eq!(grid.axis_codes().to_string(), "PIR");
        let volume = Volume::from_fn(&grid, |[i, j, k]| i + 10 * j + 100 * k);
        let (ras, _) = canonical_orientation(&volume).unwrap();
        assert_eq!(ras.grid().axis_codes().to_string(), "RAS");
        assert_eq!(ras.shape(), [4, 2, 3]);
        // Target [0, 0, 0] is the most posterior, inferior, left voxel: i=1, j=2, k=0.
        assert_eq!(ras.at([0, 0, 0]), 21);
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same(
            order in prop::sample::select(vec![[0, 1, 2], [1, 0, 2], [0, 2, 1], [2, 1, 0], [1, 2, 0], [2, 0, 1]]),
            flip in any::<[bool; 3]>(),
            tilt in -0.3f64..0.3,
        ) {
            let mut affine = Matrix4::identity();
            affine[(0, 1)] = tilt;
            let grid = Grid::new([3, 4, 2], affine).unwrap();
            let volume = Volume::from_fn(&grid, |[i, j, k]| i + 10 * j + 100 * k);
            let turn = Reorientation { source_axis: order, flip };
            let turned = turn.apply(&volume).unwrap();
            let back = turn.inverse().apply(&turned).unwrap();
            prop_assert_eq!(back.voxels(), volume.voxels());
            prop_assert!(back.grid().matches(volume.grid(), 1e-9));
            // One voxel's value stays at its world position.
            let world = volume.grid().to_world(VoxelPoint::center_of([1, 2, 1]));
            let at = turned.grid().to_voxel(world).to_array().map(|v| v.round() as usize);
            prop_assert_eq!(turned.at(at), 121);
        }
    }
}
