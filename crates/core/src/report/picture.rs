//! Slices around a lesion as small vector pictures: the voxels as an embedded PNG, the
//! outline and a scale bar drawn over it in millimetres.

use crate::volume::Volume;
use base64::Engine;
use std::collections::HashSet;
use std::fmt::Write;

/// The three planes, as close to anatomical as the scan's own voxel axes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plane {
    Axial,
    Coronal,
    Sagittal,
}

impl Plane {
    pub(crate) const ALL: [Self; 3] = [Self::Axial, Self::Coronal, Self::Sagittal];

    pub(crate) fn name(self) -> &'static str {
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
pub(crate) struct Window {
    pub(crate) black: f32,
    pub(crate) white: f32,
}

/// What a picture shows.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) scan: &'a Volume<f32>,
    pub(crate) window: Window,
    /// Half the edge of the picture in mm; the whole slice where `None`.
    pub(crate) half_mm: Option<f64>,
    /// Length of the scale bar in mm.
    pub(crate) bar_mm: f64,
    /// Shown in colour over the scan, 0 to 1 on its grid.
    pub(crate) heat: Option<&'a Volume<f32>>,
}

/// A slice through a voxel as SVG, with the border of what `marked` holds.
pub(crate) fn picture(
    view: &View,
    plane: Plane,
    center: [usize; 3],
    marked: &dyn Fn(usize) -> bool,
    label: &str,
) -> String {
    let grid = view.scan.grid();
    let to_ras = grid.to_ras();
    let (across, cut_world) = plane.layout();
    let cut = to_ras.source_axis[cut_world];
    let [horizontal, vertical] = across.map(|(world, reversed)| {
        let axis = to_ras.source_axis[world];
        Across::new(view, axis, reversed != to_ras.flip[world], center[axis])
    });
    let voxel_at = |u: usize, v: usize| {
        let mut index = center;
        index[cut] = center[cut];
        index[horizontal.axis] = horizontal.index(u);
        index[vertical.axis] = vertical.index(v);
        grid.offset(index)
    };
    let (width, height) = (horizontal.count, vertical.count);
    let mut grey = Vec::with_capacity(width * height);
    let mut warm = Vec::new();
    let mut inside = HashSet::new();
    let range = (view.window.white - view.window.black).max(f32::MIN_POSITIVE);
    for v in 0..height {
        for u in 0..width {
            let offset = voxel_at(u, v);
            let share = (view.scan.voxels()[offset] - view.window.black) / range;
            grey.push((share.clamp(0.0, 1.0) * 255.0).round() as u8);
            warm.extend(
                view.heat
                    .map(|heat| colour(heat.voxels()[offset]))
                    .into_iter()
                    .flatten(),
            );
            if marked(offset) {
                inside.insert((u, v));
            }
        }
    }
    let (w_mm, h_mm) = (horizontal.extent_mm(), vertical.extent_mm());
    let mut svg = format!(
        r#"<svg viewBox="0 0 {w_mm:.2} {h_mm:.2}" role="img" aria-label="{label}, {plane}">"#,
        plane = plane.name()
    );
    let mut layer = |png: Vec<u8>| {
        let image = base64::engine::general_purpose::STANDARD.encode(png);
        let _ = write!(
            svg,
            r#"<image width="{w_mm:.2}" height="{h_mm:.2}" preserveAspectRatio="none" href="data:image/png;base64,{image}"/>"#
        );
    };
    layer(png(&grey, width, height, png::ColorType::Grayscale));
    if view.heat.is_some() {
        layer(png(&warm, width, height, png::ColorType::Rgba));
    }
    let _ = write!(
        svg,
        r#"<path class="outline" d="{}"/>"#,
        outline(&inside, horizontal.spacing_mm, vertical.spacing_mm)
    );
    svg.push_str(&scale_bar(view.bar_mm, w_mm, h_mm));
    svg.push_str(&edge_letters(plane.edges(), w_mm, h_mm));
    svg.push_str("</svg>");
    svg
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

/// The edges between marked and unmarked pixels as a path in mm.
fn outline(inside: &HashSet<(usize, usize)>, du: f64, dv: f64) -> String {
    let mut pixels: Vec<&(usize, usize)> = inside.iter().collect();
    pixels.sort_unstable();
    let has = |u: usize, v: usize| inside.contains(&(u, v));
    let mut path = String::new();
    for &&(u, v) in &pixels {
        let (x0, y0) = (u as f64 * du, v as f64 * dv);
        let (x1, y1) = (x0 + du, y0 + dv);
        let mut line = |from: (f64, f64), to: (f64, f64)| {
            let _ = write!(path, "M{:.2} {:.2}L{:.2} {:.2}", from.0, from.1, to.0, to.1);
        };
        if u == 0 || !has(u - 1, v) {
            line((x0, y0), (x0, y1));
        }
        if !has(u + 1, v) {
            line((x1, y0), (x1, y1));
        }
        if v == 0 || !has(u, v - 1) {
            line((x0, y0), (x1, y0));
        }
        if !has(u, v + 1) {
            line((x0, y1), (x1, y1));
        }
    }
    path
}

fn scale_bar(bar_mm: f64, width_mm: f64, height_mm: f64) -> String {
    let margin = width_mm * 0.04;
    let y = height_mm - margin;
    let size = width_mm * 0.065;
    format!(
        r#"<path class="bar" d="M{margin:.2} {y:.2}h{bar_mm}"/><text class="letter" x="{margin:.2}" y="{:.2}" font-size="{size:.2}">{bar_mm} mm</text>"#,
        y - margin * 0.5
    )
}

fn edge_letters([left, right, top, bottom]: [char; 4], w: f64, h: f64) -> String {
    let size = w * 0.065;
    let place = |letter: char, x: f64, y: f64| {
        format!(
            r#"<text class="letter" text-anchor="middle" x="{x:.2}" y="{y:.2}" font-size="{size:.2}">{letter}</text>"#
        )
    };
    [
        place(left, size * 0.7, h / 2.0),
        place(right, w - size * 0.7, h / 2.0),
        place(top, w / 2.0, size * 1.1),
        place(bottom, w / 2.0, h - size * 0.5),
    ]
    .concat()
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
        };
        let across = Across::new(&view, 0, true, 0);
        assert_eq!((across.index(0), across.index(3)), (3, 0));
        // Marked voxel [3, 2, 0] (right, front) lies in the top left pixel.
        let marked = grid.offset([3, 2, 0]);
        let svg = picture(&view, Plane::Axial, [0, 0, 0], &|o| o == marked, "lesion");
        assert!(svg.contains("M0.00 0.00L0.00 1.00"), "{svg}");
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
        let two = HashSet::from([(1, 1), (2, 1)]);
        // Two pixels side by side have six outer edges; the edge between is not drawn.
        assert_eq!(outline(&two, 1.0, 2.0).matches('M').count(), 6);
    }
}
