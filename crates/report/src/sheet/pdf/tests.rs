use super::super::{Block, HeadCell, Row, Sheet, Table, Tile};
use super::page::{FOOT, Mark, Page, Paper, Weight};
use super::{layout, text::Fonts, write};

/// A report with a table of so many rows.
fn sheet(rows: usize) -> Sheet {
    Sheet {
        title: "Microbleeds: scan".into(),
        tiles: vec![Tile {
            value: rows.to_string(),
            label: "microbleed candidates".into(),
            note: "2–10 mm".into(),
        }],
        warnings: vec!["first".into(), "second".into()],
        blocks: vec![
            Block::Heading("Findings".into()),
            Block::Tables(vec![Table {
                caption: None,
                numeric: vec![true, false],
                head: vec![vec![HeadCell::of("No."), HeadCell::of("Region")]],
                rows: (1..=rows)
                    .map(|n| Row::of(vec![n.to_string(), "left frontal".into()]))
                    .collect(),
            }]),
        ],
    }
}

fn words(page: &Page) -> Vec<&str> {
    let words = page.marks.iter().filter_map(|mark| match mark {
        Mark::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    words.collect()
}

#[test]
fn a_long_table_goes_on_under_its_head() {
    let fonts = Fonts::embedded().unwrap();
    for paper in [Paper::A4, Paper::Letter] {
        let pages = layout::pages(&sheet(120), paper, &fonts);
        assert!(pages.len() > 2, "{}", pages.len());
        let all: Vec<Vec<&str>> = pages.iter().map(words).collect();
        for (n, page) in all.iter().enumerate() {
            assert!(page.contains(&"Region"), "the head of page {n}");
            let foot = format!("{} / {}", n + 1, pages.len());
            assert!(page.contains(&foot.as_str()));
        }
        // Each row is there once.
        for row in 1..=120 {
            let row = row.to_string();
            let times = all.iter().flatten().filter(|text| **text == row).count();
            // 120 is the tile's value, too.
            assert_eq!(times, if row == "120" { 2 } else { 1 }, "{row}");
        }
        // Nothing but feet below the foot's line.
        let bottom = paper.size()[1] - FOOT;
        let low = pages
            .iter()
            .flat_map(|page| &page.marks)
            .filter(|mark| matches!(mark, Mark::Text { y, .. } if *y > bottom + 1.0));
        assert_eq!(low.count(), 2 * pages.len());
    }
}

#[test]
fn words_wrap_within_the_width() {
    let fonts = Fonts::embedded().unwrap();
    let text =
        "a number of words that need more than one line, and averyveryverylongwordthatdoesnotfit";
    let lines = fonts.lines(text, 10.0, Weight::Regular, 120.0);
    assert!(lines.len() > 3);
    for line in &lines {
        assert!(fonts.width(line, 10.0, Weight::Regular) <= 120.0, "{line}");
    }
    let letters = |text: &str| text.replace(' ', "");
    assert_eq!(letters(&lines.concat()), letters(text));
    // Digits are 497 of 1000 units wide (its hmtx table).
    assert!((fonts.width("10", 10.0, Weight::Regular) - 9.94).abs() < 1e-4);
    assert_eq!(fonts.lines("", 10.0, Weight::Regular, 50.0), [""]);
    assert_eq!(fonts.known("≥ 5 \u{1F9E0}"), "≥ 5 ?");
}

#[test]
fn the_same_report_is_the_same_bytes() {
    let bytes = write(&sheet(3), Paper::A4).unwrap();
    assert!(bytes.starts_with(b"%PDF-"));
    assert_eq!(bytes, write(&sheet(3), Paper::A4).unwrap());
}
