//! The axes of a view: those of the scan's slices, in the body's order and direction.

use nalgebra::Vector3;
use siderin_image::volume::Grid;

/// Columns, rows and planes of a view.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ViewAxes {
    /// Directions of length 1 in the world.
    pub(super) directions: [Vector3<f64>; 3],
    /// Spacing of the scan along each.
    pub(super) spacing_mm: [f64; 3],
    /// The grid's axis that runs through the slices.
    pub(super) slice_axis: usize,
}

/// Columns run along the in-plane axis closest to left-right, or else to back-front; every axis runs
/// to the right, the front or the head.
pub(super) fn view_axes(grid: &Grid) -> ViewAxes {
    let (unit, spacing, world) = (
        grid.unit_axes(),
        grid.spacing_mm(),
        grid.closest_world_axes(),
    );
    let slice_axis = grid.slice_axis();
    let mut axes = [0, 1, 2];
    axes.sort_by_key(|axis| (*axis == slice_axis, world[*axis].0));
    ViewAxes {
        directions: axes.map(|axis| {
            let (_, against) = world[axis];
            unit.column(axis) * if against { -1.0 } else { 1.0 }
        }),
        spacing_mm: axes.map(|axis| spacing[axis]),
        slice_axis,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Matrix4;

    #[test]
    fn axes_are_those_of_the_body() {
        // Stored: columns from front to back in 0.5 mm, rows from head to feet in 3 mm (the slices),
        // slices from left to right in 0.6 mm.
        let affine = Matrix4::new(
            0.0, 0.0, 0.6, 0.0, //
            -0.5, 0.0, 0.0, 0.0, //
            0.0, -3.0, 0.0, 0.0, //
            0.0, 0.0, 0.0, 1.0,
        );
        let axes = view_axes(&Grid::new([4, 4, 4], affine).unwrap());
        assert_eq!(
            axes,
            ViewAxes {
                directions: [Vector3::x(), Vector3::y(), Vector3::z()],
                spacing_mm: [0.6, 0.5, 3.0],
                slice_axis: 1,
            }
        );
    }
}
