//! Closed-form fields of small sources: balls, and rods that chains of make vessels.
//!
//! What a map of millimetres cannot hold is added to its field exactly, wherever it lies
//! between the voxels. Sources add up, because the field is linear in susceptibility.

use nalgebra::Vector3;

/// Field of a ball of radius `a` and susceptibility `chi` (ppm) at `offset` from its centre:
/// nothing inside (the sphere of Lorentz is taken off), outside
/// (χ/3)(a/r)³(3cos²θ − 1).
#[inline(always)]
pub(crate) fn ball_field(offset: Vector3<f32>, b0: Vector3<f32>, radius: f32, chi: f32) -> f32 {
    let r2 = offset.norm_squared();
    let along = offset.dot(&b0);
    let a2 = radius * radius;
    if r2 <= a2 {
        return 0.0;
    }
    let r = r2.sqrt();
    chi / 3.0 * a2 * radius * (3.0 * along * along - r2) / (r2 * r2 * r)
}

/// A straight piece of a tube, with what does not depend on the point worked out.
///
/// Outside, its field is that of dipoles along its axis, which for an endless tube is
/// (χ/2)(a/r)² sin²θ cos 2φ. With R = ρ + u·axis and ρ across it, the integral of
/// (3(b·R)² − R²)/R⁵ along the axis has the antiderivative
/// 3β²·\[u/(3ρ²R³) + 2u/(3ρ⁴R)\] − 2βτ/R³ + τ²u³/(ρ²R³) − u/(ρ²R), β = b·ρ, τ = b·axis.
/// Inside, an endless tube has (χ/2)(cos²θ − 1/3); the line's own field there is replaced by
/// that, so that the pieces of a chain add up to the whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rod {
    pub(crate) start: Vector3<f32>,
    /// Unit.
    pub(crate) axis: Vector3<f32>,
    pub(crate) length: f32,
    pub(crate) radius: f32,
}

/// Where a point is to a rod.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AlongRod {
    /// Along the axis from the start.
    pub(crate) along: f32,
    /// From the axis, squared.
    pub(crate) across2: f32,
    /// Part of B0 across the axis towards the point, times the distance.
    beta: f32,
}

impl Rod {
    #[inline(always)]
    pub(crate) fn locate(&self, point: Vector3<f32>, b0: Vector3<f32>) -> AlongRod {
        let from_start = point - self.start;
        let along = from_start.dot(&self.axis);
        let across = from_start - self.axis * along;
        AlongRod {
            along,
            across2: across.norm_squared(),
            beta: across.dot(&b0),
        }
    }

    /// Field in units of χ, `inside` (0 to 1) being the share of the point that lies inside.
    /// `tau` is the part of B0 along the axis. Closer to the axis than the surface the line is
    /// taken at the surface.
    #[inline(always)]
    pub(crate) fn field(&self, at: AlongRod, tau: f32, inside: f32) -> f32 {
        let a2 = self.radius * self.radius;
        let rho2 = at.across2.max(a2);
        let across = at.beta * at.beta / rho2;
        let antiderivative = |u: f32| {
            let r2 = rho2 + u * u;
            let q = u / r2.sqrt();
            let r3 = 1.0 / (r2 * r2.sqrt());
            // u³/(ρ²R³) = q³/ρ², and so on: all terms over ρ².
            let even = across * (u * rho2 * r3 + 2.0 * q) + tau * tau * q * q * q - q;
            even / rho2 - 2.0 * at.beta * tau * r3
        };
        let line = 0.25 * a2 * (antiderivative(at.along) - antiderivative(at.along - self.length));
        // The endless line at the surface, that is F(∞) − F(−∞).
        let endless = 0.5 * (2.0 * at.beta * at.beta / a2 + tau * tau - 1.0);
        line + inside * (0.5 * (tau * tau - 1.0 / 3.0) - endless)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const B0: Vector3<f32> = Vector3::new(0.0, 0.0, 1.0);

    #[test]
    fn ball_on_its_poles_and_equator() {
        // χ = 3, a = 1: on the pole at r = 2: 1·(1/8)·2 = .25; on the equator −.125.
        let at = |x, z| ball_field(Vector3::new(x, 0.0, z), B0, 1.0, 3.0);
        assert!((at(0.0, 2.0) - 0.25).abs() < 1e-6);
        assert!((at(2.0, 0.0) + 0.125).abs() < 1e-6);
        assert_eq!(at(0.3, 0.3), 0.0);
    }

    fn rod(axis: Vector3<f32>, length: f32, radius: f32) -> Rod {
        Rod {
            start: axis * (-length / 2.0),
            axis,
            length,
            radius,
        }
    }

    fn field(rod: &Rod, point: Vector3<f32>, inside: f32) -> f32 {
        rod.field(rod.locate(point, B0), rod.axis.dot(&B0), inside)
    }

    #[test]
    fn a_long_rod_is_a_cylinder() {
        // At angle θ between axis and B0, at distance r = 3a: (χ/2)(1/9) sin²θ cos 2φ, with φ
        // from the part of B0 across the axis.
        for theta in [0.0f32, 30.0, 54.7, 90.0] {
            let (sin, cos) = theta.to_radians().sin_cos();
            let axis = Vector3::new(sin, 0.0, cos);
            let tube = rod(axis, 1000.0, 0.5);
            let across = Vector3::new(-cos, 0.0, sin);
            for phi in [0.0f32, 45.0, 90.0] {
                let (sin_phi, cos_phi) = phi.to_radians().sin_cos();
                let point = across * (1.5 * cos_phi) + Vector3::y() * (1.5 * sin_phi);
                let expected = 0.5 / 9.0 * sin * sin * (2.0 * phi.to_radians()).cos();
                let found = field(&tube, point, 0.0);
                assert!(
                    (found - expected).abs() < 5e-6,
                    "{theta} {phi}: {found} {expected}"
                );
            }
            for inside in [Vector3::zeros(), across * 0.3] {
                let found = field(&tube, inside, 1.0);
                let expected = 0.5 * (cos * cos - 1.0 / 3.0);
                assert!(
                    (found - expected).abs() < 1e-5,
                    "{theta}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn pieces_add_up_to_the_whole() {
        let axis = Vector3::new(0.6f32, 0.0, 0.8);
        let whole = rod(axis, 60.0, 0.4);
        let pieces: Vec<Rod> = (0..30)
            .map(|i| Rod {
                start: axis * (2.0 * i as f32 - 30.0),
                length: 2.0,
                ..whole
            })
            .collect();
        for (point, inside) in [
            (Vector3::new(0.1, 0.1, 0.05), true),
            (Vector3::new(0.8, 0.5, 0.0), false),
            (Vector3::new(3.0, -2.0, 1.0), false),
        ] {
            let expected = field(&whole, point, f32::from(inside));
            let found: f32 = pieces
                .iter()
                .map(|piece| {
                    let along = piece.locate(point, B0).along;
                    let here = inside && (0.0..2.0).contains(&along);
                    field(piece, point, f32::from(here))
                })
                .sum();
            assert!(
                (found - expected).abs() < 1e-4,
                "{point:?}: {found} {expected}"
            );
        }
    }

    #[test]
    fn far_away_a_short_rod_is_a_dipole() {
        // Same moment: χ·πa²·L = χ_ball·(4/3)πA³; A = 1, χ_ball = .75·a²·L.
        let short = rod(Vector3::new(0.6f32, 0.0, 0.8), 2.0, 0.4);
        for point in [
            Vector3::new(30.0f32, 5.0, 3.0),
            Vector3::new(1.0, 2.0, 40.0),
        ] {
            let found = field(&short, point, 0.0);
            let ball = ball_field(point, B0, 1.0, 0.75 * 0.16 * 2.0);
            assert!(
                (found - ball).abs() < 0.02 * ball.abs() + 1e-8,
                "{found} {ball}"
            );
        }
    }
}
