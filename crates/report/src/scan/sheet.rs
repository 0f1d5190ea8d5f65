//! What a scan's report shows.

use super::candidates::dropped;
use super::forms::{INTERVAL_MEANING, NO_INTERVAL};
use super::forms_sheet::forms_blocks;
use crate::sheet::{Block, Card, Figure, HeadCell, Row, Sheet, Table, Tile};
use crate::words;
use siderin_core::detection::{Findings, Quality};
use siderin_core::forms::Certainty;
use siderin_core::lesion::{Counts, Lesion, NoRegion, Place};
use siderin_core::regions::{Anatomy, MapDetail, Side, Structure};
use siderin_image::picture::{Plane, View, Window, picture, picture_of_parts};
use siderin_image::preprocess::percentiles;
use siderin_image::scan::Acquisition;
use siderin_image::volume::Volume;

/// Half the edge of a lesion's pictures.
pub(crate) const HALF_MM: f64 = 20.0;
/// Thickness of the slab of which the darkest is shown.
pub(crate) const SLAB_MM: f64 = 8.0;
/// Pictures are made for this many lesions; the table holds all.
pub(crate) const PICTURED: usize = 300;

/// The report of one scan.
pub(crate) fn sheet(findings: &Findings) -> Sheet {
    Sheet {
        title: words::title(&findings.scan.name),
        tiles: tiles(findings),
        warnings: findings.warnings.iter().map(ToString::to_string).collect(),
        blocks: [
            lesions(findings),
            forms_blocks(findings, words::FORMS)
                .into_iter()
                .chain([Block::Small(words::NO_GRADE.into())])
                .collect(),
            brain(findings),
            scan(findings),
            what_ran(findings),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

fn tiles(findings: &Findings) -> Vec<Tile> {
    let counts = Counts::of(findings.lesions);
    let method = &findings.method;
    let tile = |value: String, label: &str, note: String| Tile {
        value,
        label: label.into(),
        note,
    };
    let point = method
        .operating_point
        .map_or(String::new(), |point| format!(" ({point})"));
    let mut tiles = vec![
        tile(
            counts.microbleeds.to_string(),
            "microbleed candidates",
            format!(
                "2–10 mm, confidence ≥ {}{point}",
                threshold_in_words(method.threshold)
            ),
        ),
        tile(
            counts.burden_group.to_string(),
            "burden group",
            "0, 1–4, 5–9, ≥10 on one scan; not an ARIA-H grade".into(),
        ),
        match findings.interval {
            Some(interval) => tile(
                format!("{} to {}", interval.low, interval.high),
                "microbleeds there may be",
                format!("95 % interval, {:.1} expected", interval.expected),
            ),
            None => tile(
                "–".into(),
                "microbleeds there may be",
                "no interval: confidence is not calibrated".into(),
            ),
        },
    ];
    if counts.macrohaemorrhages > 0 {
        tiles.push(tile(
            counts.macrohaemorrhages.to_string(),
            "larger than 10 mm",
            "counted apart".into(),
        ));
    }
    tiles.push(tile(
        findings.suitability.verdict.to_string(),
        "suitability of the scan",
        findings
            .suitability
            .reasons
            .first()
            .cloned()
            .unwrap_or_default(),
    ));
    tiles
}

fn lesions(findings: &Findings) -> Vec<Block> {
    let method = &findings.method;
    let mut blocks = vec![Block::Heading(words::FINDINGS.into())];
    if findings.lesions.is_empty() {
        let threshold = threshold_in_words(method.threshold);
        blocks.push(Block::Text(words::nothing_found(&threshold)));
        return blocks;
    }
    blocks.push(Block::Tables(vec![lesion_table(findings)]));
    let interval = if findings.interval.is_some() {
        INTERVAL_MEANING
    } else {
        NO_INTERVAL
    };
    blocks.push(Block::Small(format!("Interval of the count: {interval}.")));
    let no_map = |lesion: &Lesion| lesion.place == Err(NoRegion::NoMap);
    blocks.push(Block::Small(format!(
        "Confidence: {} {}",
        method.confidence_meaning,
        if findings.lesions.iter().any(no_map) {
            words::NO_REGIONS
        } else {
            words::REGIONS_NOTE
        }
    )));
    if findings.maps.heat.is_some() {
        blocks.push(Block::Small(words::HEAT_NOTE.into()));
    }
    let close = close_view(&findings.scan.magnitude, findings.brain);
    let pictured = findings.lesions.iter().take(PICTURED);
    blocks.extend(pictured.map(|lesion| Block::Card(card(findings, &close, lesion))));
    if findings.lesions.len() > PICTURED {
        blocks.push(Block::Small(format!(
            "Pictures are shown for the first {PICTURED} findings."
        )));
    }
    blocks
}

fn lesion_table(findings: &Findings) -> Table {
    let grid = findings.scan.magnitude.grid();
    let rows = findings.lesions.iter().map(|lesion| {
        let [x, y, z] = lesion.center_world.to_array();
        let certainty = Certainty::of(lesion, grid, findings.method.certain_from);
        Row {
            cells: vec![
                lesion.id.to_string(),
                format!("{:.2}", lesion.confidence),
                format!("{:.1}", lesion.diameter_mm),
                format!("{:.1}", lesion.volume_mm3),
                format!("{x:.1}"),
                format!("{y:.1}"),
                format!("{z:.1}"),
                lesion.size_class.name().into(),
                certainty.name().into(),
                region_in_words(lesion).unwrap_or_else(|| "–".into()),
            ],
            is_total: false,
            link: Some(format!("lesion-{}", lesion.id)),
        }
    });
    Table {
        caption: None,
        numeric: (0..words::LESION_COLUMNS.len()).map(|n| n < 7).collect(),
        head: vec![
            words::LESION_COLUMNS
                .into_iter()
                .map(HeadCell::of)
                .collect(),
        ],
        rows: rows.collect(),
    }
}

/// The view of a lesion's pictures, from black air to just above the brightest tissue.
pub(crate) fn close_view<'a>(scan: &'a Volume<f32>, brain: &Volume<bool>) -> View<'a> {
    View {
        scan,
        window: window(scan, brain),
        half_mm: Some(HALF_MM),
        bar_mm: 10.0,
        heat: None,
        slab_mm: 0.0,
    }
}

/// A lesion in three planes, the darkest about it, and where a network looked for it.
pub(crate) fn lesion_figures(
    close: &View,
    lesion: &Lesion,
    heat: Option<&Volume<f32>>,
) -> Vec<Figure> {
    let center = close.scan.grid().nearest_inside(lesion.center_voxel);
    let marked = |offset: usize| lesion.voxels.binary_search(&offset).is_ok();
    let label = format!("lesion {}", lesion.id);
    let figure = |view: &View, plane: Plane, caption: &str| Figure {
        picture: picture(view, plane, center, &marked, &label),
        caption: caption.into(),
    };
    let slab = View {
        slab_mm: SLAB_MM,
        ..*close
    };
    let mut figures: Vec<Figure> = Plane::ALL
        .iter()
        .map(|&plane| figure(close, plane, plane.name()))
        .collect();
    figures.push(figure(&slab, Plane::Axial, words::SLAB));
    if let Some(heat) = heat {
        let warm = View {
            heat: Some(heat),
            ..*close
        };
        figures.push(figure(&warm, Plane::Axial, words::HEAT));
    }
    figures
}

fn card(findings: &Findings, close: &View, lesion: &Lesion) -> Card {
    let [x, y, z] = lesion.center_world.to_array();
    let figures = lesion_figures(close, lesion, findings.maps.heat);
    let region = region_in_words(lesion).map_or(String::new(), |region| format!("{region} · "));
    let mut class = lesion.size_class.name().to_string();
    if let Some(first) = class.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Card {
        id: format!("lesion-{}", lesion.id),
        title: format!(
            "{}. {class} candidate, {:.1} mm",
            lesion.id, lesion.diameter_mm
        ),
        note: format!(
            "{region}confidence {:.2} · ({x:.1}, {y:.1}, {z:.1}) mm",
            lesion.confidence
        ),
        figures: vec![figures],
    }
}

/// Such as "left basal ganglia", "right frontal or parietal".
pub(crate) fn region_in_words(lesion: &Lesion) -> Option<String> {
    lesion.place.ok().map(Place::in_words)
}

/// Whole slices through the middle of the brain with the mask's border.
fn brain(findings: &Findings) -> Vec<Block> {
    let scan = &findings.scan.magnitude;
    let view = View {
        half_mm: None,
        bar_mm: 50.0,
        ..close_view(scan, findings.brain)
    };
    let grid = findings.brain.grid();
    let (mut count, mut sum) = (0usize, [0usize; 3]);
    for (offset, &inside) in findings.brain.voxels().iter().enumerate() {
        if inside {
            count += 1;
            for (total, at) in sum.iter_mut().zip(grid.index(offset)) {
                *total += at;
            }
        }
    }
    let center = sum.map(|total| total / count.max(1));
    let brain = |offset: usize| u8::from(findings.brain.voxels()[offset]);
    let figures = |part: &dyn Fn(usize) -> u8, label: &str| {
        let figure = |&plane: &Plane| Figure {
            picture: picture_of_parts(&view, plane, center, part, label),
            caption: plane.name().into(),
        };
        Block::Figures(Plane::ALL.iter().map(figure).collect())
    };
    let mut blocks = vec![
        Block::Heading(words::BRAIN_FOUND.into()),
        Block::Small(words::BRAIN_NOTE.into()),
        figures(&brain, "brain mask"),
    ];
    if let Some((structures, anatomy)) = findings.structures.zip(findings.anatomy) {
        let part = |offset: usize| outlined(structures.voxels()[offset]);
        blocks.extend([
            Block::Small(words::STRUCTURES_NOTE.into()),
            figures(&part, "structures"),
            Block::Tables(vec![Table::of_pairs(anatomy_rows(anatomy))]),
        ]);
    }
    blocks
}

/// What the outline shows of a structure: the two tissues of a hemisphere as one, and no outer fluid.
fn outlined(code: u8) -> u8 {
    match Structure::of_code(code) {
        Some((Structure::OuterFluid, _)) | None => 0,
        Some((Structure::Cortex, side)) => Structure::WhiteMatter.code(side.unwrap_or(Side::Left)),
        Some(_) => code,
    }
}

fn anatomy_rows(anatomy: &Anatomy) -> Vec<Vec<String>> {
    let row = |name: &str, value: String| vec![name.to_string(), value];
    let ml = |ml: f64| format!("{ml:.0} ml");
    let volumes = &anatomy.volumes;
    let mut rows = vec![
        row("Brain tissue", ml(volumes.tissue_ml)),
        row("Lateral ventricles", ml(volumes.lateral_ventricles_ml)),
        row(
            "Third and fourth ventricle",
            ml(volumes.other_ventricles_ml),
        ),
    ];
    if let Some(seen) = anatomy.seen {
        rows.push(row(
            "Brain in the field of view",
            format!("{:.0} %", 100.0 * seen),
        ));
    }
    let detail = match anatomy.detail {
        MapDetail::Regions => "regions",
        MapDetail::Groups => "lobar, deep and infratentorial",
        MapDetail::None => "none",
    };
    let reasons: Vec<&str> = anatomy
        .reasons
        .iter()
        .map(|reason| reason.in_words())
        .collect();
    let why = if reasons.is_empty() {
        String::new()
    } else {
        format!(" ({})", reasons.join("; "))
    };
    rows.push(row("Locations reported", format!("{detail}{why}")));
    rows
}

fn scan(findings: &Findings) -> Vec<Block> {
    let row = |name: &str, value: String| vec![name.to_string(), value, String::new()];
    let mut rows = vec![
        row("Grid", grid_in_words(&findings.scan.magnitude)),
        row("Measured", quality_in_words(&findings.quality)),
    ];
    rows.extend(acquisition_rows(&findings.scan.acquisition).map(|row| row.to_vec()));
    let suitability = &findings.suitability;
    vec![
        Block::Heading(words::SCAN.into()),
        Block::Tables(vec![Table::of_pairs(rows)]),
        Block::Text(format!(
            "Suitability for microbleed detection: {}",
            suitability.verdict
        )),
        Block::List(suitability.reasons.clone()),
    ]
}

/// Such as "256×256×60 voxels of 0.90×0.90×3.00 mm, axes LAS".
pub(crate) fn grid_in_words(scan: &Volume<f32>) -> String {
    let [nx, ny, nz] = scan.shape();
    let [dx, dy, dz] = scan.grid().spacing_mm();
    let axes = scan.grid().axis_codes();
    format!("{nx}×{ny}×{nz} voxels of {dx:.2}×{dy:.2}×{dz:.2} mm, axes {axes}")
}

fn what_ran(findings: &Findings) -> Vec<Block> {
    let row = |name: &str, value: String| vec![name.to_string(), value];
    let mut rows = vec![
        row("Software", format!("siderin {}", env!("CARGO_PKG_VERSION"))),
        row("Method", method_in_words(findings)),
    ];
    let steps = findings.preprocessing.iter();
    rows.extend(steps.map(|step| row(&step.name, step.settings.clone())));
    let dropped = dropped(findings.candidates);
    let dropped = if dropped.is_empty() {
        dropped
    } else {
        format!(", {dropped}")
    };
    rows.push(row(
        "Candidates",
        format!(
            "{} scored{dropped}; all in candidates.csv",
            findings.candidates.count()
        ),
    ));
    vec![
        Block::Heading(words::WHAT_RAN.into()),
        Block::Tables(vec![Table::of_pairs(rows)]),
    ]
}

/// Name, version and threshold.
pub(crate) fn method_in_words(findings: &Findings) -> String {
    let method = &findings.method;
    let point = method
        .operating_point
        .map_or(String::new(), |point| format!(" ({point})"));
    format!(
        "{} {}, threshold {}{point}",
        method.name,
        method.version,
        threshold_in_words(method.threshold)
    )
}

fn window(scan: &Volume<f32>, brain: &Volume<bool>) -> Window {
    percentiles(scan, brain, 0.0, 99.5).map_or(
        Window {
            black: 0.0,
            white: 1.0,
        },
        |p| Window {
            black: p.low.min(0.0),
            white: p.high * 1.1,
        },
    )
}

/// Two decimals, and more for one that they would round to 1.
pub(crate) fn threshold_in_words(threshold: f32) -> String {
    if threshold > 0.99 {
        threshold.to_string()
    } else {
        format!("{threshold:.2}")
    }
}

fn quality_in_words(quality: &Quality) -> String {
    let mut words = format!("brain {:.0} ml", quality.brain_ml);
    if let Some(noise) = quality.noise {
        words += &format!("; noise up to {:.1} % of its signal", 100.0 * noise);
    }
    if let Some(ratio) = quality.fluid_to_tissue {
        words += &format!("; fluid {ratio:.2} times as bright as tissue");
    }
    words
}

/// What is known of the acquisition, as label, value and origin.
pub(crate) fn acquisition_rows(a: &Acquisition) -> impl Iterator<Item = [String; 3]> {
    let number = |label: &str, known: &Option<siderin_image::scan::Known<f64>>, unit: &str| {
        known.as_ref().map(|k| {
            [
                label.to_string(),
                format!("{} {unit}", trimmed(k.value)),
                k.origin.to_string(),
            ]
        })
    };
    let text = |label: &str, known: &Option<siderin_image::scan::Known<String>>| {
        known
            .as_ref()
            .map(|k| [label.to_string(), k.value.clone(), k.origin.to_string()])
    };
    let said = |label: &str, value: Option<(String, String)>| {
        value.map(|(value, origin)| [label.to_string(), value, origin])
    };
    [
        said(
            "Sequence",
            a.sequence
                .as_ref()
                .map(|k| (k.value.to_string(), k.origin.to_string())),
        ),
        said(
            "Image",
            a.component
                .as_ref()
                .map(|k| (k.value.to_string(), k.origin.to_string())),
        ),
        number("Field strength", &a.field_strength_t, "T"),
        number("Echo time", &a.te_ms, "ms"),
        number("Repetition time", &a.tr_ms, "ms"),
        number("Flip angle", &a.flip_angle_deg, "°"),
        number("Slice thickness", &a.slice_thickness_mm, "mm"),
        text("Vendor", &a.vendor),
        text("Model", &a.model),
    ]
    .into_iter()
    .flatten()
}

/// Up to three decimals, without trailing zeros.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}
