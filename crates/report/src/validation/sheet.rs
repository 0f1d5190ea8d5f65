//! The page of a validation.

use super::{BANDS, Share, ValidatedImplant, Validation, ValidationPoint};
use crate::sheet::{Block, HeadCell, Row, Sheet, Table, Tile};
use crate::words;

pub(super) fn sheet(validation: &Validation) -> Sheet {
    let mut blocks = vec![Block::Heading(words::IMPLANTS_FOUND.into())];
    blocks.push(Block::Tables(vec![by_size(validation)]));
    if validation.implants().any(|implant| implant.group.is_some()) {
        blocks.push(Block::Tables(vec![by_group(validation)]));
    }
    blocks.push(Block::Small(words::IMPLANTS_NOTE.into()));
    blocks.push(Block::Heading(words::FINDINGS_AS_THEY_ARE.into()));
    blocks.push(Block::Text(words::FINDINGS_NOTE.into()));
    blocks.push(Block::Tables(vec![by_scan(validation)]));
    blocks.push(Block::Heading(words::WHAT_IT_MEANS.into()));
    blocks.push(Block::List(
        words::VALIDATION_LIMITS.map(String::from).to_vec(),
    ));
    Sheet {
        title: words::VALIDATION_TITLE.into(),
        tiles: tiles(validation),
        warnings: warnings(validation),
        blocks,
    }
}

fn tiles(validation: &Validation) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let suggested = validation.suggested();
    if let Some(point) = suggested {
        let share = validation.found(point, |_| true);
        let percent = share.value().map(|value| format!("{:.0} %", 100.0 * value));
        tiles.push(Tile {
            value: percent.unwrap_or_else(|| "–".into()),
            label: "of the visible microbleeds put in were found".into(),
            note: format!("{share} at the {} point", point.name),
        });
        tiles.push(Tile {
            value: format!("{:.1}", validation.findings_per_scan(point)),
            label: "findings a scan, as the scans are".into(),
            note: "to be read: microbleeds of the patient, or false alarms".into(),
        });
        tiles.push(Tile {
            value: point.name.clone(),
            label: "suggested operating point".into(),
            note: words::SUGGESTED_BECAUSE.into(),
        });
    }
    tiles.push(Tile {
        value: validation.scans.len().to_string(),
        label: "scans".into(),
        note: validation.method.clone(),
    });
    tiles
}

fn warnings(validation: &Validation) -> Vec<String> {
    const FEW: usize = 50;
    let count = validation.implants().count();
    let unsuitable: Vec<&str> = validation
        .scans
        .iter()
        .filter(|scan| scan.suitability == "unsuitable")
        .map(|scan| &*scan.name)
        .collect();
    let mut warnings = Vec::new();
    if count < FEW {
        warnings.push(format!(
            "{count} visible microbleeds are few: intervals are wide. Give more scans, or more copies of each."
        ));
    }
    if !unsuitable.is_empty() {
        warnings.push(format!(
            "Unsuitable for microbleed detection: {}",
            unsuitable.join(", ")
        ));
    }
    warnings
}

fn head(first: &str, validation: &Validation) -> Vec<Vec<HeadCell>> {
    let points = validation
        .points
        .iter()
        .map(|point| HeadCell::of(format!("{} (from {:.2})", point.name, point.threshold)));
    vec![std::iter::once(HeadCell::of(first)).chain(points).collect()]
}

fn row(name: &str, validation: &Validation, chosen: impl Fn(&ValidatedImplant) -> bool) -> Row {
    let share = |point: &ValidationPoint| -> Share { validation.found(point, &chosen) };
    let shares = validation
        .points
        .iter()
        .map(|point| share(point).to_string());
    Row::of(std::iter::once(name.to_string()).chain(shares).collect())
}

fn by_size(validation: &Validation) -> Table {
    let mut rows = Vec::new();
    let mut from = 0.0;
    for (name, to) in BANDS {
        rows.push(row(name, validation, |implant| {
            implant.visible_diameter_mm > from && implant.visible_diameter_mm <= to
        }));
        from = to;
    }
    let mut all = row("all", validation, |_| true);
    all.is_total = true;
    rows.push(all);
    Table {
        caption: Some("Found, by the diameter that is seen".into()),
        numeric: numeric(validation),
        head: head("diameter", validation),
        rows,
    }
}

fn by_group(validation: &Validation) -> Table {
    let groups = ["lobar", "deep", "infratentorial"];
    let rows = groups.map(|name| {
        row(name, validation, |implant| {
            implant.group.as_deref() == Some(name)
        })
    });
    Table {
        caption: Some("Found, by place".into()),
        numeric: numeric(validation),
        head: head("place", validation),
        rows: rows.into(),
    }
}

fn by_scan(validation: &Validation) -> Table {
    let suggested = validation.suggested();
    let rows = validation.scans.iter().map(|scan| {
        let findings = validation.points.iter().map(|point| {
            let count = scan
                .findings
                .iter()
                .filter(|c| **c >= point.threshold)
                .count();
            count.to_string()
        });
        let about = [
            scan.name.clone(),
            scan.scanner.clone(),
            scan.suitability.clone(),
        ];
        let seen = format!("{} (and {} invisible)", scan.implants.len(), scan.invisible);
        let found = suggested.map(|point| scan.found(point).to_string());
        let last = [seen, found.unwrap_or_default()];
        Row::of(about.into_iter().chain(findings).chain(last).collect())
    });
    let first = ["scan", "made with", "suitability"].map(HeadCell::of);
    let points = validation
        .points
        .iter()
        .map(|p| HeadCell::of(format!("findings, {}", p.name)));
    let found = suggested.map_or(String::new(), |point| format!("found, {}", point.name));
    let last = [
        HeadCell::of("visible microbleeds put in"),
        HeadCell::of(found),
    ];
    let count = validation.points.len();
    Table {
        caption: None,
        numeric: [false; 3]
            .into_iter()
            .chain(vec![true; count + 2])
            .collect(),
        head: vec![first.into_iter().chain(points).chain(last).collect()],
        rows: rows.collect(),
    }
}

fn numeric(validation: &Validation) -> Vec<bool> {
    std::iter::once(false)
        .chain(vec![true; validation.points.len()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::validation;
    use super::*;
    use crate::sheet::render;

    #[test]
    fn the_page_says_what_was_found_where() {
        let page = render(&sheet(&validation())).unwrap();
        // Over 3 to 5 mm: 2 of 2 at the sensitive and the balanced point, 1 of 2 at the specific one.
        for said in [
            "2 of 2, 100 % (34–100)",
            "1 of 2, 50 % (9–91)",
            "deep",
            "balanced",
            "4 (and 1 invisible)",
        ] {
            assert!(page.contains(said), "{said}");
        }
    }
}
