//! The brain by a parcellation that somebody else made: FreeSurfer's or SynthSeg's.

use super::{RegionError, RegionMap};
use nalgebra::Matrix4;
use siderin_core::regions::{
    Anatomy, FLUID_CODE, Frames, MniFrame, from_parcellation, structure_middles,
    structures_of_parcellation, without_cut,
};
use siderin_image::preprocess::{HEAD_VIEW_MM, dilate_mm, erode_mm};
use siderin_image::volume::{
    Grid, Interpolation, Volume, block_mean, canonical_orientation, resample, resample_nearest,
};

/// Gaps of the parcellation narrower than twice this are fluid: sulci are not labelled.
const CLOSING_MM: f64 = 8.0;
/// Room around the brain, in voxels of the view.
const MARGIN: usize = 6;

impl RegionMap {
    /// Map of a parcellation, in its own world, in voxels of about 2 mm. It has no fluid-to-tissue ratio until it is
    /// [carried](RegionMap::carried) onto a scan.
    ///
    /// # Errors
    /// When it is no parcellation.
    pub fn of_parcellation(parcels: &Volume<f32>) -> Result<Self, RegionError> {
        let (regions, _) = from_parcellation(parcels)?;
        let structures = structures_of_parcellation(parcels)?;
        let (structures, _) = canonical_orientation(&structures)?;
        let (regions, _) = canonical_orientation(&regions)?;
        let frames = Frames {
            of_middles: MniFrame::of_middles(&structure_middles(&without_cut(&structures))),
            ..Frames::default()
        };
        let anatomy = Anatomy::of(&structures, &frames);
        let range = structures
            .map(|code| code > 0)
            .bounding_box()
            .ok_or(RegionError::NoBrain)?;
        let (structures, regions) = (structures.crop(range.clone())?, regions.crop(range)?);
        let spacing = structures.grid().spacing_mm();
        let factor = spacing.map(|mm| ((HEAD_VIEW_MM / mm).round() as usize).max(1));
        let share = |is: &dyn Fn(u8) -> bool| {
            let mask = regions.map(|code| if is(code) { 1.0f32 } else { 0.0 });
            block_mean(&mask, factor)
        };
        let tissue = share(&|code| code > 0 && code != FLUID_CODE)?;
        let filled = share(&|code| code > 0)?;
        let grid = with_room(filled.grid())?;
        let same = Matrix4::identity();
        let laid = |map: &Volume<f32>| resample(map, &grid, &same, Interpolation::Linear, 0.0);
        let (tissue, filled) = (laid(&tissue)?, laid(&filled)?);
        let near = dilate_mm(&filled.map(|share| share >= 0.5), CLOSING_MM);
        let closed = erode_mm(&near, CLOSING_MM);
        let mut inside = filled;
        for (share, closed) in inside.voxels_mut().iter_mut().zip(closed.voxels()) {
            if *closed {
                *share = 1.0;
            }
        }
        let structure = resample_nearest(&structures, &grid, &same, 0)?;
        Ok(Self {
            region: super::map::spread(resample_nearest(&regions, &grid, &same, 0)?),
            anatomy: Some(anatomy),
            structure: Some(structure),
            fluid_to_tissue: None,
            tissue,
            inside,
        })
    }
}

fn with_room(grid: &Grid) -> Result<Grid, RegionError> {
    let back = nalgebra::Vector3::repeat(-(MARGIN as f64));
    let affine = grid.world_from_voxel() * Matrix4::new_translation(&back);
    Ok(Grid::new(grid.shape().map(|n| n + 2 * MARGIN), affine)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_core::regions::{MapDetail, Region, Side};
    use siderin_image::volume::{VoxelPoint, WorldPoint};

    /// A schematic brain in aseg codes, in voxels of 1 mm, at its place in MNI space: tissue within 66 mm with a cleft
    /// of 6 mm in front, and balls where the MNI brain has the middles of its nuclei.
    fn parcels() -> Volume<f32> {
        let affine = Matrix4::new_translation(&nalgebra::Vector3::new(-80.0, -100.0, -70.0));
        let grid = Grid::new([160, 160, 160], affine).unwrap();
        let nuclei = [
            (10.0, [11.6, -18.5, 6.2]),
            (11.0, [13.5, 8.7, 9.9]),
            (12.0, [25.7, 1.8, -0.9]),
            (13.0, [20.0, -3.8, -1.5]),
            (17.0, [26.0, -21.8, -14.2]),
        ];
        Volume::from_fn(&grid, |index| {
            let [x, y, z] = grid.to_world(VoxelPoint::center_of(index)).to_array();
            let distance = |[a, b, c]: [f64; 3]| {
                ((x.abs() - a).powi(2) + (y - b).powi(2) + (z - c).powi(2)).sqrt()
            };
            let right = x > 0.0;
            if let Some((code, _)) = nuclei.iter().find(|(_, at)| distance(*at) < 3.5) {
                return if right { code + 39.0 } else { *code };
            }
            match () {
                () if (x.powi(2) + (y + 20.0).powi(2) + (z - 20.0).powi(2)).sqrt() > 66.0 => 0.0,
                () if x.abs() < 3.0 && y > 15.0 => 0.0,
                () if right => 41.0,
                () => 2.0,
            }
        })
    }

    #[test]
    fn a_parcellation_is_a_map_with_fluid_in_its_clefts() {
        let map = RegionMap::of_parcellation(&parcels()).unwrap();
        assert_eq!(map.detail(), MapDetail::Regions);
        let grid = Grid::new(
            [40, 40, 40],
            Matrix4::new_translation(&nalgebra::Vector3::new(-80.0, -100.0, -80.0))
                * Matrix4::new_scaling(4.0),
        )
        .unwrap();
        let laid = map.on(&grid).unwrap();
        let at = |x: f64, y: f64, z: f64| {
            laid.codes
                .at(grid.nearest(WorldPoint::new(x, y, z)).unwrap())
        };
        assert_eq!(at(0.0, 28.0, 0.0), FLUID_CODE);
        assert_eq!(at(0.0, 54.0, 0.0), 0);
        assert_eq!(at(12.0, -20.0, 4.0), Region::Thalamus.code(Side::Right));
        assert_eq!(at(-12.0, -20.0, 4.0), Region::Thalamus.code(Side::Left));
        // Carried to where the scan lies, and compared with its signal: 1 in tissue, 2 in the cleft.
        let by = nalgebra::Vector3::new(0.0, 8.0, 0.0);
        let scan = Volume::from_fn(&grid, |index| {
            let [x, y, _] = grid.to_world(VoxelPoint::center_of(index)).to_array();
            if x.abs() < 5.0 && y > 20.0 { 2.0 } else { 1.0 }
        });
        let carried = map.carried(&scan, &Matrix4::new_translation(&by)).unwrap();
        let codes = carried.on(&grid).unwrap().codes;
        let index = grid.nearest(WorldPoint::new(12.0, -12.0, 4.0)).unwrap();
        assert_eq!(codes.at(index), Region::Thalamus.code(Side::Right));
        assert!((carried.fluid_to_tissue().unwrap() - 2.0).abs() < 0.2);
    }
}
