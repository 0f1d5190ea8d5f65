//! One drawn head as the network takes it.

use super::heads::{Heads, HeadsError};
use super::loss::StructureTruth;
use siderin_image::preprocess::{HeadViewError, head_view};
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, Volume};
use siderin_net::architectures::STRUCTURE_STRIDE;
use siderin_simulate::drawn_head::{HeadDraw, HeadPainter, HeadSource};

/// A head's view, filled up with nothing behind, and its truth.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    /// Columns fastest, then rows, then slices.
    pub(super) view: Vec<f32>,
    pub(super) truth: StructureTruth,
}

/// Draws examples, the same for everyone who asks.
pub(super) struct Examples {
    heads: Vec<HeadSource>,
    painter: HeadPainter,
    seed: u64,
    purpose: &'static str,
}

/// Larger views are cut: 256 mm.
const MOST_VOXELS: usize = 128;

impl Examples {
    pub(super) fn new(heads: Heads, seed: u64, purpose: &'static str) -> Self {
        Self {
            heads: heads.0,
            painter: HeadPainter::default(),
            seed,
            purpose,
        }
    }

    pub(super) fn heads(&self) -> usize {
        self.heads.len()
    }

    /// Example `number`: of any head. A draw that shows nothing at all is drawn again.
    pub(super) fn draw(&self, number: u64) -> Result<Example, HeadsError> {
        const TRIES: u64 = 20;
        let mut stream = Stream::new(self.seed, self.purpose, number);
        for _ in 0..TRIES {
            let source = &self.heads[stream.index(self.heads.len())];
            match self.shown(source, stream.seed()) {
                Err(HeadsError::View(HeadViewError::Otsu(_) | HeadViewError::NoImage)) => {}
                done => return done,
            }
        }
        Err(HeadsError::Blank { tries: TRIES })
    }

    fn shown(&self, source: &HeadSource, seed: u64) -> Result<Example, HeadsError> {
        let draw = HeadDraw::draw(seed);
        let drawn = self.painter.paint(source, &draw)?;
        let view = head_view(&drawn.image)?;
        let most = view.shape().map(|n| n.min(MOST_VOXELS));
        // The vertex stays.
        let top = view.shape()[2];
        let view = view.crop([0..most[0], 0..most[1], top - most[2]..top])?;
        let grid = view.grid();
        // Truth goes as far as the network sees, beyond the view's end.
        let full = Grid::new(
            grid.shape().map(|n| n.next_multiple_of(STRUCTURE_STRIDE)),
            *grid.world_from_voxel(),
        )?;
        let mni = drawn.mni_of_cubes(&full)?;
        let mut codes = drawn.structures(&full);
        let view = filled(&view, &full);
        blank_beyond(&mut codes, &full, grid.shape());
        let [w, h, d] = full.shape().map(|n| n / 2);
        Ok(Example {
            view,
            truth: StructureTruth {
                codes,
                mni,
                cubes: [d, h, w],
            },
        })
    }
}

/// The view with zeros behind.
fn filled(view: &Volume<f32>, full: &Grid) -> Vec<f32> {
    let shape = view.shape();
    let inside = Volume::from_fn(full, |index| {
        if (0..3).all(|a| index[a] < shape[a]) {
            view.at(index)
        } else {
            0.0
        }
    });
    inside.into_voxels()
}

/// Where nothing is seen, nothing is there.
fn blank_beyond(codes: &mut [u8], full: &Grid, shape: [usize; 3]) {
    for (offset, code) in codes.iter_mut().enumerate() {
        let index = full.index(offset);
        if (0..3).any(|a| index[a] >= shape[a]) {
            *code = 0;
        }
    }
}

impl Example {
    /// Samples, images, slices, rows, columns.
    pub(super) fn shape(&self) -> [usize; 5] {
        let [d, h, w] = self.truth.cubes.map(|n| 2 * n);
        [1, 1, d, h, w]
    }
}
