//! Six numbers that lay a head.

use nalgebra::{Isometry3, Point3, Rotation3, Translation3, UnitQuaternion, Vector3};

/// Turns about a pivot and shifts; all six in mm, so that a step in any of them moves the head by
/// about as much.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pose {
    /// The point of the fixed image about which is turned.
    pub pivot: Point3<f64>,
    /// Rotation vector × [`LEVER_MM`], then translation.
    pub numbers: Vec<f64>,
}

/// About the radius of a head: a turn by 1/80 rad moves its surface by 1 mm.
pub(super) const LEVER_MM: f64 = 80.0;

impl Pose {
    /// A pose of a rotation in degrees about x, y and z, and a shift in mm.
    pub(super) fn new(pivot: Point3<f64>, degrees: [f64; 3], shift: Vector3<f64>) -> Self {
        let [x, y, z] = degrees.map(f64::to_radians);
        let turn = Rotation3::from_euler_angles(x, y, z).scaled_axis() * LEVER_MM;
        Self {
            pivot,
            numbers: turn.iter().chain(shift.iter()).copied().collect(),
        }
    }

    /// The transform from the fixed image's world to the moving one's.
    pub(super) fn moving_from_fixed(&self) -> Isometry3<f64> {
        let n = &self.numbers;
        let axis = Vector3::new(n[0], n[1], n[2]) / LEVER_MM;
        let turn = UnitQuaternion::from_scaled_axis(axis);
        let shift = Vector3::new(n[3], n[4], n[5]);
        let pivot = self.pivot.coords;
        Isometry3::from_parts(Translation3::from(pivot + shift - turn * pivot), turn)
    }

    /// The same with other numbers.
    pub(super) fn with(&self, numbers: Vec<f64>) -> Self {
        Self {
            pivot: self.pivot,
            numbers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pivot_is_shifted_and_not_turned() {
        let pivot = Point3::new(10.0, -20.0, 30.0);
        let pose = Pose::new(pivot, [10.0, -5.0, 90.0], Vector3::new(1.0, 2.0, 3.0));
        let moved = pose.moving_from_fixed() * pivot;
        assert!((moved - Point3::new(11.0, -18.0, 33.0)).norm() < 1e-12);
        let quarter = Pose::new(Point3::origin(), [0.0, 0.0, 90.0], Vector3::zeros());
        let turned = quarter.moving_from_fixed() * Point3::new(1.0, 0.0, 0.0);
        assert!((turned - Point3::new(0.0, 1.0, 0.0)).norm() < 1e-12);
    }
}
