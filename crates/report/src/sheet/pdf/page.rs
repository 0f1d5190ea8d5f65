//! Pages of marks. All lengths are in points, 1/72 of an inch, from the top left.

use serde::Serialize;

/// Size of the pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 8.5 × 11 inches.
    Letter,
}

impl Paper {
    /// Width and height.
    pub(super) fn size(self) -> [f32; 2] {
        match self {
            Self::A4 => [595.28, 841.89],
            Self::Letter => [612.0, 792.0],
        }
    }
}

/// Left free on each side.
pub(super) const MARGIN: f32 = 42.0;
/// Left free at the bottom, with the foot in it.
pub(super) const FOOT: f32 = 52.0;

/// Which letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// Red, green, blue.
pub(super) type Colour = [u8; 3];

pub(super) const INK: Colour = [27, 31, 36];
pub(super) const SOFT: Colour = [91, 101, 112];
pub(super) const LINE: Colour = [200, 206, 212];
pub(super) const NOTE: Colour = [255, 246, 224];
pub(super) const NOTE_INK: Colour = [90, 65, 0];
pub(super) const BLACK: Colour = [0, 0, 0];
pub(super) const WHITE: Colour = [255, 255, 255];
pub(super) const OUTLINE: Colour = [255, 77, 61];
pub(super) const LETTER: Colour = [255, 213, 74];

/// One thing on a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// A line of text; `y` is its baseline.
    Text {
        x: f32,
        y: f32,
        size: f32,
        weight: Weight,
        colour: Colour,
        text: String,
    },
    /// A filled rectangle.
    Box {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        colour: Colour,
    },
    /// Lines of one width, each from x, y to x, y.
    Lines {
        lines: Vec<[f32; 4]>,
        width: f32,
        colour: Colour,
    },
    /// A PNG image.
    Image {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        png: Vec<u8>,
    },
}

/// One page.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Page {
    pub(super) marks: Vec<Mark>,
}

impl Mark {
    /// The same, lower by `dy` and farther right by `dx`.
    pub(super) fn moved(mut self, dx: f32, dy: f32) -> Self {
        match &mut self {
            Self::Text { x, y, .. } | Self::Box { x, y, .. } | Self::Image { x, y, .. } => {
                *x += dx;
                *y += dy;
            }
            Self::Lines { lines, .. } => {
                for [x0, y0, x1, y1] in lines {
                    *x0 += dx;
                    *x1 += dx;
                    *y0 += dy;
                    *y1 += dy;
                }
            }
        }
        self
    }
}
