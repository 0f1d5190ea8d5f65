//! The brain's map: what a network or a parcellation says of a head, and how it is laid onto a scan.

use super::RegionError;
use super::structures::StructureMap;
use nalgebra::Matrix4;
use siderin_core::regions::{
    Anatomy, FLUID_CODE, MapDetail, Region, Side, Structure, partition_in,
};
use siderin_image::preprocess::{Connectivity, fill_holes, largest_component, signed_depth_mm};
use siderin_image::volume::{Grid, Interpolation, Volume, resample, resample_nearest};

/// What the network says of a head, on the grid of its view.
#[derive(Debug, Clone)]
pub struct RegionMap {
    /// Probability of brain tissue.
    pub(super) tissue: Volume<f32>,
    /// Probability of brain tissue or fluid inside the skull.
    pub(super) inside: Volume<f32>,
    /// The likeliest region of every voxel, in the brain or not.
    pub(super) region: Volume<u8>,
    pub(super) fluid_to_tissue: Option<f32>,
    /// [`Structure::code`] of the brain, where the network tells structures.
    pub(super) structure: Option<Volume<u8>>,
    pub(super) anatomy: Option<Anatomy>,
}

/// The brain on a scan's grid.
#[derive(Debug, Clone)]
pub struct BrainRegions {
    /// Regions as [`Region::code`] has them, fluid [`FLUID_CODE`], all else 0.
    pub codes: Volume<u8>,
    /// Brain tissue and fluid, without holes and in one piece.
    pub brain: Volume<bool>,
}

/// Probability from which a voxel is taken for tissue.
const SURE_TISSUE: f32 = 0.9;
/// The same of fluid, of which it is less sure: fewer than [`LEAST_SIGNAL`] voxels of a scan may reach more.
const SURE_FLUID: f32 = 0.7;
/// Fewer voxels have no median: .8 ml.
const LEAST_SIGNAL: usize = 100;

impl RegionMap {
    /// Regions that follow from structures.
    pub(super) fn of_structures(
        map: &StructureMap,
        view: &Volume<f32>,
    ) -> Result<Self, RegionError> {
        let codes = map.brain_codes();
        let frames = map.frames();
        let region = match &frames.best() {
            Some(frame) => {
                let aseg = codes.map(|code| match Structure::of_code(code) {
                    Some((structure, side)) => structure.aseg(side.unwrap_or(Side::Left)),
                    None => 0,
                });
                spread(partition_in(&aseg, frame)?)
            }
            None => codes.map(|_| 0),
        };
        let fluid: Vec<f32> = map
            .inside
            .voxels()
            .iter()
            .zip(map.tissue.voxels())
            .map(|(inside, tissue)| inside - tissue)
            .collect();
        Ok(Self {
            fluid_to_tissue: fluid_to_tissue(view.voxels(), &fluid, map.tissue.voxels()),
            tissue: map.tissue.clone(),
            inside: map.inside.clone(),
            region,
            anatomy: Some(Anatomy::of(&codes, &frames)),
            structure: Some(codes),
        })
    }

    /// [`Structure::code`]s on the view's own grid; `None` where the network tells regions alone.
    #[must_use]
    pub fn structures(&self) -> Option<&Volume<u8>> {
        self.structure.as_ref()
    }

    /// What the structures say of the head on the whole; `None` where the network tells regions alone.
    #[must_use]
    pub fn anatomy(&self) -> Option<&Anatomy> {
        self.anatomy.as_ref()
    }

    /// How finely the map tells where something lies.
    #[must_use]
    pub fn detail(&self) -> MapDetail {
        self.anatomy
            .as_ref()
            .map_or(MapDetail::Regions, |anatomy| anatomy.detail)
    }

    /// [`Structure::code`]s of the closest voxel of the view, on a grid of the same space; `None` where the network
    /// tells regions alone.
    ///
    /// # Errors
    /// When the grids cannot be brought together.
    pub fn structures_on(&self, grid: &Grid) -> Result<Option<Volume<u8>>, RegionError> {
        let same = Matrix4::identity();
        let laid = |codes: &Volume<u8>| Ok(resample_nearest(codes, grid, &same, 0)?);
        self.structure.as_ref().map(laid).transpose()
    }

    /// The signal of fluid as a multiple of that of tissue, medians of what is surely the one or the other;
    /// none where there is too little of it.
    #[must_use]
    pub fn fluid_to_tissue(&self) -> Option<f32> {
        self.fluid_to_tissue
    }

    /// The same map in the world of `scan`, which `scan_from_image` takes its own world to; the fluid-to-tissue ratio is
    /// that of the scan.
    ///
    /// # Errors
    /// When the grids cannot be brought together.
    pub fn carried(
        &self,
        scan: &Volume<f32>,
        scan_from_image: &Matrix4<f64>,
    ) -> Result<Self, RegionError> {
        let grid = self.tissue.grid();
        let grid = Grid::new(grid.shape(), scan_from_image * grid.world_from_voxel())?;
        let view = resample(
            scan,
            &grid,
            &Matrix4::identity(),
            Interpolation::Linear,
            0.0,
        )?;
        let [tissue, inside] = [&self.tissue, &self.inside].map(|map| map.voxels());
        let fluid: Vec<f32> = inside.iter().zip(tissue).map(|(i, t)| i - t).collect();
        // Beyond the scan there is no signal.
        let shown = |share: &[f32]| -> Vec<f32> {
            let signal = share.iter().zip(view.voxels());
            signal
                .map(|(p, v)| if *v > 0.0 { *p } else { 0.0 })
                .collect()
        };
        let structure = self.structure.as_ref().map(|codes| on_grid(codes, &grid));
        let on_scan = structure
            .as_ref()
            .map(|codes| resample_nearest(codes, scan.grid(), &Matrix4::identity(), 0));
        let anatomy = match (&self.anatomy, on_scan.transpose()?) {
            (Some(anatomy), Some(codes)) => Some(anatomy.carried(&codes, scan_from_image)),
            _ => None,
        };
        Ok(Self {
            fluid_to_tissue: fluid_to_tissue(view.voxels(), &shown(&fluid), &shown(tissue)),
            tissue: on_grid(&self.tissue, &grid),
            inside: on_grid(&self.inside, &grid),
            region: on_grid(&self.region, &grid),
            structure,
            anatomy,
        })
    }

    /// Depth of the view's voxels below the surface of brain tissue in mm, negative outside of it.
    #[must_use]
    pub fn depth_mm(&self) -> Volume<f32> {
        signed_depth_mm(&self.tissue.map(|p| p >= 0.5))
    }

    /// Regions on the view's own grid, as [`BrainRegions::codes`].
    ///
    /// # Errors
    /// As [`RegionMap::on`].
    pub fn codes(&self) -> Result<Volume<u8>, RegionError> {
        Ok(self.on(self.region.grid())?.codes)
    }

    /// Laid onto a grid of the same space: tissue and fluid by lines between the view's voxels, the
    /// region of the closest one.
    ///
    /// # Errors
    /// When the grids cannot be brought together.
    pub fn on(&self, grid: &Grid) -> Result<BrainRegions, RegionError> {
        let same = Matrix4::identity();
        let linear = |map: &Volume<f32>| resample(map, grid, &same, Interpolation::Linear, 0.0);
        let (tissue, inside) = (linear(&self.tissue)?, linear(&self.inside)?);
        let region = resample_nearest(&self.region, grid, &same, 0)?;
        let brain = largest_component(&inside.map(|p| p >= 0.5), Connectivity::Six);
        let brain = fill_holes(&brain);
        let codes = (0..grid.voxel_count()).map(|at| {
            if !brain.voxels()[at] {
                return 0;
            }
            // What is no tissue inside the brain is fluid.
            let is_tissue = tissue.voxels()[at] >= 0.5 * inside.voxels()[at];
            if is_tissue {
                region.voxels()[at]
            } else {
                FLUID_CODE
            }
        });
        Ok(BrainRegions {
            codes: Volume::new(grid.clone(), codes.collect()).expect("as many as voxels"),
            brain,
        })
    }
}

/// The same voxels at another place.
fn on_grid<T: Copy>(map: &Volume<T>, grid: &Grid) -> Volume<T> {
    Volume::new(grid.clone(), map.voxels().to_vec()).expect("as many voxels as before")
}

/// Regions of tissue grown into what has none, fluid too, by two voxels: on a finer grid tissue may reach beyond the
/// voxels that are called so.
pub(super) fn spread(mut regions: Volume<u8>) -> Volume<u8> {
    let is_region = |code: u8| Region::of_code(code).is_some();
    for _ in 0..2 {
        let before = regions.clone();
        let grid = before.grid();
        for (offset, code) in regions.voxels_mut().iter_mut().enumerate() {
            if is_region(*code) {
                continue;
            }
            let mut around = grid
                .face_neighbours(grid.index(offset))
                .map(|index| before.at(index));
            if let Some(region) = around.find(|code| is_region(*code)) {
                *code = region;
            }
        }
    }
    regions
}

/// The median signal of what is surely fluid over that of what is surely tissue.
pub(super) fn fluid_to_tissue(view: &[f32], fluid: &[f32], tissue: &[f32]) -> Option<f32> {
    let signal = |share: &[f32], least: f32| {
        let sure = view.iter().zip(share).filter(|(_, share)| **share >= least);
        median(sure.map(|(value, _)| *value).collect())
    };
    let (fluid, tissue) = (signal(fluid, SURE_FLUID)?, signal(tissue, SURE_TISSUE)?);
    (tissue > 0.0).then(|| fluid / tissue)
}

/// The upper median of enough values.
fn median(mut values: Vec<f32>) -> Option<f32> {
    if values.len() < LEAST_SIGNAL {
        return None;
    }
    let middle = values.len() / 2;
    Some(*values.select_nth_unstable_by(middle, f32::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fluid_is_compared_with_tissue() {
        // 200 voxels of tissue with signals 1 to 200 (upper median 101), then 100 of fluid with 50 and ten
        // that are half fluid.
        let view: Vec<f32> = (1..=200)
            .chain([50; 100])
            .chain([999; 10])
            .map(|v| v as f32)
            .collect();
        let share = |of: std::ops::Range<usize>| -> Vec<f32> {
            let of = &of;
            (0..310)
                .map(|at| {
                    if of.contains(&at) {
                        0.95
                    } else {
                        f32::from(u8::from(at >= 300)) * 0.5
                    }
                })
                .collect()
        };
        let found = fluid_to_tissue(&view, &share(200..300), &share(0..200));
        assert_eq!(found, Some(50.0 / 101.0));
        // One voxel too few of fluid; black tissue.
        assert_eq!(
            fluid_to_tissue(&view, &share(201..300), &share(0..200)),
            None
        );
        let black = vec![0.0; 310];
        assert_eq!(
            fluid_to_tissue(&black, &share(200..300), &share(0..200)),
            None
        );
    }

    #[test]
    fn a_map_is_laid_onto_a_finer_grid() {
        // Along x: background at 0, tissue from 2 mm, fluid from 6 mm, background at 10 mm.
        let grid = Grid::axis_aligned([6, 3, 3], [2.0; 3]).unwrap();
        let along = |values: [f32; 6]| Volume::from_fn(&grid, |[i, _, _]| values[i]);
        let map = RegionMap {
            tissue: along([0.0, 1.0, 1.0, 0.0, 0.0, 0.0]),
            inside: along([0.0, 1.0, 1.0, 1.0, 1.0, 0.0]),
            region: along([29.0, 29.0, 9.0, 9.0, 9.0, 9.0]).map(|v| v as u8),
            fluid_to_tissue: None,
            structure: None,
            anatomy: None,
        };
        let fine = Grid::axis_aligned([11, 5, 5], [1.0; 3]).unwrap();
        let laid = map.on(&fine).unwrap();
        let row: Vec<u8> = (0..11).map(|i| laid.codes.at([i, 2, 2])).collect();
        // Half-way at 1, 5 and 9 mm. At 3 mm both voxels are as close; the upper one counts.
        let (right, left, fluid) = (29, 9, FLUID_CODE);
        let expected = [
            0, right, right, left, left, left, fluid, fluid, fluid, fluid, 0,
        ];
        assert_eq!(row, expected);
        assert!(!laid.brain.at([0, 2, 2]) && laid.brain.at([9, 2, 2]));
    }
}
