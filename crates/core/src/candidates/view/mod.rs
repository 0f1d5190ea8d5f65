//! What a network is shown of a candidate: the same few centimetres around it at the same scale,
//! whatever the scan's voxels are and however they are stored.
//!
//! Planes lie in the scan's slices, whose axes are put in the order and direction of the body's: a scan
//! that is stored differently gives the same view. Beyond the part of the scan around the brain the signal
//! is 0, as air's is.

mod axes;
mod mirror;
mod phase;

use super::{Candidate, score};
use crate::regions::{FLUID_CODE, Region};
use axes::{ViewAxes, view_axes};
pub use mirror::Mirroring;
use nalgebra::Vector3;
use phase::local_phase;
use siderin_image::volume::{Grid, Volume, VoxelPoint, WorldPoint, linear_at};

/// Pixels on an edge of both views.
pub const VIEW_EDGE: usize = 32;
/// Channels of the fine view: seven planes of relative signal, three of phase, the middle one of depth.
pub const FINE_CHANNELS: usize = FINE.planes + PHASE_PLANES + 1;
/// Channels of the coarse view: three planes of relative signal, the middle one of depth.
pub const COARSE_CHANNELS: usize = COARSE.planes + 1;
/// The planes of phase among the channels of the fine view.
pub const PHASE_CHANNELS: std::ops::Range<usize> = FINE.planes..FINE.planes + PHASE_PLANES;
/// Numbers that go with the views: 12 of shape and score, 4 of place and sampling, a class of place, and
/// whether there is a phase.
pub const VIEW_NUMBERS: usize = 12 + 4 + PLACES + 1;

/// The number that is the depth, in the unit of the depth's channels.
pub const DEPTH_NUMBER: usize = 12;
/// The number that is the logarithm of the noise over [`USUAL_NOISE`].
pub const NOISE_NUMBER: usize = 15;
/// A common standard deviation of the noise, as a share of the brain's signal.
pub const USUAL_NOISE: f32 = 0.05;
/// Depth is shown up to this far from the surface of the tissue, as a share of it.
pub const DEEPEST_MM: f32 = 10.0;
/// Of what a view shows, and of the search that finds what is shown: a network sees what one of the same
/// version showed it. To be raised by whoever changes either.
pub const VIEW_VERSION: u32 = 1;

/// Nowhere in particular, the regions, fluid.
const PLACES: usize = Region::ALL.len() + 2;
const PHASE_PLANES: usize = 3;

/// One of the views.
struct Scale {
    pixel_mm: f64,
    planes: usize,
    /// Planes lie this far apart, or a slice where slices are thicker.
    least_plane_mm: f64,
    /// Samples on an edge of a pixel, whose mean it is.
    samples: usize,
}

/// 16 mm: the spot, and whether it goes on through the slices.
const FINE: Scale = Scale {
    pixel_mm: 0.5,
    planes: 7,
    least_plane_mm: 1.0,
    samples: 1,
};
/// 40 mm: what it lies in.
const COARSE: Scale = Scale {
    pixel_mm: 1.25,
    planes: 3,
    least_plane_mm: 3.0,
    samples: 2,
};
/// What views are cut from.
#[derive(Debug, Clone, Copy)]
pub struct ViewSource<'a> {
    /// The relative signal, on a part of the scan's grid.
    pub relative: &'a Volume<f32>,
    /// Its noise (standard deviation).
    pub noise: f32,
    /// Phase in rad on the scan's grid, where there is one.
    pub phase: Option<&'a Volume<f32>>,
    /// Depth below the surface of brain tissue in mm, negative outside, on any grid.
    pub depth_mm: &'a Volume<f32>,
    /// Regions as [`Region::code`] has them, fluid [`FLUID_CODE`], on any grid.
    pub regions: &'a Volume<u8>,
}

/// Where the pixels of a candidate's fine view lie, to bring back what a network says of them.
#[derive(Debug, Clone, PartialEq)]
pub struct FineFrame {
    center: WorldPoint,
    directions: [Vector3<f64>; 2],
    /// The slice that the middle plane lies in.
    slice: usize,
    slice_axis: usize,
}

impl FineFrame {
    /// Of a candidate centred at this place of a scan on `grid`.
    #[must_use]
    pub fn of(grid: &Grid, center: WorldPoint) -> Self {
        let axes = view_axes(grid);
        let center = on_slice(grid, center, axes.slice_axis);
        let [columns, rows, _] = axes.directions;
        let slice = grid.to_voxel(center).to_array()[axes.slice_axis].round();
        Self {
            center,
            directions: [columns, rows],
            slice: slice.max(0.0) as usize,
            slice_axis: axes.slice_axis,
        }
    }

    /// Column and row of a voxel's centre in the view, where it lies in the view's slice and within its pixels.
    #[must_use]
    pub fn pixel(&self, grid: &Grid, index: [usize; 3]) -> Option<[f64; 2]> {
        if index[self.slice_axis] != self.slice {
            return None;
        }
        let off = grid.to_world(VoxelPoint::center_of(index)).0 - self.center.0;
        let half = 0.5 * (VIEW_EDGE as f64 - 1.0);
        let pixel = self
            .directions
            .map(|direction| off.dot(&direction) / FINE.pixel_mm + half);
        let inside = |at: &f64| (-0.5..VIEW_EDGE as f64 - 0.5).contains(at);
        pixel.iter().all(inside).then_some(pixel)
    }
}

/// What a network is shown of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateView {
    /// [`FINE_CHANNELS`] × [`VIEW_EDGE`] × [`VIEW_EDGE`], columns fastest: signal less 1, phase as a
    /// share of π (0 without one), depth as a share of 10 mm.
    pub fine: Vec<f32>,
    /// [`COARSE_CHANNELS`] × [`VIEW_EDGE`] × [`VIEW_EDGE`], in the same units.
    pub coarse: Vec<f32>,
    /// [`VIEW_NUMBERS`], all of the order of 1.
    pub numbers: Vec<f32>,
}

impl ViewSource<'_> {
    /// The view of a candidate of the scan.
    #[must_use]
    pub fn view(&self, candidate: &Candidate) -> CandidateView {
        let grid = self.relative.grid();
        let axes = view_axes(grid);
        let center = on_slice(grid, candidate.center_world, axes.slice_axis);
        let lattice = |scale: &Scale| Lattice::new(center, &axes, scale);
        let (fine, coarse) = (lattice(&FINE), lattice(&COARSE));
        let mut fine_channels = fine.signal(self.relative, FINE.planes);
        match self.phase {
            Some(phase) => {
                fine_channels.extend(local_phase(phase, &fine.of_planes(PHASE_PLANES)));
            }
            None => fine_channels.resize(fine_channels.len() + PHASE_PLANES * PIXELS, 0.0),
        }
        fine_channels.extend(fine.depth(self.depth_mm));
        let mut coarse_channels = coarse.signal(self.relative, COARSE.planes);
        coarse_channels.extend(coarse.depth(self.depth_mm));
        CandidateView {
            fine: fine_channels,
            coarse: coarse_channels,
            numbers: self.numbers(candidate, &axes),
        }
    }

    fn numbers(&self, candidate: &Candidate, axes: &ViewAxes) -> Vec<f32> {
        let m = &candidate.measures;
        let ln = |value: f32| value.max(1e-3).ln();
        let spacing = axes.spacing_mm.map(|mm| mm as f32);
        let plane_mm = (spacing[0] * spacing[1]).sqrt();
        let at = self.depth_mm.grid().to_voxel(candidate.center_world);
        let mut numbers = vec![
            m.isolation,
            m.contrast,
            ln(m.snr) / 3.0,
            ln(m.diameter_mm / 3.0),
            ln(m.elongation),
            ln(m.flatness),
            m.through,
            m.dark_share,
            m.background - 1.0,
            (m.depth_mm / DEEPEST_MM).min(3.0),
            f32::from(u8::from(m.cut_off)),
            score(m).0,
            shown_depth(linear_at(self.depth_mm, at.to_array())),
            ln(plane_mm / 0.7),
            ln(spacing[2] / 2.0),
            ln(self.noise / USUAL_NOISE),
        ];
        let place = self.place(candidate.center_world);
        numbers.extend((0..PLACES).map(|p| f32::from(u8::from(p == place))));
        numbers.push(f32::from(u8::from(self.phase.is_some())));
        numbers
    }

    /// The class of a place: 0 for none, then the regions and fluid.
    fn place(&self, at: WorldPoint) -> usize {
        let Some(index) = self.regions.grid().nearest(at) else {
            return 0;
        };
        let code = self.regions.at(index);
        match Region::of_code(code) {
            Some((region, _)) => region as usize,
            None if code == FLUID_CODE => PLACES - 1,
            None => 0,
        }
    }
}

const PIXELS: usize = VIEW_EDGE * VIEW_EDGE;

fn shown_depth(mm: f32) -> f32 {
    (mm / DEEPEST_MM).clamp(-1.0, 1.0)
}

/// The place moved along the slices' normal into the middle of its slice.
fn on_slice(grid: &Grid, place: WorldPoint, slice_axis: usize) -> WorldPoint {
    let mut at = grid.to_voxel(place).to_array();
    at[slice_axis] = at[slice_axis].round();
    let [i, j, k] = at;
    grid.to_world(VoxelPoint::new(i, j, k))
}

/// Places of a view's samples in the world.
struct Lattice {
    center: WorldPoint,
    /// From one pixel to the next column, row and plane, in mm.
    steps: [Vector3<f64>; 3],
    samples: usize,
}

/// A lattice of pixels without parts, and how many planes of it.
struct Planes<'a> {
    lattice: &'a Lattice,
    planes: usize,
}

impl Lattice {
    fn new(center: WorldPoint, axes: &ViewAxes, scale: &Scale) -> Self {
        let plane_mm = axes.spacing_mm[2].max(scale.least_plane_mm);
        let [column, row, plane] = axes.directions;
        Self {
            center,
            steps: [
                column * scale.pixel_mm,
                row * scale.pixel_mm,
                plane * plane_mm,
            ],
            samples: scale.samples,
        }
    }

    fn of_planes(&self, planes: usize) -> Planes<'_> {
        Planes {
            lattice: self,
            planes,
        }
    }

    /// Planes of the relative signal less 1.
    fn signal(&self, relative: &Volume<f32>, planes: usize) -> Vec<f32> {
        self.mean_over_pixels(planes, relative.grid(), |at| {
            if within(relative.grid(), at) {
                linear_at(relative, at) - 1.0
            } else {
                -1.0
            }
        })
    }

    /// The middle plane of the depth.
    fn depth(&self, depth_mm: &Volume<f32>) -> Vec<f32> {
        self.mean_over_pixels(1, depth_mm.grid(), |at| {
            shown_depth(linear_at(depth_mm, at))
        })
    }

    fn mean_over_pixels(
        &self,
        planes: usize,
        grid: &Grid,
        value: impl Fn([f64; 3]) -> f32,
    ) -> Vec<f32> {
        let parts = self.samples;
        let part = |n: usize| (n as f64 + 0.5) / parts as f64 - 0.5;
        let view = self.of_planes(planes);
        let (start, steps) = view.in_voxels(grid);
        let mut pixels = Vec::with_capacity(planes * PIXELS);
        view.each(|[column, row, plane]| {
            let mut sum = 0.0;
            for n in 0..parts * parts {
                let at = start
                    + steps[0] * (column as f64 + part(n % parts))
                    + steps[1] * (row as f64 + part(n / parts))
                    + steps[2] * plane as f64;
                sum += value(at.into());
            }
            pixels.push(sum / (parts * parts) as f32);
        });
        pixels
    }
}

impl Planes<'_> {
    /// The first pixel and the steps in a grid's voxels.
    fn in_voxels(&self, grid: &Grid) -> (Vector3<f64>, [Vector3<f64>; 3]) {
        let to_voxels = grid.voxel_from_world().fixed_view::<3, 3>(0, 0);
        let steps = self.lattice.steps.map(|step| to_voxels * step);
        let middle = (VIEW_EDGE as f64 - 1.0) / 2.0;
        let center = grid.to_voxel(self.lattice.center).0.coords;
        let first =
            center - (steps[0] + steps[1]) * middle - steps[2] * ((self.planes as f64 - 1.0) / 2.0);
        (first, steps)
    }

    /// Visits columns within rows within planes.
    fn each(&self, mut visit: impl FnMut([usize; 3])) {
        for plane in 0..self.planes {
            for row in 0..VIEW_EDGE {
                for column in 0..VIEW_EDGE {
                    visit([column, row, plane]);
                }
            }
        }
    }
}

/// Whether a place in voxels lies within half a voxel of the grid.
fn within(grid: &Grid, at: [f64; 3]) -> bool {
    let shape = grid.shape();
    (0..3).all(|a| at[a] >= -0.5 && at[a] <= shape[a] as f64 - 0.5)
}

#[cfg(test)]
mod tests;
