//! What happens to an image in the brain and in the scanner.

use super::draw::{HeadDraw, Stripped};
use super::paint::Palette;
use super::render::Drawn;
use nalgebra::Vector3;
use siderin_core::regions::Structure;
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, Volume};
use std::f32::consts::PI;

impl Drawn<'_> {
    /// The image as it comes out of the scanner.
    pub(super) fn finished(&self, mut image: Volume<f32>, palette: &Palette) -> Volume<f32> {
        let draw = self.draw;
        let codes = self.codes(image.grid());
        if let Some(echo_ms) = draw.contrast.echo_ms {
            self.dephase(&mut image, echo_ms);
        }
        add_things(&mut image, &codes, palette, draw);
        if let Some((strength, shift, axis)) = draw.faults.ghost {
            ghost(&mut image, strength as f32, shift, axis);
        }
        shade(&mut image, draw);
        strip(&mut image, &codes, draw.faults.stripped);
        add_noise(&mut image, draw);
        bend_brightness(&mut image, draw.contrast.gamma as f32);
        image
    }

    /// Takes the signal that a voxel loses when the field changes within it: a sinc of half of the turn across its
    /// longest side.
    fn dephase(&self, image: &mut Volume<f32>, echo_ms: f64) {
        /// Turns of protons per second in 1 ppm of 1 T, times 2π.
        const RADIANS_PER_S: f64 = 2.0 * std::f64::consts::PI * 42.577;
        let longest = image.grid().spacing_mm().into_iter().fold(0.0, f64::max);
        let turn = (RADIANS_PER_S * self.draw.contrast.field_t * longest * echo_ms * 1e-3) as f32;
        let steepness = self.steepness(image.grid());
        for (value, steepness) in image.voxels_mut().iter_mut().zip(steepness) {
            let half = (0.5 * turn * steepness).min(PI);
            if half > 0.05 {
                *value *= half.sin() / half;
            }
        }
    }
}

/// Dark spots and threads and cavities in the brain.
fn add_things(image: &mut Volume<f32>, codes: &[u8], palette: &Palette, draw: &HeadDraw) {
    let faults = &draw.faults;
    let grid = image.grid().clone();
    let mut stream = Stream::new(faults.seed, "things", 0);
    let is_tissue =
        |code: u8| Structure::of_code(code).is_some_and(|(structure, _)| !structure.is_fluid());
    // A place in the brain; after so many tries there is hardly any in the field.
    let place = |stream: &mut Stream| {
        const TRIES: usize = 200;
        let mut tried = (0..TRIES).map(|_| stream.index(codes.len()));
        let found = tried.find(|at| is_tissue(codes[*at]))?;
        Some(Vector3::from(grid.index(found).map(|i| i as f64)))
    };
    let spacing = Vector3::from(grid.spacing_mm());
    for _ in 0..faults.cavities {
        let Some(at) = place(&mut stream) else { break };
        let radius = stream.uniform(1.5, 10.0);
        stamp(image, at, radius, |value, share| {
            *value += share * (palette.fluid.level - *value);
        });
    }
    for _ in 0..faults.spots {
        let Some(at) = place(&mut stream) else { break };
        let (radius, left) = (stream.uniform(1.0, 5.0), stream.uniform(0.0, 0.6) as f32);
        stamp(image, at, radius, |value, share| {
            *value *= 1.0 - share * (1.0 - left);
        });
    }
    for _ in 0..faults.threads {
        let Some(mut at) = place(&mut stream) else {
            break;
        };
        let (radius, left) = (stream.uniform(0.5, 1.3), stream.uniform(0.2, 0.8) as f32);
        let mut along = Vector3::from_fn(|_, _| stream.normal());
        for _ in 0..3 + stream.index(20) {
            along = (along + Vector3::from_fn(|_, _| 0.4 * stream.normal())).normalize();
            at += (along * radius).component_div(&spacing);
            stamp(image, at, radius, |value, share| {
                *value *= 1.0 - share * (1.0 - left);
            });
        }
    }
}

/// Changes the voxels of a ball; those at its surface by the share of them that lies inside, about.
fn stamp(
    image: &mut Volume<f32>,
    at: Vector3<f64>,
    radius_mm: f64,
    change: impl Fn(&mut f32, f32),
) {
    let grid: Grid = image.grid().clone();
    let (shape, spacing) = (grid.shape(), grid.spacing_mm());
    let half = 0.5 * spacing.into_iter().fold(f64::INFINITY, f64::min);
    let range = |a: usize| {
        let reach = (radius_mm + half) / spacing[a];
        let last = shape[a] as f64 - 1.0;
        let (low, high) = ((at[a] - reach).ceil(), (at[a] + reach).floor());
        (low.clamp(0.0, last) as usize)..=(high.clamp(0.0, last) as usize)
    };
    // What is thinner than a voxel darkens less of it.
    let thinness: f64 = spacing
        .into_iter()
        .map(|mm| (2.0 * radius_mm / mm).min(1.0))
        .product();
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                let from = Vector3::new(i as f64, j as f64, k as f64) - at;
                let mm = from.component_mul(&Vector3::from(spacing)).norm();
                let share = ((radius_mm + half - mm) / (2.0 * half)).clamp(0.0, 1.0) * thinness;
                change(
                    &mut image.voxels_mut()[grid.offset([i, j, k])],
                    share as f32,
                );
            }
        }
    }
}

/// Adds a weak copy, shifted along an axis with what leaves at one end entering at the other.
fn ghost(image: &mut Volume<f32>, strength: f32, shift: f64, axis: usize) {
    let before = image.voxels().to_vec();
    let grid = image.grid().clone();
    let length = grid.shape()[axis];
    let by = (shift * length as f64) as usize;
    for (offset, value) in image.voxels_mut().iter_mut().enumerate() {
        let mut from = grid.index(offset);
        from[axis] = (from[axis] + by) % length;
        *value += strength * before[grid.offset(from)];
    }
}

fn shade(image: &mut Volume<f32>, draw: &HeadDraw) {
    let mut stream = Stream::new(draw.faults.seed, "shading", 0);
    let gain: [f32; 9] = std::array::from_fn(|_| (draw.faults.shading * stream.normal()) as f32);
    let [nx, ny, nz] = image.shape();
    let unit = |i: usize, n: usize| 2.0 * (i as f32 + 0.5) / n as f32 - 1.0;
    for (number, row) in image.voxels_mut().chunks_exact_mut(nx).enumerate() {
        let (y, z) = (unit(number % ny, ny), unit(number / ny, nz));
        for (i, value) in row.iter_mut().enumerate().filter(|(_, v)| **v > 0.0) {
            let x = unit(i, nx);
            let basis = [x, y, z, x * x, y * y, z * z, x * y, x * z, y * z];
            let log: f32 = gain.iter().zip(basis).map(|(g, b)| g * b).sum();
            *value *= log.exp();
        }
    }
}

fn strip(image: &mut Volume<f32>, codes: &[u8], stripped: Stripped) {
    let blank = |code: u8| match stripped {
        Stripped::No => false,
        Stripped::Skull => code == 0,
        Stripped::OuterFluid => code == 0 || code == Structure::OuterFluid as u8,
    };
    for (value, code) in image.voxels_mut().iter_mut().zip(codes) {
        if blank(*code) {
            *value = 0.0;
        }
    }
}

/// The noise of a magnitude; none where a stripped image is blank.
fn add_noise(image: &mut Volume<f32>, draw: &HeadDraw) {
    let stripped = draw.faults.stripped != Stripped::No;
    let (sum, count) = image
        .voxels()
        .iter()
        .filter(|v| **v > 0.0)
        .fold((0.0f64, 0.0f64), |(sum, n), v| {
            (sum + f64::from(*v), n + 1.0)
        });
    let deviation = (draw.faults.noise * sum / f64::max(count, 1.0)) as f32;
    let mut stream = Stream::new(draw.faults.seed, "noise", 0);
    for value in image
        .voxels_mut()
        .iter_mut()
        .filter(|v| !stripped || **v > 0.0)
    {
        let real = *value + deviation * stream.normal() as f32;
        *value = real.hypot(deviation * stream.normal() as f32);
    }
}

fn bend_brightness(image: &mut Volume<f32>, gamma: f32) {
    let most = image.voxels().iter().copied().fold(0.0, f32::max);
    if gamma == 1.0 || most <= 0.0 {
        return;
    }
    for value in image.voxels_mut() {
        *value = (*value / most).powf(gamma) * most;
    }
}
