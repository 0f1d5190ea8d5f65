//! A person: a head with all that is in it, in the head's own mm.

use super::acquire::Echo;
use super::draw::PersonDraw;
use super::head::{Head, HeadError, TissueMaps, shape_head, tissue_maps};
use super::physics::dipole::{FieldError, susceptibility_field};
use super::scene::{
    Anatomy, LesionPattern, PlaceLesionsError, PlacedLesion, Request, place_lesions, place_mimics,
    place_vessels, resolve,
};
use nalgebra::{Matrix4, SMatrix, SVector, Vector3};
use rayon::prelude::*;
use siderin_core::regions::{PartitionError, partition};
use siderin_core::truth::Mimic;
use siderin_image::preprocess::SmoothError;
use siderin_image::volume::{Grid, GridError, Volume, VoxelPoint};

/// A person who cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum PersonError {
    #[error(transparent)]
    Head(#[from] HeadError),
    #[error(transparent)]
    Regions(#[from] PartitionError),
    #[error(transparent)]
    Smooth(#[from] SmoothError),
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// A head of its own shape with tissue values, regions, vessels and mimics. Without
/// microbleeds and without a magnet.
pub struct Person {
    pub(crate) anatomy: Anatomy,
    pub(crate) maps: TissueMaps,
    pub(crate) regions: Volume<u8>,
    pub(crate) mimics: Vec<Mimic>,
    pub(crate) draw: PersonDraw,
}

impl Person {
    /// Applies a draw to a head.
    ///
    /// # Errors
    /// When the shape is impossible or the head lacks the landmarks of the regions.
    pub fn new(head: &Head, draw: &PersonDraw) -> Result<Self, PersonError> {
        let head = shape_head(head, &draw.shape)?;
        let maps = tissue_maps(&head, &draw.tissue)?;
        let anatomy = Anatomy::of(head)?;
        let regions = partition(&anatomy.brain)?;
        let mut mimics = place_vessels(&anatomy, &draw.vessels);
        mimics.extend(place_mimics(&anatomy, &draw.mimics));
        Ok(Self {
            anatomy,
            maps,
            regions,
            mimics,
            draw: draw.clone(),
        })
    }

    /// The labels of the shaped head.
    #[must_use]
    pub fn labels(&self) -> &Volume<u16> {
        self.anatomy.head.labels()
    }

    /// The regions in the box around the brain.
    #[must_use]
    pub fn regions(&self) -> &Volume<u8> {
        &self.regions
    }

    /// Vessels and other mimics, in head mm.
    #[must_use]
    pub fn mimics(&self) -> &[Mimic] {
        &self.mimics
    }

    /// Places microbleeds: as many as asked for, spread by the given pattern or the person's
    /// own. The same call gives the same lesions.
    ///
    /// # Errors
    /// When there is no room for so many.
    pub fn lesions(
        &self,
        count: usize,
        pattern: Option<LesionPattern>,
    ) -> Result<Vec<PlacedLesion>, PlaceLesionsError> {
        let request = Request {
            count,
            pattern: pattern.unwrap_or(self.draw.pattern),
            seed: self.draw.lesion_seed,
        };
        place_lesions(&self.anatomy, &self.regions, &self.mimics, &[], request)
    }

    /// The lesions of a later visit: `resolved` of the earlier ones gone (their numbers come
    /// back, too), `new` ones added with numbers of their own.
    ///
    /// # Errors
    /// When there is no room for the new ones.
    pub fn later_lesions(
        &self,
        earlier: &[PlacedLesion],
        new: usize,
        resolved: usize,
        pattern: Option<LesionPattern>,
    ) -> Result<(Vec<PlacedLesion>, Vec<u16>), PlaceLesionsError> {
        let seed = self.draw.lesion_seed ^ 0x5eed;
        let (mut lesions, gone) = resolve(earlier, resolved, seed);
        let request = Request {
            count: new,
            pattern: pattern.unwrap_or(self.draw.pattern),
            seed,
        };
        // Clear of all earlier ones, so that no new lesion lies where one has gone.
        let added = place_lesions(&self.anatomy, &self.regions, &self.mimics, earlier, request)?;
        lesions.extend(added);
        Ok((lesions, gone))
    }

    /// Tissue properties on the labels' grid.
    #[must_use]
    pub fn tissue_maps(&self) -> &TissueMaps {
        &self.maps
    }

    /// The head's field in ppm with the main field along `b0_head`, shimmed over the brain.
    pub(crate) fn field(&self, b0_head: Vector3<f64>) -> Result<Volume<f32>, PersonError> {
        let chi = with_neck(&self.maps.chi_ppm)?;
        let field = susceptibility_field(&chi, b0_head.into())?;
        let grid = self.maps.chi_ppm.grid();
        let below = chi.shape()[2] - grid.shape()[2];
        let [nx, ny, nz] = grid.shape();
        let mut field = field.crop([0..nx, 0..ny, below..below + nz])?;
        self.shim(&mut field);
        Ok(field)
    }

    /// Takes off what a scanner's shim coils would: the polynomial of second order that fits
    /// the field in the brain best.
    fn shim(&self, field: &mut Volume<f32>) {
        type Basis = SVector<f64, 10>;
        let grid = field.grid().clone();
        let shape = grid.shape();
        let basis = |offset: usize| {
            let index = grid.index(offset);
            let p = Vector3::from_fn(|a, _| 2.0 * index[a] as f64 / shape[a] as f64 - 1.0);
            let (x, y, z) = (p.x, p.y, p.z);
            Basis::from([1.0, x, y, z, x * x, y * y, z * z, x * y, x * z, y * z])
        };
        let mut normal = SMatrix::<f64, 10, 10>::zeros();
        let mut right_side = Basis::zeros();
        // One voxel in 11 is more than enough for ten coefficients.
        let brain = self.anatomy.grid();
        for offset in (0..brain.voxel_count()).step_by(11) {
            if self.anatomy.to_outside.voxels()[offset] > 0.0 {
                let world = brain.to_world(VoxelPoint::center_of(brain.index(offset)));
                let index = grid.to_voxel(world).to_array().map(|v| v.round() as usize);
                let b = basis(grid.offset(index));
                normal += b * b.transpose();
                right_side += b * f64::from(field.at(index));
            }
        }
        let Some(inverse) = normal.try_inverse() else {
            return;
        };
        let fit = inverse * right_side;
        field
            .voxels_mut()
            .par_iter_mut()
            .enumerate()
            .for_each(|(offset, value)| *value -= fit.dot(&basis(offset)) as f32);
    }

    /// Mean signal of white matter at the echo, for the scale of noise and image.
    pub(crate) fn white_signal(&self, echo: &Echo) -> f64 {
        let c = self.draw.tissue.constants(super::head::Tissue::White);
        echo.signal(c.proton_density, c.t1_ms, c.r2star_per_s)
    }
}

/// How far the neck is carried on below the map, in voxels.
const NECK_VOXELS: usize = 48;

/// The map continued downwards with its lowest slice: a body that ended there would make a
/// field of its own.
fn with_neck(chi: &Volume<f32>) -> Result<Volume<f32>, GridError> {
    let [nx, ny, nz] = chi.shape();
    let down = Matrix4::new_translation(&Vector3::new(0.0, 0.0, -(NECK_VOXELS as f64)));
    let grid = Grid::new(
        [nx, ny, nz + NECK_VOXELS],
        chi.grid().world_from_voxel() * down,
    )?;
    // Below the head lie a margin and, after bending, slices that are cut in part: the lowest
    // one that is nearly as full as the fullest of the lower third is carried on.
    let plane = nx * ny;
    let air = *chi.voxels().first().unwrap_or(&0.0);
    let filled = |k: usize| {
        let slice = &chi.voxels()[k * plane..(k + 1) * plane];
        slice.iter().filter(|&&v| v != air).count()
    };
    let lower: Vec<usize> = (0..nz.div_ceil(3)).map(filled).collect();
    let fullest = lower.iter().copied().max().unwrap_or(0);
    let lowest = lower
        .iter()
        .position(|&count| count > 0 && 10 * count >= 6 * fullest)
        .unwrap_or(0);
    let slice = &chi.voxels()[lowest * plane..(lowest + 1) * plane];
    let mut voxels = Vec::with_capacity(grid.voxel_count());
    for _ in 0..NECK_VOXELS + lowest {
        voxels.extend_from_slice(slice);
    }
    voxels.extend_from_slice(&chi.voxels()[lowest * plane..]);
    Ok(Volume::new(grid, voxels).unwrap_or_else(|_| chi.clone()))
}
