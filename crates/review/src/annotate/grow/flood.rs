//! Algorithm 1: breadth-first from the seeds.

use super::{GrowError, Reference};
use siderin_image::volume::{Grid, Volume};
use std::collections::VecDeque;
use std::ops::Range;

/// Voxels around the box that morphology may reach.
const RIM: usize = 3;

/// The part of a scan that a lesion may lie in.
pub(super) struct Surroundings {
    scan: Grid,
    range: [Range<usize>; 3],
    pub(super) image: Volume<f32>,
    /// Offsets in the part, ascending, each once.
    pub(super) seeds: Vec<usize>,
    /// Highest less lowest intensity of the part.
    range_of_intensity: f32,
}

impl Surroundings {
    /// The seeds' box with `reach_mm` around it.
    pub(super) fn of(
        image: &Volume<f32>,
        seeds: &[usize],
        reach_mm: f64,
    ) -> Result<Self, GrowError> {
        let grid = image.grid();
        let voxels = grid.voxel_count();
        if let Some(&offset) = seeds.iter().find(|offset| **offset >= voxels) {
            return Err(GrowError::Outside { offset, voxels });
        }
        let first = grid.index(*seeds.first().ok_or(GrowError::NoSeed)?);
        let (mut low, mut high) = (first, first);
        for index in seeds.iter().map(|&offset| grid.index(offset)) {
            for axis in 0..3 {
                low[axis] = low[axis].min(index[axis]);
                high[axis] = high[axis].max(index[axis]);
            }
        }
        let range: [Range<usize>; 3] = std::array::from_fn(|axis| {
            let reach = (reach_mm / grid.spacing_mm()[axis]).ceil() as usize + RIM;
            low[axis].saturating_sub(reach)..(high[axis] + reach + 1).min(grid.shape()[axis])
        });
        let part = image.crop(range.clone()).expect("the box lies in the scan");
        let mut seeds: Vec<usize> = seeds
            .iter()
            .map(|&offset| {
                let index = grid.index(offset);
                part.grid()
                    .offset(std::array::from_fn(|axis| index[axis] - range[axis].start))
            })
            .collect();
        seeds.sort_unstable();
        seeds.dedup();
        let values = || part.voxels().iter().copied().filter(|v| v.is_finite());
        let range_of_intensity =
            values().fold(f32::MIN, f32::max) - values().fold(f32::MAX, f32::min);
        Ok(Self {
            scan: grid.clone(),
            range,
            image: part,
            seeds,
            range_of_intensity,
        })
    }

    /// Grows from the seeds: a neighbour joins when it differs from its reference by less than `tolerance`
    /// times the range of intensities. Ends with more than `most` voxels once it has them. The seeds are
    /// always part of it.
    pub(super) fn flood(&self, reference: Reference, tolerance: f32, most: usize) -> Vec<usize> {
        let values = self.image.voxels();
        let grid = self.image.grid();
        let allowed = f64::from(tolerance) * f64::from(self.range_of_intensity);
        let mut seen = vec![false; values.len()];
        let mut region = self.seeds.clone();
        let mut queue: VecDeque<usize> = VecDeque::from(region.clone());
        let mut sum = 0.0;
        for &seed in &self.seeds {
            seen[seed] = true;
            sum += f64::from(values[seed]);
        }
        let seed_average = sum / self.seeds.len() as f64;
        while let Some(at) = queue.pop_front() {
            for index in grid.face_neighbours(grid.index(at)) {
                let next = grid.offset(index);
                if seen[next] {
                    continue;
                }
                let compared_with = match reference {
                    Reference::Parent => f64::from(values[at]),
                    Reference::SeedAverage => seed_average,
                    Reference::RunningAverage => sum / region.len() as f64,
                };
                // A value that is no number never joins.
                if (f64::from(values[next]) - compared_with).abs() < allowed {
                    seen[next] = true;
                    sum += f64::from(values[next]);
                    region.push(next);
                    queue.push_back(next);
                    if region.len() > most {
                        return region;
                    }
                }
            }
        }
        region
    }

    /// Offsets in the scan, ascending.
    pub(super) fn to_scan(&self, mask: &Volume<bool>) -> Vec<usize> {
        let grid = self.image.grid();
        let inside = mask.voxels().iter().enumerate().filter(|(_, v)| **v);
        inside
            .map(|(offset, _)| {
                let index = grid.index(offset);
                self.scan.offset(std::array::from_fn(|axis| {
                    index[axis] + self.range[axis].start
                }))
            })
            .collect()
    }
}
