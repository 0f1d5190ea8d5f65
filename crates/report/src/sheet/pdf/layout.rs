//! Blocks on pages: what belongs together stays together, and a heading never ends a page.

use super::super::{Block, Card, Figure, Sheet, Table, Tile};
use super::page::{
    Colour, FOOT, INK, LINE, MARGIN, Mark, NOTE, NOTE_INK, Page, Paper, SOFT, Weight,
};
use super::table::TablePieces;
use super::text::Fonts;
use super::{figure, table};
use siderin_core::RESEARCH_USE;

const TITLE: f32 = 17.0;
const HEADING: f32 = 12.0;
const BODY: f32 = 9.5;
const SMALL: f32 = 8.0;
/// Height of a line in heights of its letters.
const LEADING: f32 = 1.3;
/// Between blocks.
const GAP: f32 = 8.0;
/// Between pictures.
const BETWEEN: f32 = 7.0;
/// A picture is no wider or higher than this.
const PICTURE: f32 = 190.0;
/// With a heading this much of a table or text stays on its page.
const AFTER_HEADING: f32 = 60.0;
/// About as high is a paragraph below a heading.
const PARAGRAPH: f32 = 26.0;

/// All pages, with their feet.
pub(super) fn pages(sheet: &Sheet, paper: Paper, fonts: &Fonts) -> Vec<Page> {
    let mut layout = Layout::new(paper, fonts);
    layout.text(&sheet.title, TITLE, Weight::Bold, INK);
    layout.boxed(&[RESEARCH_USE.to_string()], Weight::Bold);
    layout.tiles(&sheet.tiles);
    if !sheet.warnings.is_empty() {
        layout.boxed(&sheet.warnings, Weight::Regular);
    }
    for (n, block) in sheet.blocks.iter().enumerate() {
        if matches!(block, Block::Heading(_)) {
            layout.need(HEADING * LEADING + GAP + layout.beginning(&sheet.blocks[n + 1..]));
        }
        layout.block(block);
    }
    layout.finish()
}

struct Layout<'a> {
    fonts: &'a Fonts,
    size: [f32; 2],
    pages: Vec<Page>,
    y: f32,
}

impl<'a> Layout<'a> {
    fn new(paper: Paper, fonts: &'a Fonts) -> Self {
        Self {
            fonts,
            size: paper.size(),
            pages: vec![Page::default()],
            y: MARGIN,
        }
    }

    fn width(&self) -> f32 {
        self.size[0] - 2.0 * MARGIN
    }

    fn bottom(&self) -> f32 {
        self.size[1] - FOOT
    }

    fn turn(&mut self) {
        self.pages.push(Page::default());
        self.y = MARGIN;
    }

    /// Begins a page where less than `height` is left of this one.
    fn need(&mut self, height: f32) {
        if self.y + height > self.bottom() && self.y > MARGIN {
            self.turn();
        }
    }

    fn put(&mut self, marks: Vec<Mark>, dx: f32) {
        let y = self.y;
        let page = self.pages.last_mut().expect("there is always a page");
        let moved = marks.into_iter().map(|mark| mark.moved(MARGIN + dx, y));
        page.marks.extend(moved);
    }

    /// Marks that stay together.
    fn whole(&mut self, marks: Vec<Mark>, height: f32) {
        self.need(height);
        self.put(marks, 0.0);
        self.y += height;
    }

    /// How much of what follows a heading must stay with it: up to the first pictures, whole.
    fn beginning(&self, blocks: &[Block]) -> f32 {
        let mut height = 0.0;
        for block in blocks {
            match block {
                Block::Small(_) | Block::Text(_) => height += PARAGRAPH,
                Block::Figures(figures) => return height + self.row(figures).1,
                Block::Card(card) => return height + self.card_marks(card).1,
                Block::Tables(tables) => {
                    let heights = tables
                        .iter()
                        .map(|t| table::pieces(t, self.width(), self.fonts).height());
                    let highest = heights.fold(0.0, f32::max);
                    let whole = highest <= self.whole_height();
                    return height + if whole { highest } else { AFTER_HEADING };
                }
                _ => return height + AFTER_HEADING,
            }
        }
        height
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(text) => {
                self.y += GAP;
                self.text(text, HEADING, Weight::Bold, INK);
                self.y -= 4.0;
                let rule = Mark::Lines {
                    lines: vec![[0.0, 0.0, self.width(), 0.0]],
                    width: 0.8,
                    colour: LINE,
                };
                self.whole(vec![rule], 5.0);
            }
            Block::Text(text) => self.text(text, BODY, Weight::Regular, INK),
            Block::Small(text) => self.text(text, SMALL, Weight::Regular, SOFT),
            Block::Alert(text) => self.boxed(std::slice::from_ref(text), Weight::Regular),
            Block::List(items) => {
                for item in items {
                    self.text(&format!("• {item}"), BODY, Weight::Regular, INK);
                    self.y -= 3.0;
                }
                self.y += 3.0;
            }
            Block::Tables(tables) => self.tables(tables),
            Block::Figures(figures) => {
                let (marks, height) = self.row(figures);
                self.whole(marks, height);
                self.y += GAP;
            }
            Block::Card(card) => self.card(card),
        }
    }

    /// A paragraph; its lines may be on two pages.
    fn text(&mut self, text: &str, size: f32, weight: Weight, colour: Colour) {
        for line in self.fonts.lines(text, size, weight, self.width()) {
            let mark = Mark::Text {
                x: 0.0,
                y: size,
                size,
                weight,
                colour,
                text: line,
            };
            self.whole(vec![mark], size * LEADING);
        }
        self.y += 4.0;
    }

    /// Paragraphs on a tinted ground, each a whole.
    fn boxed(&mut self, paragraphs: &[String], weight: Weight) {
        const PAD: f32 = 7.0;
        let width = self.width() - 2.0 * PAD;
        let mut lines = Vec::new();
        for (n, paragraph) in paragraphs.iter().enumerate() {
            let text = if paragraphs.len() > 1 {
                format!("• {paragraph}")
            } else {
                paragraph.clone()
            };
            let more = self.fonts.lines(&text, BODY, weight, width);
            lines.extend(more.into_iter().map(|line| (n, line)));
        }
        // A box is no higher than a page: of many warnings each page has its own.
        let fit = ((self.bottom() - MARGIN - 2.0 * PAD) / (BODY * LEADING)) as usize;
        for lines in lines.chunks(fit.max(1)) {
            let height = lines.len() as f32 * BODY * LEADING + 2.0 * PAD;
            let mut marks = vec![Mark::Box {
                x: 0.0,
                y: 0.0,
                width: self.width(),
                height,
                colour: NOTE,
            }];
            marks.extend(lines.iter().enumerate().map(|(n, (_, line))| Mark::Text {
                x: PAD,
                y: PAD + n as f32 * BODY * LEADING + BODY,
                size: BODY,
                weight,
                colour: NOTE_INK,
                text: line.clone(),
            }));
            self.whole(marks, height);
            self.y += GAP;
        }
    }

    /// Large figures side by side.
    fn tiles(&mut self, tiles: &[Tile]) {
        const VALUE: f32 = 22.0;
        if tiles.is_empty() {
            return;
        }
        let across = tiles.len() as f32;
        let wide = (self.width() - BETWEEN * (across - 1.0)) / across;
        let mut marks = Vec::new();
        let mut height = 0f32;
        for (n, tile) in tiles.iter().enumerate() {
            let x = n as f32 * (wide + BETWEEN);
            let mut y = 0.0;
            let mut lines = |text: &str, most: f32, weight: Weight, colour: Colour| {
                // A long value is set smaller rather than broken.
                let natural = self.fonts.width(&self.fonts.known(text), most, weight);
                let shrunk = if most > BODY && natural > wide {
                    (most * wide / natural).max(BODY)
                } else {
                    most
                };
                for line in self.fonts.lines(text, shrunk, weight, wide) {
                    y += shrunk * 1.2;
                    marks.push(Mark::Text {
                        x,
                        y,
                        size: shrunk,
                        weight,
                        colour,
                        text: line,
                    });
                }
            };
            lines(&tile.value, VALUE, Weight::Bold, INK);
            lines(&tile.label, BODY, Weight::Regular, INK);
            lines(&tile.note, SMALL, Weight::Regular, SOFT);
            height = height.max(y);
        }
        self.whole(marks, height + GAP);
        self.y += GAP;
    }

    /// Side by side where they fit, else one below the other; a table that is not long stays whole.
    fn tables(&mut self, tables: &[Table]) {
        let mut all: Vec<TablePieces> = tables
            .iter()
            .map(|table| table::pieces(table, self.width(), self.fonts))
            .collect();
        let side_by_side = all.iter().map(|table| table.width).sum::<f32>()
            + BETWEEN * (all.len().max(1) - 1) as f32;
        let highest = all.iter().map(TablePieces::height).fold(0.0, f32::max);
        if side_by_side <= self.width() && highest <= self.whole_height() {
            self.need(highest);
            let mut x = 0.0;
            for table in all.drain(..) {
                let width = table.width;
                self.put(table.whole(), x);
                x += width + BETWEEN;
            }
            self.y += highest + GAP;
        }
        for table in all {
            self.table(table);
        }
    }

    /// What is no higher than this is not cut.
    fn whole_height(&self) -> f32 {
        0.6 * (self.bottom() - MARGIN)
    }

    fn table(&mut self, pieces: TablePieces) {
        let height = pieces.height();
        let (head, head_height) = pieces.head;
        let first = pieces.rows.first().map_or(0.0, |row| row.1);
        self.need(if height <= self.whole_height() {
            height
        } else {
            head_height + first
        });
        self.put(head.clone(), 0.0);
        self.y += head_height;
        for (marks, height) in pieces.rows {
            if self.y + height > self.bottom() {
                self.turn();
                self.put(head.clone(), 0.0);
                self.y += head_height;
            }
            self.put(marks, 0.0);
            self.y += height;
        }
        self.y += GAP;
    }

    /// Pictures side by side with their captions.
    fn row(&self, figures: &[Figure]) -> (Vec<Mark>, f32) {
        let across = figures.len().max(1) as f32;
        let wide = ((self.width() - BETWEEN * (across - 1.0)) / across).min(PICTURE);
        let mut marks = Vec::new();
        let mut height = 0f32;
        for (n, figure) in figures.iter().enumerate() {
            let x = n as f32 * (wide + BETWEEN);
            let (of_picture, high) = figure::marks(&figure.picture, wide, PICTURE, self.fonts);
            marks.extend(of_picture.into_iter().map(|mark| mark.moved(x, 0.0)));
            let mut y = high + 1.0;
            for line in self
                .fonts
                .lines(&figure.caption, SMALL, Weight::Regular, wide)
            {
                y += SMALL * LEADING;
                marks.push(Mark::Text {
                    x,
                    y,
                    size: SMALL,
                    weight: Weight::Regular,
                    colour: SOFT,
                    text: line,
                });
            }
            height = height.max(y + 3.0);
        }
        (marks, height)
    }

    fn card(&mut self, card: &Card) {
        self.y += GAP;
        let (marks, height) = self.card_marks(card);
        self.whole(marks, height);
    }

    fn card_marks(&self, card: &Card) -> (Vec<Mark>, f32) {
        let mut marks = Vec::new();
        let mut y = 0.0;
        for (text, size, weight, colour) in [
            (&card.title, BODY + 1.0, Weight::Bold, INK),
            (&card.note, SMALL, Weight::Regular, SOFT),
        ] {
            for line in self.fonts.lines(text, size, weight, self.width()) {
                marks.push(Mark::Text {
                    x: 0.0,
                    y: y + size,
                    size,
                    weight,
                    colour,
                    text: line,
                });
                y += size * LEADING;
            }
        }
        y += 2.0;
        for figures in &card.figures {
            let (row, height) = self.row(figures);
            marks.extend(row.into_iter().map(|mark| mark.moved(0.0, y)));
            y += height;
        }
        (marks, y)
    }

    /// Writes the feet.
    fn finish(mut self) -> Vec<Page> {
        let count = self.pages.len();
        let (width, height) = (self.width(), self.size[1]);
        for (n, page) in self.pages.iter_mut().enumerate() {
            let foot = |text: String, x: f32| Mark::Text {
                x,
                y: height - 0.6 * FOOT,
                size: SMALL,
                weight: Weight::Regular,
                colour: SOFT,
                text,
            };
            let number = format!("{} / {count}", n + 1);
            let right = MARGIN + width - self.fonts.width(&number, SMALL, Weight::Regular);
            page.marks.push(foot(
                format!(
                    "siderin {} · for research use only, not a medical device",
                    env!("CARGO_PKG_VERSION")
                ),
                MARGIN,
            ));
            page.marks.push(foot(number, right));
        }
        self.pages
    }
}
