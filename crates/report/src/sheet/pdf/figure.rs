//! Pictures on a page.

use super::page::{BLACK, LETTER, Mark, OUTLINE, WHITE, Weight};
use super::text::Fonts;
use siderin_image::picture::Picture;

/// Width of an outline.
const OUTLINE_PT: f32 = 0.9;
/// Width of a scale bar.
const BAR_PT: f32 = 1.4;

/// The marks of a picture in a box at the origin, as large as fits, on black; its height.
pub(super) fn marks(
    picture: &Picture,
    width: f32,
    most_height: f32,
    fonts: &Fonts,
) -> (Vec<Mark>, f32) {
    let [w, h] = [picture.width_mm as f32, picture.height_mm as f32];
    let scale = (width / w).min(most_height / h);
    let height = h * scale;
    let left = 0.5 * (width - w * scale);
    let at = |x: f64, y: f64| [left + x as f32 * scale, y as f32 * scale];
    let mut marks = vec![Mark::Box {
        x: 0.0,
        y: 0.0,
        width,
        height,
        colour: BLACK,
    }];
    marks.extend(picture.layers.iter().map(|png| Mark::Image {
        x: left,
        y: 0.0,
        width: w * scale,
        height,
        png: png.clone(),
    }));
    marks.push(Mark::Lines {
        lines: picture
            .outline
            .iter()
            .map(|[x0, y0, x1, y1]| {
                let ([x0, y0], [x1, y1]) = (at(*x0, *y0), at(*x1, *y1));
                [x0, y0, x1, y1]
            })
            .collect(),
        width: OUTLINE_PT,
        colour: OUTLINE,
    });
    let margin = picture.margin_mm();
    let [x, y] = at(margin, picture.height_mm - margin);
    marks.push(Mark::Lines {
        lines: vec![[x, y, x + picture.bar_mm as f32 * scale, y]],
        width: BAR_PT,
        colour: WHITE,
    });
    let size = picture.letter_mm() as f32 * scale;
    let mut letter = |text: String, x: f32, y: f32| {
        marks.push(Mark::Text {
            x,
            y,
            size,
            weight: Weight::Regular,
            colour: LETTER,
            text,
        });
    };
    letter(
        format!("{} mm", picture.bar_mm),
        x,
        y - 0.5 * margin as f32 * scale,
    );
    for (c, x, y) in picture.letters() {
        let [x, y] = at(x, y);
        let text = c.to_string();
        let half = 0.5 * fonts.width(&text, size, Weight::Regular);
        letter(text, x - half, y);
    }
    (marks, height)
}
