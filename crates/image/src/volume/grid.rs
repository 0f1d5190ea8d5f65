//! Where voxels are in the patient.

use nalgebra::{Matrix3, Matrix4, Point3, Vector3};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A position in voxel indices: whole numbers are voxel centres, so the first voxel
/// spans -0.5 to 0.5.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoxelPoint(pub Point3<f64>);

/// A position in the patient in millimetres, RAS+: x grows to the patient's right,
/// y to the front, z to the head.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorldPoint(pub Point3<f64>);

impl VoxelPoint {
    /// The point with these voxel coordinates.
    #[must_use]
    pub fn new(i: f64, j: f64, k: f64) -> Self {
        Self(Point3::new(i, j, k))
    }

    /// The centre of a voxel.
    #[must_use]
    pub fn center_of(index: [usize; 3]) -> Self {
        Self::new(index[0] as f64, index[1] as f64, index[2] as f64)
    }

    /// The coordinates as an array.
    #[must_use]
    pub fn to_array(self) -> [f64; 3] {
        self.0.coords.into()
    }
}

impl WorldPoint {
    /// The point with these coordinates in mm.
    #[must_use]
    pub fn new(x: f64, y: f64, z: f64) -> Self {
        Self(Point3::new(x, y, z))
    }

    /// The coordinates in mm as an array.
    #[must_use]
    pub fn to_array(self) -> [f64; 3] {
        self.0.coords.into()
    }

    /// Distance to another point in mm.
    #[must_use]
    pub fn distance_mm(self, other: Self) -> f64 {
        (self.0 - other.0).norm()
    }
}

/// A grid that cannot be: the value found, what is expected, and what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GridError {
    /// An axis without voxels.
    #[error(
        "making a grid: axis {axis} has no voxels (shape {shape:?}); every axis needs at least one"
    )]
    EmptyAxis {
        /// Index of the axis.
        axis: usize,
        /// The shape as given.
        shape: [usize; 3],
    },
    /// More voxels than memory can address.
    #[error("making a grid: shape {shape:?} has more voxels than this computer can address")]
    TooLarge {
        /// The shape as given.
        shape: [usize; 3],
    },
    /// An affine with NaN or infinite numbers.
    #[error(
        "making a grid: the voxel-to-world matrix holds NaN or infinity; the file's orientation \
         fields are damaged, export the scan again"
    )]
    NotFinite,
    /// An affine that maps the volume onto a plane, a line or a point.
    #[error(
        "making a grid: the voxel-to-world matrix cannot be inverted (determinant \
         {determinant:e} mm³ per voxel); the file's orientation fields are damaged, export the \
         scan again"
    )]
    Singular {
        /// Volume of one voxel as the matrix has it.
        determinant: f64,
    },
    /// A part that is empty or outside.
    #[error("cropping a grid: {range:?} is not inside shape {shape:?}")]
    Crop {
        /// The part asked for.
        range: [Range<usize>; 3],
        /// The grid's shape.
        shape: [usize; 3],
    },
}

/// Shape, voxel size and place of a volume. Always has voxels and an invertible,
/// finite affine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "GridFields", into = "GridFields")]
pub struct Grid {
    shape: [usize; 3],
    world_from_voxel: Matrix4<f64>,
    voxel_from_world: Matrix4<f64>,
}

/// The grid as written to JSON: the affine as four rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct GridFields {
    shape: [usize; 3],
    spacing_mm: [f64; 3],
    world_from_voxel: [[f64; 4]; 4],
}

impl TryFrom<GridFields> for Grid {
    type Error = GridError;
    fn try_from(fields: GridFields) -> Result<Self, GridError> {
        let rows = fields.world_from_voxel;
        Self::new(fields.shape, Matrix4::from_fn(|r, c| rows[r][c]))
    }
}

impl From<Grid> for GridFields {
    fn from(grid: Grid) -> Self {
        Self {
            shape: grid.shape,
            spacing_mm: grid.spacing_mm(),
            world_from_voxel: grid.affine_rows(),
        }
    }
}

impl Grid {
    /// A grid of `shape` voxels placed by `world_from_voxel` (RAS+ mm).
    ///
    /// # Errors
    /// When an axis has no voxels or the affine is not finite and invertible.
    pub fn new(shape: [usize; 3], world_from_voxel: Matrix4<f64>) -> Result<Self, GridError> {
        if let Some(axis) = shape.iter().position(|&n| n == 0) {
            return Err(GridError::EmptyAxis { axis, shape });
        }
        shape
            .iter()
            .try_fold(1usize, |count, &n| count.checked_mul(n))
            .filter(|&count| count <= isize::MAX as usize / 8)
            .ok_or(GridError::TooLarge { shape })?;
        if !world_from_voxel.iter().all(|v| v.is_finite()) {
            return Err(GridError::NotFinite);
        }
        let mut world_from_voxel = world_from_voxel;
        world_from_voxel.set_row(3, &nalgebra::RowVector4::new(0.0, 0.0, 0.0, 1.0));
        let determinant = world_from_voxel.fixed_view::<3, 3>(0, 0).determinant();
        // A voxel below (0.001 mm)³ is no scan; it is a damaged header.
        let voxel_from_world = world_from_voxel
            .try_inverse()
            .filter(|inverse| {
                determinant.abs() > 1e-9 && inverse.iter().all(|value| value.is_finite())
            })
            .ok_or(GridError::Singular { determinant })?;
        Ok(Self {
            shape,
            world_from_voxel,
            voxel_from_world,
        })
    }

    /// A grid along the world axes, its first voxel's centre at the origin.
    ///
    /// # Errors
    /// As [`Grid::new`].
    pub fn axis_aligned(shape: [usize; 3], spacing_mm: [f64; 3]) -> Result<Self, GridError> {
        let [x, y, z] = spacing_mm;
        Self::new(
            shape,
            Matrix4::from_diagonal(&nalgebra::Vector4::new(x, y, z, 1.0)),
        )
    }

    /// Voxels along each axis.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Voxels in all.
    #[must_use]
    pub fn voxel_count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Distance between neighbouring voxel centres along each axis, in mm.
    #[must_use]
    pub fn spacing_mm(&self) -> [f64; 3] {
        std::array::from_fn(|axis| self.world_from_voxel.fixed_view::<3, 1>(0, axis).norm())
    }

    /// Volume of one voxel in mm³.
    #[must_use]
    pub fn voxel_volume_mm3(&self) -> f64 {
        self.linear().determinant().abs()
    }

    /// The 4×4 affine from voxel indices to RAS+ mm.
    #[must_use]
    pub fn world_from_voxel(&self) -> &Matrix4<f64> {
        &self.world_from_voxel
    }

    /// The 4×4 affine from RAS+ mm to voxel indices.
    #[must_use]
    pub fn voxel_from_world(&self) -> &Matrix4<f64> {
        &self.voxel_from_world
    }

    /// The affine as four rows.
    #[must_use]
    pub fn affine_rows(&self) -> [[f64; 4]; 4] {
        std::array::from_fn(|r| std::array::from_fn(|c| self.world_from_voxel[(r, c)]))
    }

    /// The 3×3 part of the affine, mm per voxel step.
    #[must_use]
    pub fn linear(&self) -> Matrix3<f64> {
        self.world_from_voxel.fixed_view::<3, 3>(0, 0).into_owned()
    }

    /// Directions of the three voxel axes in the world, as columns of length 1.
    #[must_use]
    pub fn unit_axes(&self) -> Matrix3<f64> {
        let mut axes = self.linear();
        for (axis, size) in self.spacing_mm().into_iter().enumerate() {
            axes.column_mut(axis).scale_mut(1.0 / size);
        }
        axes
    }

    /// The largest cosine between two voxel axes, where they are not perpendicular (above
    /// 0.001: files keep directions in single precision).
    #[must_use]
    pub fn shear(&self) -> Option<f64> {
        let axes = self.unit_axes();
        let cosine = (axes.transpose() * axes - Matrix3::identity()).abs().max();
        (cosine > 1e-3).then_some(cosine)
    }

    /// World position of a point in voxel indices.
    #[must_use]
    pub fn to_world(&self, point: VoxelPoint) -> WorldPoint {
        WorldPoint(self.world_from_voxel.transform_point(&point.0))
    }

    /// Voxel indices of a world position.
    #[must_use]
    pub fn to_voxel(&self, point: WorldPoint) -> VoxelPoint {
        VoxelPoint(self.voxel_from_world.transform_point(&point.0))
    }

    /// Position of a voxel in the flat array, first axis fastest.
    #[must_use]
    pub fn offset(&self, [i, j, k]: [usize; 3]) -> usize {
        i + self.shape[0] * (j + self.shape[1] * k)
    }

    /// Voxel index at a position in the flat array.
    #[must_use]
    pub fn index(&self, offset: usize) -> [usize; 3] {
        let [nx, ny, _] = self.shape;
        [offset % nx, offset / nx % ny, offset / nx / ny]
    }

    /// The voxel that is `step` away from `index`, if inside.
    #[must_use]
    pub fn neighbour(&self, index: [usize; 3], step: [isize; 3]) -> Option<[usize; 3]> {
        let mut moved = index;
        for axis in 0..3 {
            moved[axis] = index[axis]
                .checked_add_signed(step[axis])
                .filter(|&i| i < self.shape[axis])?;
        }
        Some(moved)
    }

    /// The voxels inside that share a face with `index`: at most six, first axis first.
    pub fn face_neighbours(&self, index: [usize; 3]) -> impl Iterator<Item = [usize; 3]> + '_ {
        (0..6).filter_map(move |face| {
            let mut step = [0; 3];
            step[face / 2] = if face % 2 == 0 { -1 } else { 1 };
            self.neighbour(index, step)
        })
    }

    /// The voxel closest to a place, if the grid reaches it.
    #[must_use]
    pub fn nearest(&self, place: WorldPoint) -> Option<[usize; 3]> {
        let at = self.to_voxel(place).to_array().map(f64::round);
        let inside = (0..3).all(|a| at[a] >= 0.0 && at[a] < self.shape[a] as f64);
        inside.then(|| at.map(|at| at as usize))
    }

    /// The voxel closest to a place in voxel indices; of places outside, the closest at the border.
    #[must_use]
    pub fn nearest_inside(&self, place: VoxelPoint) -> [usize; 3] {
        let at = place.to_array();
        std::array::from_fn(|a| (at[a].round().max(0.0) as usize).min(self.shape[a] - 1))
    }

    /// The axis along which slices were stacked: that of the largest spacing. Of several within 1 %
    /// the one closest to feet-head, then to back-front: it does not depend on how voxels are stored.
    #[must_use]
    pub fn slice_axis(&self) -> usize {
        let spacing = self.spacing_mm();
        let largest = spacing.into_iter().fold(0.0, f64::max);
        let world = self.closest_world_axes();
        (0..3)
            .filter(|axis| spacing[*axis] * 1.01 >= largest)
            .max_by_key(|axis| world[*axis].0)
            .unwrap_or(2)
    }

    /// The grid of a part (half-open ranges per axis).
    ///
    /// # Errors
    /// When the part is empty or leaves the grid.
    pub fn crop(&self, range: &[Range<usize>; 3]) -> Result<Self, GridError> {
        let inside = (0..3)
            .all(|axis| range[axis].start < range[axis].end && range[axis].end <= self.shape[axis]);
        if !inside {
            return Err(GridError::Crop {
                range: range.clone(),
                shape: self.shape,
            });
        }
        let shift = Matrix4::new_translation(&Vector3::new(
            range[0].start as f64,
            range[1].start as f64,
            range[2].start as f64,
        ));
        Self::new(
            std::array::from_fn(|axis| range[axis].len()),
            self.world_from_voxel * shift,
        )
    }

    /// Whether two grids have one shape and their corners lie within `tolerance_mm` of
    /// each other. Shape alone never proves that two images belong together.
    #[must_use]
    pub fn matches(&self, other: &Self, tolerance_mm: f64) -> bool {
        self.shape == other.shape && self.largest_corner_distance_mm(other) <= tolerance_mm
    }

    /// The largest distance between corresponding corners, in mm.
    #[must_use]
    pub fn largest_corner_distance_mm(&self, other: &Self) -> f64 {
        self.corners()
            .into_iter()
            .zip(other.corners())
            .map(|(here, there)| here.distance_mm(there))
            .fold(0.0, f64::max)
    }

    /// Centres of the eight voxels at the corners, first axis fastest.
    #[must_use]
    pub fn corners(&self) -> [WorldPoint; 8] {
        std::array::from_fn(|which| {
            let index = std::array::from_fn(|axis| (self.shape[axis] - 1) * (which >> axis & 1));
            self.to_world(VoxelPoint::center_of(index))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voxel_and_world_are_inverse() {
        let affine = Matrix4::new(
            0.0, -0.5, 0.1, 10.0, 0.4, 0.0, 0.0, -20.0, 0.0, 0.1, 2.0, 5.0, 0.0, 0.0, 0.0, 1.0,
        );
        let grid = Grid::new([4, 5, 6], affine).unwrap();
        let point = VoxelPoint::new(1.25, 3.5, -2.0);
        let back = grid.to_voxel(grid.to_world(point));
        assert!((back.0 - point.0).norm() < 1e-12);
    }

    #[test]
    fn impossible_grids_are_refused() {
        let eye = Matrix4::identity();
        assert!(matches!(
            Grid::new([3, 0, 3], eye),
            Err(GridError::EmptyAxis { axis: 1, .. })
        ));
        assert!(matches!(
            Grid::new([usize::MAX, 2, 2], eye),
            Err(GridError::TooLarge { .. })
        ));
        let mut nan = eye;
        nan[(0, 3)] = f64::NAN;
        assert_eq!(Grid::new([2, 2, 2], nan), Err(GridError::NotFinite));
        let mut flat = eye;
        flat[(2, 2)] = 0.0;
        assert!(matches!(
            Grid::new([2, 2, 2], flat),
            Err(GridError::Singular { .. })
        ));
    }

    #[test]
    fn slices_of_equal_spacing_are_stacked_towards_the_head() {
        // Stored with the head's axis first, in cubes and in voxels of 1 × .5 × 1 mm.
        for row_mm in [1.0, 0.5] {
            let affine = Matrix4::new(
                0.0, 0.0, 1.0, 0.0, //
                0.0, row_mm, 0.0, 0.0, //
                1.0, 0.0, 0.0, 0.0, //
                0.0, 0.0, 0.0, 1.0,
            );
            assert_eq!(Grid::new([4; 3], affine).unwrap().slice_axis(), 0);
        }
        let thick = Grid::axis_aligned([4; 3], [1.0, 3.0, 1.0]).unwrap();
        assert_eq!(thick.slice_axis(), 1);
    }

    #[test]
    fn a_crop_keeps_world_positions() {
        let grid = Grid::axis_aligned([10, 10, 10], [1.0, 2.0, 3.0]).unwrap();
        let part = grid.crop(&[2..5, 1..9, 4..10]).unwrap();
        assert_eq!(part.shape(), [3, 8, 6]);
        // The part's first voxel is the whole's [2, 1, 4], at (2, 2, 12) mm.
        let first = part.to_world(VoxelPoint::center_of([0, 0, 0]));
        assert_eq!(first.to_array(), [2.0, 2.0, 12.0]);
    }

    #[test]
    fn equal_shapes_in_other_places_do_not_match() {
        let here = Grid::axis_aligned([4, 4, 4], [1.0; 3]).unwrap();
        let mut affine = *here.world_from_voxel();
        affine[(1, 3)] = 0.5;
        let there = Grid::new([4, 4, 4], affine).unwrap();
        assert!(!here.matches(&there, 0.1));
        assert!(here.matches(&there, 0.6));
    }
}
