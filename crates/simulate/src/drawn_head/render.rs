//! The head as the scanner's voxels average it.

use super::draw::HeadDraw;
use super::lattice::{Lattice, Rows, ScanBox};
use super::paint::Palette;
use super::source::HeadSource;
use super::texture::Texture;
use crate::head::Tissue;
use nalgebra::Vector3;
use siderin_core::regions::{Side, Structure};
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, Volume, VoxelPoint};

/// Smooth noise at two scales.
#[derive(Debug, Clone)]
pub(super) struct Textures {
    pub(super) fine: Texture,
    pub(super) coarse: Texture,
}

/// A head as drawn, of which any place can be looked at.
pub(super) struct Drawn<'a> {
    pub(super) source: &'a HeadSource,
    pub(super) draw: &'a HeadDraw,
    pub(super) textures: &'a Textures,
    pub(super) scan: ScanBox,
    pub(super) lattice: Lattice,
    /// Where in the textures the map begins.
    offset: [usize; 3],
}

/// What is at a place of the map, sulci as wide as they were drawn.
#[derive(Clone, Copy)]
enum Found {
    Material(u8),
    /// Fluid where the map has cortex.
    Fluid,
    /// Cortex where the map has white matter, which has this code.
    Cortex(u8),
}

impl<'a> Drawn<'a> {
    pub(super) fn of(source: &'a HeadSource, draw: &'a HeadDraw, textures: &'a Textures) -> Self {
        let scan = ScanBox::of(source, &draw.form, &draw.field);
        let lattice = Lattice::of(source, &draw.form, &scan);
        let mut stream = Stream::new(draw.form.seed, "texture-offset", 0);
        Self {
            source,
            draw,
            textures,
            scan,
            lattice,
            offset: std::array::from_fn(|_| stream.index(64)),
        }
    }

    /// Voxel of the map, and its place in the list of voxels.
    fn voxel(&self, at: [f32; 3]) -> Option<([usize; 3], usize)> {
        let shape = self.source.grid.shape();
        let rounded = at.map(|v| v + 0.5);
        let inside = (0..3).all(|a| rounded[a] >= 0.0 && rounded[a] < shape[a] as f32);
        let index = rounded.map(|v| v as usize);
        inside.then(|| {
            (
                index,
                index[0] + shape[0] * (index[1] + shape[1] * index[2]),
            )
        })
    }

    fn found(&self, index: [usize; 3], offset: usize) -> Found {
        let number = self.source.material[offset];
        let depth = f32::from(self.source.depth[offset]) / 10.0;
        let sulci = self.draw.form.sulci_mm as f32;
        // Cortex is thinned by less than sulci widen.
        const CORTEX_FOLLOWS: f32 = 0.6;
        match self.source.materials[usize::from(number)].tissue {
            // The width is looked up where it can matter.
            Tissue::Cortex | Tissue::CerebellarCortex
                if depth <= 2.0 * sulci && depth <= self.width(index, sulci) =>
            {
                Found::Fluid
            }
            Tissue::White
                if depth <= 2.0 * CORTEX_FOLLOWS * sulci
                    && depth <= CORTEX_FOLLOWS * self.width(index, sulci) =>
            {
                Found::Cortex(number)
            }
            _ => Found::Material(number),
        }
    }

    /// By how much sulci are wider here.
    fn width(&self, index: [usize; 3], sulci_mm: f32) -> f32 {
        let here = self
            .textures
            .coarse
            .at([0, 1, 2].map(|a| index[a] + self.offset[a]));
        sulci_mm * (1.0 + here.clamp(-2.5, 2.5) / 3.0)
    }

    /// Means over the voxels of a grid along the box's axes.
    pub(super) fn image(&self, grid: &Grid, palette: &Palette) -> Volume<f32> {
        /// Points of the map that a voxel is the mean of are no farther apart.
        const FINEST_MM: f64 = 1.3;
        let field = &self.draw.field;
        let mut share = [1.0; 3];
        share[field.slice_axis] = field.thickness;
        let size = grid.spacing_mm();
        let parts = [0, 1, 2].map(|a| (size[a] * share[a] / FINEST_MM).ceil() as usize);
        let [nx, ny, nz] = grid.shape();
        let mut rows = Rows::of(&self.lattice, &self.scan, grid, (parts, share));
        let mut image = Volume::filled(grid, 0.0f32);
        // A voxel's parts are steps; voxels are apart by all of their size.
        let place = |voxel: usize, part: usize, a: usize| {
            voxel as f64 * parts[a] as f64 / share[a] + part as f64
        };
        let each = 1.0 / parts.iter().product::<usize>() as f32;
        for (number, values) in image.voxels_mut().chunks_exact_mut(nx).enumerate() {
            let (j, k) = (number % ny, number / ny % nz);
            for c in 0..parts[2] {
                for b in 0..parts[1] {
                    let x = (0..nx * parts[0]).map(|i| place(i / parts[0], i % parts[0], 0));
                    let mut point = 0;
                    rows.row([place(j, b, 1), place(k, c, 2)], x, |at| {
                        values[point / parts[0]] += each * self.brightness(at, palette);
                        point += 1;
                    });
                }
            }
        }
        image
    }

    fn brightness(&self, at: [f32; 3], palette: &Palette) -> f32 {
        let Some((index, offset)) = self.voxel(at) else {
            return 0.0;
        };
        let paint = match self.found(index, offset) {
            Found::Fluid => palette.fluid,
            Found::Cortex(_) => palette.cortex,
            Found::Material(0) => return 0.0,
            Found::Material(number) => palette.paints[usize::from(number)],
        };
        let here = [0, 1, 2].map(|a| index[a] + self.offset[a]);
        let level = paint.level + (palette.lesion - paint.level) * self.disease(here, offset);
        level * (1.0 + paint.texture * self.textures.fine.at(here))
    }

    /// Share of white matter that is diseased, most of it near the ventricles.
    fn disease(&self, here: [usize; 3], offset: usize) -> f32 {
        let near = self.source.near_ventricle[offset];
        let spread = self.draw.contrast.tissue.leukoaraiosis as f32;
        if spread == 0.0 || near == u8::MAX {
            return 0.0;
        }
        let close = (-f32::from(near) / 8.0).exp();
        let level = self.textures.coarse.at(here) - 2.2 + 2.2 * close + 2.0 * spread;
        level.clamp(0.0, 1.0)
    }

    /// [`Structure::code`] of the voxels of a grid along the box's axes.
    pub(super) fn codes(&self, grid: &Grid) -> Vec<u8> {
        let mut codes = Vec::with_capacity(grid.voxel_count());
        self.centres(grid, |at| codes.push(self.code(at)));
        codes
    }

    fn code(&self, at: [f32; 3]) -> u8 {
        let Some((index, offset)) = self.voxel(at) else {
            return 0;
        };
        let of = |number: u8| self.source.materials[usize::from(number)].code;
        let code = match self.found(index, offset) {
            Found::Material(number) => of(number),
            Found::Fluid => Structure::OuterFluid as u8,
            Found::Cortex(white) => match Structure::of_code(of(white)) {
                Some((_, Some(side))) => Structure::Cortex.code(side),
                _ => of(white),
            },
        };
        match Structure::of_code(code) {
            Some((structure, Some(side))) if self.draw.form.mirrored => {
                structure.code(match side {
                    Side::Left => Side::Right,
                    Side::Right => Side::Left,
                })
            }
            _ => code,
        }
    }

    /// Places in MNI mm of the voxels of a grid along the box's axes.
    pub(super) fn mni(&self, grid: &Grid) -> Vec<[f32; 3]> {
        let mut places = Vec::with_capacity(grid.voxel_count());
        let mni = self.source.frame.mni_from_world() * self.source.grid.world_from_voxel();
        self.centres(grid, |at| {
            let [x, y, z] = at.map(f64::from);
            let place = mni.transform_point(&[x, y, z].into());
            let x = if self.draw.form.mirrored {
                -place.x
            } else {
                place.x
            };
            places.push([x, place.y, place.z].map(|mm| mm as f32));
        });
        places
    }

    /// How steeply the field changes at the voxels of a grid along the box's axes, in ppm per mm.
    pub(super) fn steepness(&self, grid: &Grid) -> Vec<f32> {
        let mut values = Vec::with_capacity(grid.voxel_count());
        let head = self.source.grid.world_from_voxel();
        self.centres(grid, |at| {
            let [x, y, z] = at.map(f64::from);
            let place: Vector3<f64> = head.transform_point(&[x, y, z].into()).coords;
            values.push(self.source.steepness_at(place));
        });
        values
    }

    fn centres(&self, grid: &Grid, mut point: impl FnMut([f32; 3])) {
        let [nx, ny, nz] = grid.shape();
        let mut rows = Rows::of(&self.lattice, &self.scan, grid, ([1; 3], [1.0; 3]));
        for k in 0..nz {
            for j in 0..ny {
                let x = (0..nx).map(|i| i as f64);
                rows.row([j as f64, k as f64], x, &mut point);
            }
        }
    }
}

/// The middles of cubes of two voxels.
pub(super) fn halved(grid: &Grid) -> Result<Grid, siderin_image::volume::GridError> {
    let mut affine = *grid.world_from_voxel();
    for a in 0..3 {
        affine.column_mut(a).scale_mut(2.0);
    }
    let first = grid.to_world(VoxelPoint::new(0.5, 0.5, 0.5)).0;
    affine.fixed_view_mut::<3, 1>(0, 3).copy_from(&first.coords);
    Grid::new(grid.shape().map(|n| n.div_ceil(2)), affine)
}
