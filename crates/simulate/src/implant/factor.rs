//! By what a voxel of uniform tissue is multiplied when something small lies in it or near.

use super::{ImplantError, ImplantScanner};
use crate::acquire::{PointSpread, Sampling, SignalMaps, Source, World, render};
use crate::image::Homodyne;
use crate::protocol::Encoding;
use nalgebra::Vector3;
use rustfft::num_complex::Complex32;
use siderin_image::volume::{Grid, Volume, WorldPoint};
use std::ops::Range;

/// Cells are at most this large in the plane, and along slices.
const CELL_MM: [f64; 2] = [0.35, 0.5];
/// Share of k-space whose edge falls off; vendors differ between none and all.
const WINDOW: f64 = 0.5;

/// Uniform tissue in the scanner of a scan.
pub(crate) struct Lab {
    sampling: Sampling,
    maps: SignalMaps,
    /// Direction of the main field along the scan's axes.
    b0: Vector3<f32>,
    weighted: Option<Homodyne>,
}

impl Lab {
    pub(super) fn new(grid: &Grid, scanner: &ImplantScanner) -> Result<Self, ImplantError> {
        let spacing = grid.spacing_mm();
        let slices = grid.slice_axis();
        let spread = std::array::from_fn(|axis| {
            let most = CELL_MM[usize::from(axis == slices)];
            let cells = (spacing[axis] / most - 1e-9).ceil().max(2.0) as usize;
            if axis == slices && scanner.encoding == Encoding::Slices {
                PointSpread::slice(cells, 1.0 - scanner.gap)
            } else {
                PointSpread::encoded(cells, 1.0, WINDOW)
            }
        });
        // The main field is the scanner's z, the world's; along an axis it has that axis' share of it.
        let affine = grid.world_from_voxel();
        let b0 = Vector3::from_fn(|axis, _| (affine[(2, axis)] / spacing[axis]) as f32);
        Ok(Self {
            sampling: Sampling {
                grid: grid.clone(),
                spread,
            },
            maps: SignalMaps::uniform()?,
            b0,
            weighted: scanner.weighted.then(|| Homodyne::new(grid.shape())),
        })
    }

    /// A place in mm from the first voxel's centre along the scan's axes.
    pub(crate) fn mm(&self, at: WorldPoint) -> [f64; 3] {
        let voxel = self.sampling.grid.to_voxel(at).to_array();
        let spacing = self.sampling.grid.spacing_mm();
        std::array::from_fn(|axis| voxel[axis] * spacing[axis])
    }

    /// The voxels that some sources change.
    pub(crate) fn region(&self, sources: &[Source]) -> [Range<usize>; 3] {
        let mut region: Option<[Range<usize>; 3]> = None;
        for source in sources {
            let [low, high] = source.bounds();
            let center = (0.5 * (low + high)).cast::<f64>();
            let reach = (0.5 * (high - low)).cast::<f64>();
            let own: [Range<usize>; 3] = std::array::from_fn(|axis| {
                let within = self.sampling.voxels_within(center.into(), reach[axis]);
                within[axis].clone()
            });
            region = Some(match region {
                None => own,
                Some(all) => std::array::from_fn(|axis| {
                    all[axis].start.min(own[axis].start)..all[axis].end.max(own[axis].end)
                }),
            });
        }
        region.unwrap_or([0..0, 0..0, 0..0])
    }

    /// What the voxels of a part (x fastest) are multiplied by; of a weighted image a real number.
    pub(crate) fn factor(&self, sources: &[Source], region: &[Range<usize>; 3]) -> Vec<Complex32> {
        if region.iter().any(Range::is_empty) {
            return Vec::new();
        }
        let world = World {
            maps: &self.maps,
            map_voxel_from_mm: SignalMaps::everywhere(),
            b0: self.b0,
            background: &[],
            lesions: sources,
            stand_ins: &[],
        };
        let rendered = render(&self.sampling, &world, region);
        let factor: Vec<Complex32> = rendered
            .with
            .iter()
            .zip(&rendered.without)
            .map(|(with, without)| with / without)
            .collect();
        match &self.weighted {
            None => factor,
            Some(filter) => self.masked(filter, factor, region),
        }
    }

    /// The factor's absolute value times the phase mask that it makes by itself.
    fn masked(
        &self,
        filter: &Homodyne,
        factor: Vec<Complex32>,
        region: &[Range<usize>; 3],
    ) -> Vec<Complex32> {
        let Ok(grid) = self.sampling.grid.crop(region) else {
            return factor;
        };
        let one = Complex32::new(1.0, 0.0);
        let change = factor.iter().map(|factor| factor - one).collect();
        let Ok(change) = Volume::new(grid.clone(), change) else {
            return factor;
        };
        let mut low = Volume::filled(&grid, one);
        filter.add_smooth_part(&change, region, &mut low);
        let masked = factor.iter().zip(low.voxels());
        masked
            .map(|(factor, low)| Complex32::new(crate::image::masked(*factor, *low), 0.0))
            .collect()
    }
}
