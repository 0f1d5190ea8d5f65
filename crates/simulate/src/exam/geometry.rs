//! Where the head lies and where the slices are.

use super::{ExamError, MAX_VOXELS};
use crate::draw::{Pose, VisitDraw};
use crate::head::{Tissue, tissue_of};
use crate::person::Person;
use nalgebra::{
    Isometry3, Matrix3, Matrix4, Point3, Rotation3, Translation3, UnitQuaternion, Vector3,
};
use siderin_image::volume::{Grid, VoxelPoint};

/// A head in the scanner and a grid of voxels on it. The scanner's world is RAS+ mm with the
/// main field along +z.
#[derive(Debug, Clone)]
pub struct ScanPlace {
    /// Rigid: from head mm to the scanner's world.
    pub world_from_head: Isometry3<f64>,
    /// The scan's grid.
    pub grid: Grid,
}

impl ScanPlace {
    /// From the world to mm along the grid's axes from its first voxel's centre.
    pub(crate) fn mm_from_world(&self) -> Isometry3<f64> {
        let origin = self.grid.to_world(VoxelPoint::new(0.0, 0.0, 0.0)).0;
        let axes = Rotation3::from_matrix_unchecked(self.grid.unit_axes());
        let turn = UnitQuaternion::from_rotation_matrix(&axes);
        Isometry3::from_parts(Translation3::from(origin.coords), turn).inverse()
    }
}

/// Room between the head and the border of the field of view.
const MARGIN_MM: f64 = 5.0;
/// One voxel in this many per axis is enough to find how far the head reaches.
const STRIDE: usize = 3;

/// A rotation about x, then y, then z.
fn rotation(angles_deg: [f64; 3]) -> Rotation3<f64> {
    let [x, y, z] = angles_deg.map(f64::to_radians);
    Rotation3::from_axis_angle(&Vector3::z_axis(), z)
        * Rotation3::from_axis_angle(&Vector3::y_axis(), y)
        * Rotation3::from_axis_angle(&Vector3::x_axis(), x)
}

fn world_from_head(pose: &Pose, middle: Vector3<f64>) -> Isometry3<f64> {
    let turn = UnitQuaternion::from_rotation_matrix(&rotation(pose.rotation_deg));
    let shift = Vector3::from(pose.middle_mm) - turn * middle;
    Isometry3::from_parts(Translation3::from(shift), turn)
}

pub(super) fn place(person: &Person, visit: &VisitDraw) -> Result<ScanPlace, ExamError> {
    let [low, high] = person.anatomy.head.extent(Tissue::is_parenchyma);
    let middle = 0.5 * (low.0.coords + high.0.coords);
    let world_from_head = world_from_head(&visit.pose, middle);

    // In the plane to the left and to the back, slices upwards, as scanners store axial ones.
    let planned = world_from_head.rotation.to_rotation_matrix() * rotation(visit.plan.angle_deg);
    let mut axes = planned.matrix() * Matrix3::from_diagonal(&Vector3::new(-1.0, -1.0, 1.0));
    let brain = reach(person, &world_from_head, &axes, Tissue::is_parenchyma, None);
    let [top, bottom] = visit.plan.cut_mm;
    let slices = [brain[2][0] + bottom, brain[2][1] - top];
    let left_mm = slices[1] - slices[0];
    if left_mm < 20.0 {
        return Err(ExamError::NothingLeft {
            top_mm: top,
            bottom_mm: bottom,
            left_mm,
            height_mm: brain[2][1] - brain[2][0],
        });
    }
    let head = |t: Tissue| t != Tissue::Air;
    let mut extent = reach(person, &world_from_head, &axes, head, Some(slices));
    extent[2] = slices;
    if visit.plan.descending {
        // A turn about the first axis keeps the frame right-handed; the image is flipped back
        // along its columns by the sign of the second.
        axes.column_mut(2).neg_mut();
        axes.column_mut(1).neg_mut();
        for axis in [1, 2] {
            extent[axis] = [-extent[axis][1], -extent[axis][0]];
        }
    }
    let spacing = visit.protocol.voxel_mm;
    let acquired = visit.protocol.acquired_mm();
    let shape: [usize; 3] = std::array::from_fn(|a| {
        let margin = if a == 2 { 0.0 } else { 2.0 * MARGIN_MM };
        matrix_size(
            extent[a][1] - extent[a][0] + margin,
            acquired[a],
            spacing[a],
            a != 2,
        )
    });
    let voxels: usize = shape.iter().product();
    if voxels > MAX_VOXELS {
        return Err(ExamError::TooLarge { voxels, shape });
    }
    let first: Vector3<f64> = Vector3::from_fn(|a, _| {
        let center = 0.5 * (extent[a][0] + extent[a][1]);
        center - 0.5 * (shape[a] as f64 - 1.0) * spacing[a]
    });
    let mut affine = Matrix4::identity();
    let scaled = axes * Matrix3::from_diagonal(&Vector3::from(spacing));
    affine.fixed_view_mut::<3, 3>(0, 0).copy_from(&scaled);
    affine
        .fixed_view_mut::<3, 1>(0, 3)
        .copy_from(&(axes * first));
    Ok(ScanPlace {
        world_from_head,
        grid: Grid::new(shape, affine)?,
    })
}

/// Voxels for a field of view: an even number of acquired ones in the plane, and, where the
/// image is interpolated, a number that makes whole voxels of it.
fn matrix_size(fov_mm: f64, acquired: f64, voxel: f64, even: bool) -> usize {
    let step = if even { 2 } else { 1 };
    let least = ((fov_mm / acquired).ceil() as usize)
        .max(1)
        .next_multiple_of(step);
    let images = |n: usize| n as f64 * acquired / voxel;
    let whole = (0..40)
        .map(|i| least + step * i)
        .find(|&n| (images(n) - images(n).round()).abs() < 1e-6);
    images(whole.unwrap_or(least)).round() as usize
}

/// How far a kind of tissue reaches along each axis in mm, among slices within `slices`.
fn reach(
    person: &Person,
    world_from_head: &Isometry3<f64>,
    axes: &Matrix3<f64>,
    chosen: impl Fn(Tissue) -> bool,
    slices: Option<[f64; 2]>,
) -> [[f64; 2]; 3] {
    let labels = person.labels();
    let grid = labels.grid();
    let [nx, ny, nz] = labels.shape();
    let mut reach = [[f64::INFINITY, f64::NEG_INFINITY]; 3];
    for k in (0..nz).step_by(STRIDE) {
        for j in (0..ny).step_by(STRIDE) {
            for i in (0..nx).step_by(STRIDE) {
                if !chosen(tissue_of(labels.at([i, j, k]))) {
                    continue;
                }
                let head = grid.to_world(VoxelPoint::center_of([i, j, k])).0;
                let world: Point3<f64> = world_from_head * head;
                let at = axes.tr_mul(&world.coords);
                if slices.is_some_and(|[low, high]| at.z < low || at.z > high) {
                    continue;
                }
                for a in 0..3 {
                    reach[a][0] = reach[a][0].min(at[a]);
                    reach[a][1] = reach[a][1].max(at[a]);
                }
            }
        }
    }
    reach
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolated_matrices_are_whole() {
        // 200 mm at 0.6: 334 → even and, times 4/3, whole: 336 → 448.
        assert_eq!(matrix_size(200.0, 0.6, 0.45, true), 448);
        assert_eq!(matrix_size(200.0, 1.0, 1.0, true), 200);
        assert_eq!(matrix_size(125.0, 3.0, 3.0, false), 42);
    }
}
