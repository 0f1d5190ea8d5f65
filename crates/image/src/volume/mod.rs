//! Voxels on a grid that knows where it is in the patient.

mod block_mean;
mod grid;
mod neighbours;
mod orientation;
mod resample;

pub use block_mean::block_mean;
pub use grid::{Grid, GridError, VoxelPoint, WorldPoint};
pub use neighbours::replace_by_neighbours;
pub use orientation::{AxisCodes, Reorientation, canonical_orientation};
pub use resample::{Interpolation, ResampleError, resample, resample_nearest};
pub use resample::{cubic_weights, linear_at};

use ndarray::{ArrayView3, ShapeBuilder};
use std::ops::Range;

/// Corners of one grid written by two programs lie closer than this: headers keep affines in single precision, and
/// quaternions lose more.
pub const SAME_GRID_MM: f64 = 0.1;

/// Radius of the sphere of a volume.
#[must_use]
pub fn sphere_radius_mm(volume_mm3: f64) -> f64 {
    (volume_mm3 * 3.0 / (4.0 * std::f64::consts::PI)).cbrt()
}

/// Diameter of the sphere of a volume.
#[must_use]
pub fn sphere_diameter_mm(volume_mm3: f64) -> f64 {
    2.0 * sphere_radius_mm(volume_mm3)
}

/// Voxel values on a [`Grid`]; the first axis varies fastest, as in NIfTI:
/// the value at `[i, j, k]` is `voxels[i + nx * (j + ny * k)]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume<T> {
    grid: Grid,
    voxels: Vec<T>,
}

/// The number of voxels given does not fill the grid.
#[derive(Debug, Clone, thiserror::Error)]
#[error("making a volume: {given} voxels were given for a grid of {expected}; they must match")]
pub struct VoxelCountError {
    /// Voxels handed over.
    pub given: usize,
    /// Voxels the grid has.
    pub expected: usize,
}

impl Volume<f32> {
    /// The values as labels.
    ///
    /// # Errors
    /// With the first value that is no whole number from 0 to 65535.
    pub fn to_labels(&self) -> Result<Volume<u16>, f32> {
        let is_label = |v: f32| v.fract() == 0.0 && (0.0..=65535.0).contains(&v);
        match self.voxels.iter().find(|&&v| !is_label(v)) {
            Some(&value) => Err(value),
            None => Ok(self.map(|v| v as u16)),
        }
    }
}

impl Volume<bool> {
    /// The smallest box of indices around the voxels that hold; none where none does.
    #[must_use]
    pub fn bounding_box(&self) -> Option<[Range<usize>; 3]> {
        let shape = self.shape();
        let mut low = shape;
        let mut high = [0; 3];
        for (row, values) in self.voxels.chunks(shape[0]).enumerate() {
            let (Some(first), Some(last)) = (
                values.iter().position(|&m| m),
                values.iter().rposition(|&m| m),
            ) else {
                continue;
            };
            let (j, k) = (row % shape[1], row / shape[1]);
            low = [low[0].min(first), low[1].min(j), low[2].min(k)];
            high = [
                high[0].max(last + 1),
                high[1].max(j + 1),
                high[2].max(k + 1),
            ];
        }
        (high[0] > 0).then(|| std::array::from_fn(|axis| low[axis]..high[axis]))
    }
}

impl<T: Copy> Volume<T> {
    /// Joins voxels and grid.
    ///
    /// # Errors
    /// When the number of voxels is not the grid's.
    pub fn new(grid: Grid, voxels: Vec<T>) -> Result<Self, VoxelCountError> {
        if voxels.len() == grid.voxel_count() {
            Ok(Self { grid, voxels })
        } else {
            Err(VoxelCountError {
                given: voxels.len(),
                expected: grid.voxel_count(),
            })
        }
    }

    /// A volume with one value everywhere.
    #[must_use]
    pub fn filled(grid: &Grid, value: T) -> Self {
        Self {
            voxels: vec![value; grid.voxel_count()],
            grid: grid.clone(),
        }
    }

    /// A volume whose value at each voxel index is computed by `value`.
    #[must_use]
    pub fn from_fn(grid: &Grid, mut value: impl FnMut([usize; 3]) -> T) -> Self {
        let [nx, ny, nz] = grid.shape();
        let mut voxels = Vec::with_capacity(grid.voxel_count());
        for k in 0..nz {
            for j in 0..ny {
                for i in 0..nx {
                    voxels.push(value([i, j, k]));
                }
            }
        }
        Self {
            grid: grid.clone(),
            voxels,
        }
    }

    /// The grid the voxels lie on.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Number of voxels along each axis.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        self.grid.shape()
    }

    /// All voxels, first axis fastest.
    #[must_use]
    pub fn voxels(&self) -> &[T] {
        &self.voxels
    }

    /// All voxels, to be changed in place.
    pub fn voxels_mut(&mut self) -> &mut [T] {
        &mut self.voxels
    }

    /// The voxels alone.
    #[must_use]
    pub fn into_voxels(self) -> Vec<T> {
        self.voxels
    }

    /// The value at a voxel index.
    ///
    /// # Panics
    /// Outside the grid, as a slice does.
    #[must_use]
    pub fn at(&self, index: [usize; 3]) -> T {
        self.voxels[self.grid.offset(index)]
    }

    /// Sets the value at a voxel index.
    ///
    /// # Panics
    /// Outside the grid, as a slice does.
    pub fn set(&mut self, index: [usize; 3], value: T) {
        let offset = self.grid.offset(index);
        self.voxels[offset] = value;
    }

    /// A volume on the same grid, each value computed from this one's.
    #[must_use]
    pub fn map<U: Copy>(&self, value: impl Fn(T) -> U) -> Volume<U> {
        Volume {
            grid: self.grid.clone(),
            voxels: self.voxels.iter().map(|&v| value(v)).collect(),
        }
    }

    /// The voxels as an array indexed `[i, j, k]`, without a copy.
    #[must_use]
    pub fn view(&self) -> ArrayView3<'_, T> {
        let [nx, ny, nz] = self.shape();
        ArrayView3::from_shape((nx, ny, nz).f(), &self.voxels)
            .expect("a volume always fills its grid")
    }

    /// The part of the volume inside `range` (half-open per axis), with its grid.
    ///
    /// # Errors
    /// When the range is empty or leaves the grid.
    pub fn crop(&self, range: [std::ops::Range<usize>; 3]) -> Result<Self, GridError> {
        let grid = self.grid.crop(&range)?;
        let mut voxels = Vec::with_capacity(grid.voxel_count());
        for k in range[2].clone() {
            for j in range[1].clone() {
                let row = self.grid.offset([0, j, k]);
                voxels.extend_from_slice(&self.voxels[row + range[0].start..row + range[0].end]);
            }
        }
        Ok(Self { grid, voxels })
    }

    /// Writes a part of this shape to where [`Volume::crop`] takes it from.
    ///
    /// # Panics
    /// Where the range leaves the grid or is not of the part's shape, as a slice does.
    pub fn paste(&mut self, part: &Self, [columns, rows, slices]: &[Range<usize>; 3]) {
        let mut values = part.voxels.chunks_exact(part.shape()[0]);
        for k in slices.clone() {
            for j in rows.clone() {
                let row = self.grid.offset([0, j, k]);
                self.voxels[row + columns.start..row + columns.end]
                    .copy_from_slice(values.next().expect("a part is as large as its range"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_goes_back_to_where_it_was() {
        let grid = Grid::axis_aligned([5, 4, 3], [1.0; 3]).unwrap();
        let whole = Volume::from_fn(&grid, |[i, j, k]| i + 10 * j + 100 * k);
        let part = whole.crop([1..4, 2..4, 1..3]).unwrap();
        let mut laid = Volume::filled(&grid, 0);
        laid.paste(&part, &[1..4, 2..4, 1..3]);
        let inside = |[i, j, k]: [usize; 3]| (1..4).contains(&i) && j >= 2 && k >= 1;
        let expected = Volume::from_fn(
            &grid,
            |index| {
                if inside(index) { whole.at(index) } else { 0 }
            },
        );
        assert_eq!(laid, expected);
    }
}
