//! Slices around a lesion as small pictures: the voxels as PNG, the outline and a scale bar to be drawn over it
//! in millimetres.

use crate::volume::Volume;
use base64::Engine;
use std::collections::HashMap;
use std::fmt::Write;

/// The three planes, as close to anatomical as the scan's own voxel axes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// Seen from below.
    Axial,
    /// Seen from the front.
    Coronal,
    /// Seen from the left.
    Sagittal,
}

impl Plane {
    /// All three, in the order they are shown.
    pub const ALL: [Self; 3] = [Self::Axial, Self::Coronal, Self::Sagittal];

    /// Name in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Axial => "axial",
            Self::Coronal => "coronal",
            Self::Sagittal => "sagittal",
        }
    }

    /// World axes shown to the right and downwards and the one cut through, each with
    /// whether it runs towards lower world coordinates: the patient's right is on the
    /// left, as radiologists read.
    fn layout(self) -> ([(usize, bool); 2], usize) {
        match self {
            Self::Axial => ([(0, true), (1, true)], 2),
            Self::Coronal => ([(0, true), (2, true)], 1),
            Self::Sagittal => ([(1, true), (2, true)], 0),
        }
    }

    /// Letters at the left, right, top and bottom edge.
    fn edges(self) -> [char; 4] {
        match self {
            Self::Axial => ['R', 'L', 'A', 'P'],
            Self::Coronal => ['R', 'L', 'S', 'I'],
            Self::Sagittal => ['A', 'P', 'S', 'I'],
        }
    }
}

/// Grey values from black to white.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Shown as black, and all below.
    pub black: f32,
    /// Shown as white, and all above.
    pub white: f32,
}

/// What a picture shows.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The image.
    pub scan: &'a Volume<f32>,
    /// Its grey values.
    pub window: Window,
    /// Half the edge of the picture in mm; the whole slice where `None`.
    pub half_mm: Option<f64>,
    /// Length of the scale bar in mm.
    pub bar_mm: f64,
    /// Shown in colour over the scan, 0 to 1 on its grid.
    pub heat: Option<&'a Volume<f32>>,
    /// The darkest of so many mm of slices about the middle one is shown, in place of that slice alone.
    pub slab_mm: f64,
}

/// A slice around a place, to be drawn on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Width in mm.
    pub width_mm: f64,
    /// Height in mm.
    pub height_mm: f64,
    /// PNG images that fill it, the lowest first.
    pub layers: Vec<Vec<u8>>,
    /// Borders of what is marked, from x, y to x, y in mm from the top left.
    pub outline: Vec<[f64; 4]>,
    /// Length of the scale bar in mm.
    pub bar_mm: f64,
    /// Letters at the left, right, top and bottom edge.
    pub edges: [char; 4],
    /// Text alternative.
    pub label: String,
}

/// A slice through a voxel, with the border of what `marked` holds.
#[must_use]
pub fn picture(
    view: &View,
    plane: Plane,
    center: [usize; 3],
    marked: &dyn Fn(usize) -> bool,
    label: &str,
) -> Picture {
    picture_of_parts(
        view,
        plane,
        center,
        &|offset| u8::from(marked(offset)),
        label,
    )
}

/// A slice through a voxel, with the borders of parts: `part` gives a voxel's number, 0 where it belongs to none.
#[must_use]
pub fn picture_of_parts(
    view: &View,
    plane: Plane,
    center: [usize; 3],
    part: &dyn Fn(usize) -> u8,
    label: &str,
) -> Picture {
    let grid = view.scan.grid();
    let to_ras = grid.to_ras();
    let (across, cut_world) = plane.layout();
    let cut = to_ras.source_axis[cut_world];
    let [horizontal, vertical] = across.map(|(world, reversed)| {
        let axis = to_ras.source_axis[world];
        Across::new(view, axis, reversed != to_ras.flip[world], center[axis])
    });
    let slices = {
        let half = (0.5 * view.slab_mm / grid.spacing_mm()[cut]).floor() as usize;
        let last = grid.shape()[cut] - 1;
        center[cut].saturating_sub(half)..=(center[cut] + half).min(last)
    };
    let index_at = |u: usize, v: usize| {
        let mut index = center;
        index[horizontal.axis] = horizontal.index(u);
        index[vertical.axis] = vertical.index(v);
        index
    };
    let (width, height) = (horizontal.count, vertical.count);
    let mut grey = Vec::with_capacity(width * height);
    let mut warm = Vec::new();
    let mut parts = HashMap::new();
    let range = (view.window.white - view.window.black).max(f32::MIN_POSITIVE);
    for v in 0..height {
        for u in 0..width {
            let index = index_at(u, v);
            let darkest = slices.clone().map(|slice| {
                let mut index = index;
                index[cut] = slice;
                view.scan.at(index)
            });
            let darkest = darkest.fold(f32::INFINITY, f32::min);
            let share = (darkest - view.window.black) / range;
            grey.push((share.clamp(0.0, 1.0) * 255.0).round() as u8);
            let offset = grid.offset(index);
            warm.extend(
                view.heat
                    .map(|heat| colour(heat.voxels()[offset]))
                    .into_iter()
                    .flatten(),
            );
            match part(offset) {
                0 => {}
                number => {
                    parts.insert((u, v), number);
                }
            }
        }
    }
    let mut layers = vec![png(&grey, width, height, png::ColorType::Grayscale)];
    if view.heat.is_some() {
        layers.push(png(&warm, width, height, png::ColorType::Rgba));
    }
    Picture {
        width_mm: horizontal.extent_mm(),
        height_mm: vertical.extent_mm(),
        layers,
        outline: outline(&parts, horizontal.spacing_mm, vertical.spacing_mm),
        bar_mm: view.bar_mm,
        edges: plane.edges(),
        label: format!("{label}, {}", plane.name()),
    }
}

impl Picture {
    /// The image and the outline as a file of its own, without letters or bar.
    #[must_use]
    pub fn plain_svg(&self) -> String {
        let (w, h) = (self.width_mm, self.height_mm);
        let mut svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.2} {h:.2}" width="{}" height="{}">"#,
            (w * 8.0).round(),
            (h * 8.0).round()
        );
        for layer in &self.layers {
            let image = base64::engine::general_purpose::STANDARD.encode(layer);
            let _ = write!(
                svg,
                r#"<image width="{w:.2}" height="{h:.2}" preserveAspectRatio="none" href="data:image/png;base64,{image}"/>"#
            );
        }
        svg.push_str(r##"<path fill="none" stroke="#ffd166" stroke-width="0.25" d=""##);
        for [x0, y0, x1, y1] in &self.outline {
            let _ = write!(svg, "M{x0:.2} {y0:.2}L{x1:.2} {y1:.2}");
        }
        svg.push_str(r#""/></svg>"#);
        svg
    }

    /// Height of the letters on it, in mm.
    #[must_use]
    pub fn letter_mm(&self) -> f64 {
        self.width_mm * 0.065
    }

    /// Where the scale bar begins: from the left, and from the bottom, in mm.
    #[must_use]
    pub fn margin_mm(&self) -> f64 {
        self.width_mm * 0.04
    }

    /// The middle of each edge's letter and its baseline, in mm from the top left.
    #[must_use]
    pub fn letters(&self) -> [(char, f64, f64); 4] {
        let (w, h, size) = (self.width_mm, self.height_mm, self.letter_mm());
        let [left, right, top, bottom] = self.edges;
        [
            (left, size * 0.7, h / 2.0),
            (right, w - size * 0.7, h / 2.0),
            (top, w / 2.0, size * 1.1),
            (bottom, w / 2.0, h - size * 0.5),
        ]
    }

    /// As a drawing of vectors that needs nothing else.
    #[must_use]
    pub fn svg(&self) -> String {
        let (w, h) = (self.width_mm, self.height_mm);
        let mut svg = format!(
            r#"<svg viewBox="0 0 {w:.2} {h:.2}" role="img" aria-label="{}">"#,
            self.label
        );
        for layer in &self.layers {
            let image = base64::engine::general_purpose::STANDARD.encode(layer);
            let _ = write!(
                svg,
                r#"<image width="{w:.2}" height="{h:.2}" preserveAspectRatio="none" href="data:image/png;base64,{image}"/>"#
            );
        }
        svg.push_str(r#"<path class="outline" d=""#);
        for [x0, y0, x1, y1] in &self.outline {
            let _ = write!(svg, "M{x0:.2} {y0:.2}L{x1:.2} {y1:.2}");
        }
        let (margin, size, bar) = (self.margin_mm(), self.letter_mm(), self.bar_mm);
        let y = h - margin;
        let _ = write!(
            svg,
            r#""/><path class="bar" d="M{margin:.2} {y:.2}h{bar}"/><text class="letter" x="{margin:.2}" y="{:.2}" font-size="{size:.2}">{bar} mm</text>"#,
            y - margin * 0.5
        );
        for (letter, x, y) in self.letters() {
            let _ = write!(
                svg,
                r#"<text class="letter" text-anchor="middle" x="{x:.2}" y="{y:.2}" font-size="{size:.2}">{letter}</text>"#
            );
        }
        svg.push_str("</svg>");
        svg
    }
}

/// One picture axis: which voxels it runs over and in which direction.
struct Across {
    axis: usize,
    first: usize,
    count: usize,
    reversed: bool,
    spacing_mm: f64,
}

impl Across {
    fn new(view: &View, axis: usize, reversed: bool, center: usize) -> Self {
        let n = view.scan.shape()[axis];
        let spacing_mm = view.scan.grid().spacing_mm()[axis];
        let (first, last) = match view.half_mm {
            Some(half_mm) => {
                let half = (half_mm / spacing_mm).round() as usize;
                (center.saturating_sub(half), (center + half).min(n - 1))
            }
            None => (0, n - 1),
        };
        Self {
            axis,
            first,
            count: last - first + 1,
            reversed,
            spacing_mm,
        }
    }

    fn index(&self, step: usize) -> usize {
        if self.reversed {
            self.first + self.count - 1 - step
        } else {
            self.first + step
        }
    }

    fn extent_mm(&self) -> f64 {
        self.count as f64 * self.spacing_mm
    }
}

/// The edges of parts in mm, those between two parts once.
fn outline(parts: &HashMap<(usize, usize), u8>, du: f64, dv: f64) -> Vec<[f64; 4]> {
    let mut pixels: Vec<(&(usize, usize), &u8)> = parts.iter().collect();
    pixels.sort_unstable();
    let mut edges = Vec::new();
    for (&(u, v), part) in pixels {
        let same = |u: usize, v: usize| parts.get(&(u, v)) == Some(part);
        let has = |u: usize, v: usize| parts.contains_key(&(u, v));
        let (x0, y0) = (u as f64 * du, v as f64 * dv);
        let (x1, y1) = (x0 + du, y0 + dv);
        if u == 0 || !same(u - 1, v) {
            edges.push([x0, y0, x0, y1]);
        }
        if !has(u + 1, v) {
            edges.push([x1, y0, x1, y1]);
        }
        if v == 0 || !same(u, v - 1) {
            edges.push([x0, y0, x1, y0]);
        }
        if !has(u, v + 1) {
            edges.push([x0, y1, x1, y1]);
        }
    }
    edges
}

/// Red, green, blue and opacity of heat from 0 to 1: clear, then red, then yellow.
fn colour(heat: f32) -> [u8; 4] {
    let heat = heat.clamp(0.0, 1.0);
    let part = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    [255, part(2.0 * heat - 1.0), 0, part(0.75 * heat)]
}

/// An 8-bit PNG.
fn png(values: &[u8], width: usize, height: usize, color: png::ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(values))
        .expect("writing to memory");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    #[test]
    fn the_patients_right_is_on_the_left() {
        // RAS grid: the highest i is the patient's right, shown first.
        let grid = Grid::axis_aligned([4, 3, 2], [1.0; 3]).unwrap();
        let scan = Volume::filled(&grid, 0.0f32);
        let view = View {
            scan: &scan,
            window: Window {
                black: 0.0,
                white: 1.0,
            },
            half_mm: None,
            bar_mm: 1.0,
            heat: None,
            slab_mm: 0.0,
        };
        let across = Across::new(&view, 0, true, 0);
        assert_eq!((across.index(0), across.index(3)), (3, 0));
        // Marked voxel [3, 2, 0] (right, front) lies in the top left pixel.
        let marked = grid.offset([3, 2, 0]);
        let svg = picture(&view, Plane::Axial, [0, 0, 0], &|o| o == marked, "lesion").svg();
        assert!(svg.contains("M0.00 0.00L0.00 1.00"), "{svg}");
    }

    #[test]
    fn a_slab_shows_its_darkest_slice() {
        // One dark voxel a slice beside the middle: within a slab of 3 mm about it, not within one of 1 mm.
        let grid = Grid::axis_aligned([3, 3, 5], [1.0; 3]).unwrap();
        let mut scan = Volume::filled(&grid, 1.0f32);
        scan.set([1, 1, 3], 0.0);
        let shown = |slab_mm: f64| {
            let view = View {
                scan: &scan,
                window: Window {
                    black: 0.0,
                    white: 1.0,
                },
                half_mm: None,
                bar_mm: 1.0,
                heat: None,
                slab_mm,
            };
            picture(&view, Plane::Axial, [1, 1, 2], &|_| false, "slab").layers
        };
        let white = png(&[255; 9], 3, 3, png::ColorType::Grayscale);
        let mut spotted = [255; 9];
        spotted[4] = 0;
        assert_eq!(shown(1.0), [white]);
        assert_eq!(shown(3.0), [png(&spotted, 3, 3, png::ColorType::Grayscale)]);
    }

    #[test]
    fn heat_goes_from_clear_over_red_to_yellow() {
        assert_eq!(colour(0.0), [255, 0, 0, 0]);
        // .75 · ½ · 255 = 95.6
        assert_eq!(colour(0.5), [255, 0, 0, 96]);
        assert_eq!(colour(1.0), [255, 255, 0, 191]);
    }

    #[test]
    fn an_outline_runs_around_its_pixels_only() {
        let two = |parts: [u8; 2]| HashMap::from([((1, 1), parts[0]), ((2, 1), parts[1])]);
        // Two pixels side by side have six outer edges; the edge between is drawn once where they are of two parts.
        assert_eq!(outline(&two([1, 1]), 1.0, 2.0).len(), 6);
        assert_eq!(outline(&two([1, 2]), 1.0, 2.0).len(), 7);
    }
}
