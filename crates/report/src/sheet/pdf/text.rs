//! Lines of text and how wide they are.

use super::page::Weight;
use ttf_parser::Face;

/// Source Sans 3 (SIL Open Font License 1.1, vendor/source-sans-3).
pub(super) const REGULAR: &[u8] =
    include_bytes!("../../../../../vendor/source-sans-3/SourceSans3-Regular.ttf");
pub(super) const BOLD: &[u8] =
    include_bytes!("../../../../../vendor/source-sans-3/SourceSans3-SemiBold.ttf");

/// Stands for letters that the font lacks.
const UNKNOWN: char = '?';

/// The fonts, to measure with.
pub(super) struct Fonts {
    regular: Face<'static>,
    bold: Face<'static>,
}

impl Fonts {
    /// Those that are part of the program.
    pub(super) fn embedded() -> Option<Self> {
        Some(Self {
            regular: Face::parse(REGULAR, 0).ok()?,
            bold: Face::parse(BOLD, 0).ok()?,
        })
    }

    fn face(&self, weight: Weight) -> &Face<'static> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// Width of a line, pairs of letters not drawn together.
    pub(super) fn width(&self, text: &str, size: f32, weight: Weight) -> f32 {
        let face = self.face(weight);
        let units: u32 = text
            .chars()
            .filter_map(|c| face.glyph_index(c))
            .filter_map(|glyph| face.glyph_hor_advance(glyph))
            .map(u32::from)
            .sum();
        units as f32 * size / f32::from(face.units_per_em())
    }

    /// The text with letters that the font has.
    pub(super) fn known(&self, text: &str) -> String {
        let known = |c: char| self.regular.glyph_index(c).is_some();
        text.chars()
            .map(|c| if known(c) { c } else { UNKNOWN })
            .collect()
    }

    /// Broken between words into lines of up to `width`; a longer word is broken where it must be.
    pub(super) fn lines(&self, text: &str, size: f32, weight: Weight, width: f32) -> Vec<String> {
        let text = self.known(text);
        let fits = |line: &str| self.width(line, size, weight) <= width;
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() {
                word.to_string()
            } else {
                format!("{line} {word}")
            };
            if fits(&longer) {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                let longer = format!("{line}{letter}");
                if !line.is_empty() && !fits(&longer) {
                    lines.push(std::mem::take(&mut line));
                    line.push(letter);
                } else {
                    line = longer;
                }
            }
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines
    }
}
