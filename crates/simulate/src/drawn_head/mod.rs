//! Heads for a network to learn from, each drawn when it is wanted and seen once.
//!
//! A [`HeadSource`] is a label map made ready; a [`HeadDraw`] says all that is drawn of one scan of it; the
//! [`DrawnHead`] is its image and the truth on any grid along the image's axes. What a network learns from that is to
//! know a brain by its shape, not by its greys (SynthSeg: Billot 2023, doi 10.1016/j.media.2023.102789).

mod bare_brain;
mod draw;
mod finish;
mod lattice;
mod paint;
mod render;
mod source;
mod texture;

pub use draw::{Contrast, Faults, Field, Form, HeadDraw, Stripped};
pub use source::HeadSource;

use paint::Palette;
use render::{Drawn, Textures, halved};
use siderin_image::volume::{Grid, GridError, Volume};
use texture::Texture;

/// Draws heads.
#[derive(Debug, Clone)]
pub struct HeadPainter {
    textures: Textures,
}

impl Default for HeadPainter {
    fn default() -> Self {
        Self {
            textures: Textures {
                fine: Texture::new(0.8, 1),
                coarse: Texture::new(4.0, 2),
            },
        }
    }
}

/// One scan of one head, and what is true of it.
pub struct DrawnHead<'a> {
    /// The image.
    pub image: Volume<f32>,
    drawn: Drawn<'a>,
}

impl HeadPainter {
    /// Shows a head as drawn.
    ///
    /// # Errors
    /// When the draw makes an impossible grid.
    pub fn paint<'a>(
        &'a self,
        source: &'a HeadSource,
        draw: &'a HeadDraw,
    ) -> Result<DrawnHead<'a>, GridError> {
        let drawn = Drawn::of(source, draw, &self.textures);
        let grid = drawn.scan.grid(draw.field.voxel_mm)?;
        let palette = Palette::of(source, draw);
        let image = drawn.finished(drawn.image(&grid, &palette), &palette);
        Ok(DrawnHead { image, drawn })
    }
}

impl DrawnHead<'_> {
    /// [`siderin_core::regions::Structure::code`] of each voxel of a grid along the image's axes.
    #[must_use]
    pub fn structures(&self, grid: &Grid) -> Vec<u8> {
        self.drawn.codes(grid)
    }

    /// Place in MNI mm of the middle of each cube of 2 × 2 × 2 voxels of a grid along the image's axes.
    ///
    /// # Errors
    /// When the grid cannot be halved.
    pub fn mni_of_cubes(&self, grid: &Grid) -> Result<Vec<[f32; 3]>, GridError> {
        Ok(self.drawn.mni(&halved(grid)?))
    }
}

#[cfg(test)]
mod tests;
