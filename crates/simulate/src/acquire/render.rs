//! The heart of the simulation: cells of complex signal, gathered into voxels.

use super::point_spread::{PointSpread, Sampling};
use super::signal::SignalMaps;
use super::source::Source;
use crate::physics::trigonometry::{linear_dephasing, sin_cos, unresolved_dephasing};
use nalgebra::{Matrix4, Vector3, Vector4};
use rayon::prelude::*;
use rustfft::num_complex::Complex32;
use std::ops::Range;

/// All there is to see, in the frame of a scan: mm from its first voxel's centre along its
/// axes.
pub(crate) struct World<'a> {
    pub(crate) maps: &'a SignalMaps,
    /// From the scan's mm to voxels of the maps.
    pub(crate) map_voxel_from_mm: Matrix4<f64>,
    /// Direction of the main field.
    pub(crate) b0: Vector3<f32>,
    /// Vessels, calcifications: all but the microbleeds.
    pub(crate) background: &'a [Source],
    /// The microbleeds.
    pub(crate) lesions: &'a [Source],
    /// What takes the microbleeds' place where they are left out.
    pub(crate) stand_ins: &'a [Source],
}

/// Complex voxels of a part of a scan, x fastest, with and without the microbleeds.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    pub(crate) without: Vec<Complex32>,
    pub(crate) with: Vec<Complex32>,
}

/// Planes of cells that one task works through; two more are worked out for their phase.
const CHUNK: isize = 16;

/// Simulates the voxels of `region` (half-open per axis, within the grid), without noise.
///
/// Per cell: signal and phase interpolated from the maps, the sources added, the signal turned
/// by the phase and reduced where the phase runs too fast for the cells (|sinc| of its run
/// along an averaged slice; see [`unresolved_dephasing`] for encoded axes), and gathered with
/// the point spread.
pub(crate) fn render(sampling: &Sampling, world: &World, region: &[Range<usize>; 3]) -> Rendered {
    let cells = std::array::from_fn(|a| sampling.spread[a].cells_of(&region[a]));
    render_cells(sampling, world, region, &cells)
}

/// [`render`] with signal from the cells of `window` alone, as if there were none elsewhere.
pub(crate) fn render_cells(
    sampling: &Sampling,
    world: &World,
    region: &[Range<usize>; 3],
    window: &[Range<isize>; 3],
) -> Rendered {
    let cells: [Range<isize>; 3] = std::array::from_fn(|a| sampling.spread[a].cells_of(&region[a]));
    let within = |a: usize| {
        let start = window[a].start.max(cells[a].start);
        start..window[a].end.min(cells[a].end).max(start)
    };
    let window = [within(0), within(1), within(2)];
    let size = [region[0].len(), region[1].len()];
    let frame = Frame {
        sampling,
        world,
        first_cell: [cells[0].start, cells[1].start],
        origin: [window[0].start, window[1].start],
        count: [window[0].len(), window[1].len()],
        size,
    };
    let starts: Vec<isize> = (window[2].start..window[2].end)
        .step_by(CHUNK as usize)
        .collect();
    let planes: Vec<(Vec<Plane>, Option<Vec<Plane>>)> = starts
        .par_iter()
        .map(|&start| frame.chunk(start..(start + CHUNK).min(window[2].end)))
        .collect();
    let without: Vec<&Plane> = planes.iter().flat_map(|(w, _)| w).collect();
    let with: Vec<&Plane> = planes
        .iter()
        .flat_map(|(without, with)| with.as_ref().unwrap_or(without))
        .collect();
    let skipped = (window[2].start - cells[2].start) as usize;
    let gather = |planes: &[&Plane]| {
        gather_slices(
            planes,
            skipped,
            &sampling.spread[2],
            size[0] * size[1],
            region[2].len(),
        )
    };
    Rendered {
        without: gather(&without),
        with: gather(&with),
    }
}

/// Complex voxels of one plane of cells, gathered in the plane.
type Plane = Vec<Complex32>;

/// Weighs planes of cells into slices; the first plane given is number `skipped` of the
/// region's.
fn gather_slices(
    planes: &[&Plane],
    skipped: usize,
    spread: &PointSpread,
    size: usize,
    slices: usize,
) -> Vec<Complex32> {
    let mut voxels = vec![Complex32::default(); size * slices];
    voxels
        .par_chunks_mut(size.max(1))
        .enumerate()
        .for_each(|(k, slice)| {
            for (j, &weight) in spread.weights.iter().enumerate() {
                let number = (k * spread.cells + j).checked_sub(skipped);
                let Some(plane) = number.and_then(|n| planes.get(n)) else {
                    continue;
                };
                for (sum, value) in slice.iter_mut().zip(plane.iter()) {
                    *sum += value * weight;
                }
            }
        });
    voxels
}

/// Signal and phase of one plane of cells.
#[derive(Clone)]
struct CellPlane {
    signal: Vec<f32>,
    phase: Vec<f32>,
}

/// The cells of a region.
struct Frame<'a> {
    sampling: &'a Sampling,
    world: &'a World<'a>,
    /// First cell that the region's voxels see along x and y.
    first_cell: [isize; 2],
    /// First cell with signal along x and y.
    origin: [isize; 2],
    /// Cells with signal along x and y.
    count: [usize; 2],
    /// Voxels along x and y.
    size: [usize; 2],
}

impl Frame<'_> {
    /// The planes of a run of cells along z: without and, where any is felt, with microbleeds.
    fn chunk(&self, cells: Range<isize>) -> (Vec<Plane>, Option<Vec<Plane>>) {
        let background = self.felt(self.world.background, &cells);
        let lesions = self.felt(self.world.lesions, &cells);
        let stand_ins = self.felt(self.world.stand_ins, &cells);
        let mut ring: Vec<CellPlane> = Vec::new();
        let mut ring_with: Vec<CellPlane> = Vec::new();
        let mut without = Vec::new();
        let mut with = Vec::new();
        for cell in cells.start - 1..cells.end + 1 {
            let mut plane = self.tissue(cell);
            self.add(&background, cell, &mut plane);
            if !lesions.is_empty() {
                let mut bled = plane.clone();
                self.add(&lesions, cell, &mut bled);
                push(&mut ring_with, bled);
                if let [before, here, after] = &ring_with[..] {
                    with.push(self.gather(before, here, after));
                }
            }
            self.add(&stand_ins, cell, &mut plane);
            push(&mut ring, plane);
            if let [before, here, after] = &ring[..] {
                without.push(self.gather(before, here, after));
            }
        }
        (without, (!lesions.is_empty()).then_some(with))
    }

    /// The sources felt in a run of planes, and in the region.
    fn felt<'s>(&self, sources: &'s [Source], cells: &Range<isize>) -> Vec<&'s Source> {
        let edge = |axis, cell: isize| self.sampling.cell_center_mm(axis, cell) as f32;
        let low = Vector3::new(
            edge(0, self.origin[0]),
            edge(1, self.origin[1]),
            edge(2, cells.start - 1),
        );
        let high = Vector3::new(
            edge(0, self.origin[0] + self.count[0] as isize),
            edge(1, self.origin[1] + self.count[1] as isize),
            edge(2, cells.end),
        );
        sources
            .iter()
            .filter(|source| {
                let [from, to] = source.bounds();
                (0..3).all(|a| from[a] <= high[a] && to[a] >= low[a])
            })
            .collect()
    }

    /// Signal and phase of the head itself, trilinear between the map's voxels.
    fn tissue(&self, cell: isize) -> CellPlane {
        let [nx, ny] = self.count;
        let mut plane = CellPlane {
            signal: vec![0.0; nx * ny],
            phase: vec![0.0; nx * ny],
        };
        let s = self.sampling;
        let map = &self.world.map_voxel_from_mm;
        let step = map.column(0).xyz() * s.cell_mm()[0];
        let x = s.cell_center_mm(0, self.origin[0]);
        let z = s.cell_center_mm(2, cell);
        let rows = plane.signal.chunks_mut(nx).zip(plane.phase.chunks_mut(nx));
        for (j, (signal, phase)) in rows.enumerate() {
            let y = s.cell_center_mm(1, self.origin[1] + j as isize);
            let start = (map * Vector4::new(x, y, z, 1.0)).xyz();
            interpolate_row(self.world.maps, start, step, signal, phase);
        }
        plane
    }

    fn add(&self, sources: &[&Source], cell: isize, plane: &mut CellPlane) {
        let s = self.sampling;
        let cell_mm = s.cell_mm();
        let mean = cell_mm.iter().product::<f64>().cbrt() as f32;
        let z = s.cell_center_mm(2, cell) as f32;
        let first: [f32; 2] = std::array::from_fn(|a| s.cell_center_mm(a, self.origin[a]) as f32);
        let step: [f32; 2] = [cell_mm[0] as f32, cell_mm[1] as f32];
        for source in sources {
            let [low, high] = source.bounds();
            if z < low.z || z > high.z {
                continue;
            }
            let cells = |axis: usize, from: f32, to: f32| {
                let start = ((from - first[axis]) / step[axis]).ceil().max(0.0) as usize;
                let end = ((to - first[axis]) / step[axis] + 1.0).floor().max(0.0) as usize;
                start.min(self.count[axis])..end.min(self.count[axis])
            };
            for j in cells(1, low.y, high.y) {
                let y = first[1] + step[1] * j as f32;
                let Some([from, to]) = source.felt_along_x(y, z) else {
                    continue;
                };
                let felt = cells(0, from, to);
                if felt.is_empty() {
                    continue;
                }
                let start = Vector3::new(first[0] + step[0] * felt.start as f32, y, z);
                let row = j * self.count[0] + felt.start..j * self.count[0] + felt.end;
                source.add_to_row(
                    start,
                    step[0],
                    self.world.b0,
                    mean,
                    &mut plane.signal[row.clone()],
                    &mut plane.phase[row],
                );
            }
        }
    }

    /// Turns a plane's cells into complex signal and gathers them along x and y.
    fn gather(&self, before: &CellPlane, here: &CellPlane, after: &CellPlane) -> Plane {
        let [nx, ny] = self.count;
        let [wide, high] = self.size;
        let [along_x, along_y, along_z] = &self.sampling.spread;
        let before_row: [usize; 2] =
            std::array::from_fn(|a| (self.origin[a] - self.first_cell[a]) as usize);
        let mut row = ComplexRow::new(before_row[0], nx, along_x, wide);
        let mut gathered = vec![Complex32::default(); wide];
        let mut plane = vec![Complex32::default(); wide * high];
        for j in 0..ny {
            let at = j * nx;
            let signal = &here.signal[at..at + nx];
            if signal.iter().all(|&s| s == 0.0) {
                continue;
            }
            let up = j.saturating_sub(1) * nx;
            let down = (j + 1).min(ny - 1) * nx;
            let phase = [before, here, after].map(|plane| &plane.phase[at..at + nx]);
            let beside = [&here.phase[up..up + nx], &here.phase[down..down + nx]];
            if along_z.encoded {
                row.fill(signal, phase, beside, unresolved_dephasing);
            } else {
                row.fill(signal, phase, beside, linear_dephasing);
            }
            row.gather(along_x, &mut gathered);
            // Voxel v takes cell v·n + tap.
            let cell = before_row[1] + j;
            for (tap, &weight) in along_y.weights.iter().enumerate() {
                if cell < tap || !(cell - tap).is_multiple_of(along_y.cells) {
                    continue;
                }
                let voxel = (cell - tap) / along_y.cells;
                if voxel < high {
                    let out = &mut plane[voxel * wide..][..wide];
                    for (sum, value) in out.iter_mut().zip(&gathered) {
                        *sum += value * weight;
                    }
                }
            }
        }
        plane
    }
}

fn push(ring: &mut Vec<CellPlane>, plane: CellPlane) {
    if ring.len() == 3 {
        ring.remove(0);
    }
    ring.push(plane);
}

/// Trilinear samples of signal and phase at `start + i·step` in map voxels; beyond the map
/// both are 0.
fn interpolate_row(
    maps: &SignalMaps,
    start: Vector3<f64>,
    step: Vector3<f64>,
    signal: &mut [f32],
    phase: &mut [f32],
) {
    let [nx, ny, nz] = maps.grid.shape();
    let extent = [nx, ny, nz];
    if extent.contains(&1) {
        return;
    }
    // The run of samples for which all eight neighbours exist.
    let (mut first, mut last) = (0.0f64, signal.len() as f64 - 1.0);
    for a in 0..3 {
        let end = extent[a] as f64 - 1.0 - 1e-6;
        if step[a].abs() < 1e-12 {
            if !(0.0..=end).contains(&start[a]) {
                return;
            }
            continue;
        }
        let (t0, t1) = (-start[a] / step[a], (end - start[a]) / step[a]);
        first = first.max(t0.min(t1).ceil());
        last = last.min(t0.max(t1).floor());
    }
    if first > last {
        return;
    }
    let (plane, values) = (nx * ny, &maps.values);
    // Single precision is good to 2e-5 voxels here.
    let (start, step) = (start.cast::<f32>(), step.cast::<f32>());
    let lerp =
        |a: [f32; 2], b: [f32; 2], t: f32| [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
    let run = first as usize..last as usize + 1;
    let out = signal[run.clone()].iter_mut().zip(&mut phase[run.clone()]);
    for (i, (signal, phase)) in run.zip(out) {
        let p = start + step * i as f32;
        let x = (p.x.max(0.0) as usize).min(nx - 2);
        let y = (p.y.max(0.0) as usize).min(ny - 2);
        let z = (p.z.max(0.0) as usize).min(nz - 2);
        let [fx, fy, fz] = [p.x - x as f32, p.y - y as f32, p.z - z as f32];
        let at = x + nx * y + plane * z;
        let side = |cells: &[[f32; 2]]| {
            let front = lerp(cells[0], cells[1], fx);
            lerp(front, lerp(cells[nx], cells[nx + 1], fx), fy)
        };
        let lower = side(&values[at..at + nx + 2]);
        let upper = side(&values[at + plane..at + plane + nx + 2]);
        [*signal, *phase] = lerp(lower, upper, fz);
    }
}

/// A row of complex cells, sorted by their place within a voxel so that gathering runs over
/// neighbours in memory.
struct ComplexRow {
    cells: usize,
    /// Cells of the region before the first one with signal.
    before: usize,
    count: usize,
    parts: [Vec<Vec<f32>>; 2],
    /// Real and imaginary, the empty cells before included.
    flat: [Vec<f32>; 2],
    sums: [Vec<f32>; 2],
}

impl ComplexRow {
    fn new(before: usize, count: usize, spread: &PointSpread, voxels: usize) -> Self {
        let all = ((voxels - 1) * spread.cells + spread.weights.len()).max(before + count);
        let part = vec![vec![0.0; all.div_ceil(spread.cells)]; spread.cells];
        Self {
            cells: spread.cells,
            before,
            count,
            parts: [part.clone(), part],
            flat: [vec![0.0; all], vec![0.0; all]],
            sums: [vec![0.0; voxels], vec![0.0; voxels]],
        }
    }

    /// Signal turned by phase, less what dephases: `phase` is that of the rows before, here and
    /// after along slices, `beside` of the neighbours in the plane; `through` gives what is
    /// left for the run of phase along slices.
    fn fill(
        &mut self,
        signal: &[f32],
        [before, phase, after]: [&[f32]; 3],
        beside: [&[f32]; 2],
        through: impl Fn(f32) -> f32,
    ) {
        let n = signal.len();
        let cells = self.before..self.before + self.count;
        let [real, imaginary] = &mut self.flat;
        let (real, imaginary) = (&mut real[cells.clone()], &mut imaginary[cells]);
        let turned = |signal: f32, phase: f32, runs: [f32; 3]| {
            let left =
                unresolved_dephasing(runs[0]) * unresolved_dephasing(runs[1]) * through(runs[2]);
            let (sin, cos) = sin_cos(phase);
            (signal * left * cos, signal * left * sin)
        };
        let run = |ends: [&[f32]; 2], i: usize| 0.5 * (ends[1][i] - ends[0][i]);
        let mut edge = |i: usize, along: f32| {
            let runs = [along, run(beside, i), run([before, after], i)];
            (real[i], imaginary[i]) = turned(signal[i], phase[i], runs);
        };
        if n < 3 {
            (0..n).for_each(|i| edge(i, 0.0));
        } else {
            edge(0, phase[1] - phase[0]);
            edge(n - 1, phase[n - 1] - phase[n - 2]);
            // One iterator over everything, and no index: this becomes vector code.
            let inner = 1..n - 1;
            let ahead = phase[2..].iter().zip(&phase[..n - 2]);
            let aside = beside[1][inner.clone()]
                .iter()
                .zip(&beside[0][inner.clone()]);
            let over = after[inner.clone()].iter().zip(&before[inner.clone()]);
            let here = signal[inner.clone()].iter().zip(&phase[inner.clone()]);
            let out = real[inner.clone()].iter_mut().zip(&mut imaginary[inner]);
            for ((((ahead, aside), over), here), out) in
                ahead.zip(aside).zip(over).zip(here).zip(out)
            {
                let runs = [ahead, aside, over].map(|(to, from)| 0.5 * (to - from));
                (*out.0, *out.1) = turned(*here.0, *here.1, runs);
            }
        }
        for (flat, parts) in self.flat.iter().zip(&mut self.parts) {
            for (place, part) in parts.iter_mut().enumerate() {
                for (to, from) in part
                    .iter_mut()
                    .zip(flat[place..].iter().step_by(self.cells))
                {
                    *to = *from;
                }
            }
        }
    }

    fn gather(&mut self, spread: &PointSpread, out: &mut [Complex32]) {
        for (sums, parts) in self.sums.iter_mut().zip(&self.parts) {
            sums.fill(0.0);
            for (tap, &weight) in spread.weights.iter().enumerate() {
                let part = &parts[tap % self.cells][tap / self.cells..];
                for (sum, value) in sums.iter_mut().zip(part) {
                    *sum += weight * value;
                }
            }
        }
        for (i, value) in out.iter_mut().enumerate() {
            *value = Complex32::new(self.sums[0][i], self.sums[1][i]);
        }
    }
}
