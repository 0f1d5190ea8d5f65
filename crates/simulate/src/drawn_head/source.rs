//! A label map made ready to be drawn from many times.

use super::bare_brain::with_skull;
use crate::head::{Head, HeadError, Tissue, tissue_of};
use crate::physics::dipole::susceptibility_field;
use nalgebra::Vector3;
use siderin_core::regions::{MniFrame, Side, Structure, structure_middles};
use siderin_image::preprocess::distance_to_mm;
use siderin_image::volume::{Grid, Volume, VoxelPoint, WorldPoint, block_mean, linear_at};

/// A label map and all that its draws have in common.
#[derive(Debug, Clone)]
pub struct HeadSource {
    pub(super) grid: Grid,
    /// Of each voxel, which of the materials it is.
    pub(super) material: Vec<u8>,
    /// Tissue and [`Structure::code`]; the first is air outside of all.
    pub(super) materials: Vec<Material>,
    /// Of cortex, tenths of a mm to what is no brain tissue; of white matter, to cortex.
    pub(super) depth: Vec<u8>,
    /// Of white matter, mm to a ventricle.
    pub(super) near_ventricle: Vec<u8>,
    ventricles: Ventricles,
    /// How steeply the field changes where there is air nearby, in ppm per mm.
    steepness: Volume<f32>,
    pub(super) frame: MniFrame,
    /// Corners of the box around brain tissue, in head mm.
    pub(super) brain: [Vector3<f64>; 2],
}

/// What a voxel is made of, and where it belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Material {
    pub(super) tissue: Tissue,
    pub(super) code: u8,
}

/// Distances above are kept as this.
const FAR: u8 = u8::MAX;

impl HeadSource {
    /// Of a whole head.
    ///
    /// # Errors
    /// When it lacks the structures that place it in MNI space.
    pub fn of_head(head: &Head) -> Result<Self, HeadError> {
        let labels = &head.labels;
        let grid = labels.grid().clone();
        let coded = |side: Option<Side>, structure: Structure| match side {
            Some(side) => structure.code(side),
            None if structure.is_sided() => 0,
            None => structure as u8,
        };
        let codes = labels.map(|label| {
            Structure::of_aseg(label).map_or(0, |(structure, side)| coded(side, structure))
        });
        let frame =
            MniFrame::of_middles(&structure_middles(&codes)).ok_or(HeadError::NoStructures)?;
        let mut materials = vec![Material {
            tissue: Tissue::Air,
            code: 0,
        }];
        let mut numbers = std::collections::HashMap::from([((0u16, None), 0u8)]);
        let material = labels.voxels().iter().enumerate().map(|(offset, &label)| {
            let unsided =
                Structure::of_aseg(label).filter(|(s, side)| s.is_sided() && side.is_none());
            let side = unsided.map(|_| side_of(&frame, &grid, offset));
            *numbers.entry((label, side)).or_insert_with(|| {
                let code = Structure::of_aseg(label)
                    .map_or(0, |(structure, own)| coded(own.or(side), structure));
                materials.push(Material {
                    tissue: tissue_of(label),
                    code,
                });
                u8::try_from(materials.len() - 1).unwrap_or(0)
            })
        });
        let material = material.collect();
        let (depth, near_ventricle) = depths(head)?;
        Ok(Self {
            material,
            materials,
            depth,
            near_ventricle,
            ventricles: Ventricles::of(head)?,
            steepness: steepness(head)?,
            frame,
            brain: head
                .extent(Tissue::is_parenchyma)
                .map(|corner| corner.0.coords),
            grid,
        })
    }

    /// Of a brain without a head, whose map has one code for both sides: sides are told by a plane through its
    /// middle, and it gets fluid, skull and scalp.
    ///
    /// # Errors
    /// As [`HeadSource::of_head`], and when the map is none.
    pub fn of_brain(map: &Volume<f32>) -> Result<Self, HeadError> {
        Self::of_head(&Head::from_map(&with_skull(map)?)?)
    }

    /// How steeply the field changes, in ppm per mm.
    pub(super) fn steepness_at(&self, head_mm: Vector3<f64>) -> f32 {
        let grid = self.steepness.grid();
        match grid.nearest(WorldPoint(head_mm.into())) {
            Some(index) => self.steepness.at(index),
            None => 0.0,
        }
    }

    /// The growth that gives the ventricles a volume.
    pub(super) fn growth(&self, ventricles_ml: f64) -> Growth<'_> {
        Growth {
            ventricles: &self.ventricles,
            growth_mm: self.ventricles.growth_mm(ventricles_ml),
        }
    }
}

fn side_of(frame: &MniFrame, grid: &Grid, offset: usize) -> Side {
    let at = grid.to_world(VoxelPoint::center_of(grid.index(offset)));
    if frame.place(at).x > 0.0 {
        Side::Right
    } else {
        Side::Left
    }
}

/// See [`HeadSource`].
fn depths(head: &Head) -> Result<(Vec<u8>, Vec<u8>), HeadError> {
    let range = head.brain_box(4);
    let brain = head.labels.crop(range.clone())?;
    let tissue = brain.map(tissue_of);
    let outer = distance_to_mm(&tissue.map(|t| !t.is_parenchyma() && t != Tissue::Ventricle));
    let cortex = distance_to_mm(&tissue.map(|t| t == Tissue::Cortex));
    let ventricle = distance_to_mm(&tissue.map(|t| t == Tissue::Ventricle));
    let whole = head.labels.grid();
    let mut depth = vec![FAR; whole.voxel_count()];
    let mut near = vec![FAR; whole.voxel_count()];
    for (offset, &tissue) in tissue.voxels().iter().enumerate() {
        let index = brain.grid().index(offset);
        let at = whole.offset(std::array::from_fn(|a| index[a] + range[a].start));
        match tissue {
            Tissue::Cortex | Tissue::CerebellarCortex => {
                depth[at] = (outer.voxels()[offset] * 10.0) as u8;
            }
            Tissue::White => {
                depth[at] = (cortex.voxels()[offset] * 10.0) as u8;
                near[at] = ventricle.voxels()[offset] as u8;
            }
            _ => {}
        }
    }
    Ok((depth, near))
}

/// Voxels of 2 mm are fine enough for what varies slowly.
const HALVED: [usize; 3] = [2; 3];

fn steepness(head: &Head) -> Result<Volume<f32>, HeadError> {
    let chi = head
        .labels
        .map(|code| tissue_of(code).constants().chi_ppm as f32);
    let chi = block_mean(&chi, HALVED)?;
    let spacing = chi.grid().spacing_mm();
    // The direction is given, the grid straight and every number finite: the errors that there are.
    let field = susceptibility_field(&chi, [0.0, 0.0, 1.0]).unwrap_or_else(|_| chi.map(|_| 0.0));
    let shape = field.shape();
    Ok(Volume::from_fn(field.grid(), |index| {
        let squared: f64 = (0..3)
            .map(|axis| {
                let (mut low, mut high) = (index, index);
                low[axis] = index[axis].saturating_sub(1);
                high[axis] = (index[axis] + 1).min(shape[axis] - 1);
                let steps = (high[axis] - low[axis]).max(1) as f64;
                let rise = f64::from(field.at(high) - field.at(low));
                (rise / (steps * spacing[axis])).powi(2)
            })
            .sum();
        squared.sqrt() as f32
    }))
}

/// The signed distance from the lateral ventricles and the third, along whose gradient they grow.
#[derive(Debug, Clone)]
struct Ventricles {
    /// In mm, negative inside, on a grid of 2 voxels.
    distance: Volume<f32>,
    /// Distances of all voxels around, ascending, in tenths of a mm.
    sorted: Vec<i16>,
    voxel_ml: f64,
}

/// How far from its wall the growth is felt, in mm (one standard deviation).
const REACH_MM: f64 = 12.0;

impl Ventricles {
    fn of(head: &Head) -> Result<Self, HeadError> {
        let mask = head
            .labels
            .crop(head.brain_box(0))?
            .map(|code| matches!(code, 4 | 5 | 43 | 44 | 14 | 31 | 63));
        let outside = distance_to_mm(&mask);
        let inside = distance_to_mm(&mask.map(|m| !m));
        let far = 10.0 * REACH_MM as f32;
        let signed = Volume::from_fn(mask.grid(), |index| {
            (outside.at(index) - inside.at(index)).clamp(-far, far)
        });
        const FARTHEST_MM: f32 = 25.0;
        let close = signed.voxels().iter().filter(|mm| **mm < FARTHEST_MM);
        let mut sorted: Vec<i16> = close.map(|mm| (mm * 10.0) as i16).collect();
        sorted.sort_unstable();
        Ok(Self {
            distance: block_mean(&signed, HALVED)?,
            sorted,
            voxel_ml: mask.grid().voxel_volume_mm3() / 1000.0,
        })
    }

    /// What is at a distance d comes from d - g e^(-½ (d / reach)²): the wall comes to lie where that is 0.
    fn growth_mm(&self, ml: f64) -> f64 {
        let voxels = ((ml / self.voxel_ml) as usize).min(self.sorted.len().saturating_sub(1));
        let wall = self
            .sorted
            .get(voxels)
            .map_or(0.0, |tenths| f64::from(*tenths) / 10.0);
        wall * (0.5 * (wall / REACH_MM).powi(2)).exp()
    }
}

/// Ventricles that grow by so much.
pub(super) struct Growth<'a> {
    ventricles: &'a Ventricles,
    growth_mm: f64,
}

impl Growth<'_> {
    /// How far outwards of the point's own place what will be there comes from, in mm.
    pub(super) fn shift(&self, at: Vector3<f64>) -> Vector3<f64> {
        let grid = self.ventricles.distance.grid();
        let sample = |p: Vector3<f64>| {
            let voxel = grid.to_voxel(WorldPoint(p.into())).to_array();
            f64::from(linear_at(&self.ventricles.distance, voxel))
        };
        let felt = (-0.5 * (sample(at) / REACH_MM).powi(2)).exp();
        if felt < 1e-3 || self.growth_mm == 0.0 {
            return Vector3::zeros();
        }
        const STEP_MM: f64 = 1.5;
        let gradient = Vector3::from_fn(|a, _| {
            let step = Vector3::ith(a, STEP_MM);
            sample(at + step) - sample(at - step)
        });
        let length = gradient.norm();
        if length < 1e-6 {
            return Vector3::zeros();
        }
        gradient * (self.growth_mm * felt / length)
    }
}
