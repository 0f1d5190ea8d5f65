//! Blooming must come out of the physics.

use crate::acquire::{Form, PointSpread, Sampling, SignalMaps, Source, World, render};
use crate::physics::decay::phase_per_ppm;
use nalgebra::{Matrix4, Vector3};
use siderin_image::volume::Grid;

const VOXEL_MM: f64 = 0.5;
const SHAPE: usize = 33;
const WINDOW: f64 = 0.5;

/// Magnitudes of the plane through the equator of a ball in uniform tissue of signal 1, B0
/// along z.
fn equator(core_radius_mm: f64, chi_ppm: f64, b0_t: f64, te_ms: f64, cells: usize) -> Vec<f64> {
    let grid = Grid::axis_aligned([SHAPE; 3], [VOXEL_MM; 3]).unwrap();
    let sampling = Sampling {
        grid,
        spread: std::array::from_fn(|_| PointSpread::encoded(cells, 1.0, WINDOW)),
    };
    let maps = SignalMaps {
        grid: Grid::axis_aligned([40; 3], [1.0; 3]).unwrap(),
        values: vec![[1.0, 0.0]; 40 * 40 * 40],
    };
    let middle = (VOXEL_MM * (SHAPE / 2) as f64) as f32;
    let form = Form::Ball {
        center: Vector3::repeat(middle),
        radius: core_radius_mm as f32,
    };
    let ball = [Source::new(form, chi_ppm, 0.0, phase_per_ppm(b0_t, te_ms))];
    let world = World {
        maps: &maps,
        map_voxel_from_mm: Matrix4::new_translation(&Vector3::repeat(10.0)),
        b0: Vector3::z(),
        background: &[],
        lesions: &ball,
        stand_ins: &[],
    };
    let plane = [0..SHAPE, 0..SHAPE, SHAPE / 2..SHAPE / 2 + 1];
    let rendered = render(&sampling, &world, &plane);
    rendered.with.iter().map(|v| f64::from(v.norm())).collect()
}

/// A quarter of the signal is lost: the truth's own measure of what is seen.
const LEFT: f64 = 0.75;

/// Distance from the centre along x, in mm, within which a quarter of the signal and more is
/// lost, outermost.
fn apparent_radius(equator: &[f64]) -> f64 {
    let middle = SHAPE / 2;
    let along_x = &equator[middle * SHAPE..(middle + 1) * SHAPE];
    let last = (middle..SHAPE - 1).rfind(|&i| along_x[i] < LEFT).unwrap();
    let share = (LEFT - along_x[last]) / (along_x[last + 1] - along_x[last]);
    ((last - middle) as f64 + share) * VOXEL_MM
}

/// What a voxel resolves: the full width of its point spread at half its height, in mm.
fn resolved_mm() -> f64 {
    const CELLS: usize = 64;
    let spread = PointSpread::encoded(CELLS, 1.0, WINDOW);
    let top = spread.weights.iter().copied().fold(0.0, f32::max);
    let above = spread.weights.iter().filter(|&&w| w > 0.5 * top).count();
    above as f64 / CELLS as f64 * VOXEL_MM
}

/// Distance on the equator at which the closed-form field takes a quarter of the signal of a
/// box as wide as what a voxel resolves: the outermost place where |mean of exp(iφ)| over the
/// box, with φ = κ(χ/3)(a/r)³(3cos²θ − 1) outside the core and no signal in it, is below 3/4.
fn dephasing_radius(core_radius_mm: f64, chi_ppm: f64, b0_t: f64, te_ms: f64) -> f64 {
    let kappa = phase_per_ppm(b0_t, te_ms);
    const POINTS: usize = 24;
    let wide = resolved_mm();
    let part = |n: usize| ((n as f64 + 0.5) / POINTS as f64 - 0.5) * wide;
    let left = |distance: f64| {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for n in 0..POINTS * POINTS * POINTS {
            let x = distance + part(n % POINTS);
            let (y, z) = (part(n / POINTS % POINTS), part(n / (POINTS * POINTS)));
            let r2 = x * x + y * y + z * z;
            if r2 > core_radius_mm * core_radius_mm {
                let cos2 = z * z / r2;
                let falloff = (core_radius_mm / r2.sqrt()).powi(3);
                let phase = kappa * chi_ppm / 3.0 * falloff * (3.0 * cos2 - 1.0);
                real += phase.cos();
                imaginary += phase.sin();
            }
        }
        f64::hypot(real, imaginary) / (POINTS * POINTS * POINTS) as f64
    };
    (0..400)
        .map(|step| 4.0 - 0.01 * f64::from(step))
        .find(|&distance| left(distance) < LEFT)
        .unwrap()
}

#[test]
fn the_apparent_radius_is_where_the_closed_form_dephases_a_voxel() {
    for (radius, chi) in [(0.6, 2.0), (1.0, 1.5), (1.0, 3.0), (1.6, 3.0)] {
        for (b0, te) in [
            (1.5, 20.0),
            (3.0, 10.0),
            (3.0, 20.0),
            (3.0, 30.0),
            (7.0, 15.0),
        ] {
            let found = apparent_radius(&equator(radius, chi, b0, te, 3));
            let expected = dephasing_radius(radius, chi, b0, te);
            assert!(
                (found - expected).abs() < 0.5 * VOXEL_MM,
                "a {radius} mm, χ {chi} ppm, {b0} T, TE {te} ms: {found:.3} against {expected:.3} mm"
            );
        }
    }
}

#[test]
fn blooming_grows_with_echo_time_and_field() {
    let radius = |b0, te| apparent_radius(&equator(0.8, 2.5, b0, te, 2));
    let by_te: Vec<f64> = [5.0, 10.0, 20.0, 40.0].map(|te| radius(3.0, te)).to_vec();
    let by_b0: Vec<f64> = [0.5, 1.5, 3.0, 7.0].map(|b0| radius(b0, 20.0)).to_vec();
    for series in [by_te, by_b0] {
        assert!(
            series.windows(2).all(|pair| pair[1] > pair[0] + 0.01),
            "{series:?}"
        );
    }
}

#[test]
fn two_cells_to_a_voxel_are_enough() {
    for (b0, te) in [(1.5, 20.0), (3.0, 20.0), (7.0, 15.0)] {
        let coarse = equator(0.8, 2.5, b0, te, 2);
        let fine = equator(0.8, 2.5, b0, te, 12);
        let mean = coarse
            .iter()
            .zip(&fine)
            .map(|(c, f)| (c - f).abs())
            .sum::<f64>()
            / coarse.len() as f64;
        assert!(mean < 0.003, "{b0} T: {mean}");
        let radii = [&coarse, &fine].map(|p| apparent_radius(p));
        assert!(
            (radii[0] - radii[1]).abs() < 0.5 * VOXEL_MM,
            "{b0} T: {radii:?}"
        );
    }
}
