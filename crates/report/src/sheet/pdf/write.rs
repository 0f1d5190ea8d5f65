//! Pages as a PDF file.

use super::PdfError;
use super::page::{Colour, Mark, Page, Paper, Weight};
use super::text::{BOLD, REGULAR};
use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};

/// The file: with its fonts in it, and without a date, so that the same report is the same bytes.
pub(super) fn document(title: &str, paper: Paper, pages: &[Page]) -> Result<Vec<u8>, PdfError> {
    let font = |data: &'static [u8]| Font::new(data.into(), 0).ok_or(PdfError::Fonts);
    let fonts = [font(REGULAR)?, font(BOLD)?];
    let mut document = Document::new();
    document.set_metadata(
        Metadata::new()
            .title(title.to_string())
            .language("en".into())
            .creator(concat!("siderin ", env!("CARGO_PKG_VERSION")).into()),
    );
    let [width, height] = paper.size();
    let refused = |reason: String| PdfError::Write { reason };
    for page in pages {
        let settings = PageSettings::from_wh(width, height)
            .ok_or_else(|| refused("a page has no size".into()))?;
        let mut on_paper = document.start_page_with(settings);
        let mut surface = on_paper.surface();
        for mark in &page.marks {
            draw(&mut surface, mark, &fonts).map_err(refused)?;
        }
        surface.finish();
        on_paper.finish();
    }
    document
        .finish()
        .map_err(|error| refused(format!("{error:?}")))
}

fn draw(surface: &mut Surface, mark: &Mark, [regular, bold]: &[Font; 2]) -> Result<(), String> {
    match mark {
        Mark::Text {
            x,
            y,
            size,
            weight,
            colour,
            text,
        } => {
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*colour)));
            let font = match weight {
                Weight::Regular => regular,
                Weight::Bold => bold,
            };
            let start = Point::from_xy(*x, *y);
            surface.draw_text(start, font.clone(), *size, text, false, TextDirection::Auto);
        }
        Mark::Box {
            x,
            y,
            width,
            height,
            colour,
        } => {
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*colour)));
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) {
                path.push_rect(rect);
            }
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Mark::Lines {
            lines,
            width,
            colour,
        } => {
            let mut path = PathBuilder::new();
            for [x0, y0, x1, y1] in lines {
                path.move_to(*x0, *y0);
                path.line_to(*x1, *y1);
            }
            if let Some(path) = path.finish() {
                surface.set_fill(None);
                surface.set_stroke(Some(Stroke {
                    paint: paint(*colour).into(),
                    width: *width,
                    ..Stroke::default()
                }));
                surface.draw_path(&path);
            }
        }
        Mark::Image {
            x,
            y,
            width,
            height,
            png,
        } => {
            let image = Image::from_png(png.clone().into(), false)?;
            let size = Size::from_wh(*width, *height).ok_or("an image has no size")?;
            surface.push_transform(&Transform::from_translate(*x, *y));
            surface.draw_image(image, size);
            surface.pop();
        }
    }
    Ok(())
}

fn paint([red, green, blue]: Colour) -> rgb::Color {
    rgb::Color::new(red, green, blue)
}

fn fill(colour: Colour) -> Fill {
    Fill {
        paint: paint(colour).into(),
        ..Fill::default()
    }
}
