//! A plot as a vector picture: two axes and what is drawn between them.

use std::fmt::Write;

/// Colours of a picture that stands alone; three lines can be told apart.
const STYLE: &str = "text{font:11px sans-serif;fill:#444}.label{font-size:12px}\
.grid{stroke:#e4e4e4;fill:none}.axis{stroke:#666;fill:none}\
.curve,.second,.third{fill:none;stroke-width:1.8}.curve{stroke:#0b5cad}.second{stroke:#c2410c}\
.third{stroke:#15803d}.faint{fill:none;stroke:#9dbfe0;stroke-width:1}.point{fill:#0b5cad}";

/// Picture size in its own units; the page scales it.
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 58.0;
const BOTTOM: f64 = 46.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 14.0;
/// Room for the largest point.
const POINT: f64 = 11.0;

/// One axis.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What it shows.
    pub label: String,
    /// Where it begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// Values that are marked; round ones where none are given.
    pub ticks: Vec<f64>,
}

impl Axis {
    /// From `low` to `high`, widened to round numbers.
    pub fn round(label: &str, low: f64, high: f64) -> Self {
        let span = (high - low).max(1e-9);
        let step = round_step(span / 5.0);
        let low = (low / step).floor() * step;
        let high = (high / step).ceil() * step;
        let count = ((high - low) / step).round() as usize;
        Self {
            label: label.to_string(),
            low,
            high,
            ticks: (0..=count).map(|i| low + i as f64 * step).collect(),
        }
    }

    /// From 0 to 1.
    pub fn share(label: &str) -> Self {
        Self::round(label, 0.0, 1.0)
    }

    fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// 1, 2 or 5 times a power of ten, at least `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0].into_iter();
    let fits = factors
        .map(|f| f * power)
        .find(|step| *step >= least * (1.0 - 1e-9));
    fits.unwrap_or(10.0 * power)
}

/// A plot being drawn. Points outside the axes are cut off by the frame.
pub struct Plot {
    x: Axis,
    y: Axis,
    title: String,
    marks: String,
    /// Words beside the axes.
    beside: String,
}

impl Plot {
    /// An empty plot.
    #[must_use]
    pub fn new(title: &str, x: Axis, y: Axis) -> Self {
        Self {
            x,
            y,
            title: title.to_string(),
            marks: String::new(),
            beside: String::new(),
        }
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (
            LEFT + self.x.place(x) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - self.y.place(y) * (HEIGHT - BOTTOM - TOP),
        )
    }

    fn path(&self, points: &[(f64, f64)]) -> String {
        let mut path = String::new();
        for (number, &point) in points.iter().enumerate() {
            let (x, y) = self.at(point);
            let letter = if number == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{x:.1} {y:.1}");
        }
        path
    }

    /// A line through points.
    pub fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        let path = self.path(points);
        let _ = write!(self.marks, r#"<path class="{class}" d="{path}"/>"#);
    }

    /// A closed area.
    pub fn area(&mut self, class: &str, points: &[(f64, f64)]) {
        let path = self.path(points);
        let _ = write!(self.marks, r#"<path class="{class}" d="{path}Z"/>"#);
    }

    /// Points; `radius` may differ from one to the next.
    pub fn points(&mut self, points: impl IntoIterator<Item = ((f64, f64), f64)>) {
        for (point, radius) in points {
            let (x, y) = self.at(point);
            let _ = write!(
                self.marks,
                r#"<circle class="point" cx="{x:.1}" cy="{y:.1}" r="{radius:.1}"/>"#
            );
        }
    }

    /// Says what lines are, below each other at the upper right: class and name of each.
    pub fn legend(&mut self, lines: &[(&str, &str)]) {
        for (number, (class, name)) in lines.iter().enumerate() {
            let y = TOP + 14.0 + 14.0 * number as f64;
            let x = WIDTH - RIGHT - 96.0;
            let _ = write!(
                self.beside,
                r#"<path class="{class}" d="M{x} {y}h18"/><text x="{tx}" y="{ty}">{name}</text>"#,
                tx = x + 23.0,
                ty = y + 4.0,
            );
        }
    }

    /// A name to the left of a row.
    pub fn row(&mut self, y: f64, name: &str) {
        let (_, y) = self.at((self.x.low, y));
        let _ = write!(
            self.beside,
            r#"<text x="{:.1}" y="{y:.1}" text-anchor="end">{name}</text>"#,
            LEFT - 4.0
        );
    }

    /// The picture as a file of its own: with its colours, on white.
    #[must_use]
    pub fn picture(&self) -> String {
        let inner = self.svg().replacen(
            "<svg ",
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="840" height="640" "#,
            1,
        );
        let styled =
            format!("><style>{STYLE}</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>");
        inner.replacen('>', &styled, 1)
    }

    /// The picture for a page that has its colours. Titles and labels are the program's own words and need no escaping.
    pub fn svg(&self) -> String {
        let (x0, y0) = (LEFT, HEIGHT - BOTTOM);
        let (x1, y1) = (WIDTH - RIGHT, TOP);
        let id: String = self
            .title
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let mut svg = format!(
            r#"<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}"><clipPath id="{id}"><rect x="{cx}" y="{cy}" width="{w}" height="{h}"/></clipPath>"#,
            title = self.title,
            // Points on an axis are shown whole.
            cx = x0 - POINT,
            cy = y1 - POINT,
            w = x1 - x0 + 2.0 * POINT,
            h = y0 - y1 + 2.0 * POINT,
        );
        for &tick in &self.x.ticks {
            let (x, _) = self.at((tick, self.y.low));
            let _ = write!(
                svg,
                r#"<path class="grid" d="M{x:.1} {y0}V{y1}"/><text x="{x:.1}" y="{y:.1}" text-anchor="middle">{}</text>"#,
                number(tick),
                y = y0 + 15.0,
            );
        }
        for &tick in &self.y.ticks {
            let (_, y) = self.at((self.x.low, tick));
            let _ = write!(
                svg,
                r#"<path class="grid" d="M{x0} {y:.1}H{x1}"/><text x="{x:.1}" y="{ty:.1}" text-anchor="end">{}</text>"#,
                number(tick),
                x = x0 - 6.0,
                ty = y + 4.0,
            );
        }
        let middle = 0.5 * (x0 + x1);
        let _ = write!(
            svg,
            r#"<g clip-path="url(#{id})">{marks}</g>{beside}<path class="axis" d="M{x0} {y1}V{y0}H{x1}"/><text class="label" x="{middle:.1}" y="{below:.1}" text-anchor="middle">{xl}</text><text class="label" transform="translate(14 {upright:.1}) rotate(-90)" text-anchor="middle">{yl}</text></svg>"#,
            marks = self.marks,
            beside = self.beside,
            below = HEIGHT - 10.0,
            upright = 0.5 * (y0 + y1),
            xl = self.x.label,
            yl = self.y.label,
        );
        svg
    }
}

/// A tick's value without needless digits.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        let axis = Axis::round("n", -0.3, 17.0);
        assert_eq!((axis.low, axis.high), (-5.0, 20.0));
        assert_eq!(axis.ticks, [-5.0, 0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(Axis::share("p").ticks.len(), 6);
        assert_eq!([0.2, 1.0, -0.0].map(number), ["0.2", "1", "0"]);
    }

    #[test]
    fn higher_values_are_drawn_higher() {
        let plot = Plot::new("t", Axis::share("x"), Axis::share("y"));
        let (low, high) = (plot.at((0.0, 0.0)), plot.at((1.0, 1.0)));
        assert!(low.0 < high.0 && low.1 > high.1);
    }
}
