//! What is true of a scan, on its grid.

use siderin_core::regions::VoxelClass;
use siderin_core::regions::{FLUID_CODE, Region, RegionGroup};
use siderin_evaluate::{LesionFile, LesionFileError, Lesions, MapKind, Point, read_lesions};
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::{NiftiError, read_volume};
use siderin_image::volume::{
    Grid, ResampleError, SAME_GRID_MM, Volume, VoxelPoint, resample_nearest,
};
use std::path::Path;

/// Labels that nothing can be learnt from.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LabelError {
    #[error(transparent)]
    Read(#[from] LesionFileError),
    #[error(
        "reading the labels: the mask has {mask:?} voxels where the scan has {scan:?}; the mask must \
         lie on the scan's grid, resample it (nearest neighbour) first"
    )]
    Shape { mask: [usize; 3], scan: [usize; 3] },
    #[error(
        "reading the labels: corners of mask and scan lie up to {distance_mm:.2} mm apart although \
         their shapes are equal; one of them has another orientation or origin, write the mask with \
         the scan's affine"
    )]
    Place { distance_mm: f64 },
    #[error(
        "reading the labels: values between 0 and 1, as of probabilities; give a mask of 0 and 1, or \
         whole numbers as labels"
    )]
    NotBinary,
    #[error(
        "reading the labels: {beyond} of {points} points lie outside of the scan; x_mm, y_mm and \
         z_mm are RAS+ mm of the scan's world, neither LPS nor voxels"
    )]
    PointsOutside { beyond: usize, points: usize },
    #[error(
        "reading the region map: only {percent:.0} % of what the scan shows has a region; the map must lie in \
         the scan's own space, lay it onto the scan first"
    )]
    RegionsElsewhere { percent: f64 },
    #[error("reading the region map: {0}")]
    Regions(#[from] NiftiError),
    #[error(
        "reading the region map: value {0} is no region code; give a map as `siderin regions` writes \
         it"
    )]
    RegionCode(f32),
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

/// Whether a file of lesions holds any.
pub(super) fn has_lesions(file: &LesionFile, limits: ReadLimits) -> Result<bool, LabelError> {
    Ok(match read_lesions(file, limits)? {
        Lesions::Map(map, _) | Lesions::Results { labels: map, .. } => {
            map.voxels().iter().any(|v| *v >= 0.5)
        }
        Lesions::Points(points, _) => !points.is_empty(),
    })
}

/// Diameter of a lesion of which only the place is known: the middle of what is called small.
const POINT_MM: f64 = 4.0;

/// The mask of the lesions on the scan's grid. Points become balls of their diameter, or of 4 mm.
pub(super) fn lesion_mask(
    file: &LesionFile,
    grid: &Grid,
    limits: ReadLimits,
) -> Result<Volume<bool>, LabelError> {
    let map = match read_lesions(file, limits)? {
        Lesions::Map(_, MapKind::Probability) => return Err(LabelError::NotBinary),
        Lesions::Map(map, _) => map,
        Lesions::Results { labels, .. } => labels,
        Lesions::Points(points, _) => return balls(&points, grid),
    };
    if map.shape() != grid.shape() {
        return Err(LabelError::Shape {
            mask: map.shape(),
            scan: grid.shape(),
        });
    }
    let distance_mm = map.grid().largest_corner_distance_mm(grid);
    if distance_mm > SAME_GRID_MM {
        return Err(LabelError::Place { distance_mm });
    }
    let inside = map.voxels().iter().map(|v| *v >= 0.5).collect();
    Ok(Volume::new(grid.clone(), inside).expect("shapes are equal"))
}

fn balls(points: &[Point], grid: &Grid) -> Result<Volume<bool>, LabelError> {
    let mut mask = Volume::filled(grid, false);
    let (shape, spacing) = (grid.shape(), grid.spacing_mm());
    let outside = |point: &&Point| {
        let at = grid.to_voxel(point.center_world).to_array();
        (0..3).any(|axis| at[axis] < -0.5 || at[axis] > shape[axis] as f64 - 0.5)
    };
    let beyond = points.iter().filter(outside).count();
    if beyond > 0 {
        let points = points.len();
        return Err(LabelError::PointsOutside { beyond, points });
    }
    for point in points {
        let radius = 0.5 * point.diameter_mm.unwrap_or(POINT_MM);
        let center = grid.to_voxel(point.center_world).to_array();
        let range = |axis: usize| {
            let reach = radius / spacing[axis] + 1.0;
            let low = (center[axis] - reach).floor().max(0.0) as usize;
            let high = (center[axis] + reach).ceil().max(-1.0) as isize + 1;
            low..(high.max(0) as usize).min(shape[axis])
        };
        for k in range(2) {
            for j in range(1) {
                for i in range(0) {
                    let here = grid.to_world(VoxelPoint::center_of([i, j, k]));
                    if here.distance_mm(point.center_world) <= radius {
                        mask.set([i, j, k], true);
                    }
                }
            }
        }
        // A ball between voxel centres is the closest voxel.
        let nearest = center.map(|at| at.round());
        if (0..3).all(|axis| nearest[axis] >= 0.0 && nearest[axis] < shape[axis] as f64) {
            mask.set(nearest.map(|at| at as usize), true);
        }
    }
    Ok(mask)
}

/// A map of MARS regions laid onto a grid of the same space: values of
/// [`Region::code`], fluid and 0.
fn region_codes(file: &Path, grid: &Grid, limits: ReadLimits) -> Result<Volume<u8>, LabelError> {
    let (_, map, _) = read_volume(file, None, limits)?;
    let labels = map.to_labels().map_err(LabelError::RegionCode)?;
    let is_code = |v: u16| {
        let code = u8::try_from(v).ok();
        code.is_some_and(|c| c == 0 || c == FLUID_CODE || Region::of_code(c).is_some())
    };
    if let Some(bad) = labels.voxels().iter().find(|v| !is_code(**v)) {
        return Err(LabelError::RegionCode(f32::from(*bad)));
    }
    let same = nalgebra::Matrix4::identity();
    Ok(resample_nearest(&labels, grid, &same, 0)?.map(|code| code as u8))
}

/// Share of a head's voxels with signal that must have a code: a brain is a third of a head, and a
/// field of view may cut it.
const LEAST_CODED: f64 = 0.05;
/// Signal, as a share of the mean of what is bright.
const SIGNAL: f32 = 0.3;

/// [`region_codes`] of a head's view.
pub(super) fn head_codes(
    file: &Path,
    view: &Volume<f32>,
    limits: ReadLimits,
) -> Result<Volume<u8>, LabelError> {
    let codes = region_codes(file, view.grid(), limits)?;
    hold_coded(
        &codes,
        view.voxels().iter().map(|v| *v > SIGNAL),
        LEAST_CODED,
    )?;
    Ok(codes)
}

/// Refuses a map in which less than a share of the chosen voxels is above 0.
fn hold_coded(
    map: &Volume<u8>,
    chosen: impl Iterator<Item = bool>,
    least: f64,
) -> Result<(), LabelError> {
    let (mut inside, mut coded) = (0usize, 0usize);
    for (value, _) in map
        .voxels()
        .iter()
        .zip(chosen)
        .filter(|(_, chosen)| *chosen)
    {
        inside += 1;
        coded += usize::from(*value > 0);
    }
    let share = coded as f64 / inside.max(1) as f64;
    if share < least {
        let percent = 100.0 * share;
        return Err(LabelError::RegionsElsewhere { percent });
    }
    Ok(())
}

/// Share of the brain that must have a region: its fluid has none.
const LEAST_REGIONS: f64 = 0.3;

/// The region classes of the proxy task on the brain's grid, of a map of MARS regions on any grid of the same
/// space: values of [`VoxelClass`] from background to infratentorial.
pub(super) fn region_classes(
    file: &Path,
    brain: &Volume<bool>,
    limits: ReadLimits,
) -> Result<Volume<u8>, LabelError> {
    let codes = region_codes(file, brain.grid(), limits)?;
    let classes = codes.map(|code| class_of(code) as u8);
    hold_coded(&classes, brain.voxels().iter().copied(), LEAST_REGIONS)?;
    Ok(classes)
}

fn class_of(code: u8) -> VoxelClass {
    match Region::of_code(code).map(|(region, _)| region.group()) {
        None => VoxelClass::Background,
        Some(RegionGroup::Lobar) => VoxelClass::Lobar,
        Some(RegionGroup::Deep) => VoxelClass::Deep,
        Some(RegionGroup::Infratentorial) => VoxelClass::Infratentorial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::scan::nifti::write_volume;
    use siderin_image::volume::WorldPoint;

    fn point(x: f64, diameter_mm: Option<f64>) -> Point {
        Point {
            id: None,
            center_world: WorldPoint::new(x, 5.0, 5.0),
            confidence: None,
            diameter_mm,
            volume_mm3: None,
        }
    }

    #[test]
    fn points_become_balls() {
        let grid = Grid::axis_aligned([20, 11, 11], [1.0; 3]).unwrap();
        // Radius 1: the voxel and its six neighbours. Radius 2: 33 voxels (1 + 6 + 12 + 8 + 6).
        let count = |points: &[Point]| {
            let mask = balls(points, &grid).unwrap();
            mask.voxels().iter().filter(|inside| **inside).count()
        };
        assert_eq!(count(&[point(5.0, Some(2.0))]), 7);
        assert_eq!(count(&[point(5.0, None)]), 33);
        // Between voxels.
        assert_eq!(count(&[point(5.4, Some(0.2))]), 1);
        let said = balls(&[point(5.0, None), point(50.0, None)], &grid).unwrap_err();
        assert!(
            said.to_string().contains("1 of 2 points lie outside"),
            "{said}"
        );
    }

    #[test]
    fn masks_that_do_not_fit_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.nii.gz");
        let grid = Grid::axis_aligned([6, 5, 4], [1.0; 3]).unwrap();
        let limits = ReadLimits::default();
        let said = |volume: &Volume<f32>| {
            write_volume(&path, volume).unwrap();
            lesion_mask(&LesionFile::Map(path.clone()), &grid, limits)
                .map(|mask| mask.voxels().iter().filter(|v| **v).count())
                .map_err(|error| error.to_string())
        };
        let labels = |grid: &Grid| Volume::from_fn(grid, |[i, _, _]| (i / 3 * 2) as f32);
        assert_eq!(said(&labels(&grid)), Ok(60));
        let other = Grid::axis_aligned([6, 5, 5], [1.0; 3]).unwrap();
        assert!(
            said(&labels(&other))
                .unwrap_err()
                .contains("[6, 5, 5] voxels where")
        );
        let mut affine = *grid.world_from_voxel();
        affine[(1, 3)] += 2.0;
        let moved = Grid::new([6, 5, 4], affine).unwrap();
        assert!(said(&labels(&moved)).unwrap_err().contains("2.00 mm apart"));
        let soft = labels(&grid).map(|v| v * 0.3);
        assert!(said(&soft).unwrap_err().contains("as of probabilities"));
    }

    #[test]
    fn maps_of_something_else_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.nii.gz");
        let grid = Grid::axis_aligned([10, 10, 10], [2.0; 3]).unwrap();
        let view = Volume::filled(&grid, 1.0f32);
        let said = |codes: &Volume<u8>| {
            write_volume(&path, codes).unwrap();
            let read = head_codes(&path, &view, ReadLimits::default());
            read.map(|codes| codes.at([4, 4, 4]))
                .map_err(|error| error.to_string())
        };
        let of = |code: u8| Volume::filled(&grid, code);
        assert_eq!(
            [0, 9, 33, 40].map(|code| said(&of(code)).is_ok()),
            [false, true, true, true]
        );
        // Left white matter of FreeSurfer is 2, right 41.
        assert!(
            said(&of(41))
                .unwrap_err()
                .contains("value 41 is no region code")
        );
        // The map of a head half a metre away.
        let mut affine = *grid.world_from_voxel();
        affine[(0, 3)] = 500.0;
        let away = Grid::new([10, 10, 10], affine).unwrap();
        assert!(
            said(&Volume::filled(&away, 9))
                .unwrap_err()
                .contains("only 0 % of what")
        );
    }

    #[test]
    fn regions_become_classes() {
        // 1 brainstem, 4 thalamus, 29 right frontal (9 + 20), 40 fluid.
        let classes = [1, 4, 29, 40, 0].map(|code| class_of(code) as u8);
        assert_eq!(classes, [3, 2, 1, 0, 0]);
    }
}
