//! One label map, many heads: size, shear, smooth bending, wider ventricles, wider sulci.

use super::labels::{Head, HeadError};
use super::tissue::{CSF_CODE, Tissue, tissue_of};
use nalgebra::{Matrix3, Matrix4, Vector3};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use siderin_image::preprocess::{Connectivity, distance_to_mm, largest_component};
use siderin_image::random::Stream;
use siderin_image::volume::{
    Grid, Interpolation, Volume, VoxelPoint, block_mean, linear_at, resample,
};

/// How a head differs from its label map.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadShape {
    /// Growth per axis (right, front, up).
    pub scale: [f64; 3],
    /// Shear of x by y, x by z, y by z.
    pub shear: [f64; 3],
    /// Smooth random bending.
    pub bend: Bend,
    /// Outward shift of the wall of the lateral and third ventricles in mm; negative narrows.
    pub ventricle_growth_mm: f64,
    /// Fluid opened between skull and brain, in mm.
    pub outer_fluid_mm: f64,
}

/// A cubic spline through normal displacements on a lattice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bend {
    /// Distance of lattice points in mm.
    pub spacing_mm: f64,
    /// Standard deviation of a displacement in mm along each axis.
    pub sd_mm: f64,
    /// Seed of the displacements.
    pub seed: u64,
}

impl HeadShape {
    /// The map as it is, but for the fluid that keeps the skull off the brain.
    #[must_use]
    pub fn as_given() -> Self {
        Self {
            scale: [1.0; 3],
            shear: [0.0; 3],
            bend: Bend {
                spacing_mm: 32.0,
                sd_mm: 0.0,
                seed: 0,
            },
            ventricle_growth_mm: 0.0,
            outer_fluid_mm: 1.0,
        }
    }

    /// Draws a shape: scale 0.94 to 1.06 (shared) × 0.97 to 1.03 (per axis), shear ±0.03,
    /// bending of 0.5 to 2.5 mm over 28 to 44 mm, ventricles −0.5 to 3.5 mm, fluid 0.8 to
    /// 2.4 mm.
    pub(crate) fn draw(stream: &mut Stream) -> Self {
        let whole = stream.uniform(0.94, 1.06);
        Self {
            scale: std::array::from_fn(|_| whole * stream.uniform(0.97, 1.03)),
            shear: std::array::from_fn(|_| stream.uniform(-0.03, 0.03)),
            bend: Bend {
                spacing_mm: stream.uniform(28.0, 44.0),
                sd_mm: stream.uniform(0.5, 2.5),
                seed: stream.seed(),
            },
            ventricle_growth_mm: stream.uniform(-0.5, 3.5),
            outer_fluid_mm: stream.uniform(0.8, 2.4),
        }
    }
}

/// Displacements are worked out on a grid of this spacing and interpolated linearly.
const COARSE_MM: f64 = 6.0;
/// How far from its wall the ventricle's growth is felt, in mm (one standard deviation).
const VENTRICLE_REACH_MM: f64 = 12.0;

/// The head in another shape. Where the map is left, there is air.
///
/// # Errors
/// When the shape makes an impossible grid.
pub fn shape_head(head: &Head, shape: &HeadShape) -> Result<Head, HeadError> {
    let possible = shape.scale.iter().all(|s| (0.5..=2.0).contains(s))
        && (0.0..=10.0).contains(&shape.bend.sd_mm)
        && (8.0..=500.0).contains(&shape.bend.spacing_mm);
    if !possible {
        return Err(HeadError::Shape {
            scale: shape.scale,
            bend_mm: shape.bend.sd_mm,
            over_mm: shape.bend.spacing_mm,
        });
    }
    let source = &head.labels;
    let target = target_grid(source.grid(), shape)?;
    let center = center_mm(source.grid());
    let backward = linear_part(shape)
        .try_inverse()
        .unwrap_or_else(Matrix3::identity);
    let bend = displacements(&target, &shape.bend)?;
    let ventricle = Ventricles::of(head, shape.ventricle_growth_mm)?;
    let extent = source.shape();
    let [nx, ny, _] = target.shape();
    let mut labels = Volume::filled(&target, 0u16);
    labels
        .voxels_mut()
        .par_chunks_mut(nx * ny)
        .enumerate()
        .for_each(|(k, slice)| {
            for (at, code) in slice.iter_mut().enumerate() {
                let here = target
                    .to_world(VoxelPoint::center_of([at % nx, at / nx, k]))
                    .0;
                let coarse = bend[0]
                    .grid()
                    .to_voxel(siderin_image::volume::WorldPoint(here))
                    .to_array();
                let shift = Vector3::from_fn(|a, _| f64::from(linear_at(&bend[a], coarse)));
                let mut from = center + backward * (here.coords - center) + shift;
                from -= ventricle.shift(from);
                let voxel = source
                    .grid()
                    .to_voxel(siderin_image::volume::WorldPoint(from.into()));
                let index = voxel.to_array().map(f64::round);
                if (0..3).all(|a| index[a] >= 0.0 && index[a] < extent[a] as f64) {
                    *code = source.at(index.map(|i| i as usize));
                }
            }
        });
    let mut shaped = Head {
        labels,
        cleaning: head.cleaning,
    };
    open_outer_fluid(&mut shaped, shape.outer_fluid_mm)?;
    Ok(shaped)
}

fn center_mm(grid: &Grid) -> Vector3<f64> {
    let middle = grid.shape().map(|n| (n as f64 - 1.0) / 2.0);
    grid.to_world(VoxelPoint::new(middle[0], middle[1], middle[2]))
        .0
        .coords
}

fn linear_part(shape: &HeadShape) -> Matrix3<f64> {
    let [xy, xz, yz] = shape.shear;
    let shear = Matrix3::new(1.0, xy, xz, 0.0, 1.0, yz, 0.0, 0.0, 1.0);
    shear * Matrix3::from_diagonal(&Vector3::from(shape.scale))
}

/// The source's grid, grown about its centre with room for the bending.
fn target_grid(source: &Grid, shape: &HeadShape) -> Result<Grid, HeadError> {
    let spacing = source.spacing_mm();
    let growth = linear_part(shape).abs();
    let size = Vector3::from_fn(|a, _| source.shape()[a] as f64 * spacing[a]);
    let needed = growth * size;
    let grown: [usize; 3] = std::array::from_fn(|a| {
        let room = needed[a].max(size[a]) - size[a] + 4.0 * shape.bend.sd_mm;
        (room / 2.0 / spacing[a]).ceil() as usize
    });
    let moved = Matrix4::new_translation(&Vector3::from_fn(|a, _| -(grown[a] as f64)));
    Ok(Grid::new(
        std::array::from_fn(|a| source.shape()[a] + 2 * grown[a]),
        source.world_from_voxel() * moved,
    )?)
}

/// Displacement along each axis in mm on a coarse grid around the target.
fn displacements(target: &Grid, bend: &Bend) -> Result<[Volume<f32>; 3], HeadError> {
    let around = |spacing: f64| {
        let size = target.spacing_mm();
        let shape: [usize; 3] = std::array::from_fn(|a| {
            (target.shape()[a] as f64 * size[a] / spacing).ceil() as usize + 3
        });
        let mut affine = *target.world_from_voxel();
        for a in 0..3 {
            affine.column_mut(a).scale_mut(spacing / size[a]);
        }
        // One step of room on each side.
        Grid::new(
            shape,
            affine * Matrix4::new_translation(&Vector3::from_element(-1.0)),
        )
    };
    let lattice = around(bend.spacing_mm)?;
    let coarse = around(COARSE_MM)?;
    let mut fields = Vec::new();
    for axis in 0..3 {
        let mut stream = Stream::new(bend.seed, "bend", axis);
        let points = Volume::from_fn(&lattice, |_| (bend.sd_mm * stream.normal()) as f32);
        let field = resample(
            &points,
            &coarse,
            &Matrix4::identity(),
            Interpolation::Cubic,
            0.0,
        );
        // The identity is finite, the one error there is.
        fields.push(field.unwrap_or_else(|_| Volume::filled(&coarse, 0.0)));
    }
    let fields: [Volume<f32>; 3] = match fields.try_into() {
        Ok(fields) => fields,
        Err(_) => std::array::from_fn(|_| Volume::filled(&coarse, 0.0)),
    };
    Ok(fields)
}

/// The ventricles' signed distance, along whose gradient they grow.
struct Ventricles {
    /// In mm, negative inside, on a grid of 2 voxels.
    distance: Volume<f32>,
    growth_mm: f64,
}

impl Ventricles {
    fn of(head: &Head, growth_mm: f64) -> Result<Self, HeadError> {
        // Lateral ventricles and the third; the fourth stays as it is.
        let mask = head
            .labels
            .crop(head.brain_box(0))?
            .map(|code| matches!(code, 4 | 43 | 14 | 31 | 63));
        let outside = distance_to_mm(&mask);
        let inside = distance_to_mm(&mask.map(|m| !m));
        let far = 10.0 * VENTRICLE_REACH_MM as f32;
        let signed = Volume::new(
            mask.grid().clone(),
            outside
                .voxels()
                .iter()
                .zip(inside.voxels())
                .map(|(o, i)| (o - i).clamp(-far, far))
                .collect(),
        );
        let signed = signed.unwrap_or_else(|_| outside.clone());
        Ok(Self {
            distance: block_mean(&signed, [2; 3])?,
            growth_mm,
        })
    }

    /// How far outwards of the point's own place what will be there comes from, in mm.
    fn shift(&self, at: Vector3<f64>) -> Vector3<f64> {
        if self.growth_mm == 0.0 {
            return Vector3::zeros();
        }
        let grid = self.distance.grid();
        let sample = |p: Vector3<f64>| {
            let voxel = grid
                .to_voxel(siderin_image::volume::WorldPoint(p.into()))
                .to_array();
            f64::from(linear_at(&self.distance, voxel))
        };
        let distance = sample(at);
        let felt = (-0.5 * (distance / VENTRICLE_REACH_MM).powi(2)).exp();
        if felt < 1e-3 {
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

/// Makes fluid of the tissue of cortex and cerebellum that touches skull or air: in the maps
/// they meet without a gap.
fn open_outer_fluid(head: &mut Head, thickness_mm: f64) -> Result<(), HeadError> {
    let range = head.brain_box(3);
    let mut brain = head.labels.crop(range.clone())?;
    let outside = brain.map(|code| {
        let t = tissue_of(code);
        t.is_bone() || matches!(t, Tissue::Air | Tissue::Soft | Tissue::Mucosa | Tissue::Eye)
    });
    // Only the skull around the brain: specks of bone were removed before.
    let distance = distance_to_mm(&largest_component(&outside, Connectivity::TwentySix));
    for (code, distance) in brain.voxels_mut().iter_mut().zip(distance.voxels()) {
        let thin = matches!(
            tissue_of(*code),
            Tissue::Cortex | Tissue::White | Tissue::CerebellarCortex | Tissue::CerebellarWhite
        );
        // A voxel next to the skull has its centre one voxel from the skull's.
        if thin && f64::from(*distance) <= thickness_mm + 0.5 {
            *code = CSF_CODE;
        }
    }
    head.labels.paste(&brain, &range);
    Ok(())
}
